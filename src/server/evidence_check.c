#include "server/evidence_check.h"

#include "verify/seal.h"
#include "wire/agent_message.h"

static const char *const proof_names[EVIDENCE_PROOF_COUNT] = {
    [EVIDENCE_PROOF_UNKNOWN] = "unknown", [EVIDENCE_PROVED] = "proved",
    [EVIDENCE_NO_RECORD] = "no record",   [EVIDENCE_BROKEN_SEAL] = "broken seal",
    [EVIDENCE_OTHER_KEY] = "other key",   [EVIDENCE_NOT_NEXT] = "not the next one",
};

const char *evidence_proof_name(enum evidence_proof proof)
{
    return proof_names[proof];
}

/* A chain may begin anew: a machine that was set up again has another. Within one, each names the one before. */
static bool follows(const struct seal *seal, const struct seal *last)
{
    if (memcmp(seal->chain, last->chain, sizeof(seal->chain)) != 0)
        return seal->number == 1;
    return seal->number == last->number + 1 && digest_equal(&seal->former, &last->digest);
}

enum evidence_proof evidence_check(struct bytes body, struct bytes last, struct arena *arena)
{
    struct seal seal, before;
    struct evidence evidence;
    struct error err;

    if (!seal_open(body, arena, &seal, &evidence, &err))
        return err.kind == ERROR_TRUST ? EVIDENCE_BROKEN_SEAL : EVIDENCE_NO_RECORD;
    if (last.size == 0)
        return EVIDENCE_PROVED; /* the beginning may be older than this fleet: only what follows can be judged */
    if (!seal_open(last, arena, &before, &evidence, &err))
        return EVIDENCE_NOT_NEXT;
    if (!public_key_equal(&seal.key, &before.key))
        return EVIDENCE_OTHER_KEY;
    if (digest_equal(&seal.digest, &before.digest))
        return EVIDENCE_PROVED; /* the same one again: its answer was lost */
    return follows(&seal, &before) ? EVIDENCE_PROVED : EVIDENCE_NOT_NEXT;
}

bool evidence_newest(struct fleet_store *store, int64_t hid, struct arena *arena, struct bytes *out,
                     struct error *err)
{
    struct fleet_event_filter filter = {
        .hid = hid, .kinds = UINT64_C(1) << AGENT_EVENT_EVIDENCE, .bodies = true, .limit = 1};
    struct fleet_event_rows rows;

    if (!fleet_store_events(store, &filter, arena, &rows, err))
        return false;
    *out = rows.count > 0 ? rows.at[0].event.body : (struct bytes){NULL, 0};
    return true;
}
