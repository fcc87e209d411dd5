/*
 * Carrying out a plan, journalled: one state machine that knows the order of the steps and what follows a failure, a
 * request to stop, and an interruption at any instruction.
 *
 *     ready > fetch > prove > rehearse > backup > health-before > install, group by group > health-after > verify > seal
 *       |       |       |        |          |           |              |                         |           ^
 *       '-------'-------'--------'----------'-----------'              '------> rollback <-------'           |
 *                      |                                               |            |                        |
 *                  REFUSED, nothing was changed         STOPPED: to verify          '------------------------'
 *                                                                          ROLLED_BACK, or FAILED if it fails too
 *
 * Each step is written to the journal before it begins and when it has ended. What the steps do comes in as functions
 * (struct apply_steps) and the door that changes packages as another table (manager/installer.h), so all of this is tested
 * with tables that fail at step n and that are killed at step n, for every n.
 *
 * What an interruption leaves is an open run. apply_resume takes it up: half-done packages are repaired first, files are
 * proved again, groups that were not finished are made again, which does no harm; or, where it was already going back or
 * cannot go on, it goes back. Its end is always exactly the old state, exactly the new one, or FAILED, said plainly.
 *
 * Failure of the journal itself, and of the executor, leaves the run open: false with the reason, and a later call goes on.
 */
#ifndef DEPLOY_APPLY_H
#define DEPLOY_APPLY_H

#include "deploy/transaction.h"
#include "store/journal.h"

/* What a step is given. */
struct apply_view {
    const struct plan *plan;
    const char *run;
    bool resumed;           /* the run was interrupted or stopped: groups may have been made already */
    enum run_state outcome; /* VERIFY and SEAL: what the run will end as */
    struct text why;        /* the same */
    uint32_t groups_made;   /* how many of plan->group_count are made whole */
    const struct trusted_artifact *artifacts; /* from PROVE on; as in struct transaction */
};

/* What came of it. In the arena of the run. */
struct apply_note {
    struct text text;   /* one line for the journal and for people; may be absent */
    struct digest seal; /* of what it left on disk; kind UNKNOWN: nothing */
    bool skipped;       /* there was nothing to do, and `text` says why */
};

/* A step: false is its failure. NULL: the step is skipped. */
typedef bool apply_step(void *self, const struct apply_view *view, struct arena *arena,
                        struct apply_note *out, struct error *err);

/* The steps that others do, besides what the installer does. */
struct apply_steps {
    void *self;
    apply_step *ready;
    apply_step *fetch;
    /* Fills out[i] for each change of the plan that has a file. */
    bool (*prove)(void *self, const struct apply_view *view, struct arena *arena,
                  struct trusted_artifact *out, struct apply_note *note, struct error *err);
    apply_step *backup;        /* fills the seal */
    apply_step *health_before; /* what is ill already is noted and no failure */
    apply_step *health_after;  /* fails when what was well before is ill now */
    apply_step
        *rollback; /* takes back what was installed, all of it; may be called again after an interruption */
    apply_step *verify; /* failures of these two are told, and change nothing any more */
    apply_step *seal;

    /* Gives up, for good, whatever installing does not need; called once, before the first group. NULL: nothing. */
    bool (*confine)(void *self, struct error *err);
    /* Asked between groups. NULL: nobody asks. */
    bool (*stop)(void *self);
    /* For people: a step begins. NULL: nobody looks. */
    void (*progress)(void *self, enum step_kind step, uint32_t group, const struct plan *plan);
    int64_t (*now_us)(void *self);
};

struct apply_request {
    const struct plan *plan;
    const char *run; /* its id */
    uint32_t pid;
    struct journal *journal;
    const struct installer *installer;
    const struct apply_steps *steps;
    uint32_t lock_wait_ms;
    bool rehearse;
};

struct apply_result {
    enum run_state state;
    struct text why;          /* for every state but DONE */
    struct text step_problem; /* what VERIFY or SEAL failed of; absent: neither did */
    const struct text *kept;  /* conffiles that were kept although the vendor has a newer one */
    size_t kept_count;
};

/* A new run. False: it is interrupted and open, and err says why; or it could not even be noted. */
bool apply_run(const struct apply_request *request, struct arena *arena, struct apply_result *out,
               struct error *err) MUST_USE;

/* Takes `run`, which is OPEN or STOPPED and of this plan, to its end. */
bool apply_resume(const struct apply_request *request, const struct run *run, struct arena *arena,
                  struct apply_result *out, struct error *err) MUST_USE;

#endif
