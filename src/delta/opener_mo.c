/*
 * Message catalogues of GNU gettext, as msgfmt writes them: .mo.
 *
 *     file: magic, revision 0, count, where the three tables are; table of identifiers (size and place of each), table of
 *           texts, hash table; identifiers, texts, each with a NUL behind
 *     image: the identifiers, the texts, each with a NUL behind
 *
 * One text that changes its size moves all numbers of the tables, and one identifier that is new shuffles the hash table: all of this is
 * made anew. A NUL in the middle (of a message with plural forms) is another byte in the image, one that the file does not have.
 *
 *     settings: nothing for a little-endian file with a hash table and without the byte 0x01; else
 *     u8        1: big-endian, 2: without a hash table
 *     u8        the byte that stands for a NUL in the middle
 */
#include <stdlib.h>

#include "base/own.h"
#include "base/reader.h"
#include "delta/opener.h"
#include "delta/pour.h"

#define MAGIC       0x950412deU
#define HEADER_SIZE 28
#define ROW_SIZE    8 /* of a table: size, place */
#define INNER_NUL   1 /* usually */

#define PROBES_MAX  64 /* of the hash table for an identifier, on average; a real catalogue needs 2 */

enum { MO_BIG_ENDIAN = 1, MO_NO_HASH = 2, MO_FLAGS = 3 };

/* How one catalogue is laid out. */
struct mo {
    uint8_t flags;
    uint8_t inner_nul;
    uint32_t count, hash_size;
    size_t strings_at, strings_size;
};

static uint32_t read_u32(struct reader *r, uint8_t flags)
{
    uint32_t value = reader_u32(r);

    return flags & MO_BIG_ENDIAN ? __builtin_bswap32(value) : value;
}

static bool mo_knows(struct bytes file)
{
    return file.size >= HEADER_SIZE &&
           (memcmp(file.at, "\xde\x12\x04\x95", 4) == 0 || memcmp(file.at, "\x95\x04\x12\xde", 4) == 0);
}

/* gettext's own idea of a prime: 3 is none for it. */
static bool is_prime(uint64_t odd)
{
    uint64_t by = 3;

    while (by * by < odd && odd % by != 0)
        by += 2;
    return odd % by != 0;
}

static uint32_t hash_size_of(uint32_t count)
{
    uint64_t size = (uint64_t)count * 4 / 3 | 1;

    while (!is_prime(size))
        size += 2;
    return size < 3 ? 3 : (uint32_t)size;
}

static bool read_header(struct reader *r, struct mo *mo, struct error *err)
{
    size_t size = reader_left(r);

    mo->flags = reader_u32(r) == MAGIC ? 0 : MO_BIG_ENDIAN;
    uint32_t revision = read_u32(r, mo->flags);
    mo->count = read_u32(r, mo->flags);
    uint32_t identifiers_at = read_u32(r, mo->flags), texts_at = read_u32(r, mo->flags);
    mo->hash_size = read_u32(r, mo->flags);
    uint32_t hash_at = read_u32(r, mo->flags);
    if (revision != 0)
        return error_set(err, ERROR_INPUT, "mo: revision 0x%x", revision);
    if (mo->count > (size - HEADER_SIZE) / (2 * ROW_SIZE))
        return error_set(err, ERROR_INPUT, "mo: %u messages, more than fit", mo->count);
    if (mo->hash_size == 0)
        mo->flags |= MO_NO_HASH;
    else if (mo->hash_size != hash_size_of(mo->count))
        return error_set(err, ERROR_INPUT, "mo: a hash table of %u for %u messages", mo->hash_size,
                         mo->count);
    if (identifiers_at != HEADER_SIZE || texts_at != HEADER_SIZE + mo->count * ROW_SIZE ||
        hash_at != HEADER_SIZE + mo->count * 2 * ROW_SIZE)
        return error_set(err, ERROR_INPUT, "mo: tables that lie elsewhere");
    mo->strings_at = hash_at + (size_t)mo->hash_size * 4;
    if (mo->strings_at > size)
        return error_set(err, ERROR_INPUT, "mo: ends in the tables");
    mo->strings_size = size - mo->strings_at;
    return true;
}

/* The strings lie one behind the other in the order of the tables, and end where the file ends. */
static bool check_rows(struct reader *r, const struct mo *mo, struct bytes file, struct error *err)
{
    size_t at = mo->strings_at;

    for (uint32_t i = 0; i < 2 * mo->count; i++) {
        uint32_t size = read_u32(r, mo->flags), place = read_u32(r, mo->flags);
        if (place != at || size >= file.size - at || file.at[at + size] != 0)
            return error_set(err, ERROR_INPUT, "mo: string %u lies elsewhere", i);
        at += size + 1;
    }
    if (at != file.size)
        return error_set(err, ERROR_INPUT, "mo: something else behind the strings");
    return true;
}

