#include "trust/tuf_count.h"

#include "base/control.h"
#include "base/own.h"
#include "trust/tree.h"

/* Of a key of the role: why it does not count, for the sentence of tuf_count_enough. NULL: it counts. */
struct reason {
    const struct tuf_key *key;
    const char *text;
};

static const struct tuf_signature *find_signature(const struct tuf_metadata *metadata, struct text key_id)
{
    for (size_t i = 0; i < metadata->signature_count; i++)
        if (text_equal(metadata->signatures[i].key_id, key_id))
            return &metadata->signatures[i];
    return NULL;
}

/* Whether one of those that counted is the same key, or the same person's. */
static const char *counted_already(const struct tuf_signers *signers, const struct tuf_key *key)
{
    for (size_t i = 0; i < signers->count; i++) {
        if (tuf_key_same(signers->keys[i], key) && control_holds(CONTROL_TUF_DISTINCT_KEYS))
            return "is a key that counts already";
        if (key->person.size > 0 && text_equal(signers->keys[i]->person, key->person) &&
            control_holds(CONTROL_TUF_DISTINCT_PERSONS))
            return "is of a person who counts already";
    }
    return NULL;
}

bool tuf_count_is_proposer(const struct tuf_role *role, const struct tuf_metadata *metadata,
                           const struct tuf_key *key)
{
    return role->threshold >= 2 && key->person.size > 0 &&
           text_equal(key->person, tree_proposed_by(metadata)) && control_holds(CONTROL_TUF_PROPOSER);
}

bool tuf_count_others(const struct tuf_role *role, const struct tuf_metadata *metadata, struct arena *arena,
                      struct tuf_role *out, struct error *err)
{
    const struct tuf_key **keys = ARENA_ARRAY(arena, const struct tuf_key *, role->key_count);
    size_t count = 0;

    if (keys == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < role->key_count; i++)
        if (!tuf_count_is_proposer(role, metadata, role->keys[i]))
            keys[count++] = role->keys[i];
    *out = (struct tuf_role){keys, count, role->threshold};
    return true;
}

/* *why NULL: it counts. False only when nothing could be verified at all. */
static bool judge(const struct tuf_role *role, const struct tuf_key *key, const struct tuf_metadata *metadata,
                  const struct tuf_signers *signers, const char **why, struct error *err)
{
    const struct tuf_signature *signature = find_signature(metadata, key->id);
    struct error held;

    if (signature == NULL || signature->value.size == 0) {
        *why = "did not sign";
        return true;
    }
    *why =
        tuf_count_is_proposer(role, metadata, key) ? "is of who proposed it" : counted_already(signers, key);
    if (*why != NULL)
        return true;
    if (tuf_key_verify(key, metadata->canonical, signature->value, &held))
        return true;
    if (held.kind != ERROR_TRUST) {
        *err = held;
        return false;
    }
    *why =
        key->scheme == TUF_SCHEME_UNKNOWN ? "is of an unknown scheme" : "made a signature that does not hold";
    return true;
}

static bool count_with_reasons(const struct tuf_role *role, const struct tuf_metadata *metadata,
                               struct arena *arena, struct reason *reasons, struct tuf_signers *out,
                               struct error *err)
{
    const struct tuf_key **keys = ARENA_ARRAY(arena, const struct tuf_key *, role->key_count);
    struct tuf_signers signers = {.keys = keys};

    if (keys == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < role->key_count; i++) {
        reasons[i].key = role->keys[i];
        if (!judge(role, role->keys[i], metadata, &signers, &reasons[i].text, err))
            return false;
        if (reasons[i].text == NULL)
            keys[signers.count++] = role->keys[i];
    }
    *out = signers;
    return true;
}

bool tuf_count(const struct tuf_role *role, const struct tuf_metadata *metadata, struct arena *arena,
               struct tuf_signers *out, struct error *err)
{
    struct reason *reasons = ARENA_ARRAY(arena, struct reason, role->key_count);

    return reasons == NULL ? arena_full(arena, err)
                           : count_with_reasons(role, metadata, arena, reasons, out, err);
}

/* Those that do not count, in one sentence; the error cuts what is too long. */
static bool fail_few(const struct tuf_role *role, const struct reason *reasons, size_t count,
                     struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(sizeof(err->text));

    for (size_t i = 0; i < role->key_count; i++) {
        const struct tuf_key *key = reasons[i].key;
        if (reasons[i].text == NULL)
            continue;
        writer_string(&w, "; ");
        if (key->person.size > 0)
            writer_format(&w, "%.*s's ", TEXT_ARG(text_part(key->person, 0, 40)));
        writer_format(&w, "%.*s %s", TEXT_ARG(text_part(key->id, 0, 8)), reasons[i].text);
    }
    return error_set(err, ERROR_TRUST, "threshold: %zu of %u needed signatures%.*s", count, role->threshold,
                     (int)w.size, (const char *)w.at);
}

bool tuf_count_enough(const struct tuf_role *role, const struct tuf_metadata *metadata, struct arena *arena,
                      struct tuf_signers *out, struct error *err)
{
    struct reason *reasons = ARENA_ARRAY(arena, struct reason, role->key_count);
    struct tuf_signers signers;

    if (reasons == NULL)
        return arena_full(arena, err);
    if (!count_with_reasons(role, metadata, arena, reasons, &signers, err))
        return false;
    if (signers.count < role->threshold && control_holds(CONTROL_TUF_THRESHOLD))
        return fail_few(role, reasons, signers.count, err);
    *out = signers;
    return true;
}
