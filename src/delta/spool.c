#include "delta/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/own.h"

#define PIECE (256 * KIB)

bool spool_open(const char *folder, int *out, struct error *err)
{
    char path[LIMIT_PATH + 1];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0) { /* some file systems know no files without names */
        if (snprintf(path, sizeof(path), "%s/suture-XXXXXX", folder) >= (int)sizeof(path))
            return error_set(err, ERROR_LIMIT, "%.100s...: path of more than %d bytes", folder, LIMIT_PATH);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd < 0 || unlink(path) != 0) {
            (void)error_system(err, "%s", folder);
            own_fd(&fd);
            return false;
        }
    }
    *out = fd;
    return true;
}

bool spool_open_at(const char *path, int *out, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    struct stat found;

    if (fd < 0)
        return error_system(err, "%s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? error_set(err, ERROR_CONFLICT, "%s: somebody else works with it", path)
                                    : error_system(err, "%s", path);
    if (fstat(fd, &found) != 0)
        return error_system(err, "%s", path);
    /* Whoever held the lock has taken its name away when it was done, and another may have made a new one. */
    if (found.st_nlink == 0)
        return error_set(err, ERROR_CONFLICT, "%s: somebody else works with it", path);
    if (!S_ISREG(found.st_mode) || found.st_nlink != 1 || found.st_uid != geteuid())
        return error_set(err, ERROR_CONFLICT, "%s: is no file of this user alone", path);
    *out = fd_take(&fd);
    return true;
}

bool spool_read(int fd, uint64_t at, uint8_t *into, size_t size, struct error *err)
{
    while (size > 0) {
        ssize_t n = pread(fd, into, size, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_system(err, "spool");
        if (n == 0)
            return error_set(err, ERROR_INPUT, "spool: ends at byte %llu", (unsigned long long)at);
        into += n;
        at += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

bool spool_write(int fd, uint64_t at, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0) {
        ssize_t n = pwrite(fd, bytes.at, bytes.size, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_system(err, "spool");
        bytes.at += n;
        bytes.size -= (size_t)n;
        at += (uint64_t)n;
    }
    return true;
}

bool spool_cut(int fd, uint64_t size, struct error *err)
{
    return ftruncate(fd, (off_t)size) == 0 || error_system(err, "spool");
}

bool spool_digest(int fd, uint64_t at, uint64_t size, enum digest_kind kind, struct digest *out,
                  struct error *err)
{
    OWN(digester_end) struct digester digester = {0};
    OWN(own_memory) uint8_t *piece = malloc(PIECE);

    if (piece == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!digester_open(kind, &digester, err))
        return false;
    while (size > 0) {
        size_t some = size < PIECE ? (size_t)size : PIECE;
        if (!spool_read(fd, at, piece, some, err) ||
            !digester_add(&digester, (struct bytes){piece, some}, err))
            return false;
        at += some;
        size -= some;
    }
    digester_close(&digester, out);
    return true;
}

bool spool_holds(int fd, uint64_t at, uint64_t size, struct bytes hash, bool *out, struct error *err)
{
    struct digest digest;
    off_t end = lseek(fd, 0, SEEK_END);

    if (end < 0)
        return error_system(err, "spool");
    *out = false;
    if ((uint64_t)end < at || (uint64_t)end - at < size)
        return true;
    if (!spool_digest(fd, at, size, DIGEST_SHA256, &digest, err))
        return false;
    *out = memcmp(digest.at, hash.at, hash.size) == 0;
    return true;
}

static bool get_part(void *self, uint8_t *into, size_t size, size_t *got, struct error *err)
{
    struct spool_part *part = self;
    size_t some = size < part->left ? size : (size_t)part->left;

    if (!spool_read(part->fd, part->at, into, some, err))
        return false;
    part->at += some;
    part->left -= some;
    *got = some;
    return true;
}

struct opener_source spool_source(struct spool_part *part)
{
    return (struct opener_source){get_part, part};
}
