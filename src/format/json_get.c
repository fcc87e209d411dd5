/*
 * The typed getters of json.h.
 */
#include <inttypes.h>
#include <string.h>
#include <yyjson.h>

#include "format/json.h"

/* Of a number that is not what was wanted, as much as a message needs. */
#define SHOWN_MAX 24

static const char *type_name(struct json value)
{
    switch (yyjson_get_type(value.at)) {
    case YYJSON_TYPE_RAW:
    case YYJSON_TYPE_NUM:
        return "a number";
    case YYJSON_TYPE_NULL:
        return "null";
    case YYJSON_TYPE_BOOL:
        return "a truth value";
    case YYJSON_TYPE_STR:
        return "a text";
    case YYJSON_TYPE_ARR:
        return "an array";
    case YYJSON_TYPE_OBJ:
        return "an object";
    default:
        return "absent";
    }
}

/*
 * Finds the member. False: fails, or there is nothing to get, which is told by *done: the caller's answer is then *done.
 */
static bool find(struct json object, const char *name, bool required, struct json *out, bool *done,
                 struct error *err)
{
    struct json value = json_member(object, name);

    *done = false;
    if (json_is_absent(value) || (json_is_null(value) && !required)) {
        *done = !required || error_set(err, ERROR_INPUT, "%s is missing", name);
        return false;
    }
    *out = value;
    return true;
}

static bool fail_type(const char *name, struct json value, const char *wanted, struct error *err)
{
    return error_set(err, ERROR_INPUT, "%s is %s, not %s", name, type_name(value), wanted);
}

/* A number's digits, or fails. */
static bool number(struct json value, const char *name, struct text *out, struct error *err)
{
    if (!yyjson_is_raw(value.at))
        return fail_type(name, value, "a number", err);
    *out = (struct text){unsafe_yyjson_get_raw(value.at), unsafe_yyjson_get_len(value.at)};
    return true;
}

bool json_as_text(struct json value, size_t limit, struct text *out, struct error *err)
{
    if (!json_is_text(value))
        return error_set(err, ERROR_INPUT, "%s, not a text", type_name(value));
    return text_from_bytes(
        (struct bytes){(const uint8_t *)unsafe_yyjson_get_str(value.at), unsafe_yyjson_get_len(value.at)},
        limit, out, err);
}

struct bytes json_bytes(struct json value)
{
    if (!json_is_text(value))
        return (struct bytes){0};
    return (struct bytes){(const uint8_t *)unsafe_yyjson_get_str(value.at), unsafe_yyjson_get_len(value.at)};
}

struct text json_digits(struct json value)
{
    if (!yyjson_is_raw(value.at))
        return (struct text){0};
    return (struct text){unsafe_yyjson_get_raw(value.at), unsafe_yyjson_get_len(value.at)};
}

bool json_is_bool(struct json value)
{
    return yyjson_is_bool(value.at);
}

bool json_name_text(const struct json_walk *walk, size_t limit, struct text *out, struct error *err)
{
    return text_from_bytes(bytes_of_text(walk->name), limit, out, err);
}

bool json_get_text(struct json object, const char *name, bool required, size_t limit, struct text *out,
                   struct error *err)
{
    struct json value;
    bool done;

    if (!find(object, name, required, &value, &done, err))
        return done;
    if (!json_is_text(value))
        return fail_type(name, value, "a text", err);
    return json_as_text(value, limit, out, err) || error_at(err, "%s", name);
}

/* Control characters of one byte, and of two (U+0080 to U+009F), become spaces, as many as they had bytes. */
static void make_note(uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((at[i] < 0x20 && at[i] != '\t' && at[i] != '\n') || at[i] == 0x7f)
            at[i] = ' ';
        if (at[i] == 0xc2 && i + 1 < size && at[i + 1] < 0xa0)
            at[i] = at[i + 1] = ' ';
    }
}

bool json_get_note(struct json object, const char *name, size_t limit, struct text *out, struct error *err)
{
    struct json value;
    bool done;

    if (!find(object, name, false, &value, &done, err))
        return done;
    if (!json_is_text(value))
        return fail_type(name, value, "a text", err);
    /* The copy is ours: people's carriage returns and the like become spaces in place. */
    const yyjson_val *string = value.at;
    uint8_t *at = string->uni.ptr;
    size_t size = unsafe_yyjson_get_len(value.at);
    if (size > limit)
        for (size = limit; size > 0 && (at[size] & 0xc0) == 0x80;)
            size--;
    make_note(at, size);
    return text_from_lines((struct bytes){at, size}, limit, out, err) || error_at(err, "%s", name);
}

