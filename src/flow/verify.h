/*
 * The last step of a run: did it help? A look at the machine gives the facts, the facts give the three verdicts
 * (verify/verdict.h), and all of it becomes a sealed record (verify/seal.h).
 *
 *     verify_look        at the end of a run, from its plan and from the answers of the health checks
 *     verify_again       later, from the evidence that is kept: `suture verify`
 *     verify_keep        seals the record and adds it to the chain
 *
 * Looking changes nothing and needs no right but to read; it reads outside bytes, so the supervisor of a run lets another
 * process do it and takes the facts over as JSON (seal_write_evidence, seal_read_evidence). Keeping reads none.
 */
#ifndef FLOW_VERIFY_H
#define FLOW_VERIFY_H

#include "flow/scan.h"
#include "verify/restart.h"
#include "verify/seal.h"

struct verify_request {
    struct scan_request scan; /* how the machine is looked at, and when */
    const char *processes;    /* "/proc" */
    const char *tool;         /* "suture 0.1.0" */
};

/* What whoever made a run knows of it. */
struct verify_run {
    enum evidence_kind kind; /* APPLY or ROLLBACK */
    const struct run *run;   /* its id, plan, outcome and begin; steps are not read */
    const struct plan *plan; /* of a rollback: that of the run which it takes back */
    const struct evidence_check
        *checks; /* asked before and after, by whoever may run programs (verify/health.h) */
    size_t check_count;
};

/* Everything in the arena. The verdicts are made. */
bool verify_look(const struct verify_request *request, const struct verify_run *run, struct arena *arena,
                 struct evidence *out, struct error *err) MUST_USE;

/*
 * A later look at what `former` was about, checks asked anew: those that the policy names today, and the units of the
 * former record; what they said before the run is the former record's. A command is never taken from a record.
 */
bool verify_again(const struct verify_request *request, const struct evidence *former, struct arena *arena,
                  struct evidence *out, struct error *err) MUST_USE;

/*
 * Whether the checks that this policy names may be asked: a command runs as who runs this, so for root the file that names
 * it must be root's alone to write. path NULL: the built-in policy. ERROR_TRUST.
 */
bool verify_checks_allowed(const char *path, const struct policy *policy, struct error *err) MUST_USE;

/* Restarts what runs old code and may be restarted without a person; what it was is in *out, also when it failed. */
struct verify_restarted {
    const struct text *units;
    size_t count;
    bool reexec; /* the service manager, too */
};
bool verify_restart(const struct evidence *evidence, const char *systemctl, struct arena *arena,
                    struct verify_restarted *out, struct error *err) MUST_USE;

/* Whether verify_keep could do its work now: a run that could not be proved is not begun. */
bool verify_can_keep(const char *state_folder, struct arena *arena, struct error *err) MUST_USE;
/* Seals it. state_folder is made when it is not there. */
bool verify_keep(const char *state_folder, const struct evidence *evidence, struct arena *arena,
                 struct seal *out, struct error *err) MUST_USE;

#endif
