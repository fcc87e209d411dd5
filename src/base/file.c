#include "base/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"

#define REMOVE_DEPTH_MAX 64 /* our own folders are three deep */

static struct file_identity identity_of(const struct stat *found)
{
    return (struct file_identity){
        .device = (uint64_t)found->st_dev,
        .inode = (uint64_t)found->st_ino,
        .size = (uint64_t)found->st_size,
        .mtime_ns = (int64_t)found->st_mtim.tv_sec * 1000000000 + found->st_mtim.tv_nsec,
        .ctime_ns = (int64_t)found->st_ctim.tv_sec * 1000000000 + found->st_ctim.tv_nsec,
    };
}

bool file_identify(const char *path, struct file_identity *out, struct error *err)
{
    struct stat found;

    if (stat(path, &found) != 0)
        return error_system(err, "%s", path);
    *out = identity_of(&found);
    return true;
}

bool file_identity_of_fd(int fd, struct file_identity *out, struct error *err)
{
    struct stat found;

    if (fstat(fd, &found) != 0)
        return error_system(err, "descriptor %d", fd);
    *out = identity_of(&found);
    return true;
}

bool file_identity_equal(const struct file_identity *a, const struct file_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

bool file_exists(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

bool file_link(const char *path, struct arena *arena, struct text *out, struct error *err)
{
    char target[LIMIT_PATH + 1];
    ssize_t size = readlink(path, target, sizeof(target));
    struct text got;

    if (size < 0 && errno == EINVAL)
        return error_set(err, ERROR_INPUT, "%s: is not a link", path);
    if (size < 0)
        return error_system(err, "%s", path);
    if (!text_from_bytes((struct bytes){(const uint8_t *)target, (size_t)size}, LIMIT_PATH, &got, err))
        return error_at(err, "%s", path);
    got = text_copy(arena, got);
    if (got.at == NULL)
        return arena_full(arena, err);
    *out = got;
    return true;
}

/* O_NONBLOCK: opening a pipe that nobody writes must not wait for ever. */
bool file_open(const char *path, int *out, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat found;

    if (fd < 0 || fstat(fd, &found) != 0)
        return error_system(err, "%s", path);
    if (!S_ISREG(found.st_mode))
        return error_set(err, ERROR_INPUT, "%s: is not a file", path);
    *out = fd_take(&fd);
    return true;
}

/* Reads until the end or until `size` bytes came. */
static bool read_all(int fd, uint8_t *into, size_t size, size_t *got)
{
    size_t have = 0;

    while (have < size) {
        ssize_t n = read(fd, into + have, size - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    *got = have;
    return true;
}

bool file_read(const char *path, size_t limit, struct arena *arena, struct bytes *out, struct error *err)
{
    OWN(own_fd) int fd = -1;
    struct file_identity identity;
    size_t got = 0;

    if (!file_open(path, &fd, err))
        return false;
    if (!file_identity_of_fd(fd, &identity, err))
        return error_at(err, "%s", path);
    if (identity.size > limit)
        return error_set(err, ERROR_LIMIT, "%s: %zu bytes, more than %zu", path, (size_t)identity.size,
                         limit);
    uint8_t *at = arena_take(arena, (size_t)identity.size + 1);
    if (at == NULL)
        return arena_full(arena, err), error_at(err, "%s", path);
    /* One byte more than there should be: a file that grows meanwhile would be read in part, one of /proc not at all. */
    if (!read_all(fd, at, (size_t)identity.size + 1, &got))
        return error_system(err, "%s", path);
    if (got != identity.size)
        return error_set(err, ERROR_CONFLICT, "%s: changed while it was read", path);
    *out = (struct bytes){at, got};
    return true;
}

bool file_read_stream(const char *path, size_t limit, struct arena *arena, struct bytes *out,
                      struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    OWN(own_memory) uint8_t *buffer = NULL;
    size_t have = 0, size = 0, got = 0;

    if (fd < 0)
        return error_system(err, "%s", path);
    do {
        if (have > limit)
            return error_set(err, ERROR_LIMIT, "%s: more than %zu bytes", path, limit);
        size = size == 0 ? 16 * KIB : size * 2;
        uint8_t *grown = realloc(buffer, size);
        if (grown == NULL)
            return error_set(err, ERROR_LIMIT, "%s: out of memory", path);
        buffer = grown;
        if (!read_all(fd, buffer + have, size - have, &got))
            return error_system(err, "%s", path);
        have += got;
    } while (have == size);
    if (have > limit)
        return error_set(err, ERROR_LIMIT, "%s: more than %zu bytes", path, limit);
    uint8_t *at = arena_take(arena, have + 1);
    if (at == NULL)
        return arena_full(arena, err), error_at(err, "%s", path);
    memcpy(at, buffer, have);
    *out = (struct bytes){at, have};
    return true;
}

bool file_map_fd(int fd, size_t limit, struct file_map *out, struct error *err)
{
    struct file_map map = {0};

    if (!file_identity_of_fd(fd, &map.identity, err))
        return false;
    if (map.identity.size > limit)
        return error_set(err, ERROR_LIMIT, "%zu bytes, more than %zu", (size_t)map.identity.size, limit);
    if (map.identity.size > 0) {
        void *at = mmap(NULL, (size_t)map.identity.size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (at == MAP_FAILED)
            return error_system(err, "mmap");
        map.bytes = (struct bytes){at, (size_t)map.identity.size};
    }
    *out = map;
    return true;
}

bool file_map(const char *path, size_t limit, struct file_map *out, struct error *err)
{
    OWN(own_fd) int fd = -1;

    return file_open(path, &fd, err) && (file_map_fd(fd, limit, out, err) || error_at(err, "%s", path));
}

bool file_map_own(const char *path, size_t limit, struct file_map *out, struct error *err)
{
    OWN(own_fd) int fd = -1;
    struct stat found;

    if (!file_open(path, &fd, err))
        return false;
    if (fstat(fd, &found) != 0)
        return error_system(err, "%s", path);
    if (found.st_uid != os_owner_believed() || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return error_set(err, ERROR_TRUST, "%s: belongs to another user, or others may write it", path);
    return file_map_fd(fd, limit, out, err) || error_at(err, "%s", path);
}

void file_unmap(struct file_map *map)
{
    if (map->bytes.size > 0) {
        void *at;
        memcpy(&at, &map->bytes.at, sizeof(at)); /* the view is const, munmap's parameter is not */
        (void)munmap(at, map->bytes.size);
    }
    *map = (struct file_map){0};
}

static bool write_all(int fd, struct bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t n = write(fd, bytes.at, bytes.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes.at += n;
        bytes.size -= (size_t)n;
    }
    return true;
}

bool file_sync_folder(const char *path, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return (fd >= 0 && fsync(fd) == 0) || error_system(err, "%s", path);
}

static bool sync_folder_of(const char *path, struct error *err)
{
    char folder[LIMIT_PATH + 1];
    const char *slash = strrchr(path, '/');

    (void)snprintf(folder, sizeof(folder), "%.*s",
                   slash == NULL   ? 1
                   : slash == path ? 1
                                   : (int)(slash - path),
                   slash == NULL ? "." : path);
    return file_sync_folder(folder, err);
}

bool file_remove(const char *path, struct error *err)
{
    if (unlink(path) != 0)
        return errno == ENOENT || error_system(err, "%s", path);
    return sync_folder_of(path, err);
}

/* Fills and closes the new file; close tells of errors that write did not (quota, NFS). */
static bool fill_and_close(int *fd, struct bytes bytes, mode_t mode, bool durable)
{
    bool filled = fchmod(*fd, mode) == 0 && write_all(*fd, bytes) && (!durable || fsync(*fd) == 0);
    int number = errno;
    bool closed = close(fd_take(fd)) == 0;

    if (!filled)
        errno = number;
    return filled && closed;
}

enum put {
    PUT_REPLACE,       /* over what is there */
    PUT_REPLACE_CACHE, /* the same, not synced */
    PUT_CREATE,        /* never over what is there */
};

/* Gives the filled file its name. A second name for it fails where the first exists, which renaming would not. */
static bool put_name(const char *beside, const char *path, enum put how)
{
    if (how != PUT_CREATE)
        return rename(beside, path) == 0;
    return link(beside, path) == 0 && unlink(beside) == 0;
}

static bool put(const char *path, struct bytes bytes, mode_t mode, enum put how, struct error *err)
{
    bool durable = how != PUT_REPLACE_CACHE;
    char beside[LIMIT_PATH + 1];

    if (snprintf(beside, sizeof(beside), "%s.new-XXXXXX", path) >= (int)sizeof(beside))
        return error_set(err, ERROR_LIMIT, "%.100s...: path of more than %d bytes", path, LIMIT_PATH);
    OWN(own_fd) int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return error_system(err, "%s", path);
    if (!fill_and_close(&fd, bytes, mode, durable) || !put_name(beside, path, how)) {
        if (how == PUT_CREATE && errno == EEXIST)
            (void)error_set(err, ERROR_CONFLICT, "%s: is there already", path);
        else
            (void)error_system(err, "%s", path);
        (void)unlink(beside); /* the first failure is the one to report */
        return false;
    }
    return !durable || sync_folder_of(path, err);
}

bool file_replace(const char *path, struct bytes bytes, mode_t mode, struct error *err)
{
    return put(path, bytes, mode, PUT_REPLACE, err);
}

bool file_replace_cache(const char *path, struct bytes bytes, mode_t mode, struct error *err)
{
    return put(path, bytes, mode, PUT_REPLACE_CACHE, err);
}

bool file_create(const char *path, struct bytes bytes, mode_t mode, struct error *err)
{
    return put(path, bytes, mode, PUT_CREATE, err);
}

static bool make_folder(const char *path, mode_t mode, struct error *err)
{
    if (mkdir(path, mode) == 0)
        return sync_folder_of(path, err);
    if (errno == EEXIST && file_is_folder(path))
        return true;
    return error_system(err, "%s", path);
}

bool file_make_folders(const char *path, mode_t mode, struct error *err)
{
    char part[LIMIT_PATH + 1];
    size_t size = strlen(path);

    if (size > LIMIT_PATH)
        return error_set(err, ERROR_LIMIT, "%.100s...: path of more than %d bytes", path, LIMIT_PATH);
    if (file_is_folder(path))
        return true;
    for (size_t i = 1; i < size; i++) {
        if (path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (!make_folder(part, 0755, err))
            return false;
    }
    return make_folder(path, mode, err);
}

static bool remove_below(int folder, const char *name, int depth, struct error *err);

static bool remove_content(int fd_given, int depth, struct error *err)
{
    OWN(own_fd) int fd = fd_given;
    DIR *stream = fdopendir(fd);
    bool removed = true;

    if (stream == NULL)
        return error_system(err, "folder");
    (void)fd_take(&fd); /* the stream owns it now */
    for (struct dirent *entry; removed && (entry = readdir(stream)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            removed = remove_below(dirfd(stream), entry->d_name, depth + 1, err);
    (void)closedir(stream);
    return removed;
}

static bool remove_below(int folder, const char *name, int depth, struct error *err)
{
    if (depth > REMOVE_DEPTH_MAX)
        return error_set(err, ERROR_LIMIT, "%s: more than %d folders deep", name, REMOVE_DEPTH_MAX);
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
        return true;
    int number = errno;
    int fd = number == EISDIR || number == EPERM
                 ? openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                 : -1;
    if (fd < 0) {
        errno = number == EISDIR ? errno : number; /* that it is no folder is not why it cannot be removed */
        return error_system(err, "%s", name);
    }
    if (!remove_content(fd, depth, err))
        return error_at(err, "%s", name);
    return unlinkat(folder, name, AT_REMOVEDIR) == 0 || error_system(err, "%s", name);
}

bool file_remove_tree(const char *path, struct error *err)
{
    return remove_below(AT_FDCWD, path, 0, err);
}

static int compare_names(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

static bool list_stream(DIR *stream, size_t count_max, struct arena *arena, struct file_names *out,
                        struct error *err)
{
    struct file_names got = {0};
    size_t capacity = 0;

    for (;;) {
        errno = 0; /* NULL is the end, or a failure that only errno tells */
        const struct dirent *entry = readdir(stream);
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (got.count == count_max)
            return error_set(err, ERROR_LIMIT, "more than %zu names", count_max);
        got.names = arena_grow(arena, got.names, got.count, &capacity, got.count + 1, sizeof(*got.names));
        struct text name = got.names == NULL ? (struct text){0} : text_copy(arena, text_of(entry->d_name));
        if (name.at == NULL)
            return arena_full(arena, err);
        got.names[got.count++] = name;
    }
    if (errno != 0)
        return error_system(err, "list");
    if (got.count > 0)
        qsort(got.names, got.count, sizeof(*got.names), compare_names);
    *out = got;
    return true;
}

bool file_list(const char *path, size_t count_max, struct arena *arena, struct file_names *out,
               struct error *err)
{
    DIR *stream = opendir(path);

    if (stream == NULL)
        return error_system(err, "%s", path);
    bool listed = list_stream(stream, count_max, arena, out, err);
    (void)closedir(stream);
    return listed || error_at(err, "%s", path);
}

char *file_path(struct arena *arena, const char *folder, const char *name)
{
    size_t size = strlen(folder);
    const char *slash = size > 0 && folder[size - 1] == '/' ? "" : "/";
    struct text path = text_format(arena, "%s%s%s", folder, slash, name);

    return path.at == NULL ? NULL : text_string(arena, path);
}

char *file_below(struct arena *arena, const char *root, const char *path)
{
    assert(path[0] == '/');
    return file_path(arena, root, path + 1);
}

static void name_holder(int fd, const char *path, struct error *err)
{
    char pid[24] = "";
    ssize_t got = pread(fd, pid, sizeof(pid) - 1, 0);

    pid[got > 0 ? strspn(pid, "0123456789") : 0] = 0;
    (void)error_set(err, ERROR_CONFLICT, "%s: held by process %s", path, pid[0] ? pid : "(unknown)");
}

bool file_lock_wait(const char *path, int *out, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int held = -1;

    if (fd < 0)
        return error_system(err, "%s", path);
    do
        held = flock(fd, LOCK_EX);
    while (held != 0 && errno == EINTR);
    if (held != 0)
        return error_system(err, "%s", path);
    *out = fd_take(&fd);
    return true;
}

bool file_lock(const char *path, int *out, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    char pid[24];

    if (fd < 0)
        return error_system(err, "%s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return error_system(err, "%s", path);
        name_holder(fd, path, err);
        return false;
    }
    /* Only for the message of whoever comes second: the lock itself is the kernel's and ends with the process. */
    int size = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)size, 0) != size)
        return error_system(err, "%s", path);
    *out = fd_take(&fd);
    return true;
}
