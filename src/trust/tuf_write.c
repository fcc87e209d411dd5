#include "trust/tuf_write.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"
#include "trust/tree.h"

#define SPEC_VERSION "1.0.34"

/* ---- pieces; the members of every object come in the order of their names ---- */

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us - us % TIME_SECOND_US);
}

static void put_number(struct json_writer *j, const char *name, uint64_t value)
{
    json_name(j, name);
    json_put_u64(j, value);
}

static void put_hex(struct json_writer *j, const char *name, const struct tuf_file *file,
                    enum digest_kind kind)
{
    char hex[DIGEST_HEX_MAX + 1];
    struct digest digest;

    if (!tuf_file_digest(file, kind, &digest))
        return;
    digest_hex(&digest, hex);
    json_name(j, name);
    json_put_string(j, hex);
}

static int compare_keys(const void *a, const void *b)
{
    return text_compare((*(const struct tuf_key *const *)a)->id, (*(const struct tuf_key *const *)b)->id);
}

/* The keys of some roles, each id once. */
struct key_list {
    const struct tuf_key **at;
    size_t count, capacity;
    struct map seen;
};

static bool list_keys(struct key_list *list, const struct tuf_role *role, struct arena *arena,
                      struct error *err)
{
    for (size_t i = 0; i < role->key_count; i++) {
        const struct tuf_key *key = role->keys[i];
        uint32_t seen = map_get(&list->seen, key->id);
        if (seen != MAP_NONE && list->at != NULL && !tuf_key_same(list->at[seen], key))
            return error_set(err, ERROR_INPUT, "two keys have the id %.*s",
                             TEXT_ARG(text_part(key->id, 0, 16)));
        if (seen != MAP_NONE)
            continue;
        const struct tuf_key **grown =
            arena_grow(arena, list->at, list->count, &list->capacity, list->count + 1, sizeof(*list->at));
        if (grown == NULL)
            return arena_full(arena, err);
        list->at = grown;
        list->at[list->count] = key;
        if (!map_put(&list->seen, key->id, (uint32_t)list->count++, err))
            return false;
    }
    return true;
}

static void put_keys(struct json_writer *j, struct key_list *list)
{
    if (list->count > 0)
        qsort(list->at, list->count, sizeof(const struct tuf_key *), compare_keys);
    json_name(j, "keys");
    json_open_object(j);
    for (size_t i = 0; i < list->count; i++) {
        json_name_of(j, list->at[i]->id);
        tuf_key_write(j, list->at[i]);
    }
    json_close_object(j);
}

static void put_key_ids(struct json_writer *j, const struct tuf_role *role)
{
    json_name(j, "keyids");
    json_open_array(j);
    for (size_t i = 0; i < role->key_count; i++)
        json_put_text(j, role->keys[i]->id);
    json_close_array(j);
}

/* ---- root ---- */

static bool put_root(struct json_writer *j, const struct tuf_metadata *says, struct arena *arena,
                     struct error *err)
{
    static const enum tuf_type sorted[] = {TUF_ROOT, TUF_SNAPSHOT, TUF_TARGETS, TUF_TIMESTAMP};
    struct key_list keys = {.seen = map_with(arena)};

    json_name(j, "consistent_snapshot");
    json_put_bool(j, says->consistent_snapshot);
    put_time(j, "expires", says->expires_us);
    for (size_t i = 0; i < sizeof(sorted) / sizeof(*sorted); i++)
        if (!list_keys(&keys, &says->roles[sorted[i]], arena, err))
            return false;
    put_keys(j, &keys);
    json_name(j, "roles");
    json_open_object(j);
    for (size_t i = 0; i < sizeof(sorted) / sizeof(*sorted); i++) {
        const struct tuf_role *role = &says->roles[sorted[i]];
        json_name(j, tuf_type_name(sorted[i]));
        json_open_object(j);
        put_key_ids(j, role);
        put_number(j, "threshold", role->threshold);
        json_close_object(j);
    }
    json_close_object(j);
    return true;
}

/* ---- timestamp and snapshot: versions; targets: their files and to whom they delegate ---- */

static int compare_files(const void *a, const void *b)
{
    return text_compare(((const struct tuf_file *)a)->name, ((const struct tuf_file *)b)->name);
}

