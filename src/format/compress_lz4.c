#include <lz4frame.h>

#include "format/compress_codec.h"

static void *lz4_open(void)
{
    LZ4F_dctx *context = NULL;

    return LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) ? NULL : context;
}

static enum compress_answer lz4_begin(void *state)
{
    LZ4F_resetDecompressionContext(state);
    return COMPRESS_GOES_ON;
}

static enum compress_answer lz4_step(void *state, struct bytes *in, struct compress_room *out)
{
    size_t in_size = in->size, out_size = out->size;
    size_t answer = LZ4F_decompress(state, out->at, &out_size, in->at, &in_size, NULL);

    if (LZ4F_isError(answer))
        return COMPRESS_BROKEN;
    compress_took(in, in_size);
    compress_gave(out, out_size);
    return answer == 0 ? COMPRESS_MEMBER_ENDS : COMPRESS_GOES_ON;
}

static void lz4_end(void *state)
{
    (void)LZ4F_freeDecompressionContext(state); /* tells only where in a frame it was */
}

const struct compress_codec compress_lz4 = {
    .name = "lz4",
    .magic = BYTES("\x04\x22\x4d\x18"),
    .open = lz4_open,
    .begin = lz4_begin,
    .step = lz4_step,
    .end = lz4_end,
};
