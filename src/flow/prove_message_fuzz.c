#include <stdint.h>

#include "base/limits.h"
#include "base/own.h"
#include "flow/prove_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct bytes raw = {data, size};
    struct prove_lists_question lists;
    struct prove_packages_question packages;
    struct vouched_records records[3];
    struct package_claim claims[3];
    struct prove_head head;
    struct error err;

    (void)!prove_lists_question_read(raw, &arena, &lists, &err);
    (void)!prove_packages_question_read(raw, &arena, &packages, &err);
    (void)!prove_lists_answer_read(raw, 3, &arena, &head, records, &err);
    (void)!prove_packages_answer_read(raw, 3, &head, claims, &err);
    return 0;
}
