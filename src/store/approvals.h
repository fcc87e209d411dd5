/*
 * Approvals that were given on this machine: "install exactly these bytes, although they would be held".
 *
 * One file "approvals" in the state folder, of its owner alone, replaced whole. One canonical JSON document
 * (format/json_canonical.h), signed as a whole with the machine's key (trust/machine_key.h):
 *
 *     {"algorithm": "ed25519",
 *      "approvals": [{"arch", "by", "ends", "lifts": ["powers", "wait", "new-package"], "made", "package",
 *                     "powers": SHA-256 of what was shown or null, "sha256": of the file, "version"}],
 *      "key": "8f40...", "schema": "suture.approvals/1", "signature": "6291..."}
 *
 * The signature is over the document without its member "signature". It binds an approval to this machine's root: a file
 * that came from elsewhere, or was edited, is an error, never an approval. An approval is the same noun that a fleet's
 * people sign (trust/signed_order.h); acquire/lifts.h judges what either lifts.
 */
#ifndef STORE_APPROVALS_H
#define STORE_APPROVALS_H

#include "trust/signature.h"
#include "trust/signed_order.h"

#define APPROVALS_FILE "approvals"
/* How long one is good for: an update that was not installed by then is looked at again. */
#define APPROVALS_LAST_US (90 * TIME_DAY_US)

struct approvals {
    struct signed_order *at; /* SIGNED_ORDER_APPROVAL each, oldest first */
    size_t count;
};

/* No file: none, no error. ERROR_TRUST: another's, or not signed with `key`; ERROR_INPUT: broken, newer. */
bool approvals_read(const char *path, const struct public_key *key, struct arena *arena,
                    struct approvals *out, struct error *err) MUST_USE;
bool approvals_parse(struct bytes raw, const struct public_key *key, struct arena *arena,
                     struct approvals *out, struct error *err) MUST_USE;
bool approvals_write(const struct approvals *approvals, const struct secret_key *key, struct arena *arena,
                     struct writer *w, struct error *err) MUST_USE;

/*
 * Adds one, durably, in place of what lifted the same of the same bytes; those that have ended by its own date go, and the
 * oldest when there are too many.
 */
bool approvals_put(const char *path, const struct secret_key *key, const struct signed_order *approval,
                   struct arena *arena, struct error *err) MUST_USE;

#endif
