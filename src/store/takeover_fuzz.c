#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "store/takeover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written as the same, and names nothing outside /etc. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    OWN(writer_end) struct writer first = writer_with(4 * MIB);
    OWN(writer_end) struct writer second = writer_with(4 * MIB);
    struct takeover takeover, again;
    struct error err;

    if (!takeover_parse((struct bytes){data, size}, &arena, &takeover, &err))
        return 0;
    for (size_t i = 0; i < takeover.change_count; i++)
        if (!text_starts(takeover.changes[i].path, TEXT("/etc/")) ||
            text_find(takeover.changes[i].path, TEXT("/../")) != SIZE_MAX)
            abort();
    takeover_write(&first, &takeover);
    if (!takeover_parse(writer_bytes(&first), &arena, &again, &err))
        abort();
    takeover_write(&second, &again);
    if (first.size != second.size || memcmp(first.at, second.at, first.size) != 0)
        abort();
    return 0;
}
