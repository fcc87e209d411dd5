/*
 * Unpacking of one compressed stream in pieces: gzip (zlib), xz (liblzma), lz4 frames, zstd, or nothing; recognised
 * by its first bytes, never by its name.
 *
 * Output is bounded: by `limit`, and after the first MiB by LIMIT_EXPANSION times what was read so far, so that a bomb
 * ends early. Several members one behind the other (gzip, xz) or frames (lz4, zstd) are one stream, as their tools have
 * it; anything else behind the end is an error, and so is an end in the middle. Checksums are checked where the file
 * has them. Memory is bounded too: 64 KiB, and windows of xz and zstd up to 128 MiB.
 */
#ifndef FORMAT_COMPRESS_H
#define FORMAT_COMPRESS_H

#include "base/bytes.h"

enum compress_kind {
    COMPRESS_UNKNOWN,
    COMPRESS_NONE, /* not packed */
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

/* From a descriptor or bytes that the caller keeps. OWN(compress_end). */
bool compress_open_fd(int fd, size_t limit, struct compress_stream **out, struct error *err) MUST_USE;
bool compress_open_bytes(struct bytes packed, size_t limit, struct compress_stream **out, struct error *err)
    MUST_USE;
void compress_end(struct compress_stream **stream);

/*
 * Fills `into` (`size` > 0), less only at the end; *got is 0 when nothing is left. ERROR_INPUT: the stream is broken, cut, or
 * has rubbish behind it; ERROR_LIMIT: a limit above. After a failure the stream may only be ended.
 */
bool compress_read(struct compress_stream *stream, uint8_t *into, size_t size, size_t *got, struct error *err)
    MUST_USE;

/* The whole of it in the arena, a zero byte behind. */
bool compress_unpack(struct bytes packed, size_t limit, struct arena *arena, struct bytes *out,
                     struct error *err) MUST_USE;
/* A file, packed or not, unpacked whole. */
bool compress_read_file(const char *path, size_t limit, struct arena *arena, struct bytes *out,
                        struct error *err) MUST_USE;

#endif
