/*
 * The work on this machine: what a look at it comes to, and doing it. Decided here, offline, by the last policy and orders that
 * hold: a server that is silent keeps nothing from being patched in its window.
 *
 *     interrupted run ---------------------------------> goes on, whatever the hour
 *     scan --> unattended_decide --> window: all that is due
 *          |                    '--> outside it: what is to be done now by policy
 *          '--> plan of the fleet: "patch now" -------> these fixes, now
 *
 * It is done by `suture apply` in a process of its own, which this process becomes.
 */
#ifndef AGENT_WORK_H
#define AGENT_WORK_H

#include "agent/agent.h"

/*
 * Looks, notes what it came to (agent/machine.h), and becomes suture apply when there is something to do. Returns true when there is
 * not. With `look_only` it never does more than look.
 */
bool work_turn(struct agent *agent, bool look_only, struct error *err) MUST_USE;

#endif
