/*
 * The bulletin: what the server alone says to the whole fleet, the plan and the pulses, always signed and ready to be sent. Made anew when
 * something of it changes, and the pulses once an hour.
 */
#ifndef SERVER_BULLETIN_H
#define SERVER_BULLETIN_H

#include "server/server.h"
#include "wire/fleet_plan.h"

struct bulletin;

/* What agents are told to want; a copy, taken under its lock. */
struct bulletin_state {
    uint64_t plan, advisories, repository; /* generations */
    uint32_t interval_s;
};
void bulletin_state(struct bulletin *bulletin, struct bulletin_state *out);

/* The signed plan, copied into the arena. ERROR_ABSENT: there is none yet. */
bool bulletin_plan(struct bulletin *bulletin, struct arena *arena, struct bytes *out, struct error *err)
    MUST_USE;
/* The signed pulse of a ring. */
bool bulletin_pulse(struct bulletin *bulletin, uint8_t ring, struct arena *arena, struct bytes *out,
                    struct error *err) MUST_USE;

/* A bundle of advisories lies below content/ by this digest: the next plan names it. ERROR_CONFLICT: not a newer one. */
bool bulletin_set_advisories(struct server *server, uint64_t generation, const struct digest *digest,
                             uint64_t size, struct error *err) MUST_USE;
/*
 * The "patch now" orders in force have changed: these are all of them (texts are copied). The next plan has them, and the pulses
 * are made anew at once. urgency: enum agent_urgency.
 */
bool bulletin_set_now(struct server *server, const struct fleet_now *now, size_t count, uint8_t urgency,
                      struct error *err) MUST_USE;

#endif
