/*
 * What people have blocked (trust/signed_order.h): it is left out of every plan, and nothing of it is installed by a plan
 * that was made before, nor by a rollback. The last word before anything is changed.
 */
#ifndef FLOW_BLOCKS_H
#define FLOW_BLOCKS_H

#include "deploy/rollback.h"
#include "model/plan.h"
#include "store/trust_record.h"

/* "2026-11-22-9f3a1c07 by anna: the signed update is malicious", in the arena; at == NULL when memory is out. */
struct text blocks_say(const struct trust_order *order, struct arena *arena);

/* ERROR_TRUST "block: ...": one of its changes is blocked. state: the folder; NULL: nothing is. */
bool blocks_check_plan(const char *state, const struct plan *plan, int64_t now_us, struct arena *arena,
                       struct error *err) MUST_USE;
/* The same of what a rollback would install again: it was installed here, and is blocked now. */
bool blocks_check_back(const char *state, const struct rollback_step *steps, size_t count, int64_t now_us,
                       struct arena *arena, struct error *err) MUST_USE;

#endif
