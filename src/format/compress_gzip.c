#include <limits.h>
#include <stdlib.h>
#define ZLIB_CONST /* its input is only read */
#include <zlib.h>

#include "format/compress_codec.h"

/* 15: deflate's largest window; 16 more: with gzip's head and its checksum, nothing else. */
#define GZIP_ONLY (15 + 16)

static void *gzip_open(void)
{
    z_stream *z = calloc(1, sizeof(*z));

    if (z != NULL && inflateInit2(z, GZIP_ONLY) != Z_OK) {
        free(z);
        return NULL;
    }
    return z;
}

static enum compress_answer gzip_begin(void *state)
{
    return inflateReset(state) == Z_OK ? COMPRESS_GOES_ON : COMPRESS_BROKEN;
}

static enum compress_answer gzip_step(void *state, struct bytes *in, struct compress_room *out)
{
    z_stream *z = state;
    uInt in_size = in->size < UINT_MAX ? (uInt)in->size : UINT_MAX;
    uInt out_size = out->size < UINT_MAX ? (uInt)out->size : UINT_MAX;

    z->next_in = in->at;
    z->avail_in = in_size;
    z->next_out = out->at;
    z->avail_out = out_size;
    int answer = inflate(z, Z_NO_FLUSH);
    compress_took(in, in_size - z->avail_in);
    compress_gave(out, out_size - z->avail_out);
    switch (answer) {
    case Z_OK:
    case Z_BUF_ERROR: /* no progress was possible: compress.c sees that too */
        return COMPRESS_GOES_ON;
    case Z_STREAM_END:
        return COMPRESS_MEMBER_ENDS;
    case Z_MEM_ERROR:
        return COMPRESS_NO_MEMORY;
    default:
        return COMPRESS_BROKEN;
    }
}

static void gzip_end(void *state)
{
    (void)inflateEnd(state); /* tells only that a stream was not finished */
    free(state);
}

const struct compress_codec compress_gzip = {
    .name = "gzip",
    .magic = BYTES("\x1f\x8b\x08"),
    .open = gzip_open,
    .begin = gzip_begin,
    .step = gzip_step,
    .end = gzip_end,
};
