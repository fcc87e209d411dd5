#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text text_of(const char *string)
{
    return (struct text){string, strlen(string)};
}

struct bytes bytes_of_text(struct text text)
{
    return (struct bytes){(const uint8_t *)text.at, text.size};
}

/* Size of the UTF-8 character at `at` (Unicode 15, table 3-7: no overlong forms, no surrogates), or 0. */
static size_t utf8_size(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    size_t size = lead < 0x80                    ? 1
                  : lead >= 0xc2 && lead <= 0xdf ? 2
                  : (lead & 0xf0) == 0xe0        ? 3
                  : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                 : 0;

    if (size == 0 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] > 0x9f) || (lead == 0xf0 && at[1] < 0x90) ||
        (lead == 0xf4 && at[1] > 0x8f))
        return 0;
    return size;
}

static bool check_text(struct bytes raw, size_t limit, bool lines, struct error *err)
{
    if (raw.size > limit)
        return error_set(err, ERROR_LIMIT, "%zu bytes, more than %zu", raw.size, limit);
    for (size_t i = 0; i < raw.size;) {
        uint8_t byte = raw.at[i];
        if (byte >= 0x20 && byte < 0x7f) {
            i++;
            continue;
        }
        size_t size = utf8_size(raw.at + i, raw.size - i);
        bool control = size == 1 || (size == 2 && byte == 0xc2 && raw.at[i + 1] < 0xa0);
        if (size == 0 || (control && !(lines && (byte == '\n' || byte == '\t'))))
            return error_set(err, ERROR_INPUT, "byte 0x%02x at %zu is not text", byte, i);
        i += size;
    }
    return true;
}

bool text_from_bytes(struct bytes raw, size_t limit, struct text *out, struct error *err)
{
    if (!check_text(raw, limit, false, err))
        return false;
    *out = (struct text){(const char *)raw.at, raw.size};
    return true;
}

bool text_from_lines(struct bytes raw, size_t limit, struct text *out, struct error *err)
{
    if (!check_text(raw, limit, true, err))
        return false;
    *out = (struct text){(const char *)raw.at, raw.size};
    return true;
}

