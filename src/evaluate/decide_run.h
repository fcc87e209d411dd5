/*
 * What one run of decide() has worked out for all findings. Only the files decide*.c and crisis.c include this.
 */
#ifndef EVALUATE_DECIDE_RUN_H
#define EVALUATE_DECIDE_RUN_H

#include "evaluate/decide.h"

#define SLOTS_MAX 14 /* nights of two weeks, or Saturdays of three months */

/* The coming windows of one class, and what an hour weighs in each. */
struct decide_slots {
    bool ready;
    uint32_t weight_now;
    int64_t next_us; /* of the window that is open, now */
    struct {
        int64_t start_us;
        uint32_t weight;
    } at[SLOTS_MAX];
};

struct decide_run {
    const struct decide_context *context;
    const struct policy *policy;
    struct arena *arena;
    uint64_t class_hosts, exception_hosts;  /* bit: its globs of hosts match this machine */
    uint8_t trust_rank[SCORE_SOURCE_COUNT]; /* UINT8_MAX: not used */
    bool kev_fresh, threat_fresh;
    int64_t order_end_us;
    struct decide_slots *slots; /* one of each class, and one behind for no class */
    struct text *names;         /* room for the names of one finding's packages */
};

/* Score, class, and the inputs of urgency with what was assumed; and the facts that rules ask for. */
void decide_inputs(const struct decide_run *run, const struct finding *finding,
                   const struct decide_facts *facts, struct decision *decision, struct profile_facts *out);

/* The Release date of the archive that offers an update's candidate; TIME_ABSENT when there is none. */
int64_t decide_archive_date(const struct decide_run *run, uint32_t update);
/* When this machine first saw its package outdated; TIME_ABSENT when nobody remembers. */
int64_t decide_update_seen(const struct decide_run *run, uint32_t update);

/* What the level makes of a decision; law_due_us is the earliest date that the law sets, or TIME_ABSENT. */
void crisis_apply(const struct decide_run *run, struct decision *decision, int64_t law_due_us);
/* An update that closes no hole. */
void crisis_apply_functional(const struct decide_run *run, struct update_decision *decision);
bool crisis_allows_reboot(const struct decide_run *run, bool exploited);

#endif
