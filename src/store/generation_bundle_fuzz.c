#include <stdint.h>
#include <stdlib.h>

#include "store/generation_bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted lies within what was given, all of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct generation_bundle bundle;
    struct error err;
    size_t sum = 0;

    if (!generation_bundle_parse((struct bytes){data, size}, &bundle, &err))
        return 0;
    for (size_t i = 0; i < bundle.count; i++) {
        if (bundle.files[i].bytes.at < data ||
            bundle.files[i].bytes.at + bundle.files[i].bytes.size > data + size)
            abort();
        sum += bundle.files[i].bytes.size;
    }
    if (sum > size)
        abort();
    return 0;
}
