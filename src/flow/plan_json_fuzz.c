/* A plan that is read and written again is the same plan, in its canonical form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "flow/plan_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(writer_end) struct writer one = writer_with(LIMIT_PLAN_FILE), two = writer_with(LIMIT_PLAN_FILE);
    struct plan plan, again;
    struct error err;

    if (!plan_read_json((struct bytes){data, size}, &arena, &plan, &err))
        return 0;
    must(plan_write_json(&plan, &one, &err));
    must(plan_read_json(writer_bytes(&one), &arena, &again, &err) && strcmp(plan.id, again.id) == 0);
    must(plan_write_json(&again, &two, &err));
    struct bytes first = writer_bytes(&one), second = writer_bytes(&two);
    must(first.size == second.size && memcmp(first.at, second.at, first.size) == 0);
    return 0;
}
