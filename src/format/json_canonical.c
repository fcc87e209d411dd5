#include "format/json_canonical.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"

struct member {
    struct text name;
    struct json value;
};

static int compare_members(const void *a, const void *b)
{
    return text_compare(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static bool put_value(struct json value, struct json_writer *j, struct error *err);

/* Sorted in memory of its own: what one object needs is gone when it is written. */
static bool put_object(struct json value, struct json_writer *j, struct error *err)
{
    size_t count = json_count(value), i = 0;
    OWN(own_memory) struct member *members = calloc(count + 1, sizeof(*members));
    struct json_walk walk = json_walk_with(value);

    if (members == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory for an object of %zu members", count);
    for (; json_walk_next(&walk); i++) {
        if (!json_name_text(&walk, LIMIT_JSON_STRING, &members[i].name, err))
            return error_at(err, "a name");
        members[i].value = walk.value;
    }
    if (i > 0)
        qsort(members, i, sizeof(*members), compare_members);
    json_open_object(j);
    for (size_t k = 0; k < i; k++) {
        json_name_of(j, members[k].name);
        if (!put_value(members[k].value, j, err))
            return error_at(err, "%.*s", TEXT_ARG(text_part(members[k].name, 0, 40)));
    }
    json_close_object(j);
    return true;
}

static bool put_array(struct json value, struct json_writer *j, struct error *err)
{
    struct json_walk walk = json_walk_with(value);

    json_open_array(j);
    while (json_walk_next(&walk))
        if (!put_value(walk.value, j, err))
            return error_at(err, "%zu", walk.index);
    json_close_array(j);
    return true;
}

static bool put_text(struct json value, struct json_writer *j, struct error *err)
{
    struct text text = {0};

    if (!json_as_text(value, LIMIT_JSON_STRING, &text, err))
        return false;
    json_put_text(j, text);
    return true;
}

/* The depth of what was parsed is limited by the parser. */
static bool put_value(struct json value, struct json_writer *j, struct error *err)
{
    struct error no_truth;
    uint64_t number;
    bool truth;

    if (json_is_object(value))
        return put_object(value, j, err);
    if (json_is_array(value))
        return put_array(value, j, err);
    if (json_is_text(value))
        return put_text(value, j, err);
    if (json_is_null(value)) {
        json_put_null(j);
        return true;
    }
    if (json_as_bool(value, &truth, &no_truth)) {
        json_put_bool(j, truth);
        return true;
    }
    if (!json_as_u64(value, JSON_CANONICAL_NUMBER_MAX, &number, err))
        return false;
    json_put_u64(j, number);
    return true;
}

bool json_canonical_value(struct json value, struct writer *out, struct error *err)
{
    struct json_writer j = json_writer_with(out, false);
    struct bytes written;

    return put_value(value, &j, err) && writer_done(out, &written, err);
}

bool json_canonical(struct bytes raw, size_t limit, struct writer *out, struct error *err)
{
    OWN(json_end) struct json_document document = {0};

    return json_parse(raw, limit, &document, err) && json_canonical_value(json_root(&document), out, err);
}

bool json_canonical_check(const struct json_document *document, struct bytes raw, struct error *err)
{
    /* Escapes may be longer in the canonical form: at most six bytes for one. */
    OWN(writer_end) struct writer w = writer_with(raw.size > SIZE_MAX / 8 ? SIZE_MAX : raw.size * 6 + 64);
    size_t same = 0;

    if (!json_canonical_value(json_root(document), &w, err))
        return error_at(err, "has no canonical form");
    while (same < raw.size && same < w.size && raw.at[same] == w.at[same])
        same++;
    if (same < raw.size || same < w.size)
        return error_set(err, ERROR_INPUT, "is not in canonical form (byte %zu)", same);
    return true;
}
