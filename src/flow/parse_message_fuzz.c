#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "flow/parse_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes raw = {data, size};
    struct reader r = reader_with(raw);
    struct parse_answer answer;
    struct error err;
    bool found = true;

    if (parse_answer_read(raw, &answer, &err) &&
        (answer.statements.size > size || answer.done != (answer.kind == ERROR_NONE)))
        abort();
    while (found) {
        struct text name;
        struct bytes bytes;
        if (!parse_member_next(&r, &name, &bytes, &found, &err))
            break;
        if (found && bytes.size > size)
            abort();
    }
    return 0;
}
