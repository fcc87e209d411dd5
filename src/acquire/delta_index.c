#include "acquire/delta_index.h"

#include <string.h>

#include "base/control.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "delta/base.h"
#include "format/json_canonical.h"
#include "manager/deb_file.h"
#include "model/version.h"

#define HEAD           "suture-delta-index 1\nsignature "
#define HEAD_SIZE      (sizeof(HEAD) - 1 + SIGNATURE_HEX_SIZE + 1)
#define SIZE_MAX_SHOWN JSON_CANONICAL_NUMBER_MAX

/* ---- writing ---- */

static void put_text(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    json_put_text(j, text);
}

static void put_number(struct json_writer *j, const char *name, uint64_t value)
{
    json_name(j, name);
    json_put_u64(j, value);
}

static void put_digest(struct json_writer *j, const char *name, const struct digest *digest)
{
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(digest, hex);
    put_text(j, name, text_of(hex));
}

static void put_file(struct json_writer *j, const struct delta_file *file)
{
    put_digest(j, "sha256", &file->digest);
    put_number(j, "size", file->size);
}

static void put_base(struct json_writer *j, const struct delta_base *base)
{
    json_open_object(j);
    put_text(j, "arch", base->arch);
    json_name(j, "delta");
    json_open_object(j);
    put_file(j, &base->delta);
    json_close_object(j);
    put_digest(j, "identity", &base->identity);
    put_number(j, "memory", base->memory);
    put_text(j, "package", base->package);
    json_name(j, "supplements");
    json_open_array(j);
    for (size_t i = 0; i < base->supplement_count; i++) {
        json_open_object(j);
        put_text(j, "class", (struct text){&base->supplements[i].class, 1});
        put_file(j, &base->supplements[i].file);
        json_close_object(j);
    }
    json_close_array(j);
    put_text(j, "version", base->version);
    json_close_object(j);
}

static void put_version(struct json_writer *j, const struct delta_version *version)
{
    json_open_object(j);
    json_name(j, "bases");
    json_open_array(j);
    for (size_t i = 0; i < version->base_count; i++)
        put_base(j, &version->bases[i]);
    json_close_array(j);
    put_number(j, "packed", version->packed);
    put_file(j, &version->deb);
    put_text(j, "version", version->version);
    json_close_object(j);
}

/* Canonical as it stands: names in order, and texts that need no escape. */
static void put_index(struct writer *out, const struct delta_index *index)
{
    struct json_writer j = json_writer_with(out, false);

    json_open_object(&j);
    put_text(&j, "arch", index->arch);
    json_name(&j, "made");
    json_put_time(&j, index->made_us);
    put_text(&j, "package", index->package);
    put_text(&j, "schema", TEXT(DELTA_INDEX_SCHEMA));
    put_number(&j, "serial", index->serial);
    json_name(&j, "versions");
    json_open_array(&j);
    for (size_t i = 0; i < index->version_count; i++)
        put_version(&j, &index->versions[i]);
    json_close_array(&j);
    json_close_object(&j);
}

bool delta_index_write(const struct delta_index *index, const struct secret_key *key, struct writer *out,
                       struct error *err)
{
    OWN(writer_end) struct writer document = writer_with(LIMIT_DELTA_INDEX - HEAD_SIZE);
    char hex[SIGNATURE_HEX_SIZE + 1];
    struct signature signature;
    struct bytes bytes;

    put_index(&document, index);
    if (!writer_done(&document, &bytes, err) || !signature_sign(key, bytes, &signature, err))
        return error_at(err, "index of %.*s", TEXT_ARG(index->package));
    signature_hex(&signature, hex);
    writer_string(out, HEAD);
    writer_string(out, hex);
    writer_byte(out, '\n');
    writer_put(out, bytes);
    return writer_done(out, &bytes, err);
}

/* ---- reading ---- */

struct reading {
    struct arena *arena;
    struct error *err;
};

/* A text that passes `is`, copied: the document goes. */
static bool get_word(const struct reading *r, struct json object, const char *name, size_t limit,
                     bool (*is)(struct text), struct text *out)
{
    struct text got = {0};

    if (!json_get_text(object, name, true, limit, &got, r->err))
        return false;
    if (!is(got))
        return error_set(r->err, ERROR_INPUT, "%s \"%.*s\" is none", name, TEXT_ARG(text_part(got, 0, 40)));
    *out = text_copy(r->arena, got);
    return out->at != NULL || arena_full(r->arena, r->err);
}

static bool get_digest(const struct reading *r, struct json object, const char *name, struct digest *out)
{
    struct text hex = {0};

    return json_get_text(object, name, true, DIGEST_HEX_MAX, &hex, r->err) &&
           (digest_parse(DIGEST_SHA256, hex, out, r->err) || error_at(r->err, "%s", name));
}

