/*
 * A policy read back as sentences, so that whoever wrote it sees what it means. One sentence or part of a list a line,
 * indented by what it belongs to; nothing that decides is left out.
 */
#ifndef EVALUATE_POLICY_SENTENCES_H
#define EVALUATE_POLICY_SENTENCES_H

#include "evaluate/policy.h"

/* now_us tells which exceptions have ended and which profiles are retired. */
void policy_write_sentences(struct writer *w, const struct policy *policy, int64_t now_us);
/* One profile: title, rules, what ends its clock, source. */
void profile_write(struct writer *w, const struct profile *profile, int64_t now_us);
/* The rules of one profile, each line behind `indent` spaces. */
void profile_write_rules(struct writer *w, const struct profile *profile, int indent);

#endif
