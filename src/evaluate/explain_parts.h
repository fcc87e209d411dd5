/*
 * The parts of an explanation, each one sentence or less. Only explain.c includes this.
 */
#ifndef EVALUATE_EXPLAIN_PARTS_H
#define EVALUATE_EXPLAIN_PARTS_H

#include "evaluate/explain.h"

/* One finding with all that its sentences need. */
struct explained {
    const struct explain_context *context;
    const struct policy *policy;
    const struct finding *finding;
    const struct decision *decision;
};

void explain_date(struct writer *w, const struct policy *policy, int64_t us);   /* "2026-12-05" */
void explain_moment(struct writer *w, const struct policy *policy, int64_t us); /* "Sat 2026-11-28 03:00" */
void explain_inputs(struct writer *w, const struct explained *e);               /* behind "urgency" */
void explain_rule_words(struct writer *w, const struct explained *e, size_t verdict);
void explain_verdict(struct writer *w, const struct explained *e, size_t verdict); /* behind "also" */
void explain_named(struct writer *w, const struct explained *e);                   /* behind the due date */
void explain_cost(struct writer *w, const struct explained *e);
void explain_override(struct writer *w, const struct explained *e, enum decision_override which);
void explain_suppression(struct writer *w, const struct explained *e);

#endif
