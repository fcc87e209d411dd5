/*
 * Asking the repository that is pinned here what people have signed, and remembering what was believed.
 *
 *     pinned root --> roots, timestamp, snapshot, targets --> every role that targets delegates --> orders, policy
 *                            (trust/tuf_client.h)                                             '--> store/trust_record.h
 *
 * In the state folder: trust/metadata (the client's folder), trust/targets (the files of orders), trust/policy, trust/spool
 * and trust/record. Expiry is judged at the later of the clock and the last signed time (store/floors.h), which rises
 * to what roles say they were made at, but never past the clock: a wrong date, theirs or ours, locks nobody out.
 *
 * A refresh that fails takes nothing back and is no failure of the call: the record says since when and why. One role that
 * cannot be believed keeps none of the others out; its orders stay, but for approvals.
 */
#ifndef FLOW_TRUST_REFRESH_H
#define FLOW_TRUST_REFRESH_H

#include "flow/trust_settings.h"
#include "store/state.h"
#include "store/trust_record.h"

struct trust_refresh_request {
    const struct state *state;
    const struct trust_settings *settings; /* with a repository */
    const char *fetch_program;             /* NULL: only file: addresses */
    int64_t now_us;                        /* the clock's */
};

/* *out is what is remembered now. False: the pinned root is not there or is none, or nothing can be written. */
bool trust_refresh(const struct trust_refresh_request *request, struct arena *arena, struct trust_record *out,
                   struct error *err) MUST_USE;

#endif
