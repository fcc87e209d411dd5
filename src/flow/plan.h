/*
 * The plan of one machine: what is to be changed, in which groups, why, and what is left and why (model/plan.h).
 *
 *     scan -> which updates are asked for -> manager: universe -> deploy/solve -> deploy/order -> plan
 *
 * Asked for is, by scope:
 *
 *   DUE       what is due: late, due within `due_within_us`, or to be done now, and not postponed. Under a level other
 *             than normal: what the level takes, that is what closes an exploited hole or falls due before the order ends
 *   SECURITY  every security update that the level does not postpone
 *   ALL       every update that the level does not postpone
 *   NAMED     what is named, package or source, whatever the level says
 *
 * What was first seen too short ago for its lane waits and is left (flow/plan_lanes.h), except what `lifted` names.
 *
 * Held and phased packages stay as they are; what another one strictly needs is taken along although it was not asked
 * for. A plan is never made with less than was said: what cannot be had is left with its reason.
 *
 * Made by the helper program suture-plan (plan_run.h), and in one process by tests; it links libsolv, so it is a library
 * of its own. It writes nothing but the memory of verified lists: when a hole was first seen is a scan's to remember.
 */
#ifndef FLOW_PLAN_H
#define FLOW_PLAN_H

#include "flow/scan.h"
#include "model/plan.h"
#include "store/versions_seen.h"

enum plan_scope { PLAN_DUE, PLAN_SECURITY, PLAN_ALL, PLAN_NAMED, PLAN_SCOPE_COUNT };

struct plan_request {
    struct scan_request scan;
    enum plan_scope scope;
    int64_t due_within_us;    /* DUE; 0: a week */
    const struct text *names; /* NAMED: "libssl3", "libssl3:amd64" or "openssl" */
    size_t name_count;

    /* The waits are those of a machine in a fleet (acquire/lanes.h); plan_run sees to it, by the state folder. */
    bool fleet;
    bool ignore_waits; /* what still waits is planned too: to be shown to a person who may lift it */
    const struct digest *lifted; /* SHA-256 of the files whose wait is lifted (flow/gate.h) */
    size_t lifted_count;
    const struct digest *approved; /* and of those that one person of a fleet approved of */
    size_t approved_count;
    bool remember; /* of another root than this machine's, too: what it offers was seen here */
};

/* What besides the plan is said of the machine, and is no part of it. */
struct plan_found {
    struct plan plan;
    bool judged;                  /* false: there was nothing to judge with */
    bool complete;                /* false: some needed data is stale or absent */
    struct versions_seen offered; /* what was seen while planning, for plan_run to remember */
    struct text refused; /* an archive whose list is not believed, by trust's name for it; absent: all are */
    struct text
        deltas; /* what deltas leave to fetch, in words (flow/delta_use.h); absent: nobody has looked */
    struct text
        vendor; /* that a vendor's own archive was asked, why, and what came of it; absent: none was */
    struct text delta_problem; /* what is wrong with their source; absent: nothing */
};

/* ERROR_ABSENT: a name is of no package that is installed here. */
bool plan_make(const struct plan_request *request, struct arena *arena, struct plan_found *out,
               struct error *err) MUST_USE;

#endif
