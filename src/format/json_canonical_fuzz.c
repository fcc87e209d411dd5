#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/json_canonical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The other form is what it is near to, or differs; members in another order have the same. */
static void check_olpc(const struct json_document *document, struct bytes raw)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct bytes form, found, again;
    struct error err;

    if (!json_canonical_olpc(json_root(document), (struct bytes){0}, &arena, &form, &err))
        return;
    if (!json_canonical_olpc(json_root(document), raw, &arena, &found, &err) ||
        !json_canonical_olpc(json_root(document), form, &arena, &again, &err))
        abort();
    if (again.at != form.at || again.size != form.size || found.size != form.size ||
        memcmp(found.at, form.at, form.size) != 0)
        abort();
}

/* The canonical form of a canonical form is itself, and says so; what is said to be canonical is its own form. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(writer_end) struct writer first = writer_with(16 * MIB);
    OWN(writer_end) struct writer second = writer_with(16 * MIB);
    OWN(json_end) struct json_document document = {0};
    OWN(json_end) struct json_document again = {0};
    struct bytes raw = {data, size};
    struct error err;

    if (!json_parse(raw, MIB, &document, &err))
        return 0;
    check_olpc(&document, raw);
    bool has_form = json_canonical_value(json_root(&document), &first, &err);
    bool is_form = json_canonical_check(&document, raw, &err);
    if (!has_form) {
        if (is_form)
            abort();
        return 0;
    }
    if (is_form != (first.size == size && memcmp(first.at, data, size) == 0))
        abort();
    if (!json_parse(writer_bytes(&first), 16 * MIB, &again, &err) ||
        !json_canonical_value(json_root(&again), &second, &err) ||
        !json_canonical_check(&again, writer_bytes(&first), &err))
        abort();
    if (first.size != second.size || memcmp(first.at, second.at, first.size) != 0)
        abort();
    return 0;
}
