#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/deb_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct parts {
    const struct deb_apart *apart;
    struct bytes left, expected;
};

static bool get(void *self, uint8_t *into, size_t size, size_t *got, struct error *err)
{
    struct parts *parts = self;
    (void)err;

    *got = parts->left.size < size ? parts->left.size : size;
    if (*got == 0)
        return true;
    memcpy(into, parts->left.at, *got);
    parts->left = (struct bytes){parts->left.at + *got, parts->left.size - *got};
    return true;
}

static bool open_part(void *self, size_t part, struct opener_source *out, struct error *err)
{
    struct parts *parts = self;
    (void)err;

    parts->left = parts->apart->parts[part].bytes;
    *out = (struct opener_source){get, parts};
    return true;
}

static bool compare(void *self, struct bytes bytes, struct error *err)
{
    struct parts *parts = self;
    (void)err;

    assert(bytes.size <= parts->expected.size && memcmp(bytes.at, parts->expected.at, bytes.size) == 0);
    parts->expected = (struct bytes){parts->expected.at + bytes.size, parts->expected.size - bytes.size};
    return true;
}

/* Whatever is taken apart comes back to the byte. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct deb_budget budget = {1, 256 * MIB};
    OWN(arena_end) struct arena arena = arena_with(256 * MIB);
    OWN(deb_apart_end) struct deb_apart apart = {0};
    OWN(base_deb_end) struct base base = {0};
    OWN(own_memory) uint64_t *sizes = NULL;
    struct bytes deb = {data, size};
    struct parts parts = {&apart, {0}, deb};
    struct error err;

    if (!deb_take_apart(deb, NULL, budget, &arena, &apart, &err))
        return 0;
    sizes = calloc(apart.part_count + 1, sizeof(*sizes));
    if (sizes == NULL)
        return 0;
    for (size_t i = 0; i < apart.part_count; i++)
        sizes[i] = apart.parts[i].bytes.size;
    struct deb_contents contents = {.sizes = sizes, .open = open_part, .self = &parts};
    bool done = deb_put_together(apart.structure, apart.part_count, contents, budget, size,
                                 (struct opener_sink){compare, &parts}, &err);
    assert(done && parts.expected.size == 0);
    if (base_deb_open(deb, NULL, &arena, &base, &err))
        assert(base.part_count > 0);
    return 0;
}
