#include <stdint.h>

#include "base/limits.h"
#include "base/own.h"
#include "store/seen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct seen_item items[] = {{TEXT("expat"), TEXT("CVE-2026-0001"), 0},
                                {TEXT("openssl"), TEXT("GHSA-1"), 0},
                                {TEXT("zlib"), TEXT("CVE-2026-0002"), 0}};
    struct seen seen;
    struct error err;

    if (seen_parse((struct bytes){data, size}, &seen, &err) &&
        !seen_look(&seen, TEXT("/"), items, 3, 1000, &arena, &err))
        return 0;
    return 0;
}