static bool digits_to_u64(struct text digits, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    for (size_t i = 0; i < digits.size; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(digits.at[i] - '0');
        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return digits.size > 0;
}

/* How a number that is none of ours is shown. */
static bool fail_number(struct text digits, uint64_t max, struct error *err)
{
    return error_set(err, ERROR_INPUT, "%.*s, not a whole number from 0 to %" PRIu64,
                     TEXT_ARG(text_part(digits, 0, SHOWN_MAX)), max);
}

bool json_as_u64(struct json value, uint64_t max, uint64_t *out, struct error *err)
{
    if (!yyjson_is_raw(value.at))
        return error_set(err, ERROR_INPUT, "%s, not a number", type_name(value));
    struct text digits = {unsafe_yyjson_get_raw(value.at), unsafe_yyjson_get_len(value.at)};
    return digits_to_u64(digits, max, out) || fail_number(digits, max, err);
}

bool json_as_bool(struct json value, bool *out, struct error *err)
{
    if (!yyjson_is_bool(value.at))
        return error_set(err, ERROR_INPUT, "%s, not a truth value", type_name(value));
    *out = unsafe_yyjson_get_bool(value.at);
    return true;
}

bool json_get_u64(struct json object, const char *name, bool required, uint64_t max, uint64_t *out,
                  struct error *err)
{
    struct json value;
    struct text digits;
    bool done;

    if (!find(object, name, required, &value, &done, err))
        return done;
    if (!number(value, name, &digits, err))
        return false;
    return digits_to_u64(digits, max, out) ||
           error_set(err, ERROR_INPUT, "%s is %.*s, not a whole number from 0 to %" PRIu64, name,
                     TEXT_ARG(text_part(digits, 0, SHOWN_MAX)), max);
}

bool json_get_bool(struct json object, const char *name, bool required, bool *out, struct error *err)
{
    struct json value;
    bool done;

    if (!find(object, name, required, &value, &done, err))
        return done;
    if (!yyjson_is_bool(value.at))
        return fail_type(name, value, "a truth value", err);
    *out = unsafe_yyjson_get_bool(value.at);
    return true;
}

/* "9.8" as 98. Zeros behind the first decimal say nothing new. */
static bool digits_to_tenths(struct text digits, uint64_t max, uint64_t *out)
{
    size_t point = text_find_byte(digits, '.');
    struct text whole = text_part(digits, 0, point);
    uint64_t value;

    if (!digits_to_u64(whole, max / 10, &value))
        return false;
    value *= 10;
    if (point != SIZE_MAX) {
        struct text decimals = text_part(digits, point + 1, SIZE_MAX);
        uint64_t tenth;
        if (!digits_to_u64(text_part(decimals, 0, 1), 9, &tenth))
            return false;
        for (size_t i = 1; i < decimals.size; i++)
            if (decimals.at[i] != '0')
                return false;
        value += tenth;
    }
    *out = value;
    return value <= max;
}

bool json_get_tenths(struct json object, const char *name, bool required, int16_t max_tenths, int16_t *out,
                     struct error *err)
{
    struct json value;
    struct text digits;
    uint64_t tenths;
    bool done;

    if (!find(object, name, required, &value, &done, err))
        return done;
    if (!number(value, name, &digits, err))
        return false;
    if (!digits_to_tenths(digits, (uint64_t)max_tenths, &tenths))
        return error_set(err, ERROR_INPUT, "%s is %.*s, not a number from 0 to %d.%d with one decimal", name,
                         TEXT_ARG(text_part(digits, 0, SHOWN_MAX)), max_tenths / 10, max_tenths % 10);
    *out = (int16_t)tenths;
    return true;
}

bool json_get_array(struct json object, const char *name, bool required, struct json *out, struct error *err)
{
    struct json value = {0};
    bool done;

    if (!find(object, name, required, &value, &done, err)) {
        if (done)
            *out = value;
        return done;
    }
    if (!json_is_array(value))
        return fail_type(name, value, "an array", err);
    *out = value;
    return true;
}

bool json_get_object(struct json object, const char *name, bool required, struct json *out, struct error *err)
{
    struct json value = {0};
    bool done;

    if (!find(object, name, required, &value, &done, err)) {
        if (done)
            *out = value;
        return done;
    }
    if (!json_is_object(value))
        return fail_type(name, value, "an object", err);
    *out = value;
    return true;
}
