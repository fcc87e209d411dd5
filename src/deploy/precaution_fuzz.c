#include <assert.h>

#include "base/limits.h"
#include "base/own.h"
#include "deploy/precaution.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct error err;
    int64_t us = 1;

    for (int kind = BACKUP_NONE + 1; kind < BACKUP_KIND_COUNT; kind++)
        if (precaution_backup_time((enum backup_kind)kind, (struct bytes){data, size}, &arena, &us, &err))
            assert(us != TIME_ABSENT);
    return 0;
}
