#include "format/armor.h"

#include "base/writer.h"

#define CRC24_START 0xb704ceu
#define CRC24_POLY  0x864cfbu

/* Where the next line is looked for; `line` counts from 1. */
struct lines {
    struct text left;
    size_t line;
};

struct block {
    uint8_t *at;
    size_t size;
    uint32_t crc;
    uint32_t bits; /* of characters that do not make a byte yet */
    unsigned bit_count;
    bool padded; /* '=' ended the data */
};

/* The next line without its ends' blanks; its newline is taken too. */
static bool next_line(struct lines *lines, struct text *line)
{
    if (!text_cut(&lines->left, '\n', line))
        return false;
    lines->line++;
    if (text_ends(*line, TEXT("\r")))
        line->size--;
    *line = text_trim(*line);
    return true;
}

bool armor_is(struct bytes raw)
{
    struct lines lines = {.left = {(const char *)raw.at, raw.size}};
    struct text line;

    while (next_line(&lines, &line))
        if (line.size > 0)
            return text_starts(line, TEXT("-----BEGIN PGP "));
    return false;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void put_byte(struct block *block, uint8_t byte)
{
    block->at[block->size++] = byte;
    block->crc ^= (uint32_t)byte << 16;
    for (int i = 0; i < 8; i++) {
        block->crc <<= 1;
        if (block->crc & 0x1000000)
            block->crc ^= 0x1000000 | CRC24_POLY;
    }
}

/* A line of data. Four characters are three bytes; the block has room, for it was taken for the whole text. */
static bool take_data(struct block *block, struct text line)
{
    for (size_t i = 0; i < line.size; i++) {
        int value = base64_value(line.at[i]);
        if (line.at[i] == '=' && (block->bit_count == 2 || block->bit_count == 4) && block->bits == 0) {
            block->padded = true;
            continue;
        }
        if (value < 0 || block->padded)
            return false;
        block->bits = block->bits << 6 | (uint32_t)value;
        block->bit_count += 6;
        if (block->bit_count >= 8) {
            block->bit_count -= 8;
            put_byte(block, (uint8_t)(block->bits >> block->bit_count));
            block->bits &= (1u << block->bit_count) - 1;
        }
    }
    return true;
}

/* "=olYC": four characters, 24 bits. */
static bool crc_holds(const struct block *block, struct text line)
{
    uint32_t crc = 0;

    for (size_t i = 1; i < 5; i++) {
        int value = base64_value(line.at[i]);
        if (value < 0)
            return false;
        crc = crc << 6 | (uint32_t)value;
    }
    return crc == block->crc;
}

/* From behind the BEGIN line to the END line. */
static bool decode_block(struct lines *lines, struct block *block, struct error *err)
{
    struct text line;
    bool data = false, checked = false;

    while (next_line(lines, &line)) {
        if (text_equal(line, TEXT("-----END PGP PUBLIC KEY BLOCK-----"))) {
            /* Without padding what is left of the bits would be a byte cut in two. */
            if (block->bit_count != 0 && !block->padded)
                return error_set(err, ERROR_INPUT, "line %zu: the key ends in the middle of a byte",
                                 lines->line);
            block->bit_count = 0;
            return true;
        }
        if (!data) {
            /* Head lines are "Name: value"; no line of data holds a colon. */
            data = line.size == 0 || text_find_byte(line, ':') == SIZE_MAX;
            if (!data || line.size == 0)
                continue;
        }
        if (line.size == 0)
            continue;
        if (checked || (line.at[0] == '=' && line.size == 5)) {
            if (checked || !crc_holds(block, line))
                return error_set(err, ERROR_INPUT, "line %zu: checksum of the key does not hold",
                                 lines->line);
            checked = true;
        } else if (!take_data(block, line)) {
            return error_set(err, ERROR_INPUT, "line %zu: is no base64", lines->line);
        }
    }
    return error_set(err, ERROR_INPUT, "line %zu: the key ends without its END line", lines->line);
}

bool armor_decode(struct bytes raw, struct arena *arena, struct bytes *out, struct error *err)
{
    struct lines lines = {.left = {(const char *)raw.at, raw.size}};
    struct block block = {.at = arena_take(arena, raw.size / 4 * 3 + 3)};
    struct text line;
    size_t blocks = 0;

    if (block.at == NULL)
        return arena_full(arena, err);
    while (next_line(&lines, &line)) {
        if (!text_starts(line, TEXT("-----BEGIN PGP ")))
            continue;
        if (!text_equal(line, TEXT("-----BEGIN PGP PUBLIC KEY BLOCK-----")))
            return error_set(err, ERROR_INPUT, "line %zu: \"%.*s\" begins no public key", lines.line,
                             TEXT_ARG(text_part(line, 0, 60)));
        block = (struct block){.at = block.at, .size = block.size, .crc = CRC24_START};
        if (!decode_block(&lines, &block, err))
            return false;
        blocks++;
    }
    if (blocks == 0)
        return error_set(err, ERROR_INPUT, "no key begins in it");
    *out = (struct bytes){block.at, block.size};
    return true;
}
