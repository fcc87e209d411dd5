/*
 * What the commands that show a plan share of its new powers: fetching the packages, with progress for people, and
 * reading what they bring.
 */
#ifndef CLI_PLAN_POWERS_H
#define CLI_PLAN_POWERS_H

#include "cli/command.h"
#include "flow/delta_use.h"
#include "flow/powers_of_plan.h"
#include "flow/scan.h"

struct plan_powers_place {
    const struct command_call *call;
    const struct scan_request *scan; /* its root and state */
    const char *rate;                /* of --limit-rate, or NULL */
    const struct delta_use *deltas;  /* cli/plan_deltas.h; NULL: none are used */
};

/* Into the cache of packages, and nowhere else. A delta that could not be used is told on standard error. */
bool plan_powers_fetch(const struct plan_powers_place *place, const struct plan *plan, struct error *err)
    MUST_USE;

/* Of the packages in the cache. On failure *out says that nothing is known of any. */
bool plan_powers_read(const struct plan_powers_place *place, const struct plan *plan, struct plan_powers *out,
                      struct error *err) MUST_USE;

#endif
