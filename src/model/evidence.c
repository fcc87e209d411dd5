#include "model/evidence.h"

static const char *const kinds[EVIDENCE_KIND_COUNT] = {
    [EVIDENCE_UNKNOWN] = "unknown",
    [EVIDENCE_APPLY] = "apply",
    [EVIDENCE_ROLLBACK] = "rollback",
    [EVIDENCE_VERIFY] = "verify",
};

static const char *const holes[HOLE_STATE_COUNT] = {
    [HOLE_UNKNOWN] = "unknown",
    [HOLE_CLOSED] = "closed",
    [HOLE_OPEN] = "open",
    [HOLE_RESTART_NEEDED] = "restart-needed",
};

static const char *const proofs[PROOF_COUNT] = {
    [PROOF_UNKNOWN] = "unknown",
    [PROOF_YES] = "yes",
    [PROOF_NO] = "no",
    [PROOF_NOT_ASKED] = "not-asked",
};

const char *evidence_kind_name(enum evidence_kind kind)
{
    return kinds[kind];
}

const char *hole_state_name(enum hole_state state)
{
    return holes[state];
}

const char *proof_name(enum proof proof)
{
    return proofs[proof];
}
