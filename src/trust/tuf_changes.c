#include "trust/tuf_changes.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/visible.h"
#include "format/json_canonical.h"
#include "trust/tree.h"
#include "trust/tuf_write.h"

#define ID_SHOWN 8 /* digits of a key's id */

static void put(struct writer *w, struct text text)
{
    visible_put(w, bytes_of_text(text));
}

void tuf_changes_put_key(struct writer *w, const struct tuf_key *key)
{
    if (key->person.size > 0) {
        put(w, key->person);
        writer_string(w, " (");
        put(w, text_part(key->id, 0, ID_SHOWN));
        writer_string(w, ")");
        return;
    }
    writer_string(w, key->online ? "the server " : "key ");
    put(w, text_part(key->id, 0, ID_SHOWN));
}

/* ---- keys ---- */

static const struct tuf_key *find_key(const struct tuf_role *role, struct text id)
{
    for (size_t i = 0; role != NULL && i < role->key_count; i++)
        if (text_equal(role->keys[i]->id, id))
            return role->keys[i];
    return NULL;
}

static void put_value(struct writer *w, struct text value)
{
    if (value.size == 0)
        writer_string(w, "none");
    else
        put(w, value);
}

static void tell_member(struct writer *w, struct text role, const struct tuf_key *key, const char *name,
                        struct text before, struct text after)
{
    if (text_equal(before, after))
        return;
    writer_string(w, "~ ");
    put(w, role);
    writer_string(w, ": key ");
    put(w, text_part(key->id, 0, ID_SHOWN));
    writer_format(w, ": %s ", name);
    put_value(w, before);
    writer_string(w, " -> ");
    put_value(w, after);
    writer_byte(w, '\n');
}

/* All of a key that its own member says; its whole id, for whoever looks for one can find a key whose id begins as another's. */
static void tell_new_key(struct writer *w, struct text role, const struct tuf_key *key)
{
    writer_string(w, "+ ");
    put(w, role);
    writer_string(w, ": may sign: ");
    put_value(w, key->person.size > 0 ? key->person
                 : key->online        ? TEXT("the server")
                                      : TEXT("nobody's key"));
    writer_string(w, ", key ");
    put(w, key->id);
    writer_format(w, ", %s", tuf_scheme_name(key->scheme));
    if (key->duty.size > 0) {
        writer_string(w, ", duty ");
        put(w, key->duty);
    }
    writer_string(w, key->online ? ", a server's\n" : "\n");
}

static void tell_keys(struct writer *w, struct text name, const struct tuf_role *before,
                      const struct tuf_role *after)
{
    for (size_t i = 0; before != NULL && i < before->key_count; i++)
        if (find_key(after, before->keys[i]->id) == NULL) {
            writer_string(w, "- ");
            put(w, name);
            writer_string(w, ": may no longer sign: ");
            tuf_changes_put_key(w, before->keys[i]);
            writer_byte(w, '\n');
        }
    for (size_t i = 0; i < after->key_count; i++) {
        const struct tuf_key *key = after->keys[i], *former = find_key(before, key->id);
        if (former == NULL) {
            tell_new_key(w, name, key);
            continue;
        }
        if (!tuf_key_same(former, key)) {
            writer_string(w, "! ");
            put(w, name);
            writer_string(w, ": another key under the id of ");
            tuf_changes_put_key(w, key);
            writer_byte(w, '\n');
        }
        tell_member(w, name, key, "person", former->person, key->person);
        tell_member(w, name, key, "duty", former->duty, key->duty);
        tell_member(w, name, key, "held by", former->online ? TEXT("a server") : TEXT("a person"),
                    key->online ? TEXT("a server") : TEXT("a person"));
    }
}

static void tell_role(struct writer *w, struct text name, const struct tuf_role *before,
                      const struct tuf_role *after)
{
    if (before == NULL) {
        writer_string(w, "+ ");
        put(w, name);
        writer_format(w, ": %u of %zu keys have to sign\n", after->threshold, after->key_count);
    } else if (before->threshold != after->threshold) {
        bool weaker = after->threshold < before->threshold;
        writer_string(w, weaker ? "! " : "~ ");
        put(w, name);
        writer_format(w, ": %u have to sign, not %u%s\n", after->threshold, before->threshold,
                      weaker ? ": WEAKER" : "");
    }
    tell_keys(w, name, before, after);
}

/* ---- root ---- */

