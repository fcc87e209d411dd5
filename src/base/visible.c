#include "base/visible.h"

/* Characters of Unicode 15 that show nothing of their own, or change how others stand. Sorted. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0x0000, 0x001f},                      /* control characters */
    {0x007f, 0x009f},    {0x00ad, 0x00ad}, /* soft hyphen */
    {0x034f, 0x034f},                      /* combining grapheme joiner */
    {0x061c, 0x061c},                      /* Arabic letter mark */
    {0x115f, 0x1160},                      /* Hangul fillers */
    {0x17b4, 0x17b5},                      /* Khmer vowels that do not show */
    {0x180b, 0x180f},                      /* Mongolian selectors and separator */
    {0x200b, 0x200f},                      /* of no width; left-to-right and right-to-left marks */
    {0x2028, 0x202e},                      /* separators of lines and paragraphs; embeddings and overrides */
    {0x2060, 0x206f},                      /* word joiner, isolates, what is deprecated */
    {0x3164, 0x3164},                      /* Hangul filler */
    {0xd800, 0xf8ff},    /* surrogates are no UTF-8; what is private shows as each font likes */
    {0xfe00, 0xfe0f},    /* variation selectors */
    {0xfeff, 0xfeff},    /* byte order mark */
    {0xffa0, 0xffa0},    /* Hangul filler */
    {0xfff0, 0xfffb},    /* annotations */
    {0x1bca0, 0x1bca3},  /* shorthand controls */
    {0x1d173, 0x1d17a},  /* musical controls */
    {0xe0000, 0x10ffff}, /* tags, variation selectors, private planes */
};

static bool is_hidden(uint32_t character)
{
    for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
        if (character >= hidden[i].first && character <= hidden[i].last)
            return true;
    return false;
}

/* The character at the beginning and how many bytes it takes; 0: no UTF-8. */
static size_t take_character(struct bytes raw, uint32_t *out)
{
    struct text one;
    struct error no_utf8;

    if (raw.at[0] < 0x80) {
        *out = raw.at[0];
        return 1;
    }
    size_t size = raw.at[0] >= 0xf0 ? 4 : raw.at[0] >= 0xe0 ? 3 : 2;
    if (size > raw.size)
        return 0;
    /* C1 controls are no text there, and yet a character to be named. */
    bool c1 = raw.at[0] == 0xc2 && raw.at[1] >= 0x80 && raw.at[1] < 0xa0;
    if (!c1 && !text_from_bytes((struct bytes){raw.at, size}, size, &one, &no_utf8))
        return 0;
    uint32_t character = raw.at[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++)
        character = character << 6 | (raw.at[i] & 0x3fu);
    *out = character;
    return size;
}

static void put(struct writer *w, struct bytes raw, bool lines)
{
    for (size_t i = 0; i < raw.size;) {
        uint32_t character = 0;
        size_t size = take_character((struct bytes){raw.at + i, raw.size - i}, &character);
        if (size == 0)
            writer_format(w, "<0x%02x>", raw.at[i]);
        else if (is_hidden(character) && !(lines && (character == '\n' || character == '\t')))
            writer_format(w, "<U+%04X>", (unsigned)character);
        else
            writer_put(w, (struct bytes){raw.at + i, size});
        i += size == 0 ? 1 : size;
    }
}

void visible_put(struct writer *w, struct bytes raw)
{
    put(w, raw, false);
}

void visible_put_lines(struct writer *w, struct bytes raw)
{
    put(w, raw, true);
}

bool visible_check(struct text text, struct error *err)
{
    struct bytes raw = bytes_of_text(text);

    for (size_t i = 0; i < raw.size;) {
        uint32_t character = 0;
        size_t size = take_character((struct bytes){raw.at + i, raw.size - i}, &character);
        if (size == 0)
            return error_set(err, ERROR_INPUT, "byte 0x%02x at %zu is not text", raw.at[i], i);
        if (is_hidden(character))
            return error_set(err, ERROR_INPUT,
                             "has a character that does not show or turns the text: <U+%04X> at %zu",
                             (unsigned)character, i);
        i += size;
    }
    return true;
}
