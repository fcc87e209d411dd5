/*
 * Message catalogues of GNU gettext, as msgfmt writes them: .mo.
 *
 *     file:  header: magic, revision, count, where the three tables are (and in revision 1 those of texts that differ from
 *            system to system); table of identifiers (size and place of each), table of texts, hash table; [segments, identifiers
 *            and texts of those, described part by part]; identifiers, texts, each with a NUL behind; [names of segments,
 *            such as PRIu64; identifiers and texts without them]
 *     image: all the strings in the same order, each with a NUL behind
 *
 * One text that changes its size moves all numbers of the tables, and one identifier that is new shuffles the hash table: all of
 * this is made anew. Two bytes that the file does not have stand for what a string of the image cannot hold: a NUL in the middle
 * (of a message with plural forms), and a segment, with one more than its number behind.
 *
 *     settings: nothing for a little-endian file of revision 0 with a hash table and without the byte 0x01; else
 *     u8        1: big-endian, 2: without a hash table, 4: revision 1 (below), 8: revision 0x10000 or 0x10001
 *     u8        the byte that stands for a NUL in the middle
 *               of revision 1:
 *     u8        the byte that stands for a segment
 *     varint    segments
 *     varint    identifiers that have segments
 */
#include <stdlib.h>

#include "base/own.h"
#include "base/reader.h"
#include "delta/opener.h"
#include "delta/pour.h"

#define MAGIC       0x950412deU
#define HEADER_SIZE 28
#define MORE_SIZE   20 /* of the header of revision 1 */
#define ROW_SIZE    8  /* of a table: size, place */
#define INNER_NUL   1  /* usually */
#define PROBES_MAX  64 /* of the hash table for an identifier, on average; a real catalogue needs 2 */
#define MAJOR       0x10000U
#define LAST_PART   UINT32_MAX /* of a described string: no segment behind it */
#define SEGMENT_MAX 254

enum { MO_BIG_ENDIAN = 1, MO_NO_HASH = 2, MO_SEGMENTS = 4, MO_MAJOR = 8, MO_FLAGS = 15 };

