#include "trust/tuf_metadata.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/json_canonical.h"
#include "trust/tuf_metadata_roles.h"

static const char *const type_names[TUF_TYPE_COUNT] = {
    [TUF_TYPE_UNKNOWN] = "unknown", [TUF_ROOT] = "root",       [TUF_TIMESTAMP] = "timestamp",
    [TUF_SNAPSHOT] = "snapshot",    [TUF_TARGETS] = "targets",
};

const char *tuf_type_name(enum tuf_type type)
{
    return type_names[type];
}

static int compare_files(const void *a, const void *b)
{
    return text_compare(((const struct tuf_file *)a)->name, ((const struct tuf_file *)b)->name);
}

const struct tuf_file *tuf_files_find(const struct tuf_files *files, struct text name)
{
    const struct tuf_file key = {.name = name};

    return files->count == 0 ? NULL
                             : bsearch(&key, files->at, files->count, sizeof(*files->at), compare_files);
}

bool tuf_file_digest(const struct tuf_file *file, enum digest_kind kind, struct digest *out)
{
    const char *hex = kind == DIGEST_SHA256 ? file->sha256 : kind == DIGEST_SHA512 ? file->sha512 : NULL;
    struct error none;

    *out = (struct digest){.kind = DIGEST_UNKNOWN};
    return hex != NULL && digest_parse(kind, (struct text){hex, 2 * digest_size(kind)}, out, &none);
}

bool tuf_file_same(const struct tuf_file *a, const struct tuf_file *b, enum digest_kind kind)
{
    struct digest first, second;
    const bool has = tuf_file_digest(a, kind, &first);

    return has == tuf_file_digest(b, kind, &second) && (!has || digest_equal(&first, &second));
}

bool tuf_file_set_sha256(struct tuf_file *file, const struct digest *digest, struct arena *arena,
                         struct error *err)
{
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(digest, hex);
    file->sha256 = text_string(arena, text_of(hex));
    return file->sha256 != NULL || arena_full(arena, err);
}

void tuf_metadata_end(struct tuf_metadata *metadata)
{
    json_end(&metadata->document);
    *metadata = (struct tuf_metadata){0};
}

/* Hashes of other algorithms are left alone, as long as one of ours is there. */
static bool take_hashes(struct json hashes, struct tuf_file *file, struct error *err)
{
    static const struct {
        const char *name;
        enum digest_kind kind;
    } rows[] = {{"sha256", DIGEST_SHA256}, {"sha512", DIGEST_SHA512}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char **into = rows[i].kind == DIGEST_SHA256 ? &file->sha256 : &file->sha512;
        struct digest right;
        struct text hex = {0};
        if (!json_get_text(hashes, rows[i].name, false, DIGEST_HEX_MAX, &hex, err))
            return error_at(err, "hashes");
        if (hex.at != NULL && !digest_parse(rows[i].kind, hex, &right, err))
            return error_at(err, "hashes: %s", rows[i].name);
        *into = hex.at;
    }
    if (file->sha256 == NULL && file->sha512 == NULL)
        return error_set(err, ERROR_INPUT, "hashes: neither sha256 nor sha512");
    return true;
}

/* What is said of a file of metadata (has a version) or of a target (has length and hashes). */
static bool take_file(struct json value, bool target, struct tuf_file *file, struct error *err)
{
    struct json hashes = {0};

    if (!json_is_object(value))
        return error_set(err, ERROR_INPUT, "is no object");
    if (!target && !json_get_u64(value, "version", true, INT64_MAX, &file->version, err))
        return false;
    if (!target && file->version == 0)
        return error_set(err, ERROR_INPUT, "version is 0");
    file->length_known = !json_is_absent(json_member(value, "length"));
    if (!json_get_u64(value, "length", target || file->length_known, INT64_MAX, &file->length, err) ||
        !json_get_object(value, "hashes", target, &hashes, err))
        return false;
    if (!json_is_absent(hashes) && !take_hashes(hashes, file, err))
        return false;
    if (target)
        file->custom = json_member(value, "custom");
    return true;
}

