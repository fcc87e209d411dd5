/*
 * The reasons of a decision as sentences, from what was stored: the same decision gives the same bytes.
 *
 *     NEXT WINDOW  libssl3 3.0.15-1 -> 3.0.17-1  CVE-2026-12345
 *       urgency  out-of-cycle   exploited / controlled / automatable yes (assumed: AV:N PR:N UI:N) / impact very high
 *       due      2026-12-05     cisa-bod-26-04: KEV, not exposed, automatable: 14 days from kev_added 2026-11-21
 *       also     seed-cvss: 2026-12-21 (7.5 high) · bio2-1.3: does not apply (NCSC-NL label normal)
 *       cost     now 640 min, Sat 2026-11-28 03:00 22 min -> wait, mitigate meanwhile
 *       override evidence first: secure traces before anything changes
 *       data     debian-tracker of 2026-11-21 06:00Z, kev of 2026-11-20   policy voorbeeld v7
 *
 * What is due is dated in the policy's zone; clocks and data carry the day of UTC, as their sources write it. Whoever calls opens the writer and asks it whether all fitted.
 */
#ifndef EVALUATE_EXPLAIN_H
#define EVALUATE_EXPLAIN_H

#include "evaluate/decide.h"

/* One feed or list that a decision rests on. */
struct explain_data {
    const char *name;
    int64_t generated_us; /* TIME_ABSENT: it does not say */
};

struct explain_context {
    const struct decide_context *decide; /* as it was decided with */
    const struct explain_data *data;
    size_t data_count;
    const char *policy_digest; /* hexadecimal SHA-256 of the policy file; NULL: built in, or not computed */
};

/* The block above, each line ending in a newline. */
void explain_decision(struct writer *w, const struct explain_context *context, const struct finding *finding,
                      const struct decision *decision);
/* The same as one sentence each, without newlines, in the arena: the "reasons" of JSON. */
bool explain_reasons(const struct explain_context *context, const struct finding *finding,
                     const struct decision *decision, struct arena *arena, struct text **out, size_t *count,
                     struct error *err) MUST_USE;
/* One sentence on an update: why its action and date, or why it waits. */
void explain_update(struct writer *w, const struct explain_context *context, const struct update *update,
                    const struct update_decision *decision);
/* The conditions of the rule that gave this verdict, as they hold here: "KEV, not exposed, automatable". */
void explain_rule(struct writer *w, const struct explain_context *context, const struct finding *finding,
                  const struct decision *decision, size_t verdict);
/* "7.5 high", "7.5 high (CVSS 2)", "high (assumed: no score)". */
void explain_severity(struct writer *w, const struct finding *finding, const struct decision *decision);

#endif