/* How one catalogue is laid out. */
struct mo {
    uint8_t flags;
    uint8_t inner_nul, marker;
    uint32_t count, segment_count, described_count; /* identifiers, segments, identifiers that have some */
    uint32_t hash_size;
    size_t segments_at;  /* in the file: table of segments, then those of described identifiers and texts */
    size_t parts_at;     /* in the file: descriptions, part by part */
    size_t strings_at;   /* in the file */
    size_t described_at; /* in the file, or in an image: strings that are described */
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

static uint32_t hash_size_of(const struct mo *mo)
{
    uint64_t size = ((uint64_t)mo->count + mo->described_count) * 4 / 3 | 1;

    if (mo->flags & MO_NO_HASH)
        return 0;
    while (!is_prime(size))
        size += 2;
    return size < 3 ? 3 : (uint32_t)size;
}

static size_t header_size(const struct mo *mo)
{
    return HEADER_SIZE + (mo->flags & MO_SEGMENTS ? MORE_SIZE : 0);
}

static size_t tables_size(const struct mo *mo)
{
    return (size_t)mo->count * 2 * ROW_SIZE + (size_t)mo->hash_size * 4 +
           (size_t)mo->segment_count * ROW_SIZE + (size_t)mo->described_count * 2 * 4;
}

static bool check_revision(uint32_t revision, struct mo *mo, struct error *err)
{
    if (revision & ~(MAJOR | 1))
        return error_set(err, ERROR_INPUT, "mo: revision 0x%x", revision);
    mo->flags |= (uint8_t)((revision & 1 ? MO_SEGMENTS : 0) | (revision & MAJOR ? MO_MAJOR : 0));
    return true;
}

static bool read_header(struct reader *r, struct mo *mo, struct error *err)
{
    size_t size = reader_left(r), segments_at = 0, identifiers_at = 0, texts_at = 0;
    uint32_t at[3], hash_size;

    mo->flags = reader_u32(r) == MAGIC ? 0 : MO_BIG_ENDIAN;
    if (!check_revision(read_u32(r, mo->flags), mo, err))
        return false;
    mo->count = read_u32(r, mo->flags);
    at[0] = read_u32(r, mo->flags);
    at[1] = read_u32(r, mo->flags);
    hash_size = read_u32(r, mo->flags);
    at[2] = read_u32(r, mo->flags);
    if (mo->flags & MO_SEGMENTS) {
        mo->segment_count = read_u32(r, mo->flags);
        segments_at = read_u32(r, mo->flags);
        mo->described_count = read_u32(r, mo->flags);
        identifiers_at = read_u32(r, mo->flags);
        texts_at = read_u32(r, mo->flags);
    }
    size_t left = reader_left(r);
    if (!reader_ok(r) || mo->count > left / (2 * ROW_SIZE) || mo->segment_count > left / ROW_SIZE ||
        mo->described_count > left / ROW_SIZE)
        return error_set(err, ERROR_INPUT, "mo: %u messages, more than fit", mo->count);
    mo->flags |= hash_size == 0 ? MO_NO_HASH : 0;
    mo->hash_size = hash_size_of(mo);
    if (hash_size != mo->hash_size)
        return error_set(err, ERROR_INPUT, "mo: a hash table of %u for %u messages", hash_size, mo->count);
    size_t rows_size = (size_t)mo->count * ROW_SIZE;
    mo->segments_at = header_size(mo) + 2 * rows_size + (size_t)hash_size * 4;
    mo->parts_at = header_size(mo) + tables_size(mo);
    if (at[0] != header_size(mo) || at[1] != at[0] + rows_size || at[2] != at[1] + rows_size)
        return error_set(err, ERROR_INPUT, "mo: tables that lie elsewhere");
    if (mo->flags & MO_SEGMENTS && (segments_at != mo->segments_at ||
                                    identifiers_at != segments_at + (size_t)mo->segment_count * ROW_SIZE ||
                                    texts_at != identifiers_at + (size_t)mo->described_count * 4))
        return error_set(err, ERROR_INPUT, "mo: tables that lie elsewhere");
    if (mo->parts_at > size)
        return error_set(err, ERROR_INPUT, "mo: ends in the tables");
    return true;
}

static struct reader reader_at(struct bytes file, size_t at)
{
    return reader_with((struct bytes){file.at + at, file.size - at});
}

/* The descriptions lie one behind the other, as the tables of their places say. */
static bool find_strings(struct bytes file, struct mo *mo, struct error *err)
{
    struct reader places = reader_at(file, mo->segments_at + (size_t)mo->segment_count * ROW_SIZE);
    struct reader r = reader_at(file, mo->parts_at);

    for (uint32_t i = 0; i < 2 * mo->described_count; i++) {
        if (read_u32(&places, mo->flags) != mo->parts_at + reader_place(&r))
            return error_set(err, ERROR_INPUT, "mo: description %u lies elsewhere", i);
        reader_skip(&r, 4);
        uint32_t segment;
        do {
            reader_skip(&r, 4);
            segment = read_u32(&r, mo->flags);
            if (!reader_ok(&r) || (segment != LAST_PART && segment >= SEGMENT_MAX))
                return error_set(err, ERROR_INPUT, "mo: description %u is broken", i);
        } while (segment != LAST_PART);
    }
    mo->strings_at = mo->parts_at + reader_place(&r);
    return true;
}

/* Rows of size and place: the strings lie one behind the other from *at on. nul: 1 when the size counts it. */
static bool check_rows(struct reader *r, const struct mo *mo, uint32_t count, size_t nul, struct bytes file,
                       size_t *at, struct error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = read_u32(r, mo->flags), place = read_u32(r, mo->flags);
        if (place != *at || size < nul || size - nul >= file.size - *at || file.at[*at + size - nul] != 0)
            return error_set(err, ERROR_INPUT, "mo: string %u lies elsewhere", i);
        *at += size - nul + 1;
    }
    return true;
}

/* The same of described strings: their parts end where the file ends. */
static bool check_parts(struct bytes file, const struct mo *mo, struct error *err)
{
    struct reader r = reader_at(file, mo->parts_at);
    size_t at = mo->described_at;

    for (uint32_t i = 0; i < 2 * mo->described_count; i++) {
        bool here = read_u32(&r, mo->flags) == at, last = false;
        while (here && !last) {
            uint32_t size = read_u32(&r, mo->flags);
            last = read_u32(&r, mo->flags) == LAST_PART;
            here = size <= file.size - at && (!last || (size > 0 && file.at[at + size - 1] == 0));
            at += here ? size : 0;
        }
        if (!here)
            return error_set(err, ERROR_INPUT, "mo: described string %u lies elsewhere", i);
    }
    if (at != file.size)
        return error_set(err, ERROR_INPUT, "mo: something else behind the strings");
    return true;
}

