/*
 * Holding back, when nobody is there to be asked: packages that would newly be allowed something on this machine wait for
 * a person, and so does whatever strictly needs them. The rest goes on.
 *
 *     plan -> its new powers -> unattended_hold_powers -> unattended_rest: names for the next plan
 *          <- again, as long as that plan brings something that is held (unattended_hold_needing)
 */
#ifndef FLOW_UNATTENDED_HOLD_H
#define FLOW_UNATTENDED_HOLD_H

#include "acquire/powers.h"
#include "model/plan.h"

struct unattended_held {
    struct text name, arch;
    struct text
        why; /* "brings a new timer, /usr/lib/systemd/system/x.timer", "needs libfoo, which is held" */
};

struct unattended_holds {
    struct unattended_held *at;
    size_t count, capacity;
};

/* Holds every package of the plan that brings or changes a power; what changed only in its version does not count. */
bool unattended_hold_powers(const struct plan *plan, const struct powers *powers, struct arena *arena,
                            struct unattended_holds *holds, struct error *err) MUST_USE;
/* Holds what brought a held package into the plan. *any: the plan has one that is held. */
bool unattended_hold_needing(const struct plan *plan, struct arena *arena, struct unattended_holds *holds,
                             bool *any, struct error *err) MUST_USE;
/* "NAME:ARCH" of the changes that were asked for, due or named, and are not held. What they need comes with them. */
bool unattended_rest(const struct plan *plan, const struct unattended_holds *holds, struct arena *arena,
                     struct text **out, size_t *count, struct error *err) MUST_USE;

#endif
