#include "base/own.h"
#include "identify/os_release.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct os_release got;
    struct error err;

    (void)!os_release_parse((struct bytes){data, size}, &arena, &got, &err);
    return 0;
}
