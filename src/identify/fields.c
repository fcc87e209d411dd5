#include "identify/fields.h"

#include <assert.h>

#include "base/time.h"

/* The look-up by name, where it fails, finds the same value again: it has the words for what is wrong with it. */
static bool put_text(struct json object, const struct field *field, struct json value, struct text *into,
                     struct error *err)
{
    return (json_is_text(value) && json_as_text(value, field->limit, into, err)) ||
           json_get_text(object, field->name, true, field->limit, into, err);
}

static bool put_time(struct json object, const struct field *field, struct json value, int64_t *into,
                     struct error *err)
{
    struct text text;

    if (!put_text(object, field, value, &text, err))
        return false;
    return time_parse(text, into, err) || error_at(err, "%s", field->name);
}

static bool put(struct json object, const struct field *field, struct json value, void *into,
                struct error *err)
{
    struct json *handle = into;

    switch (field->kind) {
    case FIELD_KIND_TEXT:
        return put_text(object, field, value, into, err);
    case FIELD_KIND_TIME:
        return put_time(object, field, value, into, err);
    case FIELD_KIND_ARRAY:
        *handle = value;
        return json_is_array(value) || json_get_array(object, field->name, true, handle, err);
    case FIELD_KIND_OBJECT:
        *handle = value;
        return json_is_object(value) || json_get_object(object, field->name, true, handle, err);
    case FIELD_KIND_VALUE:
        *handle = value;
        return true;
    case FIELD_KIND_UNKNOWN:
    case FIELD_KIND_COUNT:
        break;
    }
    assert(false && "a field has a kind");
    return false;
}

/* The field of that name, looked for from `from` on: documents keep to one order, and so do our tables. */
static size_t find(const struct field *fields, size_t count, size_t from, struct text name)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = from + i < count ? from + i : from + i - count;
        if (fields[at].name_size == name.size && memcmp(fields[at].name, name.at, name.size) == 0)
            return at;
    }
    return count;
}

bool fields_read(struct json object, const struct field *fields, size_t count, void *into, struct error *err)
{
    struct json_walk walk = json_walk_with(object);
    uint32_t found = 0;
    size_t next = 0;

    assert(count <= FIELDS_MAX);
    if (!json_is_object(object))
        return error_set(err, ERROR_INPUT, "not an object");
    while (json_walk_next(&walk)) {
        size_t at = find(fields, count, next, walk.name);
        if (at == count || json_is_null(walk.value))
            continue;
        if (!put(object, &fields[at], walk.value, (char *)into + fields[at].offset, err))
            return false;
        found |= UINT32_C(1) << at;
        next = at + 1;
    }
    for (size_t i = 0; i < count; i++)
        if (fields[i].required && (found & UINT32_C(1) << i) == 0)
            return error_set(err, ERROR_INPUT, "%s is missing", fields[i].name);
    return true;
}
