/*
 * The writing half of json.h.
 */
#include <assert.h>
#include <inttypes.h>

#include "base/time.h"
#include "format/json.h"

struct json_writer json_writer_with(struct writer *out, bool pretty)
{
    return (struct json_writer){.out = out, .pretty = pretty, .first = true};
}

static void new_line(struct json_writer *j)
{
    if (!j->pretty)
        return;
    writer_byte(j->out, '\n');
    for (uint32_t i = 0; i < j->depth; i++)
        writer_string(j->out, "  ");
}

/* What stands between the value before and the one that comes. */
static void begin_value(struct json_writer *j)
{
    if (j->named) {
        j->named = false;
        return;
    }
    assert(j->depth > 0 || j->first); /* one document, one value */
    if (!j->first)
        writer_byte(j->out, ',');
    if (j->depth > 0)
        new_line(j);
    j->first = false;
}

static void open_container(struct json_writer *j, uint8_t bracket)
{
    begin_value(j);
    writer_byte(j->out, bracket);
    j->depth++;
    j->first = true;
}

static void close_container(struct json_writer *j, uint8_t bracket)
{
    assert(j->depth > 0 && !j->named);
    j->depth--;
    if (!j->first)
        new_line(j);
    writer_byte(j->out, bracket);
    j->first = false;
}

void json_open_object(struct json_writer *j)
{
    open_container(j, '{');
}

void json_close_object(struct json_writer *j)
{
    close_container(j, '}');
}

void json_open_array(struct json_writer *j)
{
    open_container(j, '[');
}

void json_close_array(struct json_writer *j)
{
    close_container(j, ']');
}

/*
 * Control characters are escaped, those of two bytes (U+0080 to U+009F) too: what we write may be shown on a
 * terminal as it is. Gives the bytes that were dealt with; 0: this byte is written as it is.
 */
static size_t put_escaped(struct writer *out, struct text left)
{
    uint8_t byte = (uint8_t)left.at[0];

    if (byte == '"' || byte == '\\') {
        writer_byte(out, '\\');
        writer_byte(out, byte);
        return 1;
    }
    if (byte == '\n' || byte == '\t') {
        writer_string(out, byte == '\n' ? "\\n" : "\\t");
        return 1;
    }
    if (byte < 0x20 || byte == 0x7f) {
        writer_format(out, "\\u%04x", byte);
        return 1;
    }
    if (byte == 0xc2 && left.size > 1 && (uint8_t)left.at[1] < 0xa0) {
        writer_format(out, "\\u%04x", (uint8_t)left.at[1]);
        return 2;
    }
    return 0;
}

static void put_quoted(struct writer *out, struct text value)
{
    writer_byte(out, '"');
    while (value.size > 0) {
        size_t plain = 0;
        for (; plain < value.size; plain++) {
            uint8_t byte = (uint8_t)value.at[plain];
            if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f || byte == 0xc2)
                break;
        }
        writer_text(out, text_part(value, 0, plain));
        value = text_part(value, plain, SIZE_MAX);
        if (value.size == 0)
            break;
        size_t done = put_escaped(out, value);
        if (done == 0) {
            writer_byte(out, (uint8_t)value.at[0]);
            done = 1;
        }
        value = text_part(value, done, SIZE_MAX);
    }
    writer_byte(out, '"');
}

void json_name(struct json_writer *j, const char *name)
{
    json_name_of(j, text_of(name));
}

void json_name_of(struct json_writer *j, struct text name)
{
    assert(j->depth > 0 && !j->named);
    begin_value(j);
    put_quoted(j->out, name);
    writer_string(j->out, j->pretty ? ": " : ":");
    j->named = true;
}

void json_put_text(struct json_writer *j, struct text value)
{
    begin_value(j);
    put_quoted(j->out, value);
}

void json_put_string(struct json_writer *j, const char *value)
{
    json_put_text(j, text_of(value));
}

void json_put_u64(struct json_writer *j, uint64_t value)
{
    begin_value(j);
    writer_format(j->out, "%" PRIu64, value);
}

void json_put_digits(struct json_writer *j, struct text digits)
{
    begin_value(j);
    writer_text(j->out, digits);
}

void json_put_bool(struct json_writer *j, bool value)
{
    begin_value(j);
    writer_string(j->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *j)
{
    begin_value(j);
    writer_string(j->out, "null");
}

void json_put_tenths(struct json_writer *j, int32_t tenths)
{
    int64_t size = tenths < 0 ? -(int64_t)tenths : tenths;

    begin_value(j);
    writer_format(j->out, "%s%" PRId64 ".%" PRId64, tenths < 0 ? "-" : "", size / 10, size % 10);
}

void json_put_millionths(struct json_writer *j, uint32_t millionths)
{
    uint32_t fraction = millionths % 1000000;
    int digits = 6;

    begin_value(j);
    writer_format(j->out, "%" PRIu32, millionths / 1000000);
    if (fraction == 0)
        return;
    for (; fraction % 10 == 0; fraction /= 10)
        digits--;
    writer_format(j->out, ".%0*" PRIu32, digits, fraction);
}

void json_put_time(struct json_writer *j, int64_t us)
{
    if (us == TIME_ABSENT) {
        json_put_null(j);
        return;
    }
    begin_value(j);
    writer_byte(j->out, '"');
    time_write(j->out, us);
    writer_byte(j->out, '"');
}
