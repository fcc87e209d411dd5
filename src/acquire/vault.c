#include "acquire/vault.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/control.h"
#include "base/limits.h"
#include "base/own.h"

#define PIECE     (256 * KIB)
#define DEPTH_MAX 64 /* folders above a vault; real ones have 4 */

static bool check_above(const struct stat *found, const char *folder, struct error *err)
{
    bool others_write = (found->st_mode & (S_IWGRP | S_IWOTH)) != 0;

    if (found->st_uid != 0 && found->st_uid != geteuid())
        return error_set(err, ERROR_TRUST, "%s: a folder above it belongs to user %u", folder,
                         (unsigned)found->st_uid);
    return !others_write || (found->st_mode & S_ISVTX) != 0 ||
           error_set(err, ERROR_TRUST, "%s: others may write to a folder above it", folder);
}

/* Upwards by descriptor, not by name: a name could be turned while we look. */
static bool check_all_above(int fd, const struct stat *start, const char *folder, struct error *err)
{
    OWN(own_fd) int at = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    struct stat below = *start, above;

    for (int depth = 0; at >= 0 && depth < DEPTH_MAX; depth++) {
        OWN(own_fd) int next = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (next < 0 || fstat(next, &above) != 0)
            return error_system(err, "%s/..", folder);
        if (above.st_dev == below.st_dev && above.st_ino == below.st_ino)
            return true; /* the root */
        if (!check_above(&above, folder, err))
            return false;
        own_fd(&at);
        at = fd_take(&next);
        below = above;
    }
    return at < 0 ? error_system(err, "%s", folder)
                  : error_set(err, ERROR_LIMIT, "%s: more than %d folders deep", folder, DEPTH_MAX);
}

bool vault_open(const char *folder, int *out, struct error *err)
{
    OWN(own_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat found;

    if (fd < 0 || fstat(fd, &found) != 0)
        return error_system(err, "%s", folder);
    if (found.st_uid != geteuid())
        return error_set(err, ERROR_TRUST, "%s: belongs to user %u, not to user %u who runs this", folder,
                         (unsigned)found.st_uid, (unsigned)geteuid());
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0 && control_holds(CONTROL_VAULT_OTHERS))
        return error_set(err, ERROR_TRUST, "%s: others may write to it", folder);
    if (!check_all_above(fd, &found, folder, err))
        return false;
    *out = fd_take(&fd);
    return true;
}

bool vault_open_file(int vault, const char *name, int *out, uint64_t *size, struct error *err)
{
    assert(name[0] != 0 && strchr(name, '/') == NULL);
    OWN(own_fd) int fd = openat(vault, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat found;

    if (fd < 0 && errno == ELOOP)
        return error_set(err, ERROR_TRUST, "%s: is a link", name);
    if (fd < 0 || fstat(fd, &found) != 0)
        return error_system(err, "%s", name);
    if (!S_ISREG(found.st_mode))
        return error_set(err, ERROR_TRUST, "%s: is not a file", name);
    if (found.st_uid != geteuid() || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return error_set(err, ERROR_TRUST, "%s: belongs to another user, or others may write it", name);
    *size = (uint64_t)found.st_size;
    *out = fd_take(&fd);
    return true;
}

static bool put_all(int fd, struct bytes piece)
{
    while (piece.size > 0) {
        ssize_t put = write(fd, piece.at, piece.size);
        if (put < 0 && errno != EINTR)
            return false;
        piece.at += put > 0 ? put : 0;
        piece.size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

bool vault_digest(int fd, uint64_t size, int copy, struct digest *out, struct error *err)
{
    OWN(digester_end) struct digester digester = {0};
    OWN(own_memory) uint8_t *buffer = malloc(PIECE);
    uint64_t have = 0;

    if (buffer == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!digester_open(DIGEST_SHA256, &digester, err))
        return false;
    for (;;) {
        ssize_t got = read(fd, buffer, PIECE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(err, "read");
        if (got == 0)
            break;
        struct bytes piece = {buffer, (size_t)got};
        have += piece.size;
        if (have > size)
            return error_set(err, ERROR_LIMIT, "has more than the %llu bytes that it should have",
                             (unsigned long long)size);
        if (copy >= 0 && !put_all(copy, piece))
            return error_system(err, "copy");
        if (!digester_add(&digester, piece, err))
            return false;
    }
    if (have < size)
        return error_set(err, ERROR_INPUT, "has %llu bytes, should have %llu", (unsigned long long)have,
                         (unsigned long long)size);
    digester_close(&digester, out);
    return true;
}
