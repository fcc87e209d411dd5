#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first half against the second: nothing but text comes out, and nothing when they are equal. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(writer_end) struct writer w = writer_with(16 * MIB);
    struct bytes before = {data, size / 2}, after = {data + size / 2, size - size / 2};
    struct text shown;
    struct error err;

    if (diff_write(before, after, &w, &err) && writer_ok(&w) &&
        !text_from_lines(writer_bytes(&w), SIZE_MAX, &shown, &err))
        abort();
    if (!diff_write(before, before, &w, &err))
        abort();
    return 0;
}
