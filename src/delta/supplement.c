#include "delta/supplement.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/reader.h"
#include "format/compress.h"
#include "format/pack.h"

#define MAGIC         "SDS1"
#define PART_SIZE_MIN 3 /* three varints */
#define BUFFER_SIZE   (64 * KIB)

/* ---- writing ---- */

static bool write_part(const struct base *base, size_t index, struct writer *heads, struct writer *packed,
                       struct error *err)
{
    OWN(writer_end) struct writer raw = writer_with(LIMIT_SUPPLEMENT);
    OWN(arena_end) struct arena arena = arena_with(2 * LIMIT_SUPPLEMENT);
    struct bytes bytes;

    if (!base->read(base->self, index, &raw, err) || !pack_zstd(writer_bytes(&raw), &arena, &bytes, err))
        return error_at(err, "%.*s", TEXT_ARG(base->parts[index].name));
    writer_varint(heads, raw.size);
    writer_varint(heads, bytes.size);
    writer_put(packed, bytes);
    return true;
}

bool supplement_write(const struct base *base, enum base_class class, struct writer *out, struct error *err)
{
    OWN(writer_end) struct writer heads = writer_with(LIMIT_SUPPLEMENT);
    OWN(writer_end) struct writer packed = writer_with(LIMIT_SUPPLEMENT);
    struct bytes all_heads, all_packed, all;
    size_t count = 0, next = 0;
    struct digest identity;

    if (!base_identity(base, &identity, err))
        return false;
    for (size_t i = 0; i < base->part_count; i++) {
        if (base->parts[i].class != class)
            continue;
        writer_varint(&heads, i - next);
        next = i + 1;
        count++;
        if (!write_part(base, i, &heads, &packed, err))
            return false;
    }
    if (!writer_done(&heads, &all_heads, err) || !writer_done(&packed, &all_packed, err))
        return false;
    writer_string(out, MAGIC);
    writer_byte(out, (uint8_t)base_class_letters[class]);
    writer_put(out, (struct bytes){identity.at, digest_size(DIGEST_SHA256)});
    writer_varint(out, count);
    writer_put(out, all_heads);
    writer_put(out, all_packed);
    return writer_done(out, &all, err);
}

/* ---- reading ---- */

static enum base_class class_of_letter(uint8_t letter)
{
    for (size_t i = BASE_UNKNOWN + 1; i < BASE_CLASS_COUNT; i++)
        if ((uint8_t)base_class_letters[i] == letter)
            return (enum base_class)i;
    return BASE_UNKNOWN;
}

static bool read_head(struct reader *r, const struct base *base, enum base_class *class, struct error *err)
{
    struct bytes magic = reader_take(r, sizeof(MAGIC) - 1);
    struct digest identity;

    if (!reader_ok(r) || memcmp(magic.at, MAGIC, magic.size) != 0)
        return error_set(err, ERROR_INPUT, "is no supplement");
    *class = class_of_letter(reader_u8(r));
    struct bytes theirs = reader_take(r, digest_size(DIGEST_SHA256));
    if (!reader_ok(r) || *class == BASE_UNKNOWN)
        return error_set(err, ERROR_INPUT, "is no supplement of a class that is known");
    if (!base_identity(base, &identity, err))
        return false;
    return memcmp(theirs.at, identity.at, theirs.size) == 0 ||
           error_set(err, ERROR_CONFLICT, "supplements another package than %.*s %.*s",
                     TEXT_ARG(base->package), TEXT_ARG(base->version));
}

/* The parts' heads; their packed sizes follow them. */
static bool read_heads(struct reader *r, const struct base *base, enum base_class class,
                       struct supplement_part *parts, size_t count, struct error *err)
{
    uint64_t next = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t index = reader_varint_max(r, base->part_count) + next;
        parts[i].size = reader_varint_max(r, LIMIT_SUPPLEMENT);
        parts[i].packed.size = (size_t)reader_varint_max(r, parts[i].size);
        if (!reader_ok(r))
            return error_set(err, ERROR_INPUT, "part %zu: has sizes that cannot be", i);
        if (index >= base->part_count || base->parts[index].class != class)
            return error_set(err, ERROR_INPUT, "part %zu: is none of this class in the base", i);
        parts[i].index = (uint32_t)index;
        next = index + 1;
    }
    return true;
}

bool supplement_read(struct bytes raw, const struct base *base, struct arena *arena, struct supplement *out,
                     struct error *err)
{
    struct reader r = reader_with(raw);
    enum base_class class;