static bool take_files(struct json object, bool target, struct arena *arena, struct tuf_files *out,
                       struct error *err)
{
    size_t count = json_count(object);
    struct tuf_file *files = ARENA_ARRAY(arena, struct tuf_file, count);
    struct json_walk walk = json_walk_with(object);
    bool sorted = true;

    if (files == NULL)
        return arena_full(arena, err);
    while (json_walk_next(&walk)) {
        struct tuf_file *file = &files[walk.index];
        if (!json_name_text(&walk, LIMIT_PATH, &file->name, err))
            return error_at(err, "a name");
        if (!target && !text_ends(file->name, TEXT(".json")))
            return error_set(err, ERROR_INPUT, "%.*s: its name does not end in .json",
                             TEXT_ARG(text_part(file->name, 0, 80)));
        if (!take_file(walk.value, target, file, err))
            return error_at(err, "%.*s", TEXT_ARG(text_part(file->name, 0, 80)));
        sorted = sorted && (walk.index == 0 || compare_files(file - 1, file) < 0);
    }
    if (!sorted)
        qsort(files, count, sizeof(*files), compare_files);
    *out = (struct tuf_files){files, count};
    return true;
}

static bool take_root(struct tuf_metadata *metadata, struct arena *arena, struct error *err)
{
    struct json part = metadata->signed_part, roles = {0};
    struct tuf_keys keys;

    if (!json_get_bool(part, "consistent_snapshot", false, &metadata->consistent_snapshot, err) ||
        !tuf_keys_take(part, arena, &keys, err) || !json_get_object(part, "roles", true, &roles, err))
        return false;
    for (enum tuf_type type = TUF_ROOT; type < TUF_TYPE_COUNT; type++) {
        struct json role;
        if (!json_get_object(roles, type_names[type], true, &role, err))
            return error_at(err, "roles");
        if (!tuf_role_take(role, &keys, arena, &metadata->roles[type], err))
            return error_at(err, "roles: %s", type_names[type]);
    }
    return true;
}

static bool take_meta(struct tuf_metadata *metadata, struct arena *arena, struct error *err)
{
    struct json meta;

    if (!json_get_object(metadata->signed_part, "meta", true, &meta, err))
        return false;
    return take_files(meta, false, arena, &metadata->files, err) || error_at(err, "meta");
}

static bool take_timestamp(struct tuf_metadata *metadata, struct arena *arena, struct error *err)
{
    if (!take_meta(metadata, arena, err))
        return false;
    if (metadata->files.count != 1 || !text_equal(metadata->files.at[0].name, TEXT("snapshot.json")))
        return error_set(err, ERROR_INPUT, "meta: not exactly snapshot.json");
    return true;
}

static bool take_targets(struct tuf_metadata *metadata, struct arena *arena, struct error *err)
{
    struct json targets, delegations = {0};

    if (!json_get_object(metadata->signed_part, "targets", true, &targets, err) ||
        !json_get_object(metadata->signed_part, "delegations", false, &delegations, err))
        return false;
    if (!take_files(targets, true, arena, &metadata->files, err))
        return error_at(err, "targets");
    return json_is_absent(delegations) ||
           tuf_delegations_take(delegations, arena, &metadata->delegations, &metadata->delegation_count,
                                err) ||
           error_at(err, "delegations");
}

/* What only one type has. */
static bool (*const takers[TUF_TYPE_COUNT])(struct tuf_metadata *, struct arena *, struct error *) = {
    [TUF_ROOT] = take_root,
    [TUF_TIMESTAMP] = take_timestamp,
    [TUF_SNAPSHOT] = take_meta,
    [TUF_TARGETS] = take_targets,
};

