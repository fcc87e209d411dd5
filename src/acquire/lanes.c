#include "acquire/lanes.h"

#include "base/control.h"

/* By lane: alone, in a fleet, and in a fleet when one person has approved. */
static const int64_t waits_us[LANE_COUNT][3] = {
    [LANE_UNKNOWN] = {LANE_FUNCTIONAL_WAIT_US, LANE_FUNCTIONAL_WAIT_US, LANE_FUNCTIONAL_WAIT_US},
    [LANE_FUNCTIONAL] = {LANE_FUNCTIONAL_WAIT_US, LANE_FUNCTIONAL_WAIT_US, LANE_FUNCTIONAL_WAIT_US},
    [LANE_SECURITY] = {0, 24 * TIME_HOUR_US, 24 * TIME_HOUR_US},
    [LANE_EXPLOITED] = {0, 24 * TIME_HOUR_US, 4 * TIME_HOUR_US},
    [LANE_CRISIS] = {0, 0, 0},
};

int64_t lane_wait_us(enum lane lane, const struct lane_terms *terms, bool approved)
{
    if (lane == LANE_FUNCTIONAL || lane >= LANE_COUNT || lane == LANE_UNKNOWN) {
        int64_t wait_us = terms->functional_wait_us < 0 ? 0 : terms->functional_wait_us;
        return wait_us > LANE_FUNCTIONAL_WAIT_MAX_US ? LANE_FUNCTIONAL_WAIT_MAX_US : wait_us;
    }
    return waits_us[lane][!terms->fleet ? 0 : approved || !control_holds(CONTROL_LANE_PERSON) ? 2 : 1];
}

bool lane_waits(enum lane lane, const struct lane_terms *terms, const struct lane_seen *seen, bool approved,
                int64_t *until_us)
{
    int64_t wait_us = lane_wait_us(lane, terms, approved);

    *until_us = (seen->first_us == TIME_ABSENT ? seen->clock_us : seen->first_us) + wait_us;
    if (wait_us == 0)
        return false;
    return seen->first_us == TIME_ABSENT || seen->now_us == TIME_ABSENT || seen->now_us < *until_us;
}
