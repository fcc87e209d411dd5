#include "trust/tuf_trusted.h"

#include <assert.h>

#include "base/control.h"
#include "base/own.h"

/* Targets or a delegated role. */
struct member {
    struct text name, delegator;
    struct tuf_role role; /* the keys and the threshold that it was verified with */
    struct tuf_metadata *metadata;
};

struct tuf_trusted {
    struct arena *arena;
    int64_t now_us;
    bool reading;
    bool in_place;
    bool forgets;
    bool timestamp_last; /* the timestamp is more than a floor: nothing newer was to be had */
    bool current;        /* the same of the snapshot */
    struct tuf_metadata root, timestamp, snapshot; /* type UNKNOWN: not there */
    struct member *members;
    size_t member_count, member_capacity;
};

#define ROOT      TEXT("root")
#define TIMESTAMP TEXT("timestamp")
#define SNAPSHOT  TEXT("snapshot")
#define TARGETS   TEXT("targets")

/* ---- what is said of each document ---- */

/* "threshold: 1 of 2 needed signatures" becomes "threshold: snapshot: 1 of 2 ...": a refusal's name stays in front. */
static bool of_role(struct error *err, struct text role)
{
    const struct error cause = *err;
    struct text rest = text_of(cause.text), name;

    if (cause.kind != ERROR_TRUST || !text_cut(&rest, ':', &name) || rest.size == 0)
        return error_at(err, "%.*s", TEXT_ARG(role));
    return error_set(err, cause.kind, "%.*s: %.*s:%.*s", TEXT_ARG(name), TEXT_ARG(role), TEXT_ARG(rest));
}

static bool parse(const struct tuf_trusted *trusted, struct text role, enum tuf_type type, struct bytes raw,
                  struct tuf_metadata *out, struct error *err)
{
    return (trusted->in_place ? tuf_metadata_parse_in_place(raw, type, trusted->arena, out, err)
                              : tuf_metadata_parse(raw, type, trusted->arena, out, err)) ||
           of_role(err, role);
}

static bool check_signers(const struct tuf_trusted *trusted, struct text name, const struct tuf_role *role,
                          const struct tuf_metadata *metadata, struct error *err)
{
    struct tuf_signers signers;

    return tuf_count_enough(role, metadata, trusted->arena, &signers, err) || of_role(err, name);
}

static bool has_expired(const struct tuf_trusted *trusted, const struct tuf_metadata *metadata)
{
    return !trusted->reading && metadata->expires_us <= trusted->now_us && control_holds(CONTROL_TUF_FREEZE);
}

static bool check_expiry(const struct tuf_trusted *trusted, struct text name,
                         const struct tuf_metadata *metadata, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(64);

    if (!has_expired(trusted, metadata))
        return true;
    time_write(&w, metadata->expires_us);
    const struct bytes date = writer_bytes(&w);
    return error_set(err, ERROR_TRUST, "freeze: %.*s version %llu expired at %.*s", TEXT_ARG(name),
                     (unsigned long long)metadata->version, (int)date.size, (const char *)date.at);
}

static bool has_digest(struct bytes raw, const struct tuf_file *file, enum digest_kind kind, bool *out,
                       struct error *err)
{
    struct digest wanted, got;

    if (!tuf_file_digest(file, kind, &wanted))
        return true;
    if (!digest_bytes(kind, raw, &got, err))
        return false;
    *out = *out && digest_equal(&got, &wanted);
    return true;
}

/* Whether it has the length and the hashes that are said of it. */
static bool compare_bytes(struct bytes raw, const struct tuf_file *file, bool *same, struct error *err)
{
    *same = !file->length_known || file->length == raw.size;
    return has_digest(raw, file, DIGEST_SHA256, same, err) && has_digest(raw, file, DIGEST_SHA512, same, err);
}

static bool check_bytes(struct text name, struct bytes raw, const struct tuf_file *file, struct text namer,
                        struct error *err)
{
    bool same = false;

    if (!compare_bytes(raw, file, &same, err))
        return false;
    return same || !control_holds(CONTROL_TUF_MIX_AND_MATCH) ||
           error_set(err, ERROR_TRUST, "mix-and-match: %.*s is not the file whose length and hash %.*s has",
                     TEXT_ARG(name), TEXT_ARG(namer));
}