static bool check_strings(struct bytes file, struct mo *mo, struct error *err)
{
    struct reader rows = reader_at(file, header_size(mo)), segments = reader_at(file, mo->segments_at);

    mo->described_at = mo->strings_at;
    return check_rows(&rows, mo, 2 * mo->count, 0, file, &mo->described_at, err) &&
           check_rows(&segments, mo, mo->segment_count, 1, file, &mo->described_at, err) &&
           check_parts(file, mo, err);
}

/* The two least bytes that do not occur: as a rule 1 and 2, so looking for each is faster than counting all. */
static bool choose_bytes(struct bytes strings, struct mo *mo, struct error *err)
{
    uint8_t found[2] = {0};
    size_t count = 0;

    for (unsigned byte = 1; byte < 256 && count < 2; byte++)
        if (strings.size == 0 || memchr(strings.at, (int)byte, strings.size) == NULL)
            found[count++] = (uint8_t)byte;
    if (count < 2)
        return error_set(err, ERROR_INPUT, "mo: no two bytes are free to stand for others");
    mo->inner_nul = found[0];
    mo->marker = found[1];
    return true;
}

/* A string of the file, its inner NULs replaced; the last byte stays. */
static void put_string(const uint8_t *at, size_t size, uint8_t inner_nul, struct writer *image)
{
    size_t begin = image->size;

    writer_put(image, (struct bytes){at, size});
    if (!writer_ok(image) || size == 0)
        return;
    uint8_t *nul = image->at + begin, *last = nul + size - 1;
    while ((nul = memchr(nul, 0, (size_t)(last - nul))) != NULL)
        *nul++ = inner_nul;
}

static void put_image(struct bytes file, const struct mo *mo, struct writer *image)
{
    struct reader rows = reader_at(file, header_size(mo)), parts = reader_at(file, mo->parts_at);
    size_t at = mo->strings_at;

    for (uint32_t i = 0; writer_ok(image) && i < 2 * mo->count; i++) {
        size_t size = (size_t)read_u32(&rows, mo->flags) + 1;
        reader_skip(&rows, 4);
        put_string(file.at + at, size, mo->inner_nul, image);
        at += size;
    }
    writer_put(image, (struct bytes){file.at + at, mo->described_at - at});
    at = mo->described_at;
    for (uint32_t i = 0; writer_ok(image) && i < 2 * mo->described_count; i++) {
        uint32_t segment;
        reader_skip(&parts, 4);
        do {
            size_t size = read_u32(&parts, mo->flags);
            segment = read_u32(&parts, mo->flags);
            put_string(file.at + at, size, mo->inner_nul, image);
            at += size;
            if (segment == LAST_PART)
                break;
            if (size > 0 && writer_ok(image) && image->at[image->size - 1] == 0)
                image->at[image->size - 1] = mo->inner_nul;
            writer_byte(image, mo->marker);
            writer_byte(image, (uint8_t)(segment + 1));
        } while (writer_ok(image));
    }
}

static void put_settings(const struct mo *mo, struct writer *settings)
{
    if (mo->flags == 0 && mo->inner_nul == INNER_NUL)
        return;
    writer_byte(settings, mo->flags);
    writer_byte(settings, mo->inner_nul);
    if (mo->flags & MO_SEGMENTS) {
        writer_byte(settings, mo->marker);
        writer_varint(settings, mo->segment_count);
        writer_varint(settings, mo->described_count);
    }
}

static bool mo_open(struct bytes file, size_t image_max, struct writer *image, struct writer *settings,
                    struct error *err)
{
    struct reader r = reader_with(file);
    size_t begin = image->size;
    struct mo mo = {0};

    if (!mo_knows(file))
        return error_set(err, ERROR_INPUT, "mo: no such file");
    if (!read_header(&r, &mo, err) || !find_strings(file, &mo, err) || !check_strings(file, &mo, err) ||
        !choose_bytes((struct bytes){file.at + mo.strings_at, file.size - mo.strings_at}, &mo, err))
        return false;
    /* The image is smaller than the file: a segment takes two bytes here, and eight there. */
    put_image(file, &mo, image);
    if (!writer_done(image, &(struct bytes){0}, err))
        return false;
    if (image->size - begin > image_max)
        return error_set(err, ERROR_LIMIT, "mo: opens to more than the %zu bytes allowed", image_max);
    if (settings == NULL)
        return true;
    put_settings(&mo, settings);
    return writer_done(settings, &(struct bytes){0}, err);
}

