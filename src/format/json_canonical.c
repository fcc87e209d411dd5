#include "format/json_canonical.h"

#include <stdlib.h>
#include <string.h>

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

/*
 * Where the other form goes: it is counted and held against bytes that may be the form already, then, when they are not, written into
 * as much memory as was counted. A document of megabytes is so in memory once more only where it has to be.
 */
struct olpc {
    uint8_t *to;       /* NULL: counted and compared */
    struct bytes near; /* what it is compared with */
    size_t size;
    bool differs;
};

static void put(struct olpc *out, const void *at, size_t size)
{
    if (out->to != NULL)
        memcpy(out->to + out->size, at, size);
    else if (!out->differs)
        out->differs = size > out->near.size - out->size || memcmp(out->near.at + out->size, at, size) != 0;
    out->size += size;
}

static void put_byte(struct olpc *out, char byte)
{
    put(out, &byte, 1);
}

/* Only these two are escaped; whatever lies between them goes out in one piece. */
static void put_olpc_text(struct bytes text, struct olpc *out)
{
    size_t from = 0;

    put_byte(out, '"');
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] == '"' || text.at[i] == '\\') {
            put(out, text.at + from, i - from);
            put_byte(out, '\\');
            from = i;
        }
    if (from < text.size)
        put(out, text.at + from, text.size - from);
    put_byte(out, '"');
}

static bool put_olpc_number(struct text digits, struct olpc *out, struct error *err)
{
    for (size_t i = 0; i < digits.size; i++)
        if ((digits.at[i] < '0' || digits.at[i] > '9') && !(i == 0 && digits.at[i] == '-'))
            return error_set(err, ERROR_INPUT, "%.*s, not a whole number",
                             TEXT_ARG(text_part(digits, 0, 24)));
    if (text_equal(digits, TEXT("-0")))
        digits = TEXT("0");
    put(out, digits.at, digits.size);
    return true;
}

static bool put_olpc(struct json value, struct olpc *out, struct error *err);

static bool put_olpc_member(const struct member *member, bool first, struct olpc *out, struct error *err)
{
    if (!first)
        put_byte(out, ',');
    put_olpc_text(bytes_of_text(member->name), out);
    put_byte(out, ':');
    return put_olpc(member->value, out, err) ||
           error_at(err, "%.*s", TEXT_ARG(text_part(member->name, 0, 40)));
}

static bool is_sorted(struct json object)
{
    struct json_walk walk = json_walk_with(object);
    struct text before = {0};

    for (; json_walk_next(&walk); before = walk.name)
        if (walk.index > 0 && text_compare(before, walk.name) > 0)
            return false;
    return true;
}

static bool put_olpc_sorted(struct json object, struct olpc *out, struct error *err)
{
    struct json_walk walk = json_walk_with(object);

    while (json_walk_next(&walk)) {
        struct member member = {walk.name, walk.value};
        if (!put_olpc_member(&member, walk.index == 0, out, err))
            return false;
    }
    return true;
}

/* The order of UTF-8's bytes is that of the code points. */
static bool put_olpc_unsorted(struct json object, struct olpc *out, struct error *err)
{
    size_t count = json_count(object);
    OWN(own_memory) struct member *members = calloc(count + 1, sizeof(*members));
    struct json_walk walk = json_walk_with(object);

    if (members == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory for an object of %zu members", count);
    while (json_walk_next(&walk))
        members[walk.index] = (struct member){walk.name, walk.value};
    qsort(members, count, sizeof(*members), compare_members);
    for (size_t i = 0; i < count; i++)
        if (!put_olpc_member(&members[i], i == 0, out, err))
            return false;
    return true;
}

static bool put_olpc_array(struct json array, struct olpc *out, struct error *err)
{
    struct json_walk walk = json_walk_with(array);

    while (json_walk_next(&walk)) {
        if (walk.index > 0)
            put_byte(out, ',');
        if (!put_olpc(walk.value, out, err))
            return error_at(err, "%zu", walk.index);
    }
    return true;
}

static bool put_olpc(struct json value, struct olpc *out, struct error *err)
{
    struct error no_truth;
    bool truth = false, done = true;

    if (json_is_object(value)) {
        put_byte(out, '{');
        done = is_sorted(value) ? put_olpc_sorted(value, out, err) : put_olpc_unsorted(value, out, err);
        put_byte(out, '}');
    } else if (json_is_array(value)) {
        put_byte(out, '[');
        done = put_olpc_array(value, out, err);
        put_byte(out, ']');
    } else if (json_is_text(value)) {
        put_olpc_text(json_bytes(value), out);
    } else if (json_is_null(value)) {
        put(out, "null", 4);
    } else if (json_is_bool(value)) {
        truth = json_as_bool(value, &truth, &no_truth) && truth;
        put(out, truth ? "true" : "false", truth ? 4 : 5);
    } else {
        done = put_olpc_number(json_digits(value), out, err);
    }
    return done;
}

bool json_canonical_olpc(struct json value, struct bytes near, struct arena *arena, struct bytes *out,
                         struct error *err)
{
    struct olpc counted = {.near = near, .differs = near.size == 0};

    if (!put_olpc(value, &counted, err))
        return false;
    if (!counted.differs) {
        *out = (struct bytes){near.at, counted.size};
        return true;
    }
    struct olpc written = {.to = arena_take(arena, counted.size)};
    if (written.to == NULL)
        return arena_full(arena, err);
    if (!put_olpc(value, &written, err))
        return false;
    *out = (struct bytes){written.to, written.size};
    return true;
}
