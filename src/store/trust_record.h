/*
 * What this machine believed when it last asked its repository: the roles with their ages, the orders that people signed,
 * and when each was first seen here. flow/trust_refresh.h writes it after everything was verified; whoever judges, plans
 * or shows reads it, without a signature to check, as it reads the machine's own order: it is this user's own file, and is
 * refused when it is another's.
 *
 * One file "trust/record" in the state folder, JSON, replaced whole and synced.
 *
 * An order counts from when this machine saw it first, whatever date stands in it: backdating buys nothing. In a solo tree
 * one person does what needs two, so what he signs begins 24 hours later, and is shown until then (trust/tree.h).
 *
 * A server that is silent takes no order back: blocks and crisis orders go on to their own end. An approval, which lets
 * something in, ends with the metadata of its role.
 */
#ifndef STORE_TRUST_RECORD_H
#define STORE_TRUST_RECORD_H

#include "base/time.h"
#include "trust/signature.h"
#include "trust/signed_order.h"

#define TRUST_ROLE_KEYS_MAX 4

struct trust_role {
    struct text name;
    uint64_t version;            /* 0: none is held */
    int64_t made_us;             /* TIME_ABSENT: its metadata does not say */
    int64_t expires_us;          /* TIME_ABSENT: none is held */
    uint32_t threshold, persons; /* how many had to sign, and did */
    struct text problem;         /* why it could not be believed at the last try; absent: it could */
    /* Of the role deltas: its Ed25519 keys, which indexes of deltas may be signed with (acquire/delta_index.h). */
    struct public_key keys[TRUST_ROLE_KEYS_MAX];
    size_t key_count;
};

enum trust_age { TRUST_AGE_UNKNOWN, TRUST_FRESH, TRUST_STALE, TRUST_EXPIRED, TRUST_ABSENT, TRUST_AGE_COUNT };
const char *trust_age_name(enum trust_age age); /* "fresh" */

struct trust_order {
    struct signed_order order;
    struct text role;
    uint32_t persons; /* distinct ones who signed */
    int64_t seen_us;  /* here, for the first time */
    int64_t begins_us;
};

/* A file that a role signs as a whole: the policy. */
struct trust_file {
    struct digest digest; /* kind UNKNOWN: there is none. SHA-256 */
    uint64_t version;     /* of the role's metadata */
    int64_t seen_us, begins_us;
};

struct trust_record {
    struct text repository;
    bool solo;
    int64_t
        solo_until_us; /* it has grown to several people, and counts as solo until then; TIME_ABSENT: it has not */
    int64_t tried_us, refreshed_us; /* the last try, and the last that ended well; TIME_ABSENT: none */
    struct text problem;            /* of the last try; absent: it ended well */
    const struct trust_role *roles;
    size_t role_count;
    const struct trust_order *orders;
    size_t order_count;
    struct trust_file policy, next_policy; /* in force, and the one that waits for its begin */
};

/* Of this state folder (NULL: there is none). *found false: there is none. */
bool trust_record_read(const char *state, struct arena *arena, struct trust_record *out, bool *found,
                       struct error *err) MUST_USE;
bool trust_record_write(const char *state, const struct trust_record *record, struct error *err) MUST_USE;

/* The file's grammar, for tests and fuzzing. Texts are copied into the arena. */
bool trust_record_parse(struct bytes raw, struct arena *arena, struct trust_record *out, struct error *err)
    MUST_USE;
bool trust_record_print(struct writer *w, const struct trust_record *record, struct error *err) MUST_USE;

/* NULL: not there. */
const struct trust_role *trust_record_role(const struct trust_record *record, struct text name);
/* The keys of a role that is believed and has not expired; else none. Points into the record. */
const struct public_key *trust_record_keys(const struct trust_record *record, struct text name,
                                           int64_t now_us, size_t *count);
enum trust_age trust_role_age(const struct trust_role *role, int64_t now_us);

/* Whether the order has effect. */
bool trust_order_holds(const struct trust_record *record, const struct trust_order *order, int64_t now_us);
/* The policy that has effect, or NULL. */
const struct trust_file *trust_record_policy(const struct trust_record *record, int64_t now_us);
/* Who blocks this file; or NULL. An absent version or digest (kind UNKNOWN) matches only what blocks all of the package. */
const struct trust_order *trust_record_block(const struct trust_record *record, struct text package,
                                             struct text version, const struct digest *sha256,
                                             int64_t now_us);
/* The approval of exactly this file, or NULL. */
const struct trust_order *trust_record_approval(const struct trust_record *record, struct text package,
                                                struct text version, struct text arch,
                                                const struct digest *sha256, int64_t now_us);

#endif
