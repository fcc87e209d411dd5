/*
 * When the agent speaks next. Pure arithmetic: the clock, the machine's id and the dice are given.
 *
 * Each machine has a phase of its own within every interval, made from its id, and adds its jitter behind whatever was
 * clamped. So after an outage of any length the fleet comes back as evenly as it was before: a common back-off would
 * bring it back in waves.
 */
#ifndef AGENT_PACE_H
#define AGENT_PACE_H

#include <stdint.h>

#define PACE_WAKE_S      60 /* after the machine slept, at random within */
#define PACE_PULSE_S     60
#define PACE_RETRY_MIN_S 60
#define PACE_RETRY_MAX_S 3600
#define PACE_FIRST_S     600 /* while no server has said anything */

struct pace {
    int64_t now_us;
    uint8_t host[16];
    uint64_t random;
};

/* Until the next check-in: at this machine's place in an interval of next_s, between a half and one and a half of it, and an eighth more at most. */
uint64_t pace_delay_us(const struct pace *pace, uint32_t next_s);
/* Until the next try, when so many before it failed. retry_after_s: as the server said, or 0: never before that. */
uint64_t pace_retry_us(const struct pace *pace, uint32_t next_s, uint32_t failures, uint32_t retry_after_s);
/* Until the next look at the pulse; and until the first word after waking. */
uint64_t pace_pulse_us(const struct pace *pace);
uint64_t pace_wake_us(const struct pace *pace);

#endif
