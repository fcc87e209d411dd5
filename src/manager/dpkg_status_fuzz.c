#include <stdint.h>

#include "base/own.h"
#include "manager/dpkg_status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    struct dpkg_status got;
    struct error err;

    if (!dpkg_status_parse((struct bytes){data, size}, &arena, &got, &err))
        return 0;
    for (size_t i = 1; i < got.count; i++) {
        const struct package *a = &got.packages[i - 1], *b = &got.packages[i];
        int order = text_compare(a->name, b->name);
        if (order > 0 || (order == 0 && text_compare(a->arch, b->arch) >= 0))
            __builtin_trap(); /* sorted, each once */
    }
    return 0;
}
