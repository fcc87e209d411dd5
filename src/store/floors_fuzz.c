#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "store/floors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written as the same, and raising nothing changes nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(writer_end) struct writer first = writer_with(2 * LIMIT_FLOORS_FILE);
    OWN(writer_end) struct writer second = writer_with(2 * LIMIT_FLOORS_FILE);
    struct floors *floors, *again;
    struct error err;

    if (!floors_parse((struct bytes){data, size}, &arena, &floors, &err))
        return 0;
    floors_print(floors, &first);
    if (!writer_ok(&first) || !floors_parse(writer_bytes(&first), &arena, &again, &err))
        abort();
    floors_print(again, &second);
    if (first.size != second.size || memcmp(first.at, second.at, first.size) != 0)
        abort();
    if (floors_now(floors, INT64_MAX) != INT64_MAX)
        abort();
    return 0;
}
