/*
 * Counting: do enough of a role's keys vouch for this document?
 *
 * A signature counts when its key id is one of the role's, the key is of a known scheme and the signature holds over the
 * canonical bytes. Counted are distinct key materials, as the specification asks (a key under two ids is one), and of keys
 * that name their person distinct persons, which is stricter: somebody with a file key and a hardware key is one
 * person. One signature that does not hold is no error as long as enough others do.
 *
 * Whoever proposes and whoever approves differ (trust.md 7): where a role needs two or more, the signature of the person whom the
 * document names as its proposer (trust/tree.h) does not count. Where one is enough, it is a person's right to act alone.
 * Every tree has one more person for a role than it needs (trust/tree_seats.h), so it can be approved all the same. The name is part of what is signed, so those who sign vouch for it; a document that names nobody counts everybody.
 */
#ifndef TRUST_TUF_COUNT_H
#define TRUST_TUF_COUNT_H

#include "trust/tuf_metadata.h"

struct tuf_signers {
    const struct tuf_key *const *keys; /* those that counted, in the order of the role */
    size_t count;                      /* distinct persons or keys */
};

/* Whether this key's person proposed the document, and for that does not count. */
bool tuf_count_is_proposer(const struct tuf_role *role, const struct tuf_metadata *metadata,
                           const struct tuf_key *key);
/* The role with those alone whose signatures under this document count. */
bool tuf_count_others(const struct tuf_role *role, const struct tuf_metadata *metadata, struct arena *arena,
                      struct tuf_role *out, struct error *err) MUST_USE;

/* Who of the role signed; never fails for want of signers: the caller compares with role->threshold. */
bool tuf_count(const struct tuf_role *role, const struct tuf_metadata *metadata, struct arena *arena,
               struct tuf_signers *out, struct error *err) MUST_USE;
/* The same, and ERROR_TRUST "threshold: 1 of 2 needed signatures; ..." where they are too few. */
bool tuf_count_enough(const struct tuf_role *role, const struct tuf_metadata *metadata, struct arena *arena,
                      struct tuf_signers *out, struct error *err) MUST_USE;

#endif