static bool check_version(struct text name, const struct tuf_metadata *metadata, const struct tuf_file *file,
                          struct text namer, struct error *err)
{
    assert(file != NULL); /* who is not listed was refused before */
    if (metadata->version == file->version || !control_holds(CONTROL_TUF_MIX_AND_MATCH))
        return true;
    return error_set(err, ERROR_TRUST, "mix-and-match: %.*s is version %llu, %.*s names %llu", TEXT_ARG(name),
                     (unsigned long long)metadata->version, TEXT_ARG(namer),
                     (unsigned long long)file->version);
}

/* `by`: "snapshot lists ", or nothing where the document itself is meant. */
static bool check_not_older(const char *by, struct text name, uint64_t version, uint64_t held,
                            struct error *err)
{
    if (version >= held || !control_holds(CONTROL_TUF_ROLLBACK))
        return true;
    return error_set(err, ERROR_TRUST, "rollback: %s%.*s version %llu, older than %llu, which is held", by,
                     TEXT_ARG(name), (unsigned long long)version, (unsigned long long)held);
}

/* Takes the document over; what stood there is ended. */
static void take(struct tuf_metadata *place, struct tuf_metadata *metadata)
{
    tuf_metadata_end(place);
    *place = *metadata;
    *metadata = (struct tuf_metadata){0};
}

/* ---- roots ---- */

static bool in_role(const struct tuf_role *role, const struct tuf_key *key)
{
    for (size_t i = 0; i < role->key_count; i++)
        if (tuf_key_same(role->keys[i], key))
            return true;
    return false;
}

/* A key that is only added took nothing back, and what the others signed stays a floor. */
static bool lost_key(const struct tuf_role *before, const struct tuf_role *after)
{
    for (size_t i = 0; i < before->key_count; i++)
        if (!in_role(after, before->keys[i]))
            return true;
    return false;
}

bool tuf_trusted_begin(struct bytes root, int64_t now_us, struct arena *arena, struct tuf_trusted **out,
                       struct error *err)
{
    OWN(tuf_trusted_end) struct tuf_trusted *trusted = ARENA_NEW(arena, struct tuf_trusted);

    if (trusted == NULL)
        return arena_full(arena, err);
    *trusted = (struct tuf_trusted){.arena = arena, .now_us = now_us, .reading = now_us == TIME_ABSENT};
    if (!parse(trusted, ROOT, TUF_ROOT, root, &trusted->root, err) ||
        !check_signers(trusted, ROOT, &trusted->root.roles[TUF_ROOT], &trusted->root, err))
        return false;
    *out = trusted;
    trusted = NULL;
    return true;
}

void tuf_trusted_end(struct tuf_trusted **trusted)
{
    struct tuf_trusted *ended = *trusted;

    *trusted = NULL;
    if (ended == NULL)
        return;
    tuf_metadata_end(&ended->root);
    tuf_metadata_end(&ended->timestamp);
    tuf_metadata_end(&ended->snapshot);
    for (size_t i = 0; i < ended->member_count; i++)
        tuf_metadata_end(ended->members[i].metadata);
}

void tuf_trusted_in_place(struct tuf_trusted *trusted)
{
    trusted->in_place = true;
}

bool tuf_trusted_root(struct tuf_trusted *trusted, struct bytes raw, struct error *err)
{
    OWN(tuf_metadata_end) struct tuf_metadata next = {0};
    const struct tuf_role *roles = trusted->root.roles;
    const unsigned long long due = trusted->root.version + 1;

    assert(trusted->timestamp.type == TUF_TYPE_UNKNOWN && trusted->snapshot.type == TUF_TYPE_UNKNOWN &&
           trusted->member_count == 0);
    if (!parse(trusted, ROOT, TUF_ROOT, raw, &next, err) ||
        !check_signers(trusted, ROOT, &roles[TUF_ROOT], &next, err) ||
        !check_signers(trusted, ROOT, &next.roles[TUF_ROOT], &next, err))
        return false;
    if (next.version < due && control_holds(CONTROL_TUF_ROLLBACK))
        return error_set(err, ERROR_TRUST, "rollback: root is version %llu, version %llu comes next",
                         (unsigned long long)next.version, due);
    if (next.version > due && control_holds(CONTROL_TUF_ROLLBACK))
        return error_set(err, ERROR_TRUST, "fast-forward: root is version %llu, version %llu comes next",
                         (unsigned long long)next.version, due);
    trusted->forgets = trusted->forgets || lost_key(&roles[TUF_TIMESTAMP], &next.roles[TUF_TIMESTAMP]) ||
                       lost_key(&roles[TUF_SNAPSHOT], &next.roles[TUF_SNAPSHOT]);
    take(&trusted->root, &next);
    return true;
}

