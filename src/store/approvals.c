#include "store/approvals.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "format/json_canonical.h"

#define SCHEMA "suture.approvals/1"

static const struct {
    unsigned bit;
    const char *name;
} lift_names[] = {
    {SIGNED_ORDER_LIFTS_NEW_PACKAGE, "new-package"},
    {SIGNED_ORDER_LIFTS_POWERS, "powers"},
    {SIGNED_ORDER_LIFTS_WAIT, "wait"},
};

/* ---- writing ---- */

static void put_text(struct json_writer *j, const char *name, struct text value)
{
    json_name(j, name);
    json_put_text(j, value);
}

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us - us % TIME_SECOND_US);
}

static void put_digest(struct json_writer *j, const char *name, const struct digest *digest)
{
    char hex[DIGEST_HEX_MAX + 1];

    json_name(j, name);
    if (digest->kind == DIGEST_UNKNOWN) {
        json_put_null(j);
        return;
    }
    digest_hex(digest, hex);
    json_put_string(j, hex);
}

static void put_approval(struct json_writer *j, const struct signed_order *approval)
{
    json_open_object(j);
    put_text(j, "arch", approval->arch);
    put_text(j, "by", approval->by);
    put_time(j, "ends", approval->ends_us);
    json_name(j, "lifts");
    json_open_array(j);
    for (size_t i = 0; i < sizeof(lift_names) / sizeof(*lift_names); i++)
        if ((approval->lifts & lift_names[i].bit) != 0)
            json_put_string(j, lift_names[i].name);
    json_close_array(j);
    put_time(j, "made", approval->made_us);
    put_text(j, "package", approval->package);
    put_digest(j, "powers", &approval->powers);
    put_digest(j, "sha256", &approval->digests[0]);
    put_text(j, "version", approval->version);
    json_close_object(j);
}

/* In order of their names already: the canonical form of what is written is what is written. */
static void put_document(struct json_writer *j, const struct approvals *approvals,
                         const struct public_key *key, const char *signature)
{
    char hex[PUBLIC_KEY_HEX_SIZE + 1];

    public_key_hex(key, hex);
    json_open_object(j);
    put_text(j, "algorithm", TEXT(SIGNATURE_ALGORITHM));
    json_name(j, "approvals");
    json_open_array(j);
    for (size_t i = 0; i < approvals->count; i++)
        put_approval(j, &approvals->at[i]);
    json_close_array(j);
    put_text(j, "key", text_of(hex));
    put_text(j, "schema", TEXT(SCHEMA));
    if (signature != NULL)
        put_text(j, "signature", text_of(signature));
    json_close_object(j);
}

static bool write_form(const struct approvals *approvals, const struct public_key *key, const char *signature,
                       struct writer *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_APPROVALS_FILE);
    struct json_writer j = json_writer_with(&w, false);
    struct bytes bytes;

    put_document(&j, approvals, key, signature);
    return writer_done(&w, &bytes, err) && json_canonical(bytes, LIMIT_APPROVALS_FILE, out, err);
}

bool approvals_write(const struct approvals *approvals, const struct secret_key *key, struct arena *arena,
                     struct writer *w, struct error *err)
{
    OWN(writer_end) struct writer form = writer_with(LIMIT_APPROVALS_FILE);
    char hex[SIGNATURE_HEX_SIZE + 1];
    struct signature signature;
    struct bytes bytes;

    (void)arena;
    if (!write_form(approvals, &key->public_key, NULL, &form, err) || !writer_done(&form, &bytes, err) ||
        !signature_sign(key, bytes, &signature, err))
        return false;
    signature_hex(&signature, hex);
    return write_form(approvals, &key->public_key, hex, w, err);
}

/* ---- reading ---- */

static bool get_word(struct json json, const char *name, size_t limit, struct arena *arena, struct text *out,
                     struct error *err)
{
    struct text got = {0};

