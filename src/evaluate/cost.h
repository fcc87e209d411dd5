/*
 * Cost: minutes of interrupted work, so that anyone can argue with it.
 *
 *   downtime x users x weight of the hour + chance of breaking x time to restore x users + reboots x 5
 *   + test hours x 60 + transfer minutes over budget
 *
 * Cost chooses when inside a deadline, never the deadline. Without a policy that says otherwise every hour weighs the
 * same, and so the cost of acting now is never high.
 */
#ifndef EVALUATE_COST_H
#define EVALUATE_COST_H

#include "base/zone.h"

#define COST_USERS    1
#define COST_DOWNTIME 5  /* minutes: a restart of services and a look whether they work */
#define COST_RESTORE  60 /* minutes: back to the packages of before */
#define COST_BREAKING 2  /* percent of updates that break something, until own history knows better */
#define COST_REBOOT   5  /* minutes */
#define COST_HIGH     3  /* times the best slot */

/* What a policy says of one class of assets. */
struct cost_terms {
    uint32_t users;
    uint32_t downtime_minutes;
    uint32_t restore_minutes;
    uint8_t breaking_percent;
    uint8_t busy_days; /* bit 0 Monday to bit 6 Sunday; 0: no hour is busier than another */
    uint16_t busy_from_minute, busy_to_minute;
    uint16_t busy_weight; /* of a busy hour; the others weigh 1 */
};

/* What one update adds. */
struct cost_extra {
    uint32_t reboots;
    uint32_t test_hours;
    uint32_t transfer_minutes;
};

#define COST_DEFAULT                                                                                         \
    {                                                                                                        \
        .users = COST_USERS, .downtime_minutes = COST_DOWNTIME, .restore_minutes = COST_RESTORE,             \
        .breaking_percent = COST_BREAKING, .busy_weight = 1                                                  \
    }

uint32_t cost_weight(const struct cost_terms *terms, const struct zone *zone, int64_t us);
/* Rounded to whole minutes; what is more than 32 bits is UINT32_MAX. */
uint32_t cost_minutes(const struct cost_terms *terms, uint32_t weight, const struct cost_extra *extra);
static inline bool cost_is_high(uint32_t now, uint32_t slot)
{
    return now > (uint64_t)COST_HIGH * slot;
}

#endif