/* The least byte that does not occur. */
static bool choose_inner_nul(struct bytes strings, uint8_t *out, struct error *err)
{
    bool used[256] = {true};

    for (size_t i = 0; i < strings.size; i++)
        used[strings.at[i]] = true;
    for (unsigned byte = 1; byte < 256; byte++) {
        if (!used[byte]) {
            *out = (uint8_t)byte;
            return true;
        }
    }
    return error_set(err, ERROR_INPUT, "mo: no byte is free to stand for a NUL");
}

/* The image is the strings, with the inner NULs replaced. rows: of both tables. */
static void put_image(struct reader rows, const struct mo *mo, const uint8_t *strings, struct writer *image)
{
    size_t begin = image->size, at = 0;

    writer_put(image, (struct bytes){strings, mo->strings_size});
    for (uint32_t i = 0; writer_ok(image) && i < 2 * mo->count; i++) {
        uint32_t size = read_u32(&rows, mo->flags);
        reader_skip(&rows, 4);
        uint8_t *string = image->at + begin + at;
        for (uint8_t *nul = string; (nul = memchr(nul, 0, (size_t)(string + size - nul))) != NULL;)
            *nul++ = mo->inner_nul;
        at += size + 1;
    }
}

static bool mo_open(struct bytes file, size_t image_max, struct writer *image, struct writer *settings,
                    struct error *err)
{
    struct reader r = reader_with(file);
    struct mo mo = {0};

    if (!mo_knows(file))
        return error_set(err, ERROR_INPUT, "mo: no such file");
    if (!read_header(&r, &mo, err))
        return false;
    struct bytes strings = {file.at + mo.strings_at, mo.strings_size};
    struct reader rows = r;
    if (!check_rows(&r, &mo, file, err) || !choose_inner_nul(strings, &mo.inner_nul, err))
        return false;
    if (strings.size > image_max)
        return error_set(err, ERROR_LIMIT, "mo: opens to more than the %zu bytes allowed", image_max);
    put_image(rows, &mo, strings.at, image);
    if (!writer_done(image, &(struct bytes){0}, err))
        return false;
    if (settings == NULL || (mo.flags == 0 && mo.inner_nul == INNER_NUL))
        return true;
    writer_byte(settings, mo.flags);
    writer_byte(settings, mo.inner_nul);
    return writer_done(settings, &(struct bytes){0}, err);
}

static bool read_settings(struct bytes settings, struct mo *out, struct error *err)
{
    struct reader r = reader_with(settings);

    *out = (struct mo){.inner_nul = INNER_NUL};
    if (settings.size == 0)
        return true;
    out->flags = reader_u8(&r);
    out->inner_nul = reader_u8(&r);
    if (!reader_ok(&r) || reader_left(&r) > 0 || out->flags > MO_FLAGS || out->inner_nul == 0)
        return error_set(err, ERROR_INPUT, "mo: settings that are none");
    return true;
}

/* What the file will be like, from its strings; all sizes are checked here. */
static bool lay_out(const uint8_t *image, size_t image_size, size_t file_size, struct mo *mo,
                    struct error *err)
{
    size_t strings = 0;

    for (size_t i = 0; i < image_size; i++)
        strings += image[i] == 0;
    if (strings % 2 != 0 || (image_size > 0 && image[image_size - 1] != 0))
        return error_set(err, ERROR_INPUT, "mo: %zu strings, or one without an end", strings);
    size_t tables_size = file_size - HEADER_SIZE - image_size;
    if (strings > tables_size / ROW_SIZE)
        return error_set(err, ERROR_INPUT, "mo: more strings than fit into the file announced");
    mo->count = (uint32_t)(strings / 2);
    mo->hash_size = mo->flags & MO_NO_HASH ? 0 : hash_size_of(mo->count);
    if (tables_size != strings * ROW_SIZE + (size_t)mo->hash_size * 4)
        return error_set(err, ERROR_INPUT, "mo: a file of another size than announced");
    mo->strings_size = image_size;
    mo->strings_at = file_size - image_size;
    return true;
}

static bool put_u32(struct pour *pour, const struct mo *mo, size_t value, struct error *err)
{
    return mo->flags & MO_BIG_ENDIAN ? pour_u32_big(pour, (uint32_t)value, err)
                                     : pour_u32(pour, (uint32_t)value, err);
}