    if (!read_head(&r, base, &class, err))
        return false;
    uint64_t count = reader_varint(&r);
    if (!reader_ok(&r) || count > base->part_count || count > reader_left(&r) / PART_SIZE_MIN)
        return error_set(err, ERROR_INPUT, "%llu parts, more than fit or than the base has",
                         (unsigned long long)count);
    struct supplement_part *parts = ARENA_ARRAY(arena, struct supplement_part, (size_t)count);
    if (parts == NULL)
        return arena_full(arena, err);
    if (!read_heads(&r, base, class, parts, (size_t)count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        parts[i].packed = reader_take(&r, parts[i].packed.size);
    if (!reader_ok(&r))
        return error_set(err, ERROR_INPUT, "ends in the middle");
    if (reader_left(&r) > 0)
        return error_set(err, ERROR_INPUT, "%zu bytes behind the end", reader_left(&r));
    *out = (struct supplement){class, parts, (size_t)count};
    return true;
}

/* ---- a base with them ---- */

struct supplemented {
    const struct base *base;
    const struct supplement *supplements;
    size_t count;
};

static const struct supplement_part *find_part(const struct supplement *supplement, size_t index)
{
    size_t from = 0, end = supplement->count;

    while (from < end) {
        size_t middle = from + (end - from) / 2;
        if (supplement->parts[middle].index < index)
            from = middle + 1;
        else
            end = middle;
    }
    return from < supplement->count && supplement->parts[from].index == index ? &supplement->parts[from]
                                                                              : NULL;
}

/* Of exactly the size that was told. */
static bool unpack_part(const struct supplement_part *part, struct writer *out, struct error *err)
{
    OWN(compress_end) struct compress_stream *stream = NULL;
    size_t begin = out->size, got = 1;
    uint8_t buffer[BUFFER_SIZE];
    struct bytes all;

    if (part->packed.size == part->size) {
        writer_put(out, part->packed);
        return writer_done(out, &all, err);
    }
    if (compress_kind_of(part->packed) != COMPRESS_ZSTD)
        return error_set(err, ERROR_INPUT, "is not packed as it should be");
    if (!compress_open_bytes(part->packed, (size_t)part->size, &stream, err))
        return false;
    while (got > 0) {
        if (!compress_read(stream, buffer, sizeof(buffer), &got, err))
            return false;
        writer_put(out, (struct bytes){buffer, got});
    }
    if (!writer_done(out, &all, err))
        return false;
    return out->size - begin == part->size ||
           error_set(err, ERROR_INPUT, "has %zu bytes and not the %llu that were told", out->size - begin,
                     (unsigned long long)part->size);
}

static bool read_supplement(const struct base *base, const struct supplement_part *part, struct writer *out,
                            struct error *err)
{
    size_t before = out->size;
    struct digest md5;

    if (!unpack_part(part, out, err)) {
        out->size = before;
        return false;
    }
    /* A writer that nothing was put into has no memory yet. */
    const struct bytes got =
        out->size > before ? (struct bytes){out->at + before, out->size - before} : BYTES("");
    if (!digest_bytes(DIGEST_MD5, got, &md5, err)) {
        out->size = before;
        return false;
    }
    if (digest_equal(&md5, &base->parts[part->index].md5))
        return true;
    out->size = before;
    return error_set(err, ERROR_INPUT, "is not what the package brought");
}

static bool read_supplemented(void *data, size_t index, struct writer *out, struct error *err)
{
    const struct supplemented *self = data;
    const struct supplement_part *part = NULL;
    struct error why;

    if (self->base->read(self->base->self, index, out, &why))
        return true;
    if ((why.kind == ERROR_ABSENT || why.kind == ERROR_CONFLICT) && writer_ok(out))
        for (size_t i = 0; i < self->count && part == NULL; i++)
            part = find_part(&self->supplements[i], index);
    if (part == NULL) {
        *err = why;
        return false;
    }
    return read_supplement(self->base, part, out, err) ||
           error_at(err, "supplement: %.*s", TEXT_ARG(self->base->parts[index].name));
}

bool base_with_supplements(const struct base *base, const struct supplement *supplements, size_t count,
                           struct arena *arena, struct base *out, struct error *err)
{
    struct supplemented *self = ARENA_NEW(arena, struct supplemented);
    struct base got = *base;

    if (self == NULL)
        return arena_full(arena, err);
    *self = (struct supplemented){base, supplements, count};
    got.read = read_supplemented;
    got.read_unchecked = NULL; /* an edited file is one that the supplement has */
    got.size = NULL;           /* what is missing has its size in a supplement: reading tells */
    got.self = self;
    got.arena = arena;
    *out = got;
    return true;
}

bool base_find_gaps(const struct base *base, const bool *wanted, size_t part_max, struct base_gaps *out,
                    struct error *err)
{
    OWN(writer_end) struct writer part = writer_with(part_max);
    struct base_gaps got = {0};
    struct error why;

    for (size_t i = 0; i < base->part_count; i++) {
        if (!wanted[i])
            continue;
        writer_clear(&part);
        if (base->read(base->self, i, &part, &why))
            continue;
        if (why.kind != ERROR_ABSENT && why.kind != ERROR_CONFLICT) {
            *err = why;
            return false;
        }
        if (got.count++ == 0)
            got.first = why;
        got.of_class[base->parts[i].class]++;
    }
    *out = got;
    return true;
}
