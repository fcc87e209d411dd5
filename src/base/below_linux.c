#include "base/below.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/own.h"

#define ATTRIBUTES_SIZE_MAX (64 * KIB) /* the kernel's XATTR_LIST_MAX */

bool below_open_root(const char *root, int *out, struct error *err)
{
    int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return error_system(err, "%s", root);
    *out = fd;
    return true;
}

static int open_below(int root_fd, const char *path, int flags)
{
    struct open_how how = {.flags = (__u64)(unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT};

    return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
}

static bool is_absence(int why)
{
    return why == ENOENT || why == ENOTDIR || why == ELOOP;
}

bool below_stat(int root_fd, struct text path, bool follow, struct stat *out, bool *found, struct error *err)
{
    OWN(own_fd) int fd = open_below(root_fd, path.at, O_PATH | (follow ? 0 : O_NOFOLLOW));

    *found = fd >= 0;
    if (fd < 0)
        return is_absence(errno) || error_system(err, "%.*s", TEXT_ARG(path));
    return fstat(fd, out) == 0 || error_system(err, "%.*s", TEXT_ARG(path));
}

bool below_link(int root_fd, struct text path, struct arena *arena, struct text *out, struct error *err)
{
    OWN(own_fd) int fd = open_below(root_fd, path.at, O_PATH | O_NOFOLLOW);
    char target[LIMIT_PATH + 1];
    struct text text;

    ssize_t size = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof(target));
    if (size < 0)
        return error_system(err, "%.*s", TEXT_ARG(path));
    if (!text_from_bytes((struct bytes){(const uint8_t *)target, (size_t)size}, LIMIT_PATH, &text, err))
        return error_at(err, "%.*s", TEXT_ARG(path));
    *out = text_copy(arena, text);
    return out->at != NULL || arena_full(arena, err);
}

bool below_open_file(int root_fd, struct text path, const struct stat *expected, int *out, struct error *err)
{
    OWN(own_fd) int fd = open_below(root_fd, path.at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat now;

    if (fd < 0 || fstat(fd, &now) != 0)
        return error_system(err, "%.*s", TEXT_ARG(path));
    if (now.st_dev != expected->st_dev || now.st_ino != expected->st_ino || !S_ISREG(now.st_mode) ||
        now.st_size != expected->st_size)
        return error_set(err, ERROR_CONFLICT, "%.*s: changed while it was looked at", TEXT_ARG(path));
    *out = fd_take(&fd);
    return true;
}

bool below_open_parent(int root_fd, struct text path, int *out, struct text *name, struct error *err)
{
    char folder[LIMIT_PATH + 1];
    size_t slash = path.size;

    while (slash > 0 && path.at[slash - 1] != '/')
        slash--;
    if (slash == 0 || slash == path.size || path.size > LIMIT_PATH)
        return error_set(err, ERROR_INPUT, "%.*s: no path of a file", TEXT_ARG(text_part(path, 0, 100)));
    memcpy(folder, path.at, slash);
    folder[slash] = 0;
    int fd = open_below(root_fd, folder, O_PATH | O_DIRECTORY);
    if (fd < 0)
        return error_system(err, "%s", folder);
    *name = text_part(path, slash, SIZE_MAX);
    *out = fd;
    return true;
}

/* There is no call for a descriptor of O_PATH, so it is asked by the descriptor's name in /proc; without /proc none are seen. */
bool below_attributes(int root_fd, struct text path, struct arena *arena, struct bytes *out,
                      struct error *err)
{
    OWN(own_fd) int fd = open_below(root_fd, path.at, O_PATH | O_NOFOLLOW);
    char names[ATTRIBUTES_SIZE_MAX];
    size_t kept = 0;

    if (fd < 0)
        return error_system(err, "%.*s", TEXT_ARG(path));
    struct text own = text_format(arena, "/proc/self/fd/%d", fd);
    if (own.at == NULL)
        return arena_full(arena, err);
    ssize_t size = listxattr(own.at, names, sizeof(names));
    if (size < 0 && errno != ENOTSUP && errno != ENOENT && errno != EACCES && errno != ELOOP)
        return error_system(err, "%.*s: extended attributes", TEXT_ARG(path));
    for (ssize_t i = 0; i < size;) {
        size_t length = strlen(names + i) + 1;
        if (strcmp(names + i, "security.selinux") != 0 && strcmp(names + i, "security.ima") != 0) {
            memmove(names + kept, names + i, length);
            kept += length;
        }
        i += (ssize_t)length;
    }
    struct text copy = text_copy(arena, (struct text){names, kept});
    *out = bytes_of_text(copy);
    return copy.at != NULL || arena_full(arena, err);
}

bool below_attribute(int root_fd, struct text path, const char *name, struct arena *arena, struct bytes *out,
                     struct error *err)
{
    OWN(own_fd) int fd = open_below(root_fd, path.at, O_PATH | O_NOFOLLOW);
    char value[ATTRIBUTES_SIZE_MAX], own[64];

    (void)snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
    ssize_t size = fd < 0 ? -1 : getxattr(own, name, value, sizeof(value));
    if (size < 0)
        return error_system(err, "%.*s: attribute %s", TEXT_ARG(path), name);
    struct text copy = text_copy(arena, (struct text){value, (size_t)size});
    *out = bytes_of_text(copy);
    return copy.at != NULL || arena_full(arena, err);
}

bool below_put_attribute(int root_fd, struct text path, const char *name, struct bytes value,
                         struct error *err)
{
    OWN(own_fd) int fd = open_below(root_fd, path.at, O_PATH | O_NOFOLLOW);
    char own[64];

    (void)snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
    if (fd < 0 || setxattr(own, name, value.at, value.size, 0) != 0)
        return error_system(err, "%.*s: attribute %s", TEXT_ARG(path), name);
    return true;
}

static bool make_folder(int root_fd, struct text path, struct error *err)
{
    OWN(own_fd) int there = open_below(root_fd, path.at, O_PATH | O_DIRECTORY);
    OWN(own_fd) int parent = -1;
    struct text name;

    if (there >= 0 || errno != ENOENT)
        return there >= 0 || error_system(err, "%.*s", TEXT_ARG(path));
    return below_open_parent(root_fd, path, &parent, &name, err) &&
           (mkdirat(parent, name.at, 0755) == 0 || errno == EEXIST ||
            error_system(err, "%.*s", TEXT_ARG(path)));
}

/* The folder of the path's last part, made with those above it when it is missing. */
static bool open_parent_made(int root_fd, struct text path, int *out, struct text *name, struct error *err)
{
    char folder[LIMIT_PATH + 1];

    if (below_open_parent(root_fd, path, out, name, err))
        return true;
    if (err->kind != ERROR_ABSENT)
        return false;
    for (size_t i = 1; i < path.size; i++) {
        folder[i - 1] = path.at[i - 1];
        folder[i] = 0;
        if (path.at[i] == '/' && !make_folder(root_fd, (struct text){folder, i}, err))
            return false;
    }
    return below_open_parent(root_fd, path, out, name, err);
}

static bool sync_parent(int folder, struct text path, struct error *err)
{
    OWN(own_fd) int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return (fd >= 0 && fsync(fd) == 0) || error_system(err, "%.*s: cannot be made durable", TEXT_ARG(path));
}

/* Renames what was made beside the place over it. */
static bool put_name(int folder, const char *beside, struct text path, struct text name, struct error *err)
{
    if (renameat(folder, beside, folder, name.at) != 0) {
        bool is_folder = errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST;
        (void)(is_folder ? error_set(err, ERROR_CONFLICT, "%.*s: is a folder now", TEXT_ARG(path))
                         : error_system(err, "%.*s", TEXT_ARG(path)));
        (void)unlinkat(folder, beside, 0);
        return false;
    }
    return sync_parent(folder, path, err);
}

#define BESIDE_SIZE 300

static bool name_beside(struct text path, struct text name, char out[BESIDE_SIZE], struct error *err)
{
    return snprintf(out, BESIDE_SIZE, "%.*s.suture-new", (int)(name.size < 240 ? name.size : 240), name.at) >
               0 ||
           error_set(err, ERROR_INPUT, "%.*s: its name", TEXT_ARG(path));
}

static bool fill_file(int fd, struct bytes content, const struct below_owner *owner)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, owner->mtime};

    while (content.size > 0) {
        ssize_t put = write(fd, content.at, content.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        content = (struct bytes){content.at + put, content.size - (size_t)put};
    }
    /* The owner first: changing it takes setuid bits off. */
    return fchown(fd, owner->uid, owner->gid) == 0 && fchmod(fd, owner->mode & 07777) == 0 &&
           futimens(fd, times) == 0 && fsync(fd) == 0;
}