static void put_file(struct json_writer *j, const struct tuf_file *file, bool target)
{
    json_name_of(j, file->name);
    json_open_object(j);
    if (target && !json_is_absent(file->custom)) {
        json_name(j, "custom");
        json_put_value(j, file->custom);
    }
    if (file->sha256 != NULL || file->sha512 != NULL) {
        json_name(j, "hashes");
        json_open_object(j);
        put_hex(j, "sha256", file, DIGEST_SHA256);
        put_hex(j, "sha512", file, DIGEST_SHA512);
        json_close_object(j);
    }
    if (file->length_known)
        put_number(j, "length", file->length);
    if (!target)
        put_number(j, "version", file->version);
    json_close_object(j);
}

static bool put_files(struct json_writer *j, const struct tuf_metadata *says, struct arena *arena,
                      struct error *err)
{
    bool target = says->type == TUF_TARGETS;
    struct tuf_file *sorted = ARENA_ARRAY(arena, struct tuf_file, says->files.count);

    if (sorted == NULL)
        return arena_full(arena, err);
    if (says->files.count > 0) {
        memcpy(sorted, says->files.at, says->files.count * sizeof(*sorted));
        qsort(sorted, says->files.count, sizeof(*sorted), compare_files);
    }
    json_name(j, target ? "targets" : "meta");
    json_open_object(j);
    for (size_t i = 0; i < says->files.count; i++)
        put_file(j, &sorted[i], target);
    json_close_object(j);
    return true;
}

static void put_texts(struct json_writer *j, const char *name, const struct text *texts, size_t count)
{
    if (count == 0)
        return;
    json_name(j, name);
    json_open_array(j);
    for (size_t i = 0; i < count; i++)
        json_put_text(j, texts[i]);
    json_close_array(j);
}

static bool put_delegations(struct json_writer *j, const struct tuf_metadata *says, struct arena *arena,
                            struct error *err)
{
    struct key_list keys = {.seen = map_with(arena)};

    if (says->delegation_count == 0)
        return true;
    for (size_t i = 0; i < says->delegation_count; i++)
        if (!list_keys(&keys, &says->delegations[i].role, arena, err))
            return false;
    json_name(j, "delegations");
    json_open_object(j);
    put_keys(j, &keys);
    json_name(j, "roles");
    json_open_array(j);
    for (size_t i = 0; i < says->delegation_count; i++) {
        const struct tuf_delegation *delegation = &says->delegations[i];
        json_open_object(j);
        put_key_ids(j, &delegation->role);
        json_name(j, "name");
        json_put_text(j, delegation->name);
        put_texts(j, "path_hash_prefixes", delegation->hash_prefixes, delegation->hash_prefix_count);
        put_texts(j, "paths", delegation->paths, delegation->path_count);
        json_name(j, "terminating");
        json_put_bool(j, delegation->terminating);
        put_number(j, "threshold", delegation->role.threshold);
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
    return true;
}

/* ---- the document ---- */

static bool put_said(struct json_writer *j, const struct tuf_metadata *says, struct arena *arena,
                     struct error *err)
{
    if (says->type == TUF_ROOT)
        return put_root(j, says, arena, err);
    if (says->type == TUF_TARGETS) {
        if (!put_delegations(j, says, arena, err))
            return false;
        put_time(j, "expires", says->expires_us);
        return true;
    }
    put_time(j, "expires", says->expires_us);
    return put_files(j, says, arena, err);
}

static bool put_signed(struct json_writer *j, const struct tuf_draft *draft, struct arena *arena,
                       struct error *err)
{
    json_open_object(j);
    json_name(j, "_type");
    json_put_string(j, tuf_type_name(draft->says.type));
    if (!put_said(j, &draft->says, arena, err))
        return false;
    json_name(j, "spec_version");
    json_put_string(j, SPEC_VERSION);
    if (draft->says.type == TUF_TARGETS && !put_files(j, &draft->says, arena, err))
        return false;
    put_number(j, "version", draft->says.version);
    if (draft->made_us != TIME_ABSENT)
        put_time(j, TREE_MEMBER_MADE, draft->made_us);
    if (draft->proposed_by.size > 0) {
        json_name(j, TREE_MEMBER_PROPOSED);
        json_put_text(j, draft->proposed_by);
    }
    if (draft->solo) {
        json_name(j, TREE_MEMBER_SOLO);
        json_put_bool(j, true);
    }
    json_close_object(j);
    return true;
}

/* What was written is read as a machine reads it, and then belongs to the arena. */
static bool keep(const struct writer *w, enum tuf_type type, struct arena *arena, struct bytes *out,
                 struct error *err)
{
    OWN(tuf_metadata_end) struct tuf_metadata read_back = {0};
    struct bytes written;

