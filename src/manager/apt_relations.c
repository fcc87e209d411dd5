#include "manager/apt_relations.h"

#include "base/limits.h"
#include "base/reader.h"

#define DIGEST_SIZE 32

enum { BITS_MULTI_ARCH = 3, BIT_ESSENTIAL = 4, BIT_DIGEST = 8, BITS = 15 };

static const char *const field_names[APT_FIELD_COUNT] = {APT_RELATIONS_FIELDS};

static const char *const multi_arch_words[MULTI_ARCH_COUNT] = {
    [MULTI_ARCH_NO] = "no",
    [MULTI_ARCH_SAME] = "same",
    [MULTI_ARCH_FOREIGN] = "foreign",
    [MULTI_ARCH_ALLOWED] = "allowed",
};

/* Relative, and no part of it leads upwards: it becomes part of an address and of a folder of ours. */
static bool is_inside(struct text file)
{
    struct text rest = file, part;

    if (file.at[0] == '/' || text_ends(file, TEXT("/")))
        return false;
    while (text_cut(&rest, '/', &part))
        if (part.size == 0 || text_equal(part, TEXT("..")))
            return false;
    for (size_t i = 0; i < file.size; i++)
        if (file.at[i] <= ' ' || file.at[i] > '~' || file.at[i] == '?' || file.at[i] == '#')
            return false;
    return true;
}

static bool take_text(const struct bytes *values, unsigned field, size_t limit, struct text *out,
                      struct error *err)
{
    return values[field].at == NULL || text_from_bytes(values[field], limit, out, err) ||
           error_at(err, "%s", field_names[field]);
}

static bool take_file(const struct bytes *values, struct apt_relations *into, struct error *err)
{
    struct text hex = {0};

    if (!take_text(values, APT_FIELD_FILENAME, LIMIT_PATH, &into->file, err) ||
        !take_text(values, APT_FIELD_SHA256, DIGEST_HEX_MAX, &hex, err))
        return false;
    if (text_starts(into->file, TEXT("./"))) /* flat archives begin so */
        into->file = text_part(into->file, 2, into->file.size);
    if (into->file.size > 0 && !is_inside(into->file))
        into->file = (struct text){0};
    return hex.size == 0 || digest_parse(DIGEST_SHA256, hex, &into->digest, err) || error_at(err, "SHA256");
}

bool apt_relations_take(const struct bytes values[APT_FIELD_COUNT], struct apt_relations *out,
                        struct error *err)
{
    struct apt_relations got = {0};
    struct text word = {0}, essential = {0}, protect = {0}, size = {0};

    if (!take_text(values, APT_FIELD_MULTI_ARCH, LIMIT_ARCH, &word, err) ||
        !take_text(values, APT_FIELD_ESSENTIAL, LIMIT_ARCH, &essential, err) ||
        !take_text(values, APT_FIELD_PROTECTED, LIMIT_ARCH, &protect, err) ||
        !take_text(values, APT_FIELD_INSTALLED_SIZE, LIMIT_ARCH, &size, err) || !take_file(values, &got, err))
        return false;
    for (unsigned i = 0; i < MULTI_ARCH_COUNT; i++)
        if (text_equal(word, text_of(multi_arch_words[i])))
            got.multi_arch = (enum multi_arch)i;
    got.essential = text_equal(essential, TEXT("yes")) || text_equal(protect, TEXT("yes"));
    /* Nothing depends on it but a figure: what is no number counts as none. */
    struct error ignored;
    if (size.size > 0 && !text_to_u64(size, &got.installed_kib, &ignored))
        got.installed_kib = 0;
    for (unsigned i = 0; i < RELATION_KIND_COUNT; i++) {
        struct bytes raw = values[APT_FIELD_RELATIONS + i];
        if (raw.at != NULL && !text_from_lines(raw, LIMIT_RELATION_FIELD, &got.fields[i], err))
            return error_at(err, "%s", relation_kind_name((enum relation_kind)i));
    }
    *out = got;
    return true;
}

static void put_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

void apt_relations_write(const struct apt_relations *relations, struct writer *out)
{
    bool digest = relations->digest.kind == DIGEST_SHA256;

    writer_byte(out, (uint8_t)((unsigned)relations->multi_arch | (relations->essential ? BIT_ESSENTIAL : 0) |
                               (digest ? BIT_DIGEST : 0)));
    if (digest)
        writer_put(out, (struct bytes){relations->digest.at, DIGEST_SIZE});
    writer_varint(out, relations->installed_kib);
    put_text(out, relations->file);
    for (unsigned i = 0; i < RELATION_KIND_COUNT; i++)
        put_text(out, relations->fields[i]);
}

/* What a remembered table holds was text when it was written; a file is believed no further than that. */
static struct text read_text(struct reader *r, size_t limit)
{
    struct bytes raw = reader_take(r, (size_t)reader_varint_max(r, limit));
    struct text text = {0};
    struct error ignored;

    if (!reader_ok(r) || !text_from_lines(raw, limit, &text, &ignored))
        reader_fail(r);
    return text;
}

bool apt_relations_read(struct bytes raw, struct apt_relations *out, struct error *err)
{
    struct reader r = reader_with(raw);
    unsigned bits = reader_u8(&r);
    struct apt_relations got = {
        .multi_arch = (enum multi_arch)(bits & BITS_MULTI_ARCH),
        .essential = (bits & BIT_ESSENTIAL) != 0,
    };

    if (bits & BIT_DIGEST) {
        struct bytes digest = reader_take(&r, DIGEST_SIZE);
        got.digest.kind = DIGEST_SHA256;
        if (digest.at != NULL)
            memcpy(got.digest.at, digest.at, DIGEST_SIZE);
    }
    got.installed_kib = reader_varint(&r);
    got.file = read_text(&r, LIMIT_PATH);
    for (unsigned i = 0; i < RELATION_KIND_COUNT; i++)
        got.fields[i] = read_text(&r, LIMIT_RELATION_FIELD);
    if (!reader_ok(&r) || reader_left(&r) > 0 || (bits & ~(unsigned)BITS) != 0 ||
        (got.file.size > 0 && !is_inside(got.file)))
        return error_set(err, ERROR_INPUT, "relations are broken");
    *out = got;
    return true;
}
