/*
 * How this machine stands, in one look: a scan, the level, the last run, and whether Suture works by itself. Nothing here
 * is judged that a scan has not judged; what could not be read says why, and takes the rest of the answer not away.
 */
#ifndef FLOW_STATUS_H
#define FLOW_STATUS_H

#include "flow/scan.h"
#include "model/run.h"
#include "store/takeover.h"
#include "store/trust_record.h"

enum status_verdict {
    STATUS_UNKNOWN, /* nothing to judge with, or data that is needed is stale or absent and nothing is known to be due */
    STATUS_GOOD, /* nothing is late or due this week */
    STATUS_DUE,  /* something is due this week */
    STATUS_LATE,
    STATUS_VERDICT_COUNT
};
const char *status_verdict_name(enum status_verdict verdict); /* "unknown", "good", "due", "late" */

struct status {
    const struct scan *scan;
    enum status_verdict verdict;
    bool has_run;
    struct run run;   /* the last one */
    bool interrupted; /* the last run is open, and the process that did it is gone */
    uint32_t run_count;
    struct text run_why; /* the journal cannot be read; absent: it can, or there is none */
    enum takeover_phase unattended;
    struct text unattended_why; /* as run_why */
    bool has_trust;             /* a repository was asked once */
    struct trust_record trust;
    struct text trust_why;       /* as run_why */
    const struct text *services; /* that run old code, each once */
    size_t service_count;
};

/* In the arena. request: of this machine. */
bool status_look(const struct scan_request *request, struct arena *arena, struct status *out,
                 struct error *err) MUST_USE;

/* Whether the last run of this state folder was interrupted: open, and nobody does it. A journal that cannot be read is an error. */
bool status_run_interrupted(const char *state, struct arena *arena, bool *out, struct error *err) MUST_USE;

/* "suture.status/1" */
void status_write_json(const struct status *status, struct writer *out);

#endif
