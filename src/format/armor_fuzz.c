#include <stdint.h>

#include "base/own.h"
#include "format/armor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 22);
    struct bytes out = {0};
    struct error err;

    if (armor_decode((struct bytes){data, size}, &arena, &out, &err) && out.size > size)
        __builtin_trap(); /* four characters are three bytes */
    return 0;
}
