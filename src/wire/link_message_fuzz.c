#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/link_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(struct writer *w, const uint8_t *data, size_t size)
{
    struct bytes written = writer_bytes(w);

    if (!writer_ok(w) || written.size != size || memcmp(written.at, data, size) != 0)
        abort();
    writer_clear(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct writer w = writer_with(LINK_MESSAGE_MAX);
    struct bytes raw = {data, size};
    struct link_answer answer;
    struct link_order order;
    struct error err;

    if (link_order_parse(raw, &order, &err)) {
        link_order_write(&w, &order);
        expect_same(&w, data, size);
    }
    if (link_answer_parse(raw, &answer, &err)) {
        link_answer_write(&w, &answer);
        expect_same(&w, data, size);
    }
    writer_end(&w);
    return 0;
}
