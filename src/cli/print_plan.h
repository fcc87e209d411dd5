/*
 * The screen of `suture plan`: what is to be changed and why, what it takes, and what is left.
 */
#ifndef CLI_PRINT_PLAN_H
#define CLI_PRINT_PLAN_H

#include "cli/screen.h"
#include "flow/plan.h"

void print_plan(const struct plan_found *found, struct arena *arena, struct screen *screen);

#endif
