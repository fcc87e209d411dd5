/*
 * The trusted set: the one place that decides whether metadata is believed (specification 1.0.34, 5.3 to 5.6).
 *
 *     root 1 -> root 2 -> ... -> root N   each signed by enough of the one before and of its own, versions without a gap
 *       '-> timestamp -> snapshot -> targets -> delegated roles
 *
 * It knows no network, no disk and no clock: bytes and the time of the update's begin come in, and either the set has
 * one more member or nothing has changed and the error begins with the name of what was tried: rollback, freeze,
 * mix-and-match, wrong-signature, threshold, fast-forward, endless-data, scope (trust.md). Members come in that order; a
 * root after a timestamp is our own mistake (assert).
 *
 * Expiry is judged only where the specification has it: root when the last one is in, timestamp, snapshot and
 * targets each as the last step of its update, so that an expired cached timestamp still serves as a floor of versions.
 * Fast-forward recovery (5.3.11): when a new root took a key of timestamp or snapshot away, the cached files of both are
 * not to be used as a floor: tuf_trusted_forgets says so.
 *
 * A delegated role has one parent here: who follows a delegation to a role that was verified for another document with other
 * keys or another threshold is refused (a diamond, trust.md 2). A cached role that is in the set was verified by the keys of
 * the delegator as it is NOW: when the delegator changed, what is cached is verified anew or fetched again.
 *
 * Reading: a set that was begun with TIME_ABSENT is for what lies on the own disk and was believed when it came. Nothing
 * expires in it (the caller says what did), a timestamp or snapshot may be missing, and a file may be older than the one
 * that names it, as it is after an update that was broken off. Signatures are judged as always.
 *
 * The bytes that come in have to live as long as the set.
 */
#ifndef TRUST_TUF_TRUSTED_H
#define TRUST_TUF_TRUSTED_H

#include "trust/tuf_count.h"

struct tuf_trusted; /* in the arena; its documents are ended by tuf_trusted_end */

/* The first root is believed because the caller says so (it was pinned); it still has to be signed by enough of itself. */
bool tuf_trusted_begin(struct bytes root, int64_t now_us, struct arena *arena, struct tuf_trusted **out,
                       struct error *err) MUST_USE;
void tuf_trusted_end(struct tuf_trusted **trusted); /* OWN */

/* From now on what comes in is as json_parse_in_place wants it, and after a refusal may not be what it was. */
void tuf_trusted_in_place(struct tuf_trusted *trusted);

/* The next version. */
bool tuf_trusted_root(struct tuf_trusted *trusted, struct bytes raw, struct error *err) MUST_USE;
/* freeze: it is expired. */
bool tuf_trusted_roots_done(struct tuf_trusted *trusted, struct error *err) MUST_USE;
bool tuf_trusted_forgets(const struct tuf_trusted *trusted);

/*
 * local: read from the own disk: a floor, expired or not. *same: it is the version that is held already; nothing changed,
 * which is no error as long as that one has not expired.
 */
bool tuf_trusted_timestamp(struct tuf_trusted *trusted, struct bytes raw, bool local, bool *same,
                           struct error *err) MUST_USE;
/* local: a floor too, whose version and hash need not be those that the timestamp names. */
bool tuf_trusted_snapshot(struct tuf_trusted *trusted, struct bytes raw, bool local, struct error *err)
    MUST_USE;
/* Whether the snapshot in the set is the one that the timestamp names, and has not expired: then no other is needed. */
bool tuf_trusted_current(const struct tuf_trusted *trusted);
bool tuf_trusted_targets(struct tuf_trusted *trusted, struct text role, struct text delegator,
                         struct bytes raw, struct error *err) MUST_USE;
/* *out: whether the role is in the set, for this delegator. ERROR_TRUST (scope): it is, but for another with other keys. */
bool tuf_trusted_holds(const struct tuf_trusted *trusted, struct text role, struct text delegator, bool *out,
                       struct error *err) MUST_USE;

/* NULL: not in the set yet. */
const struct tuf_metadata *tuf_trusted_get(const struct tuf_trusted *trusted, struct text role);
/* What the timestamp says of the snapshot, the snapshot of a role: version, and length and hashes where given. */
const struct tuf_file *tuf_trusted_meta(const struct tuf_trusted *trusted, struct text role);
/* Keys and threshold of a role as the first who delegates it in the set has them; key_count 0: nobody does. */
struct tuf_role tuf_trusted_role(const struct tuf_trusted *trusted, struct text role);

#endif
