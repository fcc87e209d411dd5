#include <stdlib.h>

#include "base/own.h"
#include "server/keeper_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each side distrusts the other: questions have one spelling, and an answer is good or an error with a text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(writer_end) struct writer w = writer_with(KEEPER_MESSAGE_MAX);
    struct keeper_question question;
    struct bytes raw = {data, size}, body = {0};
    struct error err = {0};

    if (keeper_question_parse(raw, &question, &err)) {
        keeper_question_write(&w, &question);
        if (writer_ok(&w) && (w.size != size || memcmp(w.at, data, size) != 0))
            abort();
    }
    if (!keeper_answer_parse(raw, &body, &err) && err.kind == ERROR_NONE && size > 0 && data[0] == 0)
        abort();
    return 0;
}