bool tuf_trusted_roots_done(struct tuf_trusted *trusted, struct error *err)
{
    return check_expiry(trusted, ROOT, &trusted->root, err);
}

bool tuf_trusted_forgets(const struct tuf_trusted *trusted)
{
    return trusted->forgets;
}

/* ---- timestamp ---- */

bool tuf_trusted_timestamp(struct tuf_trusted *trusted, struct bytes raw, bool local, bool *same,
                           struct error *err)
{
    OWN(tuf_metadata_end) struct tuf_metadata next = {0};
    struct tuf_metadata *held = &trusted->timestamp;
    const bool first = held->type == TUF_TYPE_UNKNOWN;

    assert(trusted->snapshot.type == TUF_TYPE_UNKNOWN && trusted->member_count == 0);
    if (!parse(trusted, TIMESTAMP, TUF_TIMESTAMP, raw, &next, err) ||
        !check_signers(trusted, TIMESTAMP, &trusted->root.roles[TUF_TIMESTAMP], &next, err))
        return false;
    *same = !first && next.version == held->version;
    if (*same) {
        trusted->timestamp_last = true;
        return check_expiry(trusted, TIMESTAMP, held, err);
    }
    if (!first && (!check_not_older("", TIMESTAMP, next.version, held->version, err) ||
                   !check_not_older("timestamp names ", SNAPSHOT, next.files.at[0].version,
                                    held->files.at[0].version, err)))
        return false;
    if (!local && !check_expiry(trusted, TIMESTAMP, &next, err))
        return false;
    trusted->timestamp_last = !local;
    take(held, &next);
    return true;
}

/* ---- snapshot ---- */

/* Whatever role the held one lists stays listed, and never as an older version. */
static bool check_roles_held(const struct tuf_metadata *held, const struct tuf_metadata *next,
                             struct error *err)
{
    for (size_t i = 0; i < held->files.count; i++) {
        const struct tuf_file *before = &held->files.at[i];
        const struct tuf_file *after = tuf_files_find(&next->files, before->name);
        if (after == NULL && control_holds(CONTROL_TUF_ROLLBACK))
            return error_set(err, ERROR_TRUST, "rollback: snapshot version %llu no longer lists %.*s",
                             (unsigned long long)next->version, TEXT_ARG(before->name));
        if (after != NULL &&
            !check_not_older("snapshot lists ", before->name, after->version, before->version, err))
            return false;
    }
    return true;
}

/* Whether a snapshot from the own disk is the one that is wanted, so that no other need be fetched. */
static bool is_named(const struct tuf_trusted *trusted, struct bytes raw, const struct tuf_metadata *snapshot)
{
    const struct tuf_file *named = tuf_trusted_meta(trusted, SNAPSHOT);
    struct error ignored;
    bool same = false;

    return named != NULL && snapshot->version == named->version &&
           compare_bytes(raw, named, &same, &ignored) && same && !has_expired(trusted, snapshot);
}

