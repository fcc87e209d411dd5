#include <stdint.h>

#include "base/limits.h"
#include "base/own.h"
#include "trust/publishers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct publishers read;
    struct error err;

    if (!publishers_read((struct bytes){data, size}, TEXT("fuzz"), &arena, &read, &err))
        return 0;
    for (size_t i = 0; i < read.count; i++) {
        const char *keys[PUBLISHER_KEYS_MAX];
        if (publisher_keys(read.at[i], keys) == 0)
            __builtin_trap(); /* one whose word could never count is no publisher */
    }
    return 0;
}
