#include <assert.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/json_split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything in turn, containers entered where they may be; *count is how many members and elements there are. */
static bool walk_all(struct bytes raw, struct arena *arena, bool enter, size_t *count, struct error *err)
{
    OWN(json_split_end) struct json_split split = {0};
    struct json piece;
    bool found, entered;

    *count = 0;
    if (!json_split_open(raw, 16 * MIB, arena, &split, err))
        return false;
    while (split.depth > 0) {
        if (!json_split_next(&split, &found, err))
            return false;
        if (!found)
            continue;
        *count += split.depth == 1;
        entered = false;
        if (enter && split.depth < JSON_SPLIT_DEPTH && !json_split_enter(&split, &entered, err))
            return false;
        if (!entered && *count % 3 != 0 && !json_split_take(&split, &piece, err))
            return false;
    }
    return true;
}

/* In pieces is accepted what is accepted as a whole, with as many members; only a depth may be let through. */
static void compare(struct bytes raw, bool enter)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(json_end) struct json_document document = {0};
    struct error whole = {0}, split = {0};
    size_t count;

    bool whole_done = json_parse(raw, 16 * MIB, &document, &whole);
    bool split_done = walk_all(raw, &arena, enter, &count, &split);
    if (whole_done) {
        struct json root = json_root(&document);
        assert(split_done == (json_is_object(root) || json_is_array(root)));
        assert(!split_done || count == json_count(root));
    } else {
        assert(split_done ? whole.kind == ERROR_LIMIT : strcmp(whole.text, split.text) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    compare((struct bytes){data, size}, true);
    compare((struct bytes){data, size}, false);
    return 0;
}
