#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "flow/powers_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(writer_end) struct writer w = writer_with(16 * MIB);
    struct bytes raw = {data, size};
    struct powers_question question, again;
    struct prove_head head;
    struct powers powers;
    struct error err;

    if (powers_question_read(raw, &arena, &question, &err)) {
        powers_question_write(&w, &question);
        if (!powers_question_read(writer_bytes(&w), &arena, &again, &err) || again.count != question.count)
            abort();
    }
    (void)!powers_answer_read(raw, &arena, &head, &powers, &err);
    return 0;
}
