/*
 * Which lane an update comes in, whether it still waits there (acquire/lanes.h), and what a new package is to this
 * machine: the judgement of flow/plan.c that ends in plan_change.lane, new_package and follows.
 *
 *     asked for, and waits             left with "soak" and its time, before anything is solved
 *     needed by what is asked for      comes in the lane of who needs it; waits it all the same, both are left
 *
 * A package that is new is expected when its publisher has brought another of the same source here already (a kernel's next
 * ABI, a library that was split), or the policy's list of new packages names it; else a person is asked.
 */
#ifndef FLOW_PLAN_LANES_H
#define FLOW_PLAN_LANES_H

#include "acquire/lanes.h"
#include "flow/plan.h"
#include "model/universe.h"
#include "store/trust_record.h"

/* What waits are judged by. */
struct plan_waits {
    const struct plan_request *request;
    const struct scan *scan;
    struct versions_seen seen; /* as the state folder has it */
    struct lane_terms terms;
    bool has_trust; /* a repository is pinned here */
    struct trust_record trust;
    bool crisis; /* the level, where there is one, may end waits */
};

/* ERROR_INPUT, ERROR_TRUST: what was remembered of versions is broken, or not ours: nothing is taken for old then. */
bool plan_waits_open(const struct plan_request *request, const struct scan *scan, struct arena *arena,
                     struct plan_waits *out, struct error *err) MUST_USE;

/*
 * A fix of a hole that is used in attacks is in the lane exploited when two sources say so that do not copy each other
 * (model/vulnerability.h): one feed that lies shortens no wait. In a fleet a level makes a lane only when two people signed its
 * order, or the one of a solo tree whose day is over.
 */
enum lane plan_lane_of_update(const struct plan_waits *waits, uint32_t update);
/* What a version is known by; its texts are those of host and package. */
struct version_seen plan_version_of(const struct scan *scan, const struct universe_package *package,
                                    struct arena *arena);
bool plan_waits_for(const struct plan_waits *waits, const struct universe_package *package, enum lane lane,
                    struct arena *arena, int64_t *until_us);

/* Why it waits, and in a fleet who calls its hole exploited: "it was first seen here too short ago; ...". */
struct text plan_wait_words(const struct plan_waits *waits, uint32_t update, struct arena *arena);

/* Who forbade it; NULL: nobody. */
const struct trust_order *plan_block_of(const struct plan_waits *waits,
                                        const struct universe_package *package);

/* `package` is offered and of no name that is installed. *follows: the installed package whose next it is, or absent. */
bool plan_is_stranger(const struct scan *scan, const struct universe_package *package, struct text *follows);

/* The latest date that a list here was signed with, of those that are believed. */
int64_t plan_signed_us(const struct host *host);

#endif
