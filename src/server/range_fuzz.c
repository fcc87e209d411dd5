#include <stdlib.h>

#include "server/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is asked for, what is given lies within the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t sizes[] = {0, 1, 1000, UINT64_MAX};
    struct text field;
    struct error err;

    if (!text_from_bytes((struct bytes){data, size}, 4096, &field, &err))
        return 0;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct range got = range_parse(field, sizes[i]);
        if (got.kind == RANGE_PART &&
            (got.size == 0 || got.from >= sizes[i] || got.size > sizes[i] - got.from))
            abort();
    }
    return 0;
}