int text_compare(struct text a, struct text b)
{
    size_t both = a.size < b.size ? a.size : b.size;
    int order = both == 0 ? 0 : memcmp(a.at, b.at, both);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool text_equal_caseless(struct text a, struct text b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

bool text_starts(struct text text, struct text start)
{
    return text.size >= start.size && text_equal(text_part(text, 0, start.size), start);
}

bool text_ends(struct text text, struct text end)
{
    return text.size >= end.size && text_equal(text_part(text, text.size - end.size, end.size), end);
}

size_t text_find_byte(struct text text, char byte)
{
    const char *found = text.size == 0 ? NULL : memchr(text.at, byte, text.size);

    return found == NULL ? SIZE_MAX : (size_t)(found - text.at);
}

size_t text_find(struct text text, struct text wanted)
{
    const char *found = text.size == 0 ? NULL : memmem(text.at, text.size, wanted.at, wanted.size);

    return found == NULL ? SIZE_MAX : (size_t)(found - text.at);
}

struct text text_part(struct text text, size_t from, size_t size)
{
    if (from > text.size)
        from = text.size;
    if (size > text.size - from)
        size = text.size - from;
    /* An absent text has no address, and arithmetic on none is undefined even when it adds nothing. */
    return (struct text){from == 0 ? text.at : text.at + from, size};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct text text_trim(struct text text)
{
    while (text.size > 0 && is_blank(text.at[0])) {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.at[text.size - 1]))
        text.size--;
    return text;
}

bool text_cut(struct text *rest, char separator, struct text *item)
{
    if (rest->size == 0)
        return false;
    size_t at = text_find_byte(*rest, separator);
    if (at == SIZE_MAX) {
        *item = *rest;
        *rest = text_part(*rest, rest->size, 0);
    } else {
        *item = text_part(*rest, 0, at);
        *rest = text_part(*rest, at + 1, SIZE_MAX);
    }
    return true;
}

bool text_cut_word(struct text *rest, struct text *word)
{
    size_t from = 0, to;

    while (from < rest->size && (is_blank(rest->at[from]) || rest->at[from] == '\n'))
        from++;
    for (to = from; to < rest->size && !is_blank(rest->at[to]) && rest->at[to] != '\n';)
        to++;
    *word = text_part(*rest, from, to - from);
    *rest = text_part(*rest, to, SIZE_MAX);
    return word->size > 0;
}

struct text text_copy(struct arena *arena, struct text text)
{
    char *copy = text.size == SIZE_MAX ? NULL : arena_take(arena, text.size + 1);

    if (copy == NULL)
        return (struct text){NULL, 0};
    if (text.size > 0)
        memcpy(copy, text.at, text.size);
    return (struct text){copy, text.size};
}

char *text_string(struct arena *arena, struct text text)
{
    char *copy = text.size == SIZE_MAX ? NULL : arena_take(arena, text.size + 1);

    if (copy != NULL && text.size > 0)
        memcpy(copy, text.at, text.size);
    return copy;
}

struct text text_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *at = size < 0 ? NULL : arena_take(arena, (size_t)size + 1);
    if (at == NULL)
        return (struct text){NULL, 0};
    va_start(arguments, format);
    (void)vsnprintf(at, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return (struct text){at, (size_t)size};
}

bool text_to_u64(struct text text, uint64_t *out, struct error *err)
{
    uint64_t value = 0;

    if (text.size == 0)
        return error_set(err, ERROR_INPUT, "nothing where a number is due");
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = (unsigned)(unsigned char)text.at[i] - '0';
        if (digit > 9)
            return error_set(err, ERROR_INPUT, "\"%.*s\" is not a number", TEXT_ARG(text_part(text, 0, 40)));
        if (__builtin_mul_overflow(value, 10u, &value) || __builtin_add_overflow(value, digit, &value))
            return error_set(err, ERROR_LIMIT, "%.*s is too large a number",
                             TEXT_ARG(text_part(text, 0, 40)));
    }
    *out = value;
    return true;
}

/* The value of a hexadecimal digit, plus 1; 0 for all else. By table: digests of ten thousand files are a million digits. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool text_to_hex(struct text text, uint8_t *out, size_t size, struct error *err)
{
    if (text.size / 2 != size || text.size % 2 != 0)
        return error_set(err, ERROR_INPUT, "%zu hexadecimal digits where %zu are due", text.size, 2 * size);
    for (size_t i = 0; i < text.size; i++)
        if (hex_values[(uint8_t)text.at[i]] == 0)
            return error_set(err, ERROR_INPUT, "\"%.*s\" is not hexadecimal",
                             TEXT_ARG(text_part(text, 0, 40)));
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)((hex_values[(uint8_t)text.at[2 * i]] - 1) * 16 +
                           hex_values[(uint8_t)text.at[2 * i + 1]] - 1);
    return true;
}

/* Multiply and fold 64 x 64 to 128 bits: mixes every bit of both. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t text_hash(struct text text, uint64_t key)
{
    uint64_t hash = key ^ 0x9e3779b97f4a7c15u, word;
    const char *at = text.at;
    size_t left = text.size;

    for (; left >= 8; at += 8, left -= 8) {
        memcpy(&word, at, 8);
        hash = fold(hash ^ word, 0xd6e8feb86659fd93u ^ key);
    }
    word = 0;
    if (left > 0)
        memcpy(&word, at, left);
    return fold(hash ^ word, 0xa0761d6478bd642fu ^ text.size);
}

bool glob_matches(const char *glob, struct text text)
{
    const char *star = NULL; /* behind the last '*': where to go back to when what follows does not fit */
    size_t i = 0, star_i = 0;

    while (i < text.size) {
        if (*glob == '*') {
            star = ++glob;
            star_i = i;
        } else if (*glob != 0 && (*glob == '?' || *glob == text.at[i])) {
            glob++;
            i++;
        } else if (star != NULL) {
            glob = star;
            i = ++star_i;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == 0;
}