    if (!json_get_text(json, name, true, limit, &got, err))
        return false;
    if (got.size == 0)
        return error_set(err, ERROR_INPUT, "%s is empty", name);
    *out = text_copy(arena, got);
    return out->at != NULL || arena_full(arena, err);
}

static bool get_time(struct json json, const char *name, int64_t *out, struct error *err)
{
    struct text got = {0};

    return json_get_text(json, name, true, 32, &got, err) &&
           (time_parse(got, out, err) || error_at(err, "%s", name));
}

static bool get_digest(struct json json, const char *name, bool required, struct digest *out,
                       struct error *err)
{
    struct text hex = {0};

    if (!json_get_text(json, name, required, DIGEST_HEX_MAX, &hex, err))
        return false;
    return (!required && hex.size == 0) || digest_parse(DIGEST_SHA256, hex, out, err) ||
           error_at(err, "%s", name);
}

static bool get_lifts(struct json json, unsigned *out, struct error *err)
{
    struct json list = {0};

    if (!json_get_array(json, "lifts", true, &list, err))
        return false;
    struct json_walk walk = json_walk_with(list);
    while (json_walk_next(&walk)) {
        unsigned bit = 0;
        struct text name = {0};
        if (!json_as_text(walk.value, 32, &name, err))
            return error_at(err, "lifts");
        for (size_t i = 0; i < sizeof(lift_names) / sizeof(*lift_names); i++)
            if (text_equal(name, text_of(lift_names[i].name)))
                bit = lift_names[i].bit;
        if (bit == 0)
            return error_set(err, ERROR_INPUT, "lifts: \"%.*s\" is not known", TEXT_ARG(name));
        *out |= bit;
    }
    return *out != 0 || error_set(err, ERROR_INPUT, "lifts nothing");
}

static bool read_approval(struct json json, struct arena *arena, struct signed_order *out, struct error *err)
{
    struct signed_order got = {.kind = SIGNED_ORDER_APPROVAL, .digest_count = 1};
    struct digest *digest = ARENA_NEW(arena, struct digest);

    if (digest == NULL)
        return arena_full(arena, err);
    got.digests = digest;
    if (!get_word(json, "package", LIMIT_PACKAGE_NAME, arena, &got.package, err) ||
        !get_word(json, "arch", LIMIT_ARCH, arena, &got.arch, err) ||
        !get_word(json, "version", LIMIT_VERSION, arena, &got.version, err) ||
        !get_word(json, "by", LIMIT_ORDER_TEXT, arena, &got.by, err) ||
        !get_time(json, "made", &got.made_us, err) || !get_time(json, "ends", &got.ends_us, err) ||
        !get_digest(json, "sha256", true, digest, err) ||
        !get_digest(json, "powers", false, &got.powers, err) || !get_lifts(json, &got.lifts, err))
        return false;
    if ((got.lifts & SIGNED_ORDER_LIFTS_POWERS) != 0 && got.powers.kind == DIGEST_UNKNOWN)
        return error_set(err, ERROR_INPUT, "lifts powers that nobody was shown");
    *out = got;
    return true;
}

static bool read_list(struct json json, struct arena *arena, struct approvals *out, struct error *err)
{
    struct json list = {0};

    if (!json_get_array(json, "approvals", true, &list, err))
        return false;
    if (json_count(list) > LIMIT_APPROVALS)
        return error_set(err, ERROR_LIMIT, "more than %d approvals", LIMIT_APPROVALS);
    out->at = ARENA_ARRAY(arena, struct signed_order, json_count(list));
    if (out->at == NULL)
        return arena_full(arena, err);
    struct json_walk walk = json_walk_with(list);
    for (; json_walk_next(&walk); out->count++)
        if (!read_approval(walk.value, arena, &out->at[out->count], err))
            return error_at(err, "approval %zu", out->count);
    return true;
}

