#include <stdint.h>

#include "base/limits.h"
#include "base/own.h"
#include "store/approvals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing that comes from outside is an approval: nobody here has the key. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    const struct public_key key = {{1}};
    struct approvals approvals;
    struct error err;

    if (approvals_parse((struct bytes){data, size}, &key, &arena, &approvals, &err))
        __builtin_trap();
    return 0;
}