bool below_put_file(int root_fd, struct text path, struct bytes content, const struct below_owner *owner,
                    struct error *err)
{
    OWN(own_fd) int folder = -1;
    char beside[BESIDE_SIZE];
    struct text name;

    if (!open_parent_made(root_fd, path, &folder, &name, err) || !name_beside(path, name, beside, err))
        return false;
    (void)unlinkat(folder, beside, 0); /* what an interrupted one left */
    OWN(own_fd) int fd = openat(folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || !fill_file(fd, content, owner)) {
        (void)error_system(err, "%.*s", TEXT_ARG(path));
        (void)unlinkat(folder, beside, 0);
        return false;
    }
    return put_name(folder, beside, path, name, err);
}

bool below_put_link(int root_fd, struct text path, struct text target, const struct below_owner *owner,
                    struct error *err)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, owner->mtime};
    OWN(own_fd) int folder = -1;
    char beside[BESIDE_SIZE];
    struct text name;

    if (!open_parent_made(root_fd, path, &folder, &name, err) || !name_beside(path, name, beside, err))
        return false;
    (void)unlinkat(folder, beside, 0);
    if (symlinkat(target.at, folder, beside) != 0 ||
        fchownat(folder, beside, owner->uid, owner->gid, AT_SYMLINK_NOFOLLOW) != 0 ||
        utimensat(folder, beside, times, AT_SYMLINK_NOFOLLOW) != 0)
        return error_system(err, "%.*s", TEXT_ARG(path));
    return put_name(folder, beside, path, name, err);
}

bool below_remove(int root_fd, struct text path, struct error *err)
{
    OWN(own_fd) int folder = -1;
    struct text name;

    if (!below_open_parent(root_fd, path, &folder, &name, err))
        return err->kind == ERROR_ABSENT;
    if (unlinkat(folder, name.at, 0) != 0)
        return is_absence(errno) || error_system(err, "%.*s", TEXT_ARG(path));
    return sync_parent(folder, path, err);
}
