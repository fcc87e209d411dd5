/*
 * The work of `suture-prove offers` (flow/offers_message.h), which is also what a test does in its own process: reading the
 * indexes of deltas, and finding for each package the smallest delta whose base is installed here.
 */
#ifndef FLOW_OFFERS_WORK_H
#define FLOW_OFFERS_WORK_H

#include "flow/offers_message.h"

/* out has room for question->count. What is wrong with an index is an answer, not a failure. */
bool offers_work(const struct offers_question *question, struct arena *arena, struct offers_answer *out,
                 struct error *err) MUST_USE;

/* What is read below the root: dpkg's status and the folder beside it. */
#define OFFERS_STATUS         "/var/lib/dpkg/status"
#define OFFERS_STATUS_UPDATES "/var/lib/dpkg/updates"

#endif
