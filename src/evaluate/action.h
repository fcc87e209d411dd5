/*
 * Action: urgency, what there is against the hole, and what acting costs, by one table.
 *
 *   urgency       fix ready:    fix ready:   fix        none, bad, end   none:          none:
 *                 cost low      cost high    untested   of life, but a   the service    the service is
 *                                                       mitigation       is needed      dispensable
 *   immediate     now           now          now (canary) mitigate       switch-off     switch-off
 *   out-of-cycle  now           next-window  next-window  mitigate       mitigate       switch-off
 *                               and mitigate now
 *   scheduled     next-window   by-date      by-date      mitigate       wait, exploited: mitigate / switch-off
 *   defer         wait          wait         wait         wait           wait           wait
 *
 * After the end of support a replacement is scheduled besides; where the table would only wait although a mitigation
 * is known, that makes it by-date.
 */
#ifndef EVALUATE_ACTION_H
#define EVALUATE_ACTION_H

#include "model/decision.h"

struct action_inputs {
    enum urgency urgency; /* not UNKNOWN */
    enum remedy remedy;   /* not UNKNOWN */
    bool cost_high;
    bool mitigation_known;
    bool dispensable;
    bool exploited; /* actively */
};

struct action_choice {
    enum action action;
    bool mitigate_now;
    bool canary;
    bool replace;
};

struct action_choice action_choose(const struct action_inputs *inputs);
/* A fix that may be installed: ready or untested. */
bool remedy_usable(enum remedy remedy);

#endif
