#include <zstd.h>
#include <zstd_errors.h>

#include "format/compress_codec.h"

static void *zstd_open(void)
{
    ZSTD_DStream *stream = ZSTD_createDStream();

    if (stream != NULL &&
        ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, COMPRESS_WINDOW_MAX_LOG2))) {
        (void)ZSTD_freeDStream(stream);
        return NULL;
    }
    return stream;
}

static enum compress_answer zstd_begin(void *state)
{
    return ZSTD_isError(ZSTD_DCtx_reset(state, ZSTD_reset_session_only)) ? COMPRESS_BROKEN : COMPRESS_GOES_ON;
}

static enum compress_answer answer_of(ZSTD_ErrorCode code)
{
    if (code == ZSTD_error_frameParameter_windowTooLarge)
        return COMPRESS_WINDOW;
    return code == ZSTD_error_memory_allocation ? COMPRESS_NO_MEMORY : COMPRESS_BROKEN;
}

static enum compress_answer zstd_step(void *state, struct bytes *in, struct compress_room *out)
{
    ZSTD_inBuffer from = {in->at, in->size, 0};
    ZSTD_outBuffer to = {out->at, out->size, 0};
    size_t answer = ZSTD_decompressStream(state, &to, &from);

    if (ZSTD_isError(answer))
        return answer_of(ZSTD_getErrorCode(answer));
    compress_took(in, from.pos);
    compress_gave(out, to.pos);
    return answer == 0 ? COMPRESS_MEMBER_ENDS : COMPRESS_GOES_ON;
}

static void zstd_end(void *state)
{
    (void)ZSTD_freeDStream(state); /* always 0 */
}

const struct compress_codec compress_zstd = {
    .name = "zstd",
    .magic = BYTES("\x28\xb5\x2f\xfd"),
    .open = zstd_open,
    .begin = zstd_begin,
    .step = zstd_step,
    .end = zstd_end,
};
