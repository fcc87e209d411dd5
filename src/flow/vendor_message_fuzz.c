#include <stdint.h>

#include "base/limits.h"
#include "base/own.h"
#include "flow/vendor_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct bytes raw = {data, size};
    struct vendor_question question;
    struct vendor_suites suites;
    struct prove_head head;
    struct error err;

    if (vendor_question_read(raw, &question, &err)) {
        vendor_question_write(&w, &question);
        if (!writer_ok(&w) || writer_bytes(&w).size > size)
            __builtin_trap();
    }
    (void)!vendor_answer_read(raw, &arena, &head, &suites, &err);
    return 0;
}