static void tell_root(struct writer *w, const struct tuf_metadata *before, const struct tuf_metadata *after)
{
    bool solo = tree_is_solo(after), was = before != NULL && tree_is_solo(before);

    if (solo && !was)
        writer_string(w, "! root: the tree is of one person alone: WEAKER\n");
    if (!solo && was)
        writer_string(w, "+ root: the tree is no longer of one person alone\n");
    if (before == NULL || before->consistent_snapshot != after->consistent_snapshot)
        writer_format(w, "%c root: consistent snapshots: %s\n", before == NULL ? '+' : '~',
                      after->consistent_snapshot ? "yes" : "no");
    for (enum tuf_type type = TUF_ROOT; type < TUF_TYPE_COUNT; type++)
        tell_role(w, text_of(tuf_type_name(type)), before == NULL ? NULL : &before->roles[type],
                  &after->roles[type]);
}

/* ---- delegations ---- */

static const struct tuf_delegation *find_delegation(const struct tuf_metadata *metadata, struct text name,
                                                    size_t *place)
{
    for (size_t i = 0; metadata != NULL && i < metadata->delegation_count; i++)
        if (text_equal(metadata->delegations[i].name, name)) {
            *place = i;
            return &metadata->delegations[i];
        }
    return NULL;
}

static bool has_text(const struct text *list, size_t count, struct text wanted)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(list[i], wanted))
            return true;
    return false;
}

static void tell_texts(struct writer *w, struct text role, const char *what, const char *sign,
                       const struct text *list, size_t count, const struct text *other, size_t other_count)
{
    for (size_t i = 0; i < count; i++) {
        if (has_text(other, other_count, list[i]))
            continue;
        writer_string(w, sign);
        put(w, role);
        writer_format(w, ": %s ", what);
        put(w, list[i]);
        writer_byte(w, '\n');
    }
}

static void tell_scope(struct writer *w, const struct tuf_delegation *before,
                       const struct tuf_delegation *after)
{
    static const struct tuf_delegation none = {0};
    const struct tuf_delegation *old = before == NULL ? &none : before;

    tell_texts(w, after->name, "no longer speaks for", "- ", old->paths, old->path_count, after->paths,
               after->path_count);
    tell_texts(w, after->name, "speaks for", "+ ", after->paths, after->path_count, old->paths,
               old->path_count);
    tell_texts(w, after->name, "no longer speaks for paths whose SHA-256 begins with", "- ",
               old->hash_prefixes, old->hash_prefix_count, after->hash_prefixes, after->hash_prefix_count);
    tell_texts(w, after->name, "speaks for paths whose SHA-256 begins with", "+ ", after->hash_prefixes,
               after->hash_prefix_count, old->hash_prefixes, old->hash_prefix_count);
    if (before == NULL ? after->terminating : before->terminating != after->terminating) {
        writer_string(w, before == NULL ? "+ " : "~ ");
        put(w, after->name);
        writer_string(w, after->terminating ? ": nobody behind it is asked for its paths\n"
                                            : ": those behind it are asked for its paths too\n");
    }
}

static void tell_delegations(struct writer *w, const struct tuf_metadata *before,
                             const struct tuf_metadata *after)
{
    size_t place = 0, last = 0;
    bool moved = false;

    for (size_t i = 0; before != NULL && i < before->delegation_count; i++)
        if (find_delegation(after, before->delegations[i].name, &place) == NULL) {
            writer_string(w, "- ");
            put(w, before->delegations[i].name);
            writer_string(w, ": nobody may sign for it any more\n");
        }
    for (size_t i = 0; i < after->delegation_count; i++) {
        const struct tuf_delegation *now = &after->delegations[i];
        const struct tuf_delegation *former = find_delegation(before, now->name, &place);
        tell_role(w, now->name, former == NULL ? NULL : &former->role, &now->role);
        tell_scope(w, former, now);
        moved = moved || (former != NULL && place < last);
        last = former != NULL ? place : last;
    }
    if (moved)
        writer_string(w, "~ the order in which roles are asked is another\n");
}

/* ---- files ---- */

static void put_file(struct writer *w, const struct tuf_file *file)
{
    char hex[DIGEST_HEX_MAX + 1];
    struct digest digest;

    if (file->version > 0)
        writer_format(w, ", version %llu", (unsigned long long)file->version);
    if (file->length_known)
        writer_format(w, ", %llu bytes", (unsigned long long)file->length);
    if (tuf_file_digest(file, DIGEST_SHA256, &digest)) {
        digest_hex(&digest, hex);
        writer_format(w, ", SHA-256 %s", hex);
    }
    if (tuf_file_digest(file, DIGEST_SHA512, &digest)) {
        digest_hex(&digest, hex);
        writer_format(w, ", SHA-512 %s", hex);
    }
}

