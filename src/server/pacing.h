/*
 * Pacing: when an agent comes again.
 *
 * Every agent has a phase of its own, from a hash of its id: its moments are those instants that are its phase after a
 * multiple of the interval. So a fleet is spread over the whole interval whatever woke it, also after an outage, when
 * everybody comes at once and everybody is sent to his own moment again. Random time is added last, after everything that
 * bounds the answer, since a bound that many run into would make them a herd.
 */
#ifndef SERVER_PACING_H
#define SERVER_PACING_H

#include "wire/agent_message.h"

#define PACING_FIRST_S 30 /* who has no inventory here yet comes soon again, to have its report seen */

/* The interval for a fleet of so many hosts: what one server with one disk does with ease, and people wait for. */
uint32_t pacing_interval_s(uint32_t hosts);

struct pacing {
    struct host_id host;
    int64_t now_us;
    uint32_t interval_s;
    uint64_t random; /* of this answer */
};
/* Seconds until its next check-in: between a quarter of the interval and five quarters, and up to a sixteenth more. */
uint32_t pacing_next_s(const struct pacing *pacing);

#endif
