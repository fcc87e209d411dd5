#include "identify/index_read.h"

/* Ids. */

uint32_t index_cve(const struct index *index, struct index_cves *walk, uint32_t number)
{
    struct bytes ids = index->segments[INDEX_IDS];
    uint32_t block = number / INDEX_ID_BLOCK;

    assert(number < index->cve_count);
    if (walk->at == 0 || walk->block != block || walk->at > number + 1) {
        size_t table = 8 * blocks_of(index->cve_count, INDEX_ID_BLOCK);
        if (table > ids.size || u32_at(ids, 8 * (size_t)block + 4) > ids.size - table)
            return 0;
        size_t begin = table + u32_at(ids, 8 * (size_t)block + 4);
        *walk = (struct index_cves){
            .block = block,
            .at = block * INDEX_ID_BLOCK + 1,
            .cve = u32_at(ids, 8 * (size_t)block),
            .reader = reader_with((struct bytes){ids.at + begin, ids.size - begin}),
        };
    }
    for (; walk->at < number + 1; walk->at++)
        walk->cve += take_u32(&walk->reader) + 1;
    return reader_ok(&walk->reader) && walk->cve < UINT32_C(0x80000000) ? walk->cve : 0;
}

bool index_mark(const struct index *index, struct bytes packed, uint8_t *bits)
{
    struct bytes ids = index->segments[INDEX_IDS];
    size_t blocks = blocks_of(index->cve_count, INDEX_ID_BLOCK), place = 0;
    struct reader r = reader_with((struct bytes){ids.at + 8 * blocks, ids.size - 8 * blocks});
    uint32_t wanted = packed.size < 4 ? UINT32_MAX : u32_at(packed, 0), cve = 0;

    /* The blocks stand one behind the other, so their deltas are read as one. */
    for (uint32_t number = 0; number < index->cve_count && wanted != UINT32_MAX; number++) {
        cve = number % INDEX_ID_BLOCK == 0 ? u32_at(ids, 8 * (size_t)(number / INDEX_ID_BLOCK))
                                           : cve + (uint32_t)take_varint(&r) + 1;
        while (cve > wanted) {
            place += 4;
            wanted = packed.size - place < 4 ? UINT32_MAX : u32_at(packed, place);
        }
        if (cve == wanted)
            bits[number / 8] |= (uint8_t)(1 << number % 8);
    }
    return reader_ok(&r);
}

bool index_id(const struct index *index, struct index_cves *walk, uint32_t number, struct arena *arena,
              struct text *out, struct error *err)
{
    if (number >= index->cve_count) {
        if (number - index->cve_count >= index->other_count)
            return index_broken(err, "an id number is too large");
        size_t place = 4 * (size_t)(number - index->cve_count);
        struct text id = {NULL, 0};
        if (!index_text(index, u32_at(index->segments[INDEX_OTHERS], place), arena, &id, err))
            return false;
        if (id.size == 0)
            return index_broken(err, "an id is empty");
        *out = id;
        return true;
    }
    uint32_t cve = index_cve(index, walk, number);
    if (cve == 0)
        return index_broken(err, "its CVEs");
    char *name = arena_take(arena, CVE_TEXT_MAX);
    if (name == NULL)
        return arena_full(arena, err);
    *out = (struct text){name, cve_write(cve, name)};
    return true;
}

enum severity index_severity(const struct index *index, uint32_t number)
{
    struct bytes severities = index->segments[INDEX_SEVERITIES];

    if (number / 2 >= severities.size)
        return SEVERITY_UNKNOWN;
    unsigned nibble = (severities.at[number / 2] >> (number % 2 * 4)) & 15;
    return nibble < SEVERITY_COUNT ? (enum severity)nibble : SEVERITY_UNKNOWN;
}

/* Texts. */

