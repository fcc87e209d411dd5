/*
 * Whatever the file is: it is refused with a place, or its texts and counts are within what the form allows.
 */
#include <assert.h>

#include "base/own.h"
#include "format/yaml_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    struct error err = {0};
    void *out = NULL;

    if (!yaml_read((struct bytes){data, size}, TEXT("f"), &sample_form, &arena, &out, &err)) {
        assert(err.kind != ERROR_NONE && strncmp(err.text, "f:", 2) == 0);
        return 0;
    }
    const struct sample *sample = out;
    assert(sample->name != NULL && strlen(sample->name) <= 20);
    assert(sample->name_count <= 3 && sample->item_count <= 3 && sample->colours < 8);
    for (uint32_t i = 0; i < sample->name_count; i++)
        assert(strlen(sample->names[i]) <= 20);
    for (uint32_t i = 0; i < sample->item_count; i++)
        assert(strlen(sample->items[i].title) > 0);
    return 0;
}
