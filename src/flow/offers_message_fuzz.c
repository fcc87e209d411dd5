#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "flow/offers_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(writer_end) struct writer w = writer_with(16 * MIB);
    struct bytes raw = {data, size};
    struct offers_question question, again;
    struct offers_answer answers[3];
    struct prove_head head;
    struct error err;

    if (offers_question_read(raw, &arena, &question, &err)) {
        offers_question_write(&w, &question);
        if (!offers_question_read(writer_bytes(&w), &arena, &again, &err) || again.count != question.count)
            abort();
    }
    for (size_t count = 0; count <= 3; count++)
        (void)!offers_answer_read(raw, count, &arena, &head, answers, &err);
    return 0;
}
