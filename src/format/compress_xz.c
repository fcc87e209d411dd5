#include <lzma.h>
#include <stdlib.h>

#include "format/compress_codec.h"

/* The window, and what liblzma needs beside it. */
#define MEMORY_MAX ((UINT64_C(1) << COMPRESS_WINDOW_MAX_LOG2) + (UINT64_C(1) << 20))

static void *xz_open(void)
{
    return calloc(1, sizeof(lzma_stream));
}

static enum compress_answer answer_of(lzma_ret answer)
{
    if (answer == LZMA_OK ||
        answer == LZMA_BUF_ERROR) /* no progress was possible: compress.c sees that too */
        return COMPRESS_GOES_ON;
    if (answer == LZMA_STREAM_END)
        return COMPRESS_MEMBER_ENDS;
    if (answer == LZMA_MEMLIMIT_ERROR)
        return COMPRESS_WINDOW;
    return answer == LZMA_MEM_ERROR ? COMPRESS_NO_MEMORY : COMPRESS_BROKEN;
}

static enum compress_answer xz_begin(void *state)
{
    /* An unknown kind of checksum is refused, not skipped. Called again, liblzma keeps its memory. */
    return answer_of(lzma_stream_decoder(state, MEMORY_MAX, LZMA_TELL_UNSUPPORTED_CHECK));
}

static enum compress_answer xz_step(void *state, struct bytes *in, struct compress_room *out)
{
    lzma_stream *xz = state;

    xz->next_in = in->at;
    xz->avail_in = in->size;
    xz->next_out = out->at;
    xz->avail_out = out->size;
    lzma_ret answer = lzma_code(xz, LZMA_RUN);
    compress_took(in, in->size - xz->avail_in);
    compress_gave(out, out->size - xz->avail_out);
    return answer_of(answer);
}

static void xz_end(void *state)
{
    lzma_end(state);
    free(state);
}

const struct compress_codec compress_xz = {
    .name = "xz",
    .magic = BYTES("\xfd"
                   "7zXZ\0"),
    .open = xz_open,
    .begin = xz_begin,
    .step = xz_step,
    .end = xz_end,
};