static bool read_settings(struct bytes settings, struct mo *out, struct error *err)
{
    struct reader r = reader_with(settings);
    struct mo mo = {.inner_nul = INNER_NUL};

    if (settings.size > 0) {
        mo.flags = reader_u8(&r);
        mo.inner_nul = reader_u8(&r);
        if (mo.flags & MO_SEGMENTS) {
            mo.marker = reader_u8(&r);
            mo.segment_count = (uint32_t)reader_varint_max(&r, SEGMENT_MAX);
            mo.described_count = (uint32_t)reader_varint_max(&r, UINT32_MAX / ROW_SIZE);
            if (mo.marker == 0 || mo.marker == mo.inner_nul)
                reader_fail(&r);
        }
        if (!reader_ok(&r) || reader_left(&r) > 0 || mo.flags > MO_FLAGS || mo.inner_nul == 0)
            return error_set(err, ERROR_INPUT, "mo: settings that are none");
    }
    *out = mo;
    return true;
}

/* An image of which a file is to be made. */
struct strings {
    uint8_t *at;
    size_t size;
};

/* Behind the string at `at`, its NUL included; the last byte is a NUL. */
static size_t end_of(const struct strings *strings, size_t at)
{
    return at + strlen((const char *)strings->at + at) + 1;
}

/* The next part of a described string that ends before `end`; *at moves behind it, and is `end` behind the last one. */
static struct bytes take_part(const struct strings *strings, const struct mo *mo, size_t *at, size_t end,
                              uint32_t *segment)
{
    const uint8_t *begin = strings->at + *at, *marker = memchr(begin, mo->marker, end - *at);

    if (marker == NULL || mo->marker == 0) {
        *segment = LAST_PART;
        *at = end;
        return (struct bytes){begin, (size_t)(strings->at + end - begin)};
    }
    *segment = (uint32_t)marker[1] - 1; /* LAST_PART for the NUL at the end */
    *at = (size_t)(marker - strings->at) + 2;
    return (struct bytes){begin, (size_t)(marker - begin)};
}

/* Sizes of the descriptions and of what they describe. */
static bool measure_described(const struct strings *strings, const struct mo *mo, size_t *parts_size,
                              size_t *size, struct error *err)
{
    *parts_size = *size = 0;
    for (size_t at = mo->described_at; at < strings->size;) {
        size_t end = end_of(strings, at);
        *parts_size += 4;
        while (at < end) {
            uint32_t segment;
            struct bytes part = take_part(strings, mo, &at, end, &segment);
            *size += part.size;
            *parts_size += ROW_SIZE;
            if (at == end && part.at + part.size != strings->at + end)
                return error_set(err, ERROR_INPUT, "mo: a segment without a number");
        }
    }
    return true;
}

/* What the file will be like, from its strings; all sizes are checked here. */
static bool lay_out(const struct strings *strings, size_t file_size, struct mo *mo, struct error *err)
{
    size_t count = 0, fixed = mo->segment_count + 2 * (size_t)mo->described_count, parts_size, size;

    for (size_t i = 0; i < strings->size; i++)
        count += strings->at[i] == 0;
    if (count < fixed || (count - fixed) % 2 != 0 ||
        (strings->size > 0 && strings->at[strings->size - 1] != 0))
        return error_set(err, ERROR_INPUT, "mo: %zu strings, or one without an end", count);
    mo->count = (uint32_t)((count - fixed) / 2);
    mo->hash_size = hash_size_of(mo);
    for (size_t left = count - 2 * (size_t)mo->described_count; left > 0; left--)
        mo->described_at = end_of(strings, mo->described_at);
    if (!measure_described(strings, mo, &parts_size, &size, err))
        return false;
    mo->parts_at = header_size(mo) + tables_size(mo);
    mo->segments_at =
        mo->parts_at - (size_t)mo->segment_count * ROW_SIZE - (size_t)mo->described_count * 2 * 4;
    mo->strings_at = mo->parts_at + parts_size;
    if (mo->strings_at + mo->described_at + size != file_size)
        return error_set(err, ERROR_INPUT, "mo: a file of another size than announced");
    return true;
}

static bool put_u32(struct pour *pour, const struct mo *mo, size_t value, struct error *err)
{
    return mo->flags & MO_BIG_ENDIAN ? pour_u32_big(pour, (uint32_t)value, err)
                                     : pour_u32(pour, (uint32_t)value, err);
}

