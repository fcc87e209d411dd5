/* Both messages: what is read is written again to a question or an answer that says the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "flow/plan_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(writer_end) struct writer w = writer_with(64 * MIB);
    struct plan_request question, again;
    struct plan_answer answer, same;
    struct error err;

    if (plan_question_read((struct bytes){data, size}, &arena, &question, &err)) {
        plan_question_write(&w, &question);
        must(plan_question_read(writer_bytes(&w), &arena, &again, &err));
        must(again.name_count == question.name_count && again.scan.now_us == question.scan.now_us);
    }
    if (plan_answer_read((struct bytes){data, size}, &answer, &err)) {
        writer_clear(&w);
        plan_answer_write(&w, &answer);
        writer_put(&w, answer.memory);
        must(plan_answer_read(writer_bytes(&w), &same, &err) && same.plan.size == answer.plan.size);
        struct reader r = reader_with(answer.memory);
        struct text name;
        struct bytes content;
        bool found = true;
        while (found && plan_memory_next(&r, &name, &content, &found, &err))
            must(!found || name.size >= 18);
    }
    return 0;
}
