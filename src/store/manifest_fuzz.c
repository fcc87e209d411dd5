#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "store/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read and written again reads as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(writer_end) struct writer first = writer_with(16 * MIB);
    OWN(writer_end) struct writer second = writer_with(16 * MIB);
    struct manifest manifest;
    struct error err;

    if (!manifest_parse((struct bytes){data, size}, &arena, &manifest, &err))
        return 0;
    manifest_write(&first, &manifest);
    if (!manifest_parse(writer_bytes(&first), &arena, &manifest, &err))
        abort();
    manifest_write(&second, &manifest);
    if (first.size != second.size || memcmp(first.at, second.at, first.size) != 0)
        abort();
    return 0;
}
