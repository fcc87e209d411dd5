#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "store/trust_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written as the same, and every question to it ends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(32 * MIB);
    OWN(writer_end) struct writer first = writer_with(2 * LIMIT_TRUST_RECORD);
    OWN(writer_end) struct writer second = writer_with(2 * LIMIT_TRUST_RECORD);
    struct trust_record record, again;
    struct error err;

    if (!trust_record_parse((struct bytes){data, size}, &arena, &record, &err))
        return 0;
    if (!trust_record_print(&first, &record, &err) ||
        !trust_record_parse(writer_bytes(&first), &arena, &again, &err) ||
        !trust_record_print(&second, &again, &err))
        abort();
    if (first.size != second.size || memcmp(first.at, second.at, first.size) != 0)
        abort();
    for (size_t i = 0; i < record.role_count; i++)
        if (trust_role_age(&record.roles[i], 0) == TRUST_AGE_COUNT)
            abort();
    (void)trust_record_block(&record, TEXT("a"), TEXT("1"), NULL, 0);
    return 0;
}
