#include "agent/pace.h"

#include <string.h>

#include "base/time.h"

/* The place of this machine in every interval, as a fraction of 2^32: ids are random, so that their bytes are even. */
static uint64_t phase_us(const struct pace *pace, uint64_t interval_us)
{
    uint32_t fraction;

    memcpy(&fraction, pace->host, sizeof(fraction));
    return (uint64_t)(((unsigned __int128)interval_us * fraction) >> 32);
}

/* The first instant that is this machine's and lies half an interval ahead or more. */
static uint64_t place_ahead_us(const struct pace *pace, uint64_t interval_us)
{
    uint64_t now_us = pace->now_us < 0 ? 0 : (uint64_t)pace->now_us;
    uint64_t least_us = interval_us / 2, at = now_us + least_us, phase = phase_us(pace, interval_us);
    uint64_t behind = (at % interval_us + interval_us - phase) % interval_us;

    return least_us + (behind == 0 ? 0 : interval_us - behind);
}

uint64_t pace_delay_us(const struct pace *pace, uint32_t next_s)
{
    uint64_t interval_us = (uint64_t)(next_s == 0 ? PACE_FIRST_S : next_s) * TIME_SECOND_US;

    return place_ahead_us(pace, interval_us) + pace->random % (interval_us / 8);
}

uint64_t pace_retry_us(const struct pace *pace, uint32_t next_s, uint32_t failures, uint32_t retry_after_s)
{
    uint64_t longest_s = next_s > PACE_RETRY_MAX_S ? next_s : PACE_RETRY_MAX_S, wait_s = PACE_RETRY_MIN_S;

    for (uint32_t i = 1; i < failures && wait_s < longest_s; i++)
        wait_s *= 2;
    if (wait_s > longest_s)
        wait_s = longest_s;
    uint64_t interval_us = wait_s * TIME_SECOND_US, asked_us = (uint64_t)retry_after_s * TIME_SECOND_US;
    uint64_t ahead_us = place_ahead_us(pace, interval_us);
    while (ahead_us < asked_us)
        ahead_us += interval_us;
    return ahead_us + pace->random % (interval_us / 8);
}

uint64_t pace_pulse_us(const struct pace *pace)
{
    return PACE_PULSE_S * (uint64_t)TIME_SECOND_US - 5 * TIME_SECOND_US +
           pace->random % (10 * TIME_SECOND_US);
}

uint64_t pace_wake_us(const struct pace *pace)
{
    return pace->random % (PACE_WAKE_S * (uint64_t)TIME_SECOND_US);
}