static bool put_header(struct pour *pour, const struct mo *mo, struct error *err)
{
    size_t rows_size = (size_t)mo->count * ROW_SIZE, identifiers_at = header_size(mo);
    size_t places_at = mo->segments_at + (size_t)mo->segment_count * ROW_SIZE;
    const size_t header[] = {
        MAGIC,
        (mo->flags & MO_MAJOR ? MAJOR : 0) | (mo->flags & MO_SEGMENTS ? 1 : 0),
        mo->count,
        identifiers_at,
        identifiers_at + rows_size,
        mo->hash_size,
        identifiers_at + 2 * rows_size,
        mo->segment_count,
        mo->segments_at,
        mo->described_count,
        places_at,
        places_at + (size_t)mo->described_count * 4,
    };

    for (size_t i = 0; i < identifiers_at / 4; i++)
        if (!put_u32(pour, mo, header[i], err))
            return false;
    return true;
}

/* Size and place of so many strings; counted: 1 when the size counts the NUL. */
static bool put_rows(struct pour *pour, const struct mo *mo, const struct strings *strings, size_t *at,
                     size_t count, size_t counted, struct error *err)
{
    for (; count > 0; count--) {
        size_t end = end_of(strings, *at);
        if (!put_u32(pour, mo, end - *at - 1 + counted, err) || !put_u32(pour, mo, mo->strings_at + *at, err))
            return false;
        *at = end;
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

static bool put_places(struct pour *pour, const struct mo *mo, const struct strings *strings,
                       struct error *err)
{
    size_t place = mo->parts_at;

    for (size_t at = mo->described_at; at < strings->size;) {
        size_t end = end_of(strings, at);
        uint32_t segment;
        if (!put_u32(pour, mo, place, err))
            return false;
        for (place += 4; at < end; place += ROW_SIZE)
            (void)take_part(strings, mo, &at, end, &segment);
    }
    return true;
}

static bool put_parts(struct pour *pour, const struct mo *mo, const struct strings *strings,
                      struct error *err)
{
    size_t place = mo->strings_at + mo->described_at;

    for (size_t at = mo->described_at; at < strings->size;) {
        size_t end = end_of(strings, at);
        if (!put_u32(pour, mo, place, err))
            return false;
        while (at < end) {
            uint32_t segment;
            size_t size = take_part(strings, mo, &at, end, &segment).size;
            if (!put_u32(pour, mo, size, err) || !put_u32(pour, mo, segment, err))
                return false;
            place += size;
        }
    }
    return true;
}

/* Inner NULs come back, in place. */
static bool put_replaced(struct pour *pour, const struct mo *mo, uint8_t *at, size_t size, struct error *err)
{
    for (size_t i = 0; i < size; i++)
        if (at[i] == mo->inner_nul)
            at[i] = 0;
    return pour_put(pour, (struct bytes){at, size}, err);
}

static bool put_strings(struct pour *pour, const struct mo *mo, struct strings *strings, struct error *err)
{
    size_t at = mo->described_at;

    if (!put_replaced(pour, mo, strings->at, at, err))
        return false;
    while (at < strings->size) {
        size_t end = end_of(strings, at);
        while (at < end) {
            uint32_t segment;
            size_t begin = at, size = take_part(strings, mo, &at, end, &segment).size;
            if (!put_replaced(pour, mo, strings->at + begin, size, err))
                return false;
        }
    }
    return true;
}

static bool put_file(struct pour *pour, const struct mo *mo, struct strings *strings, struct error *err)
{
    size_t at = 0;

    return put_header(pour, mo, err) && put_rows(pour, mo, strings, &at, 2 * (size_t)mo->count, 0, err) &&
           put_hash(pour, mo, strings->at, err) &&
           put_rows(pour, mo, strings, &at, mo->segment_count, 1, err) &&
           put_places(pour, mo, strings, err) && put_parts(pour, mo, strings, err) &&
           put_strings(pour, mo, strings, err) && pour_end(pour, err);
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
    OWN(own_memory) uint8_t *at = malloc(image_size + 1);
    if (at == NULL)
        return error_set(err, ERROR_LIMIT, "mo: no memory for %zu bytes", image_size);
    struct strings strings = {at, image_size};
    pour_begin(&pour, sink, file_size);
    return draw_exactly(&draw, at, image_size, err) && lay_out(&strings, file_size, &mo, err) &&
           put_file(&pour, &mo, &strings, err);
}

const struct opener opener_mo = {"mo", mo_knows, mo_open, mo_close};
