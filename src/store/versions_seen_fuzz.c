#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "store/versions_seen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written as the same; nothing that was never offered is old. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(writer_end) struct writer first = writer_with(4 * MIB);
    OWN(writer_end) struct writer second = writer_with(4 * MIB);
    struct versions_seen seen, again;
    struct version_seen other = {
        .archive = TEXT("x"), .name = TEXT("never"), .arch = TEXT("seen"), .version = TEXT("here")};
    struct error err;
    bool changed;

    if (!versions_seen_parse((struct bytes){data, size}, &arena, &seen, &err))
        return 0;
    if (versions_seen_first(&seen, &other) != TIME_ABSENT)
        return 0; /* the file names it: what is asked for has no other bytes than zeros */
    if (!versions_seen_write(&seen, &first, &err))
        abort();
    if (!versions_seen_parse(writer_bytes(&first), &arena, &again, &err) ||
        !versions_seen_write(&again, &second, &err))
        abort();
    if (first.size != second.size || memcmp(first.at, second.at, first.size) != 0)
        abort();
    const struct versions_seen nothing = versions_seen_with();
    if (!versions_seen_merge(&again, &nothing, 1000 * TIME_DAY_US, &arena, &changed, &err))
        abort();
    return 0;
}
