/*
 * The advisories of the fleet: one file that the server built once, named by its hash in the signed plan, fetched from any mirror
 * with Range and resume, and put into use as a generation of the state folder.
 */
#ifndef AGENT_ADVISORIES_H
#define AGENT_ADVISORIES_H

#include "agent/agent.h"
#include "wire/fleet_plan.h"

/* ERROR_LIMIT: the day's budget of a metered network is used up. Changes memory. */
bool advisories_fetch(struct agent *agent, const struct fleet_plan *plan, struct error *err) MUST_USE;

#endif
