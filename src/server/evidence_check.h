/*
 * Evidence as it comes in: whether the seal holds, and goes on where this host's last one ended.
 *
 * A machine signs its records with a key of its own and chains them (verify/seal.h). What does not hold is stored all the
 * same, for it is a statement about the machine and may be the trace of an attack; but its event is marked, so that
 * nobody takes it for proof. Which key is a host's is learnt from its first record: from then on another key, a
 * number that was used, or a former record that is not the one before, is a mark too.
 */
#ifndef SERVER_EVIDENCE_CHECK_H
#define SERVER_EVIDENCE_CHECK_H

#include "store/fleet_read.h"

/* FLEET_EVENT_MARK is added to the kind of an event whose seal is no proof: a filter has a bit for each kind below it. */

enum evidence_proof {
    EVIDENCE_PROOF_UNKNOWN,
    EVIDENCE_PROVED,
    EVIDENCE_NO_RECORD,   /* the bytes are no sealed record */
    EVIDENCE_BROKEN_SEAL, /* the signature does not hold */
    EVIDENCE_OTHER_KEY,   /* sealed with another key than the host's first one */
    EVIDENCE_NOT_NEXT,    /* it does not follow the last one that came */
    EVIDENCE_PROOF_COUNT
};
const char *evidence_proof_name(enum evidence_proof proof); /* "other key" */

/* One record after the last one that came, which is absent for the first. Pure. */
enum evidence_proof evidence_check(struct bytes body, struct bytes last, struct arena *arena);

/* The last evidence of the host that was proof; no bytes when there is none. */
bool evidence_newest(struct fleet_store *store, int64_t hid, struct arena *arena, struct bytes *out,
                     struct error *err) MUST_USE;

#endif
