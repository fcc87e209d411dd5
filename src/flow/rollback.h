/*
 * `suture rollback`: back to exactly the packages before the last run, or before an earlier one (--to), from what those
 * runs kept; the archive is not asked. Runs are taken back one by one, newest first, each as a run of its own in the
 * journal, so an interruption leaves whole runs behind it and one that is open: called again, that one is gone on with
 * first.
 *
 * A run can be taken back when it has changed something, its store was sealed, and it was not taken back since. All
 * stores are checked whole before anything is changed.
 */
#ifndef FLOW_ROLLBACK_H
#define FLOW_ROLLBACK_H

#include "deploy/rollback.h"
#include "model/run.h"

/* One run that is to be taken back. */
struct rollback_plan {
    struct run run;
    struct digest seal;
    struct rollback_store store;
    const struct rollback_step *steps; /* one for each change of the store */
    size_t back_count;                 /* of them that are not as they were */
    const struct text *others;         /* packages that others have changed since, and that stay */
    size_t other_count;
};

/* What came of one. */
struct rollback_done {
    char as[RUN_ID_SIZE]; /* the run that took it back */
    struct rollback_result result;
    struct text proof; /* what the proof says, and its number; or why there is none */
};

struct rollback_found {
    struct rollback_plan *plans; /* newest first */
    struct rollback_done *done;  /* as many as were begun */
    size_t count, done_count;
    bool declined, resumed;
};

struct go_back_request {
    const char *state, *root; /* absolute */
    const char *to;           /* a run's id, or NULL: the last one */
    const char *program;      /* suture-execute */
    uint32_t lock_wait_ms;
    bool dry_run; /* nothing is written, whatever else is asked */

    void *self;
    /* Whether to go on; NULL: yes. False is no failure: *yes is. */
    bool (*agree)(void *self, const struct rollback_found *found, bool *yes, struct error *err);
};

/* ERROR_ABSENT: there is no run that could be taken back. ERROR_TRUST: a store is not as it was, or people have blocked what
 * it would install again ("block: ..."); nothing was changed.
 * False after a run was begun: it is open, and a later call goes on with it. */
bool go_back(const struct go_back_request *request, struct arena *arena, struct rollback_found *out,
             struct error *err) MUST_USE;

#endif
