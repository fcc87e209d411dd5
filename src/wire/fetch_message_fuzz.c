#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/fetch_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is accepted is written again to the same bytes: a message has one spelling. */
static void expect_same(struct writer *w, const uint8_t *data, size_t size)
{
    struct bytes written = writer_bytes(w);

    if (!writer_ok(w) || written.size != size || memcmp(written.at, data, size) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes raw = {data, size};
    struct writer w = writer_with(FETCH_MESSAGE_MAX);
    struct fetch_order order;
    struct fetch_answer answer;
    struct fetch_note note;
    struct bytes frame;
    struct error err;
    uint64_t have;
    size_t taken;
    bool found;

    if (fetch_order_parse(raw, &order, &err)) {
        fetch_order_write(&w, &order);
        expect_same(&w, data, size);
    }
    if (fetch_answer_parse(raw, &answer, &err)) {
        fetch_answer_write(&w, &answer);
        expect_same(&w, data, size);
    }
    if (fetch_note_parse(raw, &note, &err)) {
        fetch_note_write(&w, &note);
        expect_same(&w, data, size);
    }
    if (fetch_progress_parse(raw, &have, &err)) {
        writer_clear(&w);
        fetch_progress_write(&w, have);
        expect_same(&w, data, size);
    }
    if (fetch_frame_next(raw, &frame, &taken, &found, &err) && found && taken != frame.size + 4)
        abort();
    writer_end(&w);
    return 0;
}
