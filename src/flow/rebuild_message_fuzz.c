#include <stdint.h>

#include "flow/rebuild_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes raw = {data, size};
    struct rebuild_question question;
    struct rebuild_answer answer;
    struct error err;

    (void)!rebuild_question_read(raw, &question, &err);
    (void)!rebuild_answer_read(raw, &answer, &err);
    return 0;
}