static bool get_file(const struct reading *r, struct json object, struct delta_file *out)
{
    if (!get_digest(r, object, "sha256", &out->digest) ||
        !json_get_u64(object, "size", true, LIMIT_FETCH_SIZE, &out->size, r->err))
        return false;
    return out->size > 0 || error_set(r->err, ERROR_INPUT, "size is 0");
}

/* The array, and room for what is in it. */
static bool get_list(const struct reading *r, struct json object, const char *name, size_t count_max,
                     size_t size, struct json *list, size_t *count, void *out)
{
    if (!json_get_array(object, name, true, list, r->err))
        return false;
    *count = json_count(*list);
    if (*count > count_max)
        return error_set(r->err, ERROR_LIMIT, "%zu %s, more than %zu", *count, name, count_max);
    void *room = arena_take_array(r->arena, *count, size);
    if (room == NULL)
        return arena_full(r->arena, r->err);
    memcpy(out, &room, sizeof(room));
    return true;
}

static bool read_supplement(const struct reading *r, struct json json, struct delta_supplement *out)
{
    struct text letter = {0};

    if (!json_get_text(json, "class", true, 1, &letter, r->err))
        return false;
    for (int i = BASE_UNKNOWN + 1; letter.size == 1 && i < BASE_CLASS_COUNT; i++)
        if (letter.at[0] == base_class_letters[i])
            out->class = letter.at[0];
    if (out->class == 0)
        return error_set(r->err, ERROR_INPUT, "class \"%.*s\" is none", TEXT_ARG(letter));
    return get_file(r, json, &out->file);
}

static bool read_supplements(const struct reading *r, struct json json, struct delta_base *into)
{
    struct delta_supplement *supplements = NULL;
    struct json list = {0};

    if (!get_list(r, json, "supplements", BASE_CLASS_COUNT, sizeof(*supplements), &list,
                  &into->supplement_count, &supplements))
        return false;
    struct json_walk walk = json_walk_with(list);
    for (size_t i = 0; json_walk_next(&walk); i++) {
        if (!read_supplement(r, walk.value, &supplements[i]))
            return error_at(r->err, "supplement %zu", i);
        if (i > 0 && supplements[i].class <= supplements[i - 1].class)
            return error_set(r->err, ERROR_INPUT, "supplement %zu: out of order, or there twice", i);
    }
    into->supplements = supplements;
    return true;
}

static bool read_base(const struct reading *r, struct json json, struct delta_base *into)
{
    struct json delta = {0};

    return get_word(r, json, "package", LIMIT_PACKAGE_NAME, deb_is_name, &into->package) &&
           get_word(r, json, "arch", LIMIT_ARCH, deb_is_arch, &into->arch) &&
           get_word(r, json, "version", LIMIT_VERSION, deb_is_version, &into->version) &&
           get_digest(r, json, "identity", &into->identity) &&
           json_get_u64(json, "memory", true, SIZE_MAX_SHOWN, &into->memory, r->err) &&
           json_get_object(json, "delta", true, &delta, r->err) &&
           (get_file(r, delta, &into->delta) || error_at(r->err, "delta")) && read_supplements(r, json, into);
}

static int compare_bases(const struct delta_base *a, const struct delta_base *b)
{
    int order = text_compare(a->package, b->package);

    order = order != 0 ? order : text_compare(a->arch, b->arch);
    order = order != 0 ? order : version_compare(VERSION_DEB, a->version, b->version);
    return order != 0 ? order : text_compare(a->version, b->version);
}

static bool read_version(const struct reading *r, struct json json, struct delta_version *into)
{
    struct delta_base *bases = NULL;
    struct json list = {0};

    if (!get_word(r, json, "version", LIMIT_VERSION, deb_is_version, &into->version) ||
        !get_file(r, json, &into->deb) ||
        !json_get_u64(json, "packed", true, SIZE_MAX_SHOWN, &into->packed, r->err) ||
        !get_list(r, json, "bases", LIMIT_DELTA_BASES, sizeof(*bases), &list, &into->base_count, &bases))
        return false;
    struct json_walk walk = json_walk_with(list);
    for (size_t i = 0; json_walk_next(&walk); i++) {
        if (!read_base(r, walk.value, &bases[i]))
            return error_at(r->err, "base %zu", i);
        if (i > 0 && compare_bases(&bases[i - 1], &bases[i]) >= 0)
            return error_set(r->err, ERROR_INPUT, "base %zu: out of order, or there twice", i);
    }
    into->bases = bases;
    return true;
}

