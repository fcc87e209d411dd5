#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/deb_layout.h"
#include "delta/deb_structure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEB_SIZE (256 * KIB)

struct parts {
    const uint64_t *sizes;
    uint64_t left, put;
};

static bool get(void *self, uint8_t *into, size_t size, size_t *got, struct error *err)
{
    struct parts *parts = self;
    (void)err;

    *got = parts->left < size ? (size_t)parts->left : size;
    memset(into, 'x', *got);
    parts->left -= *got;
    return true;
}

static bool open_part(void *self, size_t part, struct opener_source *out, struct error *err)
{
    struct parts *parts = self;
    (void)err;

    parts->left = parts->sizes[part];
    *out = (struct opener_source){get, parts};
    return true;
}

static bool count(void *self, struct bytes bytes, struct error *err)
{
    struct parts *parts = self;
    (void)err;

    parts->put += bytes.size;
    assert(parts->put <= DEB_SIZE);
    return true;
}

/* Parts that fit in number, of all small sizes. What packs slowly is only read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct deb_budget budget = {1, 256 * MIB};
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DEB_TABLES);
    OWN(own_memory) struct deb_structure *structure = malloc(sizeof(*structure));
    OWN(own_memory) uint64_t *sizes = NULL;
    size_t part_count = 0;
    struct error err;

    if (structure == NULL || !deb_structure_read((struct bytes){data, size}, &arena, structure, &err))
        return 0;
    for (size_t i = 0; i < structure->count; i++) {
        part_count += deb_member_parts(&structure->members[i]);
        if (structure->members[i].packing.kind == DEB_PACK_XZ ||
            structure->members[i].packing.kind == DEB_PACK_ZSTD)
            return 0;
    }
    sizes = calloc(part_count + 1, sizeof(*sizes));
    if (sizes == NULL)
        return 0;
    for (size_t i = 0; i < part_count; i++)
        sizes[i] = i % 600;
    struct parts parts = {.sizes = sizes};
    struct deb_contents contents = {.sizes = sizes, .open = open_part, .self = &parts};
    if (deb_put_together((struct bytes){data, size}, part_count, contents, budget, DEB_SIZE,
                         (struct opener_sink){count, &parts}, &err))
        assert(parts.put == DEB_SIZE);
    return 0;
}
