/*
 * How this machine is just now, as far as a check-in tells it and the agent minds it.
 */
#ifndef AGENT_MACHINE_H
#define AGENT_MACHINE_H

#include "agent/agent.h"

/* What the last look at the machine came to (agent/work.h), in STATE/agent/work. */
struct machine_work {
    int64_t scanned_us;
    uint32_t due, late, open, unknown;
    uint8_t level; /* enum agent_level */
    uint8_t reboot;
    int64_t next_us; /* when there may be something to do: a window opens, data is refreshed; 0: not known */
    uint64_t orders; /* hash of the plan's orders that were worked on last */
};
/* All zero when there is none. */
void machine_work_read(const struct agent *agent, struct machine_work *out);
bool machine_work_write(const struct agent *agent, const struct machine_work *work, struct error *err)
    MUST_USE;

struct machine_look {
    struct machine_work work;
    uint32_t flags; /* enum agent_state */
};
bool machine_look(const struct agent *agent, struct machine_look *out, struct error *err) MUST_USE;

/* As it is set; else as NetworkManager says. Where neither is, it is not. */
bool machine_is_metered(const struct agent *agent);

#endif
