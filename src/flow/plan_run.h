/*
 * A plan, made by the helper program suture-plan: the process that reads what comes from outside is not the one that
 * changes the machine, and suture itself starts without libsolv. What it answers is checked like a plan from a file.
 */
#ifndef FLOW_PLAN_RUN_H
#define FLOW_PLAN_RUN_H

#include "flow/plan.h"

/* program: suture-plan's path. Errors are those of plan_make, and ERROR_INPUT when the answer cannot be believed. */
bool plan_run(const char *program, const struct plan_request *request, struct arena *arena,
              struct plan_found *out, struct error *err) MUST_USE;

#endif
