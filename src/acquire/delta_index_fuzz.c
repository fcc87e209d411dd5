#include <assert.h>

#include "acquire/delta_index.h"
#include "base/limits.h"
#include "base/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As if the signature held, for whoever has the key can send anything; and with it, which then never does. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    const struct bytes raw = {data, size};
    struct public_key key = {.at = {1}};
    struct delta_index index;
    struct error err;
    size_t head = sizeof("suture-delta-index 1\nsignature \n") - 1 + SIGNATURE_HEX_SIZE;

    assert(!delta_index_open(raw, &key, &arena, &index, &err));
    if (size > 0 && data[0] == '{')
        head = 0;
    if (size >= head && delta_index_parse((struct bytes){data + head, size - head}, &arena, &index, &err))
        for (size_t i = 0; i < index.version_count; i++)
            assert(delta_index_find(&index, &index.versions[i].deb.digest) != NULL);
    return 0;
}
