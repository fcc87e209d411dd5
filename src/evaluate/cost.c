#include "evaluate/cost.h"

#include "base/checked.h"

uint32_t cost_weight(const struct cost_terms *terms, const struct zone *zone, int64_t us)
{
    if (terms->busy_days == 0)
        return 1;
    struct civil local = zone_civil(zone, us);
    int32_t minute = local.hour * 60 + local.minute;
    bool busy = (terms->busy_days >> civil_weekday(local) & 1) != 0 && minute >= terms->busy_from_minute &&
                minute < terms->busy_to_minute;
    return busy ? terms->busy_weight : 1;
}

uint32_t cost_minutes(const struct cost_terms *terms, uint32_t weight, const struct cost_extra *extra)
{
    uint64_t down, broken, sum;

    if (ckd_mul(&down, (uint64_t)terms->downtime_minutes * terms->users, (uint64_t)weight * 100) ||
        ckd_mul(&broken, (uint64_t)terms->restore_minutes * terms->users,
                (uint64_t)terms->breaking_percent) ||
        ckd_add(&sum, down, broken) || ckd_add(&sum, sum, (uint64_t)50))
        return UINT32_MAX;
    sum /= 100;
    /* Three 32-bit numbers times at most 60 cannot overflow what division by 100 has left. */
    sum +=
        (uint64_t)extra->reboots * COST_REBOOT + (uint64_t)extra->test_hours * 60 + extra->transfer_minutes;
    return sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}
