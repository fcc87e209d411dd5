/*
 * Unpacking of one compressed stream in pieces: gzip (zlib), xz (liblzma), lz4 frames, zstd, or nothing; recognised
 * by its first bytes, never by its name.
 *
 * Output is bounded: by `limit`, and by LIMIT_EXPANSION times what was read so far (after the first MiB), so that a bomb
 * ends early. A stream that ends in the middle, or has rubbish behind its end, is an error. Memory is bounded too:
 * xz and zstd windows up to 128 MiB.
 */
#ifndef FORMAT_COMPRESS_H
#define FORMAT_COMPRESS_H

#include "base/bytes.h"

enum compress_kind {
    COMPRESS_UNKNOWN,
    COMPRESS_NONE,
    COMPRESS_GZIP,
    COMPRESS_XZ,
    COMPRESS_LZ4,
    COMPRESS_ZSTD,
    COMPRESS_KIND_COUNT
};

/* By the magic number; COMPRESS_NONE when it is none of them. */
enum compress_kind compress_kind_of(struct bytes start);
const char *compress_kind_name(enum compress_kind kind);

struct compress_stream; /* owns its buffers, not the descriptor or the bytes */

/* From a descriptor that the caller keeps open, or from bytes. OWN(compress_end). */
bool compress_open_fd(int fd, size_t limit, struct compress_stream **out, struct error *err) MUST_USE;
bool compress_open_bytes(struct bytes packed, size_t limit, struct compress_stream **out, struct error *err)
    MUST_USE;
void compress_end(struct compress_stream **stream);

/* Up to `size` bytes into `into`; *got is 0 at the end only. */
bool compress_read(struct compress_stream *stream, uint8_t *into, size_t size, size_t *got, struct error *err)
    MUST_USE;

/* The whole of it in the arena, a zero byte behind. */
bool compress_unpack(struct bytes packed, size_t limit, struct arena *arena, struct bytes *out,
                     struct error *err) MUST_USE;
/* A file, packed or not, unpacked whole. */
bool compress_read_file(const char *path, size_t limit, struct arena *arena, struct bytes *out,
                        struct error *err) MUST_USE;

#endif