bool tuf_trusted_snapshot(struct tuf_trusted *trusted, struct bytes raw, bool local, struct error *err)
{
    OWN(tuf_metadata_end) struct tuf_metadata next = {0};
    struct tuf_metadata *held = &trusted->snapshot;
    const struct tuf_file *named = tuf_trusted_meta(trusted, SNAPSHOT);

    assert(trusted->member_count == 0);
    assert(local ? trusted->reading || named != NULL : trusted->timestamp_last);
    if (!local && !check_bytes(SNAPSHOT, raw, named, TIMESTAMP, err))
        return false;
    if (!parse(trusted, SNAPSHOT, TUF_SNAPSHOT, raw, &next, err) ||
        !check_signers(trusted, SNAPSHOT, &trusted->root.roles[TUF_SNAPSHOT], &next, err))
        return false;
    if (!local && (!check_version(SNAPSHOT, &next, named, TIMESTAMP, err) ||
                   !check_not_older("", SNAPSHOT, next.version, held->version, err) ||
                   !check_roles_held(held, &next, err) || !check_expiry(trusted, SNAPSHOT, &next, err)))
        return false;
    trusted->current = !local || trusted->reading || is_named(trusted, raw, &next);
    take(held, &next);
    return true;
}

bool tuf_trusted_current(const struct tuf_trusted *trusted)
{
    return trusted->current;
}

/* ---- targets and delegated roles ---- */

static struct member *find_member(const struct tuf_trusted *trusted, struct text name)
{
    for (size_t i = 0; i < trusted->member_count; i++)
        if (text_equal(trusted->members[i].name, name))
            return &trusted->members[i];
    return NULL;
}

static const struct tuf_delegation *find_delegation(const struct tuf_metadata *delegator, struct text name)
{
    for (size_t i = 0; i < delegator->delegation_count; i++)
        if (text_equal(delegator->delegations[i].name, name))
            return &delegator->delegations[i];
    return NULL;
}

/* Its file would stand in the place of another's. */
static bool is_top_level(struct text name)
{
    return text_equal(name, ROOT) || text_equal(name, TIMESTAMP) || text_equal(name, SNAPSHOT) ||
           text_equal(name, TARGETS);
}

/* The keys that the delegator gives the role. */
static bool find_role(const struct tuf_trusted *trusted, struct text name, struct text delegator,
                      struct tuf_role *out, struct error *err)
{
    const struct member *parent = find_member(trusted, delegator);
    const struct tuf_delegation *delegation;

    if (text_equal(name, TARGETS) && text_equal(delegator, ROOT)) {
        *out = trusted->root.roles[TUF_TARGETS];
        return true;
    }
    if (is_top_level(name))
        return error_set(err, ERROR_TRUST, "scope: %.*s delegates a role that is called %.*s",
                         TEXT_ARG(delegator), TEXT_ARG(name));
    if (parent == NULL || (delegation = find_delegation(parent->metadata, name)) == NULL)
        return error_set(err, ERROR_TRUST, "scope: %.*s does not delegate %.*s", TEXT_ARG(delegator),
                         TEXT_ARG(name));
    *out = delegation->role;
    return true;
}

static bool same_role(const struct tuf_role *a, const struct tuf_role *b)
{
    if (a->threshold != b->threshold || a->key_count != b->key_count)
        return false;
    return !lost_key(a, b) && !lost_key(b, a);
}

bool tuf_trusted_holds(const struct tuf_trusted *trusted, struct text role, struct text delegator, bool *out,
                       struct error *err)
{
    const struct member *held = find_member(trusted, role);
    struct tuf_role wanted;

    if (!find_role(trusted, role, delegator, &wanted, err))
        return false;
    if (held != NULL && !same_role(&held->role, &wanted) && control_holds(CONTROL_TUF_DIAMOND))
        return error_set(err, ERROR_TRUST, "scope: %.*s is delegated by %.*s and, with other keys, by %.*s",
                         TEXT_ARG(role), TEXT_ARG(held->delegator), TEXT_ARG(delegator));
    *out = held != NULL;
    return true;
}

static bool put_member(struct tuf_trusted *trusted, const struct member *member, struct error *err)
{
    struct member *grown = arena_grow(trusted->arena, trusted->members, trusted->member_count,
                                      &trusted->member_capacity, trusted->member_count + 1, sizeof(*grown));

    if (grown == NULL)
        return arena_full(trusted->arena, err);
    trusted->members = grown;
    grown[trusted->member_count++] = *member;
    return true;
}