/* Decodes the text into the buffer. False when its block is broken. */
static bool take_front_coded(struct bytes texts, size_t table, uint32_t number, uint8_t buffer[LIMIT_NOTE],
                             size_t *out)
{
    size_t begin = u32_at(texts, 4 * (size_t)(number / INDEX_TEXT_BLOCK)), size = 0;

    if (begin > texts.size - table)
        return false;
    struct reader r = reader_with((struct bytes){texts.at + table + begin, texts.size - table - begin});
    for (uint32_t i = 0; i <= number % INDEX_TEXT_BLOCK; i++) {
        uint64_t shared = take_varint(&r);
        struct bytes rest = take_bytes(&r, take_varint(&r));
        if (shared > size || rest.size > LIMIT_NOTE - shared || !reader_ok(&r))
            return false;
        if (rest.size > 0)
            memcpy(buffer + shared, rest.at, rest.size);
        size = (size_t)shared + rest.size;
    }
    *out = size;
    return true;
}

bool index_text(const struct index *index, uint32_t number, struct arena *arena, struct text *out,
                struct error *err)
{
    struct bytes texts = index->segments[INDEX_TEXTS];
    size_t table = 4 * blocks_of(index->text_count, INDEX_TEXT_BLOCK), size = 0;
    uint8_t buffer[LIMIT_NOTE];
    struct text text;

    if (number == INDEX_NO_TEXT) {
        *out = (struct text){NULL, 0};
        return true;
    }
    if (number >= index->text_count || !take_front_coded(texts, table, number, buffer, &size) ||
        !text_from_lines((struct bytes){buffer, size}, LIMIT_NOTE, &text, err))
        return index_broken(err, "its texts");
    text = text_copy(arena, text);
    if (text.at == NULL)
        return arena_full(arena, err);
    *out = text;
    return true;
}

bool index_note(const struct index *index, const struct index_record *record, struct arena *arena,
                struct text *out, struct error *err)
{
    struct text text;

    if (record->own_note.size == 0)
        return index_text(index, record->note, arena, out, err);
    if (!text_from_lines(record->own_note, LIMIT_NOTE, &text, err))
        return index_broken(err, "a note is no text");
    text = text_copy(arena, text);
    if (text.at == NULL)
        return arena_full(arena, err);
    *out = text;
    return true;
}

/* Support. */

struct support_row {
    uint32_t package, version, note; /* text numbers, or INDEX_NO_TEXT */
    uint8_t kind;
    int64_t at_us;
};

static struct support_row take_support(struct reader *r)
{
    struct support_row row = {
        .package = text_or_none(take_u32(r)), .kind = take_byte(r), .at_us = TIME_ABSENT};
    uint32_t day = take_u32(r);

    row.version = text_or_none(take_u32(r));
    row.note = text_or_none(take_u32(r));
    if (row.kind == SUPPORT_UNKNOWN || row.kind >= SUPPORT_KIND_COUNT || day > INDEX_DAY_MAX + 1)
        reader_fail(r);
    else if (day > 0)
        row.at_us = (int64_t)(day - 1) * TIME_DAY_US;
    return row;
}

/* Reads the row's texts; *wanted says whether it is of this package. */
static bool read_support(const struct index *index, const struct support_row *row, struct text package,
                         struct arena *arena, struct support *out, struct error *err)
{
    *out = (struct support){
        .release = index->release, .kind = (enum support_kind)row->kind, .at_us = row->at_us};
    if (!index_text(index, row->package, arena, &out->package, err))
        return false;
    if (package.size > 0 && out->package.size > 0 && !text_equal(package, out->package))
        return true;
    return index_text(index, row->version, arena, &out->version, err) &&
           index_text(index, row->note, arena, &out->note, err);
}

bool index_supports(const struct index *index, struct text package, struct arena *arena, struct support **out,
                    size_t *count, struct error *err)
{
    struct reader r = reader_with(index->segments[INDEX_SUPPORT]);
    struct support *rows = ARENA_ARRAY(arena, struct support, index->support_count);
    size_t found = 0;

    if (rows == NULL)
        return arena_full(arena, err);
    for (uint32_t i = 0; i < index->support_count; i++) {
        struct support_row row = take_support(&r);
        if (!reader_ok(&r))
            return index_broken(err, "its support rows");
        if (!read_support(index, &row, package, arena, &rows[found], err))
            return false;
        if (package.size == 0 || rows[found].package.size == 0 || text_equal(package, rows[found].package))
            found++;
    }
    *out = rows;
    *count = found;
    return true;
}
