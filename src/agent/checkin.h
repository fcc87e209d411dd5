/*
 * A check-in, and all that follows from it in one burst of calls over one connection.
 *
 *     counter durable --> check-in --> pace --> outbox --> inventory --> renewal --> plan --> repository --> advisories
 *
 * Each step that fails is told and leaves the others alone; only what the server said about waiting ends the burst. What failed is tried
 * again with the next check-in, whose time is chosen by agent/pace.h.
 */
#ifndef AGENT_CHECKIN_H
#define AGENT_CHECKIN_H

#include "agent/agent.h"

struct checkin_result {
    bool answered; /* the server took the check-in */
    bool work;     /* there is reason to look at the machine now */
};

/* False: no answer, or a refusal; memory says when to try again. Memory is kept in either case. */
bool checkin_turn(struct agent *agent, struct checkin_result *out, struct error *err) MUST_USE;

#endif
