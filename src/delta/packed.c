#include "delta/packed.h"

#include <lzma.h>
#include <stdlib.h>

#include "base/own.h"

#define STEP 65536

struct packed_state {
    lzma_stream xz;
};

static void stream_end(lzma_stream *xz)
{
    lzma_end(xz);
}

static bool answer_error(lzma_ret answer, struct error *err)
{
    if (answer == LZMA_MEM_ERROR)
        return error_set(err, ERROR_LIMIT, "out of memory: packed literals");
    return error_set(err, ERROR_INPUT, "packed literals: broken (%d)", (int)answer);
}

bool packed_write(struct bytes literals, struct writer *out, struct error *err)
{
    OWN(stream_end) lzma_stream xz = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    lzma_filter filters[2] = {{.id = LZMA_FILTER_LZMA2, .options = &options}, {.id = LZMA_VLI_UNKNOWN}};
    unsigned log = PACKED_LOG_MIN;
    uint8_t step[STEP];

    while (log < PACKED_LOG_MAX && (size_t)1 << log < literals.size)
        log++;
    if (lzma_lzma_preset(&options, 6))
        return error_set(err, ERROR_SYSTEM, "liblzma has no preset 6");
    options.dict_size = UINT32_C(1) << log;
    writer_byte(out, (uint8_t)log);
    lzma_ret answer = lzma_raw_encoder(&xz, filters);
    xz.next_in = literals.at;
    xz.avail_in = literals.size;
    while (answer == LZMA_OK) {
        xz.next_out = step;
        xz.avail_out = sizeof(step);
        answer = lzma_code(&xz, LZMA_FINISH);
        writer_put(out, (struct bytes){step, sizeof(step) - xz.avail_out});
    }
    return answer == LZMA_STREAM_END || answer_error(answer, err);
}

bool packed_open(struct bytes packed, struct packed *out, struct error *err)
{
    lzma_options_lzma options = {0};
    lzma_filter filters[2] = {{.id = LZMA_FILTER_LZMA2, .options = &options}, {.id = LZMA_VLI_UNKNOWN}};

    if (packed.size < 1 || packed.at[0] < PACKED_LOG_MIN || packed.at[0] > PACKED_LOG_MAX)
        return error_set(err, ERROR_INPUT, "packed literals: broken");
    options.dict_size = UINT32_C(1) << packed.at[0];
    OWN(packed_end) struct packed made = {calloc(1, sizeof(*made.state))};
    if (made.state == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: packed literals");
    made.state->xz = (lzma_stream)LZMA_STREAM_INIT;
    lzma_ret answer = lzma_raw_decoder(&made.state->xz, filters);
    if (answer != LZMA_OK)
        return answer_error(answer, err);
    made.state->xz.next_in = packed.at + 1;
    made.state->xz.avail_in = packed.size - 1;
    *out = made;
    made.state = NULL;
    return true;
}

void packed_end(struct packed *packed)
{
    if (packed->state != NULL)
        lzma_end(&packed->state->xz);
    free(packed->state);
    packed->state = NULL;
}

bool packed_take(struct packed *packed, uint8_t *into, size_t size, struct error *err)
{
    lzma_stream *xz = &packed->state->xz;

    xz->next_out = into;
    xz->avail_out = size;
    while (xz->avail_out > 0) {
        size_t left = xz->avail_out;
        lzma_ret answer = lzma_code(xz, LZMA_RUN);
        if (answer != LZMA_OK && answer != LZMA_STREAM_END)
            return answer_error(answer, err);
        if (xz->avail_out == left || (answer == LZMA_STREAM_END && xz->avail_out > 0))
            return error_set(err, ERROR_INPUT, "packed literals: too few");
    }
    return true;
}
