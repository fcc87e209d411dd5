/*
 * Waiting time: how long a version that was seen for the first time waits before it is installed, by its lane.
 *
 *     lane          on a machine alone     in a fleet     what may change it
 *     functional    7 days                 7 days         the policy: none to 90 days
 *     security      none                   24 hours
 *     exploited     none                   24 hours       4 hours when one person has approved of exactly this file
 *     crisis        none                   none
 *
 * A fleet has people and a machine alone has none, so there what is faster takes them: exploited needs two sources that
 * do not copy each other (model/vulnerability.h) and one person, crisis an order that two signed. An approval that two signed ends any
 * wait (acquire/trust_gates.h).
 *
 * A validly signed version that is malicious is mostly found within days, on somebody else's machine; so what is in no
 * hurry waits. A hole that is known is the other danger, and a machine alone has nobody who could decide within hours: there it
 * is closed at once. A feed can put an update into a faster lane, which ends its wait and does nothing else: the bytes
 * still have to be the vendor's.
 *
 * When a version was first seen, and what time it is now, stands in store/versions_seen.h.
 */
#ifndef ACQUIRE_LANES_H
#define ACQUIRE_LANES_H

#include "base/time.h"
#include "model/lane.h"

#define LANE_FUNCTIONAL_WAIT_US     (7 * TIME_DAY_US)
#define LANE_FUNCTIONAL_WAIT_MAX_US (90 * TIME_DAY_US)

struct lane_terms {
    bool fleet;
    int64_t functional_wait_us; /* the policy's; beyond the bounds counts as the nearest */
};

/* What is known of a version's age. */
struct lane_seen {
    int64_t first_us; /* when it was first seen here; TIME_ABSENT: never */
    int64_t now_us;   /* as versions_seen_now gives it */
    int64_t clock_us;
};

/* approved: one person has. */
int64_t lane_wait_us(enum lane lane, const struct lane_terms *terms, bool approved);
/*
 * True while it waits. *until_us: when the wait ends, as far as is known: of what was never seen
 * a whole wait from the clock on.
 */
bool lane_waits(enum lane lane, const struct lane_terms *terms, const struct lane_seen *seen, bool approved,
                int64_t *until_us);

#endif
