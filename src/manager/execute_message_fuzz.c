#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "manager/execute_message.h"

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
    struct arena arena = arena_with(16 * MIB);
    struct writer w = writer_with(LIMIT_EXECUTE_MESSAGE);
    struct execute_order order;
    struct execute_answer answer;
    struct error err;

    if (execute_order_parse(raw, &arena, &order, &err)) {
        execute_order_write(&w, &order);
        expect_same(&w, data, size);
        writer_clear(&w);
    }
    if (execute_answer_parse(raw, &answer, &err)) {
        execute_answer_write(&w, &answer);
        expect_same(&w, data, size);
    }
    writer_end(&w);
    arena_end(&arena);
    return 0;
}