/* Before it is parsed: where the snapshot has its hash, bytes that nobody vouches for never reach the parser (5.6.2). */
static bool check_listed_bytes(const struct tuf_trusted *trusted, struct text name, struct bytes raw,
                               struct error *err)
{
    const struct tuf_file *listed = tuf_trusted_meta(trusted, name);

    if (trusted->reading)
        return true;
    if (listed == NULL)
        return error_set(err, ERROR_TRUST, "mix-and-match: snapshot version %llu does not list %.*s",
                         (unsigned long long)trusted->snapshot.version, TEXT_ARG(name));
    return check_bytes(name, raw, listed, SNAPSHOT, err);
}

/* A set that is only read may have an older file, or no snapshot. */
static bool check_listed(const struct tuf_trusted *trusted, struct text name, struct bytes raw,
                         const struct tuf_metadata *next, struct error *err)
{
    const struct tuf_file *listed = tuf_trusted_meta(trusted, name);

    if (trusted->reading && (listed == NULL || next->version < listed->version))
        return true;
    return (!trusted->reading || check_bytes(name, raw, listed, SNAPSHOT, err)) &&
           check_version(name, next, listed, SNAPSHOT, err);
}

bool tuf_trusted_targets(struct tuf_trusted *trusted, struct text role, struct text delegator,
                         struct bytes raw, struct error *err)
{
    OWN(tuf_metadata_end) struct tuf_metadata next = {0};
    struct member member = {.name = text_copy(trusted->arena, role),
                            .delegator = text_copy(trusted->arena, delegator),
                            .metadata = ARENA_NEW(trusted->arena, struct tuf_metadata)};
    bool held = false;

    assert(trusted->current || trusted->reading);
    if (member.name.at == NULL || member.delegator.at == NULL || member.metadata == NULL)
        return arena_full(trusted->arena, err);
    if (!tuf_trusted_holds(trusted, role, delegator, &held, err) ||
        !find_role(trusted, role, delegator, &member.role, err))
        return false;
    assert(!held);
    if (!check_listed_bytes(trusted, role, raw, err) || !parse(trusted, role, TUF_TARGETS, raw, &next, err) ||
        !check_signers(trusted, role, &member.role, &next, err) ||
        !check_listed(trusted, role, raw, &next, err) || !check_expiry(trusted, role, &next, err) ||
        !put_member(trusted, &member, err))
        return false;
    take(member.metadata, &next);
    return true;
}

/* ---- looking ---- */

static const struct tuf_metadata *there(const struct tuf_metadata *metadata)
{
    return metadata->type == TUF_TYPE_UNKNOWN ? NULL : metadata;
}

const struct tuf_metadata *tuf_trusted_get(const struct tuf_trusted *trusted, struct text role)
{
    const struct member *member = find_member(trusted, role);

    if (text_equal(role, ROOT))
        return there(&trusted->root);
    if (text_equal(role, TIMESTAMP))
        return there(&trusted->timestamp);
    if (text_equal(role, SNAPSHOT))
        return there(&trusted->snapshot);
    return member == NULL ? NULL : member->metadata;
}

const struct tuf_file *tuf_trusted_meta(const struct tuf_trusted *trusted, struct text role)
{
    const struct tuf_files *files = &trusted->snapshot.files;

    if (text_equal(role, SNAPSHOT))
        return trusted->timestamp.type == TUF_TYPE_UNKNOWN ? NULL : &trusted->timestamp.files.at[0];
    const struct text name = text_format(trusted->arena, "%.*s.json", TEXT_ARG(role));
    return name.at == NULL || trusted->snapshot.type == TUF_TYPE_UNKNOWN ? NULL : tuf_files_find(files, name);
}

struct tuf_role tuf_trusted_role(const struct tuf_trusted *trusted, struct text role)
{
    const enum tuf_type types[] = {TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS};

    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (text_equal(role, text_of(tuf_type_name(types[i]))))
            return trusted->root.roles[types[i]];
    for (size_t i = 0; i < trusted->member_count; i++) {
        const struct tuf_delegation *delegation = find_delegation(trusted->members[i].metadata, role);
        if (delegation != NULL)
            return delegation->role;
    }
    return (struct tuf_role){0};
}
