#include "delta/deb_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/compress.h"

/* Where the file system cannot make files without a name. */
static int open_named(const char *work)
{
    char path[LIMIT_PATH + 1];
    int size = snprintf(path, sizeof(path), "%s/spool-XXXXXX", work);

    if (size < 0 || (size_t)size >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path); /* a file that stays is only untidy: its content is public */
    return fd;
}

bool deb_spool_open(const char *work, int *out, struct error *err)
{
    int fd =
        work == NULL ? memfd_create("spool", MFD_CLOEXEC) : open(work, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0 && work != NULL && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        fd = open_named(work);
    if (fd < 0)
        return error_system(err, "no spool file in %s", work == NULL ? "memory" : work);
    *out = fd;
    return true;
}

bool deb_spool_put(int fd, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0) {
        ssize_t put = write(fd, bytes.at, bytes.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_system(err, "the spool file");
        bytes = (struct bytes){bytes.at + put, bytes.size - (size_t)put};
    }
    return true;
}

bool deb_spool_unpack(struct bytes packed, const char *work, size_t limit, struct file_map *out,
                      struct error *err)
{
    OWN(compress_end) struct compress_stream *stream = NULL;
    OWN(own_memory) uint8_t *piece = malloc(64 * KIB);
    OWN(own_fd) int fd = -1;
    size_t got = 1;

    if (piece == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for unpacking");
    if (!deb_spool_open(work, &fd, err) || !compress_open_bytes(packed, limit, &stream, err))
        return false;
    while (got > 0)
        if (!compress_read(stream, piece, 64 * KIB, &got, err) ||
            !deb_spool_put(fd, (struct bytes){piece, got}, err))
            return false;
    return file_map_fd(fd, limit, out, err);
}