/* "1.N" or "1.N.M": what another major version means is not known here. */
static bool check_spec_version(struct text version, struct error *err)
{
    struct text rest = version, part;
    size_t parts = 0;
    uint64_t number = 0, major = 0;
    struct error none;

    while (text_cut(&rest, '.', &part)) {
        if (!text_to_u64(part, &number, &none))
            parts = 4;
        if (parts++ == 0)
            major = number;
    }
    if (parts < 2 || parts > 3 || major != 1 || version.at[version.size - 1] == '.')
        return error_set(err, ERROR_INPUT, "spec_version is \"%.*s\", not 1.x",
                         TEXT_ARG(text_part(version, 0, 24)));
    return true;
}

/* Exactly "YYYY-MM-DDTHH:MM:SSZ" (4.2.1): a time of a zone or with fractions is another text to every reader. */
static bool take_expires(struct json part, int64_t *out, struct error *err)
{
    static const char shape[] = "0000-00-00T00:00:00Z";
    struct text text = {0};

    if (!json_get_text(part, "expires", true, LIMIT_TUF_WORD, &text, err))
        return false;
    bool right = text.size == sizeof(shape) - 1;
    for (size_t i = 0; right && i < text.size; i++)
        right = shape[i] == '0' ? text.at[i] >= '0' && text.at[i] <= '9' : text.at[i] == shape[i];
    if (!right)
        return error_set(err, ERROR_INPUT, "expires is \"%.*s\", not YYYY-MM-DDTHH:MM:SSZ",
                         TEXT_ARG(text_part(text, 0, 40)));
    return time_parse(text, out, err) || error_at(err, "expires");
}

static bool take_type(struct json part, enum tuf_type expected, enum tuf_type *out, struct error *err)
{
    struct text name = {0};
    enum tuf_type type = TUF_ROOT;

    if (!json_get_text(part, "_type", true, LIMIT_TUF_WORD, &name, err))
        return false;
    while (type < TUF_TYPE_COUNT && !text_equal(name, text_of(type_names[type])))
        type++;
    if (expected != TUF_TYPE_UNKNOWN && type != expected)
        return error_set(err, ERROR_INPUT, "_type is \"%.*s\", not \"%s\"", TEXT_ARG(text_part(name, 0, 40)),
                         type_names[expected]);
    if (type == TUF_TYPE_COUNT)
        return error_set(err, ERROR_INPUT, "_type is \"%.*s\", which is no type of metadata",
                         TEXT_ARG(text_part(name, 0, 40)));
    *out = type;
    return true;
}

static bool take_signed(struct tuf_metadata *metadata, enum tuf_type expected, struct arena *arena,
                        struct error *err)
{
    struct json part = metadata->signed_part;
    struct text spec = {0};

    if (!take_type(part, expected, &metadata->type, err) ||
        !json_get_text(part, "spec_version", true, LIMIT_TUF_WORD, &spec, err) ||
        !check_spec_version(spec, err) ||
        !json_get_u64(part, "version", true, INT64_MAX, &metadata->version, err) ||
        !take_expires(part, &metadata->expires_us, err))
        return false;
    if (metadata->version == 0)
        return error_set(err, ERROR_INPUT, "version is 0");
    return takers[metadata->type](metadata, arena, err);
}

/*
 * A value that is no hexadecimal, or longer than any that could hold, is a signature that does not hold, like one of the
 * wrong bytes: one odd signature does no harm beside enough good ones.
 */
static bool take_signature(struct json value, struct arena *arena, struct tuf_signature *out,
                           struct error *err)
{
    struct json sig = json_member(value, "sig");
    struct bytes hex = json_bytes(sig);
    struct error odd;

