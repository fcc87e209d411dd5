/*
 * What this machine is to do, as others said: the fleet's plan (the server's word, one signed state), the pulse that tells that
 * there is a newer one, and what people signed in the fleet's repository.
 *
 * The plan chooses when, among what is eligible here anyway. An older one than was held is refused: whoever stands in for the server
 * cannot take "patch now" back, nor a newer index of advisories.
 */
#ifndef AGENT_ORDERS_H
#define AGENT_ORDERS_H

#include "agent/agent.h"
#include "wire/fleet_plan.h"

/* The plan that is held, checked again. *found false: there is none. */
bool orders_plan(const struct agent *agent, struct fleet_plan *out, bool *found, struct error *err) MUST_USE;

/* Fetches the plan when a newer one is wanted. Changes memory. */
bool orders_fetch_plan(struct agent *agent, struct link *link, struct error *err) MUST_USE;

/* Fetches the index of advisories that the plan names, when it is another than this machine has: within the day's budget. */
bool orders_fetch_advisories(struct agent *agent, struct error *err) MUST_USE;

/* Asks the fleet's repository what people have signed. */
bool orders_refresh(struct agent *agent, struct error *err) MUST_USE;

enum orders_pulse {
    PULSE_NOTHING, /* nothing new, or nobody that can be believed answers: no network, or a captive portal */
    PULSE_NEW,     /* there is something to fetch soon */
    PULSE_URGENT,  /* at once */
};
/* Looks at the pulse. Changes memory. */
enum orders_pulse orders_pulse(struct agent *agent);

#endif
