#include "base/writer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

struct writer writer_with(size_t limit)
{
    return (struct writer){.limit = limit};
}

void writer_end(struct writer *w)
{
    free(w->at);
    *w = (struct writer){.limit = w->limit};
}

struct bytes writer_bytes(const struct writer *w)
{
    return (struct bytes){w->at, w->size};
}

bool writer_done(const struct writer *w, struct bytes *out, struct error *err)
{
    if (w->failed)
        return error_set(err, ERROR_LIMIT, "more than %zu bytes to write, or out of memory", w->limit);
    *out = writer_bytes(w);
    return true;
}

void writer_clear(struct writer *w)
{
    w->size = 0;
    w->failed = false;
}

/*
 * Room for `size` more bytes; false (and failed) when they do not fit. Behind all that fits there is one byte more, for
 * the NUL that vsnprintf writes.
 */
static bool make_room(struct writer *w, size_t size)
{
    if (w->failed || size > w->limit - w->size) {
        w->failed = true;
        return false;
    }
    if (w->at != NULL && size <= w->capacity - w->size)
        return true;
    size_t wanted = w->capacity < 128 ? 256 : w->capacity > w->limit / 2 ? w->limit : w->capacity * 2;
    if (wanted < w->size + size)
        wanted = w->size + size;
    uint8_t *grown = realloc(w->at, wanted + 1);
    if (grown == NULL) {
        w->failed = true;
        return false;
    }
    w->at = grown;
    w->capacity = wanted;
    return true;
}

void writer_expect(struct writer *w, size_t size)
{
    if (size > w->capacity - w->size && make_room(w, size))
        os_expect_filling(w->at, w->capacity);
}

void writer_put(struct writer *w, struct bytes bytes)
{
    if (bytes.size == 0 || !make_room(w, bytes.size))
        return;
    memcpy(w->at + w->size, bytes.at, bytes.size);
    w->size += bytes.size;
}

void writer_text(struct writer *w, struct text text)
{
    writer_put(w, bytes_of_text(text));
}

void writer_string(struct writer *w, const char *string)
{
    writer_text(w, text_of(string));
}

void writer_format(struct writer *w, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0 || !make_room(w, (size_t)size)) {
        w->failed = true;
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf((char *)w->at + w->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    w->size += (size_t)size;
}

static void put_little_endian(struct writer *w, uint64_t value, size_t size)
{
    if (!make_room(w, size))
        return;
    for (size_t i = 0; i < size; i++, value >>= 8)
        w->at[w->size++] = (uint8_t)value;
}

void writer_byte(struct writer *w, uint8_t value)
{
    put_little_endian(w, value, 1);
}

void writer_u16(struct writer *w, uint16_t value)
{
    put_little_endian(w, value, 2);
}

void writer_u32(struct writer *w, uint32_t value)
{
    put_little_endian(w, value, 4);
}

void writer_u64(struct writer *w, uint64_t value)
{
    put_little_endian(w, value, 8);
}

void writer_varint(struct writer *w, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        writer_byte(w, (uint8_t)(value | 0x80));
    writer_byte(w, (uint8_t)value);
}

void writer_patch_u32(struct writer *w, size_t place, uint32_t value)
{
    if (w->failed)
        return;
    assert(place <= w->size && w->size - place >= 4);
    for (size_t i = 0; i < 4; i++, value >>= 8)
        w->at[place + i] = (uint8_t)value;
}

void writer_align(struct writer *w, size_t alignment)
{
    while (w->size % alignment != 0 && !w->failed)
        writer_byte(w, 0);
}
