/*
 * While an order is in force, nobody else may install updates on this machine: other updaters are masked, and given back when it
 * has ended.
 *
 *     level above normal, others at work ---> takeover record "by: crisis order ID"
 *     level normal again, record is ours ---> given back exactly
 *
 * The record is that of `suture unattended on` (store/takeover.h). Where people have taken over by that, nothing is to be held,
 * and nothing is given back: it is theirs.
 */
#ifndef FLOW_CRISIS_HOLD_H
#define FLOW_CRISIS_HOLD_H

#include "model/host.h"
#include "store/order.h"

#define CRISIS_HOLD_BY "crisis order "

struct crisis_hold_request {
    const char *root;               /* "/" */
    const char *state;              /* the state folder */
    const struct updater *updaters; /* at work now */
    size_t updater_count;
    const struct order_force *force; /* what the level is, and why */
    int64_t now_us;
};

enum crisis_hold_outcome { CRISIS_HOLD_NOTHING, CRISIS_HOLD_TAKEN, CRISIS_HOLD_GIVEN };

/* Brings the machine in line with the order; what is so already is left. Needs root's rights over /etc. */
bool crisis_hold(const struct crisis_hold_request *request, struct arena *arena,
                 enum crisis_hold_outcome *out, struct error *err) MUST_USE;

#endif
