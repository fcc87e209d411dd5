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
 * Fast-forward recovery (5.3.11): when a new root changed the keys of timestamp or snapshot, the cached files of both are
 * not to be used as a floor: tuf_trusted_forgets says so.
 *
 * A delegated role has one parent here: whoever names a role that another document has already delegated with other
 * keys or another threshold is refused (a diamond, trust.md 2). A cached role that is in the set was verified by the keys of
 * the delegator as it is NOW: when the delegator changed, what is cached is verified anew or fetched again.
 */
#ifndef TRUST_TUF_TRUSTED_H
#define TRUST_TUF_TRUSTED_H

#include "trust/tuf_count.h"

struct tuf_trusted; /* in the arena; its documents are ended by tuf_trusted_end */

/* The first root is believed because the caller says so (it was pinned); it still has to be signed by enough of itself. */
bool tuf_trusted_begin(struct bytes root, int64_t now_us, struct arena *arena, struct tuf_trusted **out,
                       struct error *err) MUST_USE;
void tuf_trusted_end(struct tuf_trusted **trusted); /* OWN */

bool tuf_trusted_root(struct tuf_trusted *trusted, struct bytes raw, struct error *err)
    MUST_USE; /* the next version */
bool tuf_trusted_roots_done(struct tuf_trusted *trusted, struct error *err)
    MUST_USE; /* freeze: it is expired */
bool tuf_trusted_forgets(const struct tuf_trusted *trusted, enum tuf_type type);

/* *same: it is the version that is held already; nothing changed, which is no error. */
bool tuf_trusted_timestamp(struct tuf_trusted *trusted, struct bytes raw, bool *same, struct error *err)
    MUST_USE;
/* local: read from the own disk, whose hash need not be that of a timestamp that has none or another. */
bool tuf_trusted_snapshot(struct tuf_trusted *trusted, struct bytes raw, bool local, struct error *err)
    MUST_USE;
bool tuf_trusted_targets(struct tuf_trusted *trusted, struct text role, struct text delegator,
                         struct bytes raw, struct error *err) MUST_USE;

/* NULL: not in the set yet. */
const struct tuf_metadata *tuf_trusted_get(const struct tuf_trusted *trusted, struct text role);
/* What the timestamp says of the snapshot, the snapshot of a role: version, and length and hashes where given. */
const struct tuf_file *tuf_trusted_meta(const struct tuf_trusted *trusted, struct text role);
/* Keys and threshold of a role as its delegator in the set has them; *out.key_count 0: nobody delegates it. */
struct tuf_role tuf_trusted_role(const struct tuf_trusted *trusted, struct text role);

#endif
