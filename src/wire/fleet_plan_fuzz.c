#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "wire/fleet_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted can be written again, and is then the same plan in its shortest words: written twice it does not change. */
static void try_plan(struct bytes raw)
{
    struct arena arena = arena_with(4 * MIB);
    struct writer first = writer_with(MIB), second = writer_with(MIB);
    struct fleet_plan plan;
    struct error err;

    if (fleet_plan_parse(raw, &arena, &plan, &err)) {
        fleet_plan_write(&first, &plan);
        if (!fleet_plan_parse(writer_bytes(&first), &arena, &plan, &err))
            abort();
        fleet_plan_write(&second, &plan);
        if (first.size != second.size || memcmp(first.at, second.at, first.size) != 0)
            abort();
    }
    writer_end(&first);
    writer_end(&second);
    arena_end(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[32];
    struct bytes raw = {data, size}, json;
    struct error err;

    try_plan(raw);
    if (fleet_plan_open(raw, key, &json, &err))
        try_plan(json);
    return 0;
}
