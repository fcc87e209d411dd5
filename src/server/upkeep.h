/*
 * The parts that keep the database in order (parts.c): quarantine_part looks every half a minute whether a restored one may work again,
 * history_part once a day what is old enough to be dropped.
 */
#ifndef SERVER_UPKEEP_H
#define SERVER_UPKEEP_H

#include "server/server.h"
#include "store/fleet_read.h"

extern const struct server_part quarantine_part, history_part;

/* Whether all that were awaited have reported (and one at least did), or it has lasted for as long as machines keep what was acknowledged. */
bool upkeep_quarantine_over(const struct fleet_state *state, const struct fleet_awaited *awaited,
                            int64_t now_us);

/* Ends it when it is over; each time it is asked. */
bool upkeep_look_at_quarantine(struct fleet_store *store, int64_t now_us, struct error *err) MUST_USE;

#endif
