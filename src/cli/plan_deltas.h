/*
 * What the commands that plan share of deltas: whether they are used, by whom they are rebuilt, and what the plan says of them.
 */
#ifndef CLI_PLAN_DELTAS_H
#define CLI_PLAN_DELTAS_H

#include "base/stop.h"
#include "cli/command.h"
#include "flow/delta_rebuild.h"
#include "flow/delta_use.h"

/* Stays where it is from plan_deltas_open on: its parts point to each other. */
struct plan_deltas {
    struct delta_use use;
    struct delta_rebuild rebuild;
    struct delta_door door;
    FILE *to;          /* a terminal, or NULL */
    struct stop *stop; /* asked while a package is rebuilt; the caller's to set, or NULL */
};

/* Mistakes of the configuration are failures. */
bool plan_deltas_open(const struct command_call *call, const char *root, struct plan_deltas *out,
                      struct error *err) MUST_USE;

/* What is known of deltas for this plan, into what was found. ask: the source may be asked. */
bool plan_deltas_note(const struct plan_deltas *deltas, const struct command_call *call,
                      const struct scan_request *scan, bool ask, struct plan_found *found, struct error *err)
    MUST_USE;

#endif