static bool read_versions(const struct reading *r, struct json json, struct delta_index *into)
{
    struct delta_version *versions = NULL;
    struct json list = {0};

    if (!get_list(r, json, "versions", LIMIT_DELTA_VERSIONS, sizeof(*versions), &list, &into->version_count,
                  &versions))
        return false;
    struct json_walk walk = json_walk_with(list);
    for (size_t i = 0; json_walk_next(&walk); i++) {
        if (!read_version(r, walk.value, &versions[i]))
            return error_at(r->err, "version %zu", i);
        if (i > 0 && version_compare(VERSION_DEB, versions[i - 1].version, versions[i].version) <= 0)
            return error_set(r->err, ERROR_INPUT, "version %zu: out of order, or there twice", i);
    }
    into->versions = versions;
    return true;
}

static bool read_index(const struct reading *r, struct json json, struct delta_index *out)
{
    struct text schema = {0}, made = {0};

    if (!json_get_text(json, "schema", true, LIMIT_RELEASE_NAME, &schema, r->err))
        return false;
    if (!text_equal(schema, TEXT(DELTA_INDEX_SCHEMA)))
        return error_set(r->err, ERROR_INPUT, "its schema is \"%.*s\", not " DELTA_INDEX_SCHEMA,
                         TEXT_ARG(schema));
    return get_word(r, json, "package", LIMIT_PACKAGE_NAME, deb_is_name, &out->package) &&
           get_word(r, json, "arch", LIMIT_ARCH, deb_is_arch, &out->arch) &&
           json_get_text(json, "made", true, LIMIT_RELEASE_NAME, &made, r->err) &&
           (time_parse(made, &out->made_us, r->err) || error_at(r->err, "made")) &&
           json_get_u64(json, "serial", true, SIZE_MAX_SHOWN, &out->serial, r->err) &&
           read_versions(r, json, out);
}

/* It is the one form of what was read, and nothing else is in it. */
static bool check_whole(struct bytes document, const struct delta_index *index, struct error *err)
{
    OWN(writer_end) struct writer again = writer_with(LIMIT_DELTA_INDEX);

    put_index(&again, index);
    struct bytes other = writer_bytes(&again);
    return (writer_ok(&again) && other.size == document.size &&
            memcmp(other.at, document.at, other.size) == 0) ||
           error_set(err, ERROR_INPUT, "is not in the one form of " DELTA_INDEX_SCHEMA);
}

bool delta_index_parse(struct bytes document, struct arena *arena, struct delta_index *out, struct error *err)
{
    OWN(json_end) struct json_document json = {0};
    const struct reading r = {arena, err};
    struct delta_index got = {0};

    if (!json_parse(document, LIMIT_DELTA_INDEX, &json, err))
        return error_at(err, "index");
    if (!json_is_object(json_root(&json)))
        return error_set(err, ERROR_INPUT, "index: is no object");
    if (!read_index(&r, json_root(&json), &got) || !check_whole(document, &got, err))
        return error_at(err, "index");
    *out = got;
    return true;
}

bool delta_index_open(struct bytes raw, const struct public_key *key, struct arena *arena,
                      struct delta_index *out, struct error *err)
{
    struct signature signature;

    if (raw.size > LIMIT_DELTA_INDEX)
        return error_set(err, ERROR_LIMIT, "index: %zu bytes, more than %zu", raw.size,
                         (size_t)LIMIT_DELTA_INDEX);
    if (raw.size < HEAD_SIZE || memcmp(raw.at, HEAD, sizeof(HEAD) - 1) != 0 || raw.at[HEAD_SIZE - 1] != '\n')
        return error_set(err, ERROR_INPUT, "is no index of deltas that this version knows");
    const struct text hex = {(const char *)raw.at + sizeof(HEAD) - 1, SIGNATURE_HEX_SIZE};
    const struct bytes document = {raw.at + HEAD_SIZE, raw.size - HEAD_SIZE};
    if (!signature_parse(hex, &signature, err))
        return error_at(err, "index");
    return (signature_verify(key, document, &signature, err) || !control_holds(CONTROL_INDEX_SIGNED) ||
            error_at(err, "index")) &&
           delta_index_parse(document, arena, out, err);
}

const struct delta_version *delta_index_find(const struct delta_index *index, const struct digest *deb)
{
    for (size_t i = 0; i < index->version_count; i++)
        if (digest_equal(&index->versions[i].deb.digest, deb))
            return &index->versions[i];
    return NULL;
}

/* ---- places ---- */

struct text delta_index_path(struct text package, struct text arch, struct arena *arena)
{
    return text_format(arena, "index/%.*s_%.*s", TEXT_ARG(package), TEXT_ARG(arch));
}

struct text delta_file_path(const struct digest *delta, struct arena *arena)
{
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(delta, hex);
    return text_format(arena, "delta/%.2s/%s.delta", hex, hex);
}

struct text delta_supplement_path(const struct digest *supplement, struct arena *arena)
{
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(supplement, hex);
    return text_format(arena, "supplement/%.2s/%s", hex, hex);
}
