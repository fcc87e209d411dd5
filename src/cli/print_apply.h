/*
 * What `suture apply` says at its end: what happened, step by step where something went wrong, and what to do next.
 */
#ifndef CLI_PRINT_APPLY_H
#define CLI_PRINT_APPLY_H

#include "cli/screen.h"
#include "flow/carry_out.h"

/* Of a run. */
void print_apply(const struct carry_out_result *result, struct arena *arena, struct screen *screen);

/*
 * "schema": "suture.apply/1":
 *
 *     {"schema", "end": "nothing|declined|run|no-data", "resumed", "repaired",
 *      "run": {"id", "state", "why", "plan", "begun", "ended",
 *              "steps": [{"step", "group", "state", "begun", "ended", "note"}]} or null,
 *      "problem": null or of verify or seal, "kept": [conffiles]}
 */
bool print_apply_json(const struct carry_out_result *result, struct writer *out, struct error *err) MUST_USE;

/* What a step is called on a screen while it is done: "fetching", "installing group 2 of 3". */
struct text print_apply_step(enum step_kind step, uint32_t group, const struct plan *plan,
                             struct arena *arena);

#endif
