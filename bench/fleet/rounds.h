/*
 * What one agent says when its time has come: check-in, then what the answer asks for (inventory and the chunks that are
 * lacking, results, a newer plan), as `suture agent` does it. The engine carries it; a run of the simulator (fleet_sim.c) says when.
 */
#ifndef FLEET_ROUNDS_H
#define FLEET_ROUNDS_H

#include "engine.h"
#include "population.h"

enum round_kind {
    ROUND_ENROL,
    ROUND_CHECKIN,
    ROUND_INVENTORY,
    ROUND_CHUNK,
    ROUND_COMMIT,
    ROUND_OUTBOX,
    ROUND_PLAN,
    ROUND_PULSE,
    ROUND_KIND_COUNT
};
extern const char *const round_names[ROUND_KIND_COUNT];

#define ROUND_TOOK_BINS 64
struct round_counts {
    uint64_t sent, answered, failed;
    uint64_t refused[3];            /* 429, 503, any other that is not 2xx */
    uint64_t took[ROUND_TOOK_BINS]; /* by powers of the square root of two, in microseconds */
};

struct rounds;

/* The round has ended: next_s is what the server paced (0: it did not answer, or refused; then after_s is its Retry-After). */
typedef void round_ended(void *self, uint64_t agent, bool done, uint32_t next_s, unsigned after_s);

struct rounds_settings {
    struct population *population;
    bool inventories; /* sent when they differ */
    bool keep;        /* the connection stays when the round has ended */
    unsigned events;  /* made before each check-in */
    round_ended *ended;
    /* A request for a certificate that no other agent makes: by the same, a server knows one who tries again. Freed by gnutls_free. */
    struct bytes (*request)(void *self, uint64_t agent);
    void *self;
};

struct rounds *rounds_begin(const struct rounds_settings *settings);
void rounds_end(struct rounds **rounds);
void rounds_use(struct rounds *rounds, struct engine *engine);
/* What was counted so far. */
void rounds_forget(struct rounds *rounds);
/* For engine_settings.done, with the rounds as self. */
engine_done rounds_answered;

/* Its connection is opened, or the one that was kept is used. */
bool rounds_start(struct rounds *rounds, uint64_t agent, struct error *err) MUST_USE;
/* Enrols agents from this one on, up to `end`, one after the other on one connection. */
bool rounds_start_enrolling(struct rounds *rounds, const struct agent_enrol *enrol, size_t end,
                            struct error *err) MUST_USE;
/* The same again for one that was refused; then those that are left. */
bool rounds_enrol(struct rounds *rounds, uint64_t agent, struct error *err) MUST_USE;
bool rounds_start_pulse(struct rounds *rounds, uint64_t agent, uint8_t ring, struct error *err) MUST_USE;

const struct round_counts *rounds_counts(const struct rounds *rounds, enum round_kind kind);
uint64_t rounds_safe_lane(const struct rounds *rounds);
/* Where a share (of 1,000) of the answers had come, in microseconds. */
int64_t round_took_us(const struct round_counts *counts, unsigned of_1000);
/* The first other answer that was no success, for people; empty: none. */
const char *rounds_problem(const struct rounds *rounds);

#endif