    if (!json_get_text(value, "keyid", true, LIMIT_TUF_KEY_ID, &out->key_id, err))
        return false;
    if (!json_is_text(sig))
        return error_set(err, ERROR_INPUT, "sig is %s", json_is_absent(sig) ? "missing" : "not a text");
    if (hex.size > 2 * LIMIT_TUF_SIGNATURE)
        return true;
    uint8_t *at = arena_take(arena, hex.size / 2);
    if (at == NULL)
        return arena_full(arena, err);
    if (text_to_hex((struct text){(const char *)hex.at, hex.size}, at, hex.size / 2, &odd))
        out->value = (struct bytes){at, hex.size / 2};
    return true;
}

static bool take_signatures(struct json array, struct arena *arena, struct tuf_metadata *metadata,
                            struct error *err)
{
    size_t count = json_count(array);
    struct json_walk walk = json_walk_with(array);

    if (count > LIMIT_TUF_SIGNATURES)
        return error_set(err, ERROR_LIMIT, "%zu signatures, more than %d", count, LIMIT_TUF_SIGNATURES);
    struct tuf_signature *signatures = ARENA_ARRAY(arena, struct tuf_signature, count);
    if (signatures == NULL)
        return arena_full(arena, err);
    while (json_walk_next(&walk)) {
        struct tuf_signature *signature = &signatures[walk.index];
        if (!json_is_object(walk.value))
            return error_set(err, ERROR_INPUT, "%zu is no object", walk.index);
        if (!take_signature(walk.value, arena, signature, err))
            return error_at(err, "%zu", walk.index);
        for (size_t i = 0; i < walk.index; i++)
            if (text_equal(signatures[i].key_id, signature->key_id))
                return error_set(err, ERROR_INPUT, "key %.*s signs twice", TEXT_ARG(signature->key_id));
    }
    metadata->signatures = signatures;
    metadata->signature_count = count;
    return true;
}

/*
 * A file that was written in canonical form has what is signed in it already: from the brace before the first name on. That it is, byte for
 * byte, is found out by making the form.
 */
static struct bytes find_signed(const struct tuf_metadata *metadata, struct bytes raw)
{
    struct json_walk walk = json_walk_with(metadata->signed_part);

    if (!json_walk_next(&walk))
        return (struct bytes){0};
    size_t brace = json_place(&metadata->document, walk.name) - 2; /* its quote, and one before */
    return (struct bytes){raw.at + brace, raw.size - brace};
}

/* From the document into the noun. */
static bool take_document(struct tuf_metadata *metadata, struct bytes raw, enum tuf_type expected,
                          struct arena *arena, struct error *err)
{
    struct json root = json_root(&metadata->document), signatures;

    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "is no object");
    if (!json_get_array(root, "signatures", true, &signatures, err) ||
        !json_get_object(root, "signed", true, &metadata->signed_part, err))
        return false;
    if (!take_signatures(signatures, arena, metadata, err))
        return error_at(err, "signatures");
    if (!take_signed(metadata, expected, arena, err))
        return error_at(err, "signed");
    return json_canonical_olpc(metadata->signed_part, find_signed(metadata, raw), arena, &metadata->canonical,
                               err) ||
           error_at(err, "signed has no canonical form");
}

bool tuf_metadata_parse(struct bytes raw, enum tuf_type expected, struct arena *arena,
                        struct tuf_metadata *out, struct error *err)
{
    OWN(tuf_metadata_end) struct tuf_metadata metadata = {0};

    if (!json_parse(raw, LIMIT_TUF_METADATA, &metadata.document, err) ||
        !take_document(&metadata, raw, expected, arena, err))
        return false;
    *out = metadata;
    metadata.document = (struct json_document){0};
    return true;
}

bool tuf_metadata_parse_in_place(struct bytes raw, enum tuf_type expected, struct arena *arena,
                                 struct tuf_metadata *out, struct error *err)
{
    OWN(tuf_metadata_end) struct tuf_metadata metadata = {0};

    if (!json_parse_in_place(raw, LIMIT_TUF_METADATA, &metadata.document, err) ||
        !take_document(&metadata, raw, expected, arena, err))
        return false;
    *out = metadata;
    metadata.document = (struct json_document){0};
    return true;
}
