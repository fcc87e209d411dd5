#include "wire/message_fields.h"

#include <assert.h>

#define MAGIC_SIZE 4

void message_write_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

bool message_read_text(struct reader *r, const char *name, size_t limit, struct text *out, struct error *err)
{
    struct bytes raw = reader_take(r, (size_t)reader_varint_max(r, UINT32_MAX));

    if (!reader_ok(r))
        return error_set(err, ERROR_INPUT, "%s: ends in the middle", name);
    return text_from_bytes(raw, limit, out, err) || error_at(err, "%s", name);
}

bool message_read_magic(struct reader *r, const struct message_form *form, struct error *err)
{
    struct bytes got = reader_take(r, MAGIC_SIZE);

    return (reader_ok(r) && memcmp(got.at, form->magic, MAGIC_SIZE) == 0) ||
           error_set(err, ERROR_INPUT, "%s: does not begin with %s", form->name, form->magic);
}

/* ---- writing ---- */

static void write_number(struct writer *w, const uint8_t *at, size_t size)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;

    if (size == sizeof(two)) {
        memcpy(&two, at, sizeof(two));
        writer_u16(w, two);
    } else if (size == sizeof(four)) {
        memcpy(&four, at, sizeof(four));
        writer_u32(w, four);
    } else if (size == sizeof(eight)) {
        memcpy(&eight, at, sizeof(eight));
        writer_u64(w, eight);
    } else {
        assert(size == 1);
        writer_byte(w, *at);
    }
}

static void write_view(struct writer *w, const struct message_field *field, const uint8_t *at)
{
    struct bytes bytes;
    struct text text;

    if (field->kind == FIELD_TEXT) {
        memcpy(&text, at, sizeof(text));
        message_write_text(w, text);
        return;
    }
    memcpy(&bytes, at, sizeof(bytes));
    if (field->kind == FIELD_LIST) {
        assert(bytes.size % field->size == 0 && bytes.size / field->size <= UINT16_MAX);
        writer_u16(w, (uint16_t)(bytes.size / field->size));
    } else {
        writer_varint(w, bytes.size);
    }
    writer_put(w, bytes);
}

void message_write(struct writer *w, const struct message_form *form, const void *from)
{
    writer_string(w, form->magic);
    for (size_t i = 0; i < form->count; i++) {
        const struct message_field *field = &form->fields[i];
        const uint8_t *at = (const uint8_t *)from + field->offset;
        if (field->kind == FIELD_NUMBER)
            write_number(w, at, field->size);
        else if (field->kind == FIELD_RAW)
            writer_put(w, (struct bytes){at, field->size});
        else
            write_view(w, field, at);
    }
}

/* ---- reading ---- */

static void read_number(struct reader *r, uint8_t *at, size_t size)
{
    if (size == sizeof(uint16_t)) {
        uint16_t two = reader_u16(r);
        memcpy(at, &two, sizeof(two));
    } else if (size == sizeof(uint32_t)) {
        uint32_t four = reader_u32(r);
        memcpy(at, &four, sizeof(four));
    } else if (size == sizeof(uint64_t)) {
        uint64_t eight = reader_u64(r);
        memcpy(at, &eight, sizeof(eight));
    } else {
        assert(size == 1);
        *at = reader_u8(r);
    }
}

static bool read_view(struct reader *r, const struct message_field *field, uint8_t *at, struct error *err)
{
    struct bytes bytes;
    struct text text;

    if (field->kind == FIELD_TEXT) {
        if (!message_read_text(r, field->name, field->size, &text, err))
            return false;
        memcpy(at, &text, sizeof(text));
        return true;
    }
    uint64_t size = field->kind == FIELD_LIST ? reader_u16(r) * (uint64_t)field->size : reader_varint(r);
    if (reader_ok(r) && field->kind != FIELD_LIST &&
        ((size == 0 && field->kind == FIELD_BLOB) || size > field->size))
        return error_set(err, ERROR_INPUT, "%s: %llu bytes, not 1 to %zu", field->name,
                         (unsigned long long)size, field->size);
    bytes = reader_take(r, (size_t)size);
    memcpy(at, &bytes, sizeof(bytes));
    return reader_ok(r) || error_set(err, ERROR_INPUT, "%s: ends in the middle", field->name);
}

static bool read_field(struct reader *r, const struct message_field *field, uint8_t *at, struct error *err)
{
    if (field->kind == FIELD_NUMBER) {
        read_number(r, at, field->size);
    } else if (field->kind == FIELD_RAW) {
        struct bytes raw = reader_take(r, field->size);
        if (reader_ok(r))
            memcpy(at, raw.at, raw.size);
    } else {
        return read_view(r, field, at, err);
    }
    return reader_ok(r) || error_set(err, ERROR_INPUT, "%s: ends in the middle", field->name);
}

bool message_parse(struct bytes raw, const struct message_form *form, void *out, struct error *err)
{
    struct reader r = reader_with(raw);

    if (!message_read_magic(&r, form, err))
        return false;
    for (size_t i = 0; i < form->count; i++)
        if (!read_field(&r, &form->fields[i], (uint8_t *)out + form->fields[i].offset, err))
            return error_at(err, "%s", form->name);
    return reader_left(&r) == 0 ||
           error_set(err, ERROR_INPUT, "%s: %zu bytes behind the end", form->name, reader_left(&r));
}
