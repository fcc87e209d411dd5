/*
 * "Patch now": what an operator orders at once. An order names a hole or a source package, a reason and an end, and goes
 * into the fleet's plan; each machine then takes, outside its window, what it would have taken inside: the server chooses when,
 * never which bytes.
 *
 * The database has them; the bulletin hands out those in force. One call at a time brings the two together.
 */
#ifndef SERVER_NOW_ORDERS_H
#define SERVER_NOW_ORDERS_H

#include "server/server.h"
#include "store/fleet.h"

struct now_orders;

#define NOW_ORDER_LENGTH_US (7 * TIME_DAY_US)
#define NOW_ORDER_MAX_US    (30 * TIME_DAY_US)

/* Its row in parts.c, behind readers_part and the bulletin's; a tick takes ended ones out of the plan. */
extern const struct server_part now_orders_part;

/* "CVE-2026-12345" or a source package's name as Debian allows it; nothing else can be ordered. */
bool now_orders_check_fix(struct text fix, struct error *err) MUST_USE;
/* "security" or "functional"; absent counts as security. */
bool now_orders_check_class(struct text class, struct error *err) MUST_USE;

/* What is in force now goes into the plan, if it is not there. */
bool now_orders_publish(struct server *server, struct error *err) MUST_USE;

#endif
