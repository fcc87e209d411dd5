/*
 * What one version of metadata changes against another, in sentences: what a person reads before signing.
 *
 *     + delegates crisis, paths orders/crisis/, to 2 of: anna (78b82d48), otto (65e93641)
 *     ~ policy: key 65e93641: person otto -> anna
 *     - no longer lists orders/block/2026-11-22-9f3a1c07.json
 *
 * '+' is new, '-' is gone, '~' is changed, '!' makes the tree weaker. Names that come from the documents are shown with
 * base/visible.h. Of targets the paths, lengths, hashes and custom data are told, not their content.
 */
#ifndef TRUST_TUF_CHANGES_H
#define TRUST_TUF_CHANGES_H

#include "trust/tuf_metadata.h"

/* before NULL: there is none, and all is new. */
bool tuf_changes_tell(struct writer *w, const struct tuf_metadata *before, const struct tuf_metadata *after,
                      struct error *err) MUST_USE;
/*
 * Whether the sentences can tell all that it says: false when it has members that this version does not know. Then it is
 * to be shown whole.
 */
bool tuf_changes_complete(const struct tuf_metadata *metadata, bool *out, struct error *err) MUST_USE;

/* "anna (78b82d48)", "the server 65e93641", or "key 65e93641" of nobody. */
void tuf_changes_put_key(struct writer *w, const struct tuf_key *key);

#endif
