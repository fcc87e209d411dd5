#include <assert.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/compress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT (64 * KIB)

/*
 * Read in small pieces and read whole, a stream says the same. Of a broken zstd frame it may say something else: libzstd
 * compares the size in the frame's head only when there is room for all of it.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * LIMIT);
    OWN(compress_end) struct compress_stream *stream = NULL;
    struct bytes packed = {data, size}, whole = {0};
    struct error err, error_in_pieces;
    uint8_t piece[61];
    size_t got = 1, done = 0;
    bool zstd = compress_kind_of(packed) == COMPRESS_ZSTD;

    bool unpacked = compress_unpack(packed, LIMIT, &arena, &whole, &err);
    assert(unpacked || err.kind == ERROR_INPUT || err.kind == ERROR_LIMIT);
    assert(compress_open_bytes(packed, LIMIT, &stream, &error_in_pieces));
    while (compress_read(stream, piece, sizeof(piece), &got, &error_in_pieces)) {
        if (got == 0) {
            assert(unpacked ? done == whole.size : zstd);
            return 0;
        }
        assert(!unpacked || (done + got <= whole.size && memcmp(whole.at + done, piece, got) == 0));
        done += got;
    }
    assert(!unpacked && (zstd || error_in_pieces.kind == err.kind));
    return 0;
}
