/*
 * Making the ways back of earlier runs small, in idle time: deploy/shrink.h for each run that went well and was proved.
 *
 * Not before SHRINK_AFTER_US have gone since its end: most reasons to go back show within a day, and until then nothing stands
 * between a person and the old files. Nothing is done while a run is open or somebody is at work.
 */
#ifndef FLOW_SHRINK_H
#define FLOW_SHRINK_H

#include "deploy/shrink.h"
#include "store/journal.h"

#define SHRINK_AFTER_US TIME_DAY_US

struct shrink_runs_request {
    const char *state; /* absolute */
    int64_t now_us;
    bool at_once; /* also those that ended just now, and not as everybody's last */
    bool (*stop)(void *self);
    void *self;
};

/* What came of one. */
struct shrunk_run {
    char id[RUN_ID_SIZE];
    struct shrink_result result;
    struct text problem; /* it could not be looked at; absent: it could */
};

struct shrink_runs_result {
    const struct shrunk_run *runs; /* newest first; those whose packages were files when it began */
    size_t count;
};

/* ERROR_CONFLICT: a run is open or somebody is at work. Gives up what it does not need: for the last deed of a process. */
bool shrink_runs(const struct shrink_runs_request *request, struct arena *arena,
                 struct shrink_runs_result *out, struct error *err) MUST_USE;

#endif
