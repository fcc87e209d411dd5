/*
 * The new powers that a plan brings (acquire/powers.h), read by suture-prove from the package files in the cache.
 */
#ifndef FLOW_POWERS_OF_PLAN_H
#define FLOW_POWERS_OF_PLAN_H

#include "acquire/powers.h"
#include "model/plan.h"

struct powers_request {
    const char *program; /* suture-prove */
    const char *root;
    const char *state;        /* the state folder, whose cache/ is looked into; NULL: there is none */
    const char *const *paths; /* of each change its file, instead of the cache; NULL in it: a removal */
};

struct plan_powers {
    struct powers powers; /* sorted */
    size_t unread;        /* package files that are not here: what they bring is not known */
};

/* Writes nothing. */
bool powers_of_plan(const struct powers_request *request, const struct plan *plan, struct arena *arena,
                    struct plan_powers *out, struct error *err) MUST_USE;

#endif
