#include "acquire/lanes.h"

/* By lane, alone and in a fleet. */
static const int64_t waits_us[LANE_COUNT][2] = {
    [LANE_UNKNOWN] = {LANE_FUNCTIONAL_WAIT_US, LANE_FUNCTIONAL_WAIT_US},
    [LANE_FUNCTIONAL] = {LANE_FUNCTIONAL_WAIT_US, LANE_FUNCTIONAL_WAIT_US},
    [LANE_SECURITY] = {0, 24 * TIME_HOUR_US},
    [LANE_EXPLOITED] = {0, 4 * TIME_HOUR_US},
    [LANE_CRISIS] = {0, 0},
};

int64_t lane_wait_us(enum lane lane, const struct lane_terms *terms)
{
    if (lane == LANE_FUNCTIONAL || lane >= LANE_COUNT || lane == LANE_UNKNOWN) {
        int64_t wait_us = terms->functional_wait_us < 0 ? 0 : terms->functional_wait_us;
        return wait_us > LANE_FUNCTIONAL_WAIT_MAX_US ? LANE_FUNCTIONAL_WAIT_MAX_US : wait_us;
    }
    return waits_us[lane][terms->fleet];
}

bool lane_waits(enum lane lane, const struct lane_terms *terms, int64_t first_us, int64_t now_us,
                int64_t clock_us, int64_t *until_us)
{
    int64_t wait_us = lane_wait_us(lane, terms);

    *until_us = (first_us == TIME_ABSENT ? clock_us : first_us) + wait_us;
    if (wait_us == 0)
        return false;
    return first_us == TIME_ABSENT || now_us == TIME_ABSENT || now_us < *until_us;
}
