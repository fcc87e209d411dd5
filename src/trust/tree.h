/*
 * The tree of roles of our own repository (trust.md 2), as one table: who may say what, and how many of them.
 *
 *     root 3 of 5, targets 2 of 3 (delegates only), and below it: policy 2 of 3, publishers 2 of 3, crisis 2 of 4, block 1,
 *     approval 2 of 3, release 2 of 3, local 2 of 3, all offline: people's keys; and mirror, deltas, advisories, plan, online:
 *     a server's key, without authority over bytes. Timestamp and snapshot are online.
 *
 * A solo tree has one person: what needs two needs one and a delay of 24 hours with a notice on every machine, and is
 * called weaker wherever it shows ("x-suture-solo": true in root's signed part says so to every machine).
 */
#ifndef TRUST_TREE_H
#define TRUST_TREE_H

#include "base/time.h"
#include "trust/tuf_metadata.h"

#define TREE_SOLO_DELAY_US (24 * TIME_HOUR_US)

struct tree_role {
    const char *name;       /* "crisis" */
    const char *paths[4];   /* patterns of what it may list; none for the top-level roles */
    uint32_t threshold;     /* in a full tree; 1 in a solo one */
    uint32_t people;        /* how many keys a full tree has */
    bool online;            /* signed by the server */
    bool delayed_when_solo; /* what needs two people: waits 24 hours in a solo tree */
    int64_t lasts_us;       /* until it expires */
    int64_t stale_us;       /* shown as stale from then on after it was signed; 0: only when it expires */
    const char *what;       /* for people: "which packages nobody may install" */
};

#define TREE_ROLE_COUNT 15
extern const struct tree_role tree_roles[TREE_ROLE_COUNT]; /* the four top-level roles first */
const struct tree_role *tree_role_find(struct text name);  /* NULL */
/* Whether targets delegates to it: all but the four that root names. */
bool tree_role_is_delegated(const struct tree_role *role);

/* How many persons a full tree needs: of each role one key may be lost and enough are left. */
#define TREE_PEOPLE_MIN 4

/* Members of our own in the signed part; other clients ignore them. */
#define TREE_MEMBER_SOLO     "x-suture-solo" /* of root: true */
#define TREE_MEMBER_MADE     "x-suture-made" /* of each role: the time it was made at; ages count from it */
#define TREE_MEMBER_PROPOSED "x-suture-proposed-by" /* who asked for what people sign there */

/* It says so, or one signature is enough to change root, which is the same. */
bool tree_is_solo(const struct tuf_metadata *root);
/* TIME_ABSENT: it does not say. */
int64_t tree_made_us(const struct tuf_metadata *metadata);
/* Absent: it does not say. */
struct text tree_proposed_by(const struct tuf_metadata *metadata);

#endif