/* The bytes are exactly those that the machine's key signed and whoever reads them writes. */
static bool check_signature(struct json json, struct bytes raw, const struct approvals *approvals,
                            const struct public_key *key, struct error *err)
{
    OWN(writer_end) struct writer form = writer_with(LIMIT_APPROVALS_FILE);
    OWN(writer_end) struct writer whole = writer_with(LIMIT_APPROVALS_FILE);
    char hex[PUBLIC_KEY_HEX_SIZE + 1];
    struct text signer = {0}, text = {0};
    struct signature signature;

    if (!json_get_text(json, "key", true, PUBLIC_KEY_HEX_SIZE, &signer, err) ||
        !json_get_text(json, "signature", true, SIGNATURE_HEX_SIZE, &text, err) ||
        !signature_parse(text, &signature, err))
        return false;
    public_key_hex(key, hex);
    if (!text_equal(signer, text_of(hex)))
        return error_set(err, ERROR_TRUST, "is not signed with this machine's key");
    if (!write_form(approvals, key, NULL, &form, err) ||
        !signature_verify(key, writer_bytes(&form), &signature, err))
        return false;
    char *plain = (char[SIGNATURE_HEX_SIZE + 1]){0};
    signature_hex(&signature, plain);
    if (!write_form(approvals, key, plain, &whole, err))
        return false;
    return (whole.size == raw.size && memcmp(whole.at, raw.at, raw.size) == 0) ||
           error_set(err, ERROR_INPUT, "has other members than " SCHEMA);
}

bool approvals_parse(struct bytes raw, const struct public_key *key, struct arena *arena,
                     struct approvals *out, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct approvals got = {0};
    struct text schema = {0};

    if (!json_parse(raw, LIMIT_APPROVALS_FILE, &document, err))
        return false;
    struct json json = json_root(&document);
    if (!json_is_object(json))
        return error_set(err, ERROR_INPUT, "is no object");
    if (!json_get_text(json, "schema", true, 64, &schema, err))
        return false;
    if (!text_equal(schema, TEXT(SCHEMA)))
        return error_set(err, ERROR_INPUT, "its schema is \"%.*s\", not " SCHEMA, TEXT_ARG(schema));
    if (!read_list(json, arena, &got, err) || !check_signature(json, raw, &got, key, err))
        return false;
    *out = got;
    return true;
}

bool approvals_read(const char *path, const struct public_key *key, struct arena *arena,
                    struct approvals *out, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    if (!file_map_own(path, LIMIT_APPROVALS_FILE, &map, err)) {
        if (err->kind != ERROR_ABSENT)
            return false;
        *err = (struct error){0};
        *out = (struct approvals){0};
        return true;
    }
    return approvals_parse(map.bytes, key, arena, out, err) || error_at(err, "%s", path);
}

/* ---- adding ---- */

static bool is_replaced(const struct signed_order *old, const struct signed_order *new)
{
    return old->ends_us <= new->made_us ||
           ((old->lifts & ~new->lifts) == 0 && digest_equal(&old->digests[0], &new->digests[0]) &&
            text_equal(old->package, new->package) && text_equal(old->arch, new->arch) &&
            text_equal(old->version, new->version));
}

bool approvals_put(const char *path, const struct secret_key *key, const struct signed_order *approval,
                   struct arena *arena, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_APPROVALS_FILE);
    struct approvals old, new = {0};
    struct bytes raw;

    if (!approvals_read(path, &key->public_key, arena, &old, err))
        return false;
    new.at = ARENA_ARRAY(arena, struct signed_order, old.count + 1);
    if (new.at == NULL)
        return arena_full(arena, err);
    size_t from = old.count < LIMIT_APPROVALS ? 0 : old.count - LIMIT_APPROVALS + 1;
    for (size_t i = from; i < old.count; i++)
        if (!is_replaced(&old.at[i], approval))
            new.at[new.count++] = old.at[i];
    new.at[new.count++] = *approval;
    return approvals_write(&new, key, arena, &w, err) && writer_done(&w, &raw, err) &&
           file_replace(path, raw, 0600, err);
}