static bool put_header(struct pour *pour, const struct mo *mo, struct error *err)
{
    const size_t header[] = {MAGIC,
                             0,
                             mo->count,
                             HEADER_SIZE,
                             HEADER_SIZE + (size_t)mo->count * ROW_SIZE,
                             mo->hash_size,
                             HEADER_SIZE + (size_t)mo->count * 2 * ROW_SIZE};

    for (size_t i = 0; i < sizeof(header) / sizeof(*header); i++)
        if (!put_u32(pour, mo, header[i], err))
            return false;
    return true;
}

/* Both tables: the strings in their order. */
static bool put_rows(struct pour *pour, const struct mo *mo, const uint8_t *strings, struct error *err)
{
    for (size_t at = 0; at < mo->strings_size;) {
        const uint8_t *end = memchr(strings + at, 0, mo->strings_size - at);
        size_t size = (size_t)(end - strings) - at;
        if (!put_u32(pour, mo, size, err) || !put_u32(pour, mo, mo->strings_at + at, err))
            return false;
        at += size + 1;
    }
    return true;
}

/* P. J. Weinberger's, over 32 bits; of a message with plural forms only the first counts. */
static uint32_t hash_of(const uint8_t *identifier, uint8_t inner_nul)
{
    uint32_t hash = 0;

    for (; *identifier != 0 && *identifier != inner_nul; identifier++) {
        hash = (hash << 4) + *identifier;
        uint32_t high = hash & 0xf0000000U;
        if (high != 0)
            hash = (hash ^ high >> 24) ^ high;
    }
    return hash;
}

/* Slots hold the message's number, counted from 1; a taken slot sends on by a step of the hash's own. */
static bool fill_hash(const struct mo *mo, const uint8_t *strings, uint32_t *slots, struct error *err)
{
    uint64_t probes_left = (uint64_t)mo->count * PROBES_MAX;

    for (uint32_t i = 1; i <= mo->count; i++) {
        uint32_t hash = hash_of(strings, mo->inner_nul), at = hash % mo->hash_size,
                 step = 1 + hash % (mo->hash_size - 2);
        for (; slots[at] != 0; at = (uint32_t)(((uint64_t)at + step) % mo->hash_size))
            if (probes_left-- == 0)
                return error_set(err, ERROR_LIMIT, "mo: identifiers that all have one hash");
        slots[at] = i;
        strings += strlen((const char *)strings) + 1;
    }
    return true;
}

static bool put_hash(struct pour *pour, const struct mo *mo, const uint8_t *strings, struct error *err)
{
    if (mo->hash_size == 0)
        return true;
    OWN(own_memory) uint32_t *slots = calloc(mo->hash_size, sizeof(*slots));
    if (slots == NULL)
        return error_set(err, ERROR_LIMIT, "mo: no memory");
    if (!fill_hash(mo, strings, slots, err))
        return false;
    for (uint32_t i = 0; i < mo->hash_size; i++)
        if (!put_u32(pour, mo, slots[i], err))
            return false;
    return true;
}

static bool put_file(struct pour *pour, const struct mo *mo, uint8_t *strings, struct error *err)
{
    if (!put_header(pour, mo, err) || !put_rows(pour, mo, strings, err) || !put_hash(pour, mo, strings, err))
        return false;
    for (size_t i = 0; i < mo->strings_size; i++)
        if (strings[i] == mo->inner_nul)
            strings[i] = 0;
    return pour_put(pour, (struct bytes){strings, mo->strings_size}, err) && pour_end(pour, err);
}

static bool mo_close(struct bytes settings, struct opener_source source, size_t image_size, size_t file_size,
                     struct opener_sink sink, struct error *err)
{
    struct draw draw = draw_with(source, image_size, false);
    struct pour pour;
    struct mo mo;

    if (!read_settings(settings, &mo, err))
        return false;
    if (file_size > UINT32_MAX || file_size < HEADER_SIZE || image_size > file_size - HEADER_SIZE)
        return error_set(err, ERROR_INPUT, "mo: %zu bytes of strings for a file of %zu", image_size,
                         file_size);
    OWN(own_memory) uint8_t *strings = malloc(image_size + 1);
    if (strings == NULL)
        return error_set(err, ERROR_LIMIT, "mo: no memory for %zu bytes", image_size);
    pour_begin(&pour, sink, file_size);
    return draw_exactly(&draw, strings, image_size, err) &&
           lay_out(strings, image_size, file_size, &mo, err) && put_file(&pour, &mo, strings, err);
}

const struct opener opener_mo = {"mo", mo_knows, mo_open, mo_close};
