#include <stdint.h>

#include "base/own.h"
#include "trust/inrelease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    struct inrelease got = {0};
    struct error err;

    if (!inrelease_parse((struct bytes){data, size}, &arena, &got, &err))
        return 0;
    for (size_t i = 0; i < got.file_count; i++)
        if (inrelease_find(&got, got.files[i].name) == NULL)
            __builtin_trap();
    return 0;
}