static bool put_custom(struct writer *w, struct json custom, struct error *err)
{
    OWN(writer_end) struct writer plain = writer_with(LIMIT_TUF_METADATA);
    struct json_writer j = json_writer_with(&plain, false);
    struct bytes raw;

    json_put_value(&j, custom);
    if (!writer_done(&plain, &raw, err))
        return false;
    writer_string(w, "    with: ");
    visible_put(w, raw);
    writer_byte(w, '\n');
    return true;
}

static bool same_custom(struct json a, struct json b, bool *out, struct error *err)
{
    OWN(writer_end) struct writer first = writer_with(LIMIT_TUF_METADATA);
    OWN(writer_end) struct writer second = writer_with(LIMIT_TUF_METADATA);
    struct json_writer ja = json_writer_with(&first, false), jb = json_writer_with(&second, false);
    struct bytes x, y;

    json_put_value(&ja, a);
    json_put_value(&jb, b);
    if (!writer_done(&first, &x, err) || !writer_done(&second, &y, err))
        return false;
    *out = x.size == y.size && memcmp(x.at, y.at, x.size) == 0;
    return true;
}

static bool tell_file(struct writer *w, const struct tuf_file *before, const struct tuf_file *after,
                      struct error *err)
{
    bool same = before != NULL, custom = true;

    same = same && before->version == after->version && before->length_known == after->length_known &&
           before->length == after->length && tuf_file_same(before, after, DIGEST_SHA256) &&
           tuf_file_same(before, after, DIGEST_SHA512);
    if (before != NULL && !same_custom(before->custom, after->custom, &custom, err))
        return false;
    if (same && custom)
        return true;
    writer_string(w, before == NULL ? "+ lists " : "~ lists ");
    put(w, after->name);
    put_file(w, after);
    writer_byte(w, '\n');
    if (before != NULL && !same) {
        writer_string(w, "    it was: ");
        put(w, before->name);
        put_file(w, before);
        writer_byte(w, '\n');
    }
    return json_is_absent(after->custom) || put_custom(w, after->custom, err);
}

static bool tell_files(struct writer *w, const struct tuf_metadata *before, const struct tuf_metadata *after,
                       struct error *err)
{
    for (size_t i = 0; before != NULL && i < before->files.count; i++)
        if (tuf_files_find(&after->files, before->files.at[i].name) == NULL) {
            writer_string(w, "- no longer lists ");
            put(w, before->files.at[i].name);
            writer_byte(w, '\n');
        }
    for (size_t i = 0; i < after->files.count; i++)
        if (!tell_file(w, before == NULL ? NULL : tuf_files_find(&before->files, after->files.at[i].name),
                       &after->files.at[i], err))
            return false;
    return true;
}

/* ---- all ---- */

bool tuf_changes_tell(struct writer *w, const struct tuf_metadata *before, const struct tuf_metadata *after,
                      struct error *err)
{
    struct bytes written;

    if (after->type == TUF_ROOT)
        tell_root(w, before, after);
    else
        tell_delegations(w, before, after);
    return tell_files(w, before, after, err) && writer_done(w, &written, err);
}

bool tuf_changes_complete(const struct tuf_metadata *metadata, bool *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_SIGNING_MEMORY);
    OWN(tuf_metadata_end) struct tuf_metadata again = {0};
    struct tuf_draft draft = tuf_draft_of(metadata);
    struct error cannot;
    struct bytes raw;

    for (size_t i = 0; i < metadata->delegation_count; i++)
        for (size_t k = 0; k < metadata->delegations[i].role.key_count; k++)
            if (metadata->delegations[i].role.keys[k]->scheme == TUF_SCHEME_UNKNOWN) {
                *out = false;
                return true;
            }
    for (enum tuf_type type = TUF_ROOT; type < TUF_TYPE_COUNT; type++)
        for (size_t k = 0; k < metadata->roles[type].key_count; k++)
            if (metadata->roles[type].keys[k]->scheme == TUF_SCHEME_UNKNOWN) {
                *out = false;
                return true;
            }
    /* What is written of what was understood is what is there, when all was understood. */
    *out = tuf_write(&draft, &arena, &raw, &cannot) &&
           tuf_metadata_parse(raw, metadata->type, &arena, &again, &cannot) &&
           again.canonical.size == metadata->canonical.size &&
           memcmp(again.canonical.at, metadata->canonical.at, metadata->canonical.size) == 0;
    if (!*out && cannot.kind == ERROR_LIMIT) {
        *err = cannot;
        return false;
    }
    return true;
}
