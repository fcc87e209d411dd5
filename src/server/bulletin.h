/*
 * The bulletin: what the server alone says to the whole fleet, the plan and the pulses, always signed and ready to be
 * sent. Made anew when something of it changes, and the pulses once an hour, so that a machine can tell silence from peace.
 *
 * Before the first tick nothing is signed: parts that start say what there is (set_advisories, set_now), and the first
 * plan has all of it. Generations are counted from the clock's seconds, and never less than one more than the last: a
 * server that came back from yesterday's backup is not taken for an old one. Safe from any thread.
 */
#ifndef SERVER_BULLETIN_H
#define SERVER_BULLETIN_H

#include "server/server.h"
#include "wire/fleet_plan.h"

#define BULLETIN_RINGS 4 /* pulses that are signed; rollouts in rings will need no more */

struct bulletin;

/* Its row in parts.c: before whoever says what is in it. */
extern const struct server_part bulletin_part;

/* What agents are told to want; a copy, taken under its lock. */
struct bulletin_state {
    uint64_t plan, advisories, repository; /* generations; 0: none yet */
    uint32_t interval_s;
};
void bulletin_state(struct bulletin *bulletin, struct bulletin_state *out);

/* The signed plan, copied into the arena. ERROR_ABSENT: there is none yet. */
bool bulletin_plan(struct bulletin *bulletin, struct arena *arena, struct bytes *out, struct error *err)
    MUST_USE;
/* The signed pulse of a ring. */
bool bulletin_pulse(struct bulletin *bulletin, uint8_t ring, struct arena *arena, struct bytes *out,
                    struct error *err) MUST_USE;

/* A bundle of advisories lies below content/ by this digest: the next plan names it. */
struct bulletin_advisories {
    uint64_t generation;
    struct digest digest;
    uint64_t size;
};
/* ERROR_CONFLICT: not a newer one; nothing is changed. Signed within a second. */
bool bulletin_set_advisories(struct bulletin *bulletin, const struct bulletin_advisories *advisories,
                             struct error *err) MUST_USE;
/*
 * The "patch now" orders in force have changed: these are all of them (texts are copied). Signed within a second, and the pulses say
 * that it is urgent. Not more than FLEET_PLAN_NOW.
 */
bool bulletin_set_now(struct bulletin *bulletin, const struct fleet_now *now, size_t count, struct error *err)
    MUST_USE;
/* Between two check-ins; by default that of the settings. */
void bulletin_set_interval(struct bulletin *bulletin, uint32_t interval_s);

#endif
