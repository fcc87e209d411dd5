/*
 * A run: one attempt to carry out a plan (or to take one back), and the steps that it is made of.
 *
 * The journal (store/journal.h) has a row for each step, written before it begins and again when it has ended, so that
 * at any instruction it is known what was being done. A run that is OPEN while nobody holds the lock was interrupted.
 */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include "base/time.h"
#include "model/plan.h"

#define RUN_ID_SIZE 26 /* "20261121T030502Z-9f3a61c2" and a NUL: begins with its time, so names sort by it */

enum run_kind { RUN_KIND_UNKNOWN, RUN_APPLY, RUN_ROLLBACK, RUN_KIND_COUNT };
const char *run_kind_name(enum run_kind kind); /* "apply", "rollback" */

enum run_state {
    RUN_STATE_UNKNOWN,
    RUN_OPEN,        /* being done, or interrupted */
    RUN_DONE,        /* the new state */
    RUN_STOPPED,     /* asked to stop, between groups: what was done stays, a later run goes on */
    RUN_ROLLED_BACK, /* failed and taken back: exactly the old state */
    RUN_REFUSED,     /* ended before anything was changed */
    RUN_FAILED,      /* neither the old nor the new state: a person must look; the steps say where */
    RUN_STATE_COUNT
};
const char *run_state_name(enum run_state state); /* "open", "done", "stopped", "rolled-back", ... */

/* The steps, in the order in which a run takes them. */
enum step_kind {
    STEP_UNKNOWN,
    STEP_READY,
    STEP_FETCH,
    STEP_PROVE,
    STEP_REHEARSE,
    STEP_BACKUP,
    STEP_HEALTH_BEFORE,
    STEP_INSTALL, /* one for each group */
    STEP_HEALTH_AFTER,
    STEP_ROLLBACK, /* taking back what was installed */
    STEP_VERIFY,
    STEP_SEAL,
    STEP_KIND_COUNT
};
const char *step_kind_name(enum step_kind kind); /* "ready", "health-before", ... */

enum step_state { STEP_STATE_UNKNOWN, STEP_BEGUN, STEP_DONE, STEP_FAILED, STEP_SKIPPED, STEP_STATE_COUNT };
const char *step_state_name(enum step_state state); /* "begun", "done", "failed", "skipped" */

struct run_step {
    enum step_kind kind;
    enum step_state state;
    uint32_t group;     /* INSTALL; else 0 */
    int64_t begun_us;   /* by the clock, for people; the order is that of the rows */
    int64_t ended_us;   /* TIME_ABSENT: it has not */
    struct text note;   /* what came of it, one line; the reason when it failed */
    struct digest seal; /* of what the step left on disk (BACKUP: its manifest); kind UNKNOWN: nothing */
};

struct run {
    char id[RUN_ID_SIZE];
    enum run_kind kind;
    enum run_state state;
    char plan[DIGEST_HEX_MAX + 1]; /* the plan's id */
    char takes_back[RUN_ID_SIZE];  /* ROLLBACK: the run that is undone; else "" */
    int64_t begun_us, ended_us;    /* ended: TIME_ABSENT while it is open */
    uint32_t pid;                  /* who does it: named to a second one */
    struct text why;               /* one sentence, for every state but OPEN and DONE */
    const struct run_step *steps;
    size_t step_count;
};

#endif
