#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/writer.h"
#include "flow/look.h"

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
    struct writer w = writer_with(LIMIT_LOOK_MESSAGE);
    struct look_question question;
    struct look_answer answer;
    struct error err;

    if (look_question_read(raw, &question, &err)) {
        look_question_write(&w, &question);
        expect_same(&w, data, size);
        writer_clear(&w);
    }
    if (look_answer_read(raw, &answer, &err)) {
        look_answer_write(&w, &answer);
        expect_same(&w, data, size);
    }
    writer_end(&w);
    return 0;
}
