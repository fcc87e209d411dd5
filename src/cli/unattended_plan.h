/*
 * The plan of a look of the timer where the policy holds new powers for a person: what is left when they are held.
 */
#ifndef CLI_UNATTENDED_PLAN_H
#define CLI_UNATTENDED_PLAN_H

#include "cli/command.h"
#include "flow/unattended.h"

/*
 * Plans, fetches the packages into the cache, reads what they bring, and says on the call's output what is held and why.
 * *out is a file with the plan of the rest, in the arena; NULL when nothing is left.
 */
bool unattended_plan_rest(const struct command_call *call, const struct scan_request *scan,
                          const struct unattended_look *look, const char **out, struct error *err) MUST_USE;

#endif