    if (!writer_done(w, &written, err))
        return error_at(err, "%s", tuf_type_name(type));
    uint8_t *at = arena_take(arena, written.size + 1);
    if (at == NULL)
        return arena_full(arena, err);
    memcpy(at, written.at, written.size);
    written.at = at;
    if (!tuf_metadata_parse(written, type, arena, &read_back, err))
        return error_at(err, "what was written as %s cannot be read", tuf_type_name(type));
    *out = written;
    return true;
}

bool tuf_write(const struct tuf_draft *draft, struct arena *arena, struct bytes *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_TUF_WRITTEN);
    struct json_writer j = json_writer_with(&w, false);

    json_open_object(&j);
    json_name(&j, "signatures");
    json_open_array(&j);
    json_close_array(&j);
    json_name(&j, "signed");
    if (!put_signed(&j, draft, arena, err))
        return error_at(err, "%s", tuf_type_name(draft->says.type));
    json_close_object(&j);
    return keep(&w, draft->says.type, arena, out, err);
}

struct tuf_draft tuf_draft_of(const struct tuf_metadata *metadata)
{
    return (struct tuf_draft){
        .says = *metadata,
        .made_us = tree_made_us(metadata),
        .proposed_by = tree_proposed_by(metadata),
        .solo = metadata->type == TUF_ROOT && tree_is_solo(metadata),
    };
}

/* ---- signatures ---- */

static void put_signature(struct json_writer *j, const struct tuf_signature *signature, struct writer *hex)
{
    writer_clear(hex);
    for (size_t i = 0; i < signature->value.size; i++)
        writer_format(hex, "%02x", signature->value.at[i]);
    struct bytes digits = writer_bytes(hex);
    json_open_object(j);
    json_name(j, "keyid");
    json_put_text(j, signature->key_id);
    json_name(j, "sig");
    json_put_text(j, (struct text){(const char *)digits.at, digits.size});
    json_close_object(j);
}

/* The signed part as it stands there, unknown members too, under these signatures. */
static bool write_with(const struct tuf_metadata *metadata, const struct tuf_signature *signatures,
                       size_t count, struct arena *arena, struct bytes *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_TUF_WRITTEN);
    OWN(writer_end) struct writer hex = writer_with(LIMIT_TUF_WRITTEN);
    struct json_writer j = json_writer_with(&w, false);

    json_open_object(&j);
    json_name(&j, "signatures");
    json_open_array(&j);
    for (size_t i = 0; i < count; i++)
        put_signature(&j, &signatures[i], &hex);
    json_close_array(&j);
    json_name(&j, "signed");
    json_put_value(&j, metadata->signed_part);
    json_close_object(&j);
    return keep(&w, metadata->type, arena, out, err);
}

bool tuf_write_unsigned(struct bytes raw, struct arena *arena, struct bytes *out, struct error *err)
{
    OWN(tuf_metadata_end) struct tuf_metadata metadata = {0};

    return tuf_metadata_parse(raw, TUF_TYPE_UNKNOWN, arena, &metadata, err) &&
           write_with(&metadata, NULL, 0, arena, out, err);
}

static bool add_signature(const struct tuf_metadata *metadata, const struct tuf_signature *signature,
                          struct arena *arena, struct bytes *out, struct error *err)
{
    struct tuf_signature *all = ARENA_ARRAY(arena, struct tuf_signature, metadata->signature_count + 1);
    size_t count = 0;

    if (all == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < metadata->signature_count; i++)
        if (!text_equal(metadata->signatures[i].key_id, signature->key_id))
            all[count++] = metadata->signatures[i];
    all[count++] = *signature;
    return write_with(metadata, all, count, arena, out, err);
}

bool tuf_write_signature(struct bytes raw, const struct tuf_signature *signature, struct arena *arena,
                         struct bytes *out, struct error *err)
{
    OWN(tuf_metadata_end) struct tuf_metadata metadata = {0};

    return tuf_metadata_parse(raw, TUF_TYPE_UNKNOWN, arena, &metadata, err) &&
           add_signature(&metadata, signature, arena, out, err);
}

bool tuf_write_signed(struct bytes raw, const struct signer *signer, struct arena *arena, struct bytes *out,
                      struct error *err)
{
    OWN(tuf_metadata_end) struct tuf_metadata metadata = {0};
    struct tuf_signature signature = {.key_id = signer->key.id};

    if (!tuf_metadata_parse(raw, TUF_TYPE_UNKNOWN, arena, &metadata, err) ||
        !signer_sign(signer, metadata.canonical, arena, &signature.value, err))
        return false;
    if (!tuf_key_verify(&signer->key, metadata.canonical, signature.value, err))
        return error_at(err, "the signature just made");
    return add_signature(&metadata, &signature, arena, out, err);
}
