/*
 * The faces of `suture unattended`: what it will make, what it gave back, how it stands.
 */
#ifndef CLI_PRINT_UNATTENDED_H
#define CLI_PRINT_UNATTENDED_H

#include "evaluate/policy.h"
#include "flow/unattended.h"

/* "suture.unattended-plan/1"; yes: it is about to be done. */
void print_unattended_plan(const struct unattended_plan *plan, bool json, bool yes, struct arena *arena,
                           struct writer *out);
/* After it was done; status as it is now. */
void print_unattended_done(const struct unattended_plan *plan, const struct unattended_status *status,
                           struct arena *arena, struct writer *out);
/* "suture.unattended-report/1" */
void print_unattended_report(const struct takeover_report *report, bool json, struct arena *arena,
                             struct writer *out);

struct print_unattended_status {
    const struct unattended_status *status;
    const struct policy *policy;
    const struct window *window; /* of this machine */
    const struct ready_power *power;
    int64_t now_us;
};
/* "suture.unattended/1" */
void print_unattended_status(const struct print_unattended_status *shown, bool json, struct arena *arena,
                             struct writer *out);

#endif
