/*
 * The gate of a run: which packages of a plan are held (acquire/trust_gates.h), and what is left of the plan without them.
 *
 *     plan -> its files and new powers -> gate_judge -> who is there is asked, and may approve (gate_approve)
 *          -> gate_hold_needing, gate_rest: names for the next plan -> again, until a plan brings nothing that is held
 *
 * What is judged here only decides what is asked and left out; the control is the same judge in the proof of each file,
 * right before it is installed (flow/prove.h), whatever this gate or a plan from elsewhere said.
 */
#ifndef FLOW_GATE_H
#define FLOW_GATE_H

#include "acquire/trust_gates.h"
#include "evaluate/policy.h"

/* Where and by what. */
struct gate_place {
    const char *state; /* the state folder: versions, approvals and the machine's key */
    int64_t clock_us;
    struct lane_terms lanes; /* the policy's */
    uint32_t held_powers;    /* the policy's */
};

/* How long what is new waits by this policy; fleet: this machine is in one. */
struct lane_terms gate_lanes(const struct policy *policy, bool fleet);
/* Whether the machine of this state folder (NULL: there is none) is in a fleet (store/agent_state.h). */
bool gate_fleet(const char *state, struct arena *arena);

/* Reads what is remembered. first_us has room for plan->change_count. ERROR_INPUT, ERROR_TRUST: it is broken or not ours. */
bool gate_terms(const struct gate_place *place, const struct plan *plan, const struct powers *powers,
                struct arena *arena, struct trust_terms *out, int64_t *first_us, struct error *err) MUST_USE;

/* SHA-256 of files, in the arena: what plan_request wants. */
struct gate_lifted {
    const struct digest *lifted; /* whose wait is over by an approval; in a fleet: that two signed */
    size_t lifted_count;
    const struct digest *approved; /* that one person has approved of, where that is not enough */
    size_t approved_count;
};
bool gate_lifted(const char *state, int64_t clock_us, bool fleet, struct arena *arena,
                 struct gate_lifted *out, struct error *err) MUST_USE;

struct gate_held {
    const struct plan_change *change;
    enum trust_gate gate; /* the first; `lifts` and `why` have all */
    unsigned lifts;       /* what an approval must lift */
    struct text
        why; /* "brings a new timer, /usr/lib/systemd/system/x.timer", "needs libfoo, which is held" */
    int64_t until_us;            /* SOAK */
    struct lift_subject subject; /* what an approval must say; package absent: it is held for another one */
};

/* Grows in the arena, which must be that of the plans. */
struct gate_holds {
    struct gate_held *at;
    size_t count, capacity;
};
bool gate_is_held(const struct gate_holds *holds, struct text name, struct text arch);

/* Holds every package of the plan that does not come in. */
bool gate_judge(const struct plan *plan, const struct trust_terms *terms, const int64_t *first_us,
                struct arena *arena, struct gate_holds *holds, struct error *err) MUST_USE;
/* Holds what brought a held package into the plan. *any: the plan has one that is held. */
bool gate_hold_needing(const struct plan *plan, struct arena *arena, struct gate_holds *holds, bool *any,
                       struct error *err) MUST_USE;
/* "NAME:ARCH" of the changes that were asked for, due or named, and are not held. What they need comes with them. */
bool gate_rest(const struct plan *plan, const struct gate_holds *holds, struct arena *arena,
               struct text **out, size_t *count, struct error *err) MUST_USE;
/* What is held stands in the plan as left, with the gate's name as the reason; the plan has another id then. */
bool gate_leave(struct plan *plan, const struct gate_holds *holds, struct arena *arena, struct error *err)
    MUST_USE;

/* Records that `by` approves of these bytes: what is in `lifts` (SIGNED_ORDER_LIFTS_...) of them. */
bool gate_approve(const char *state, const struct lift_subject *subject, unsigned lifts, struct text by,
                  int64_t now_us, struct arena *arena, struct error *err) MUST_USE;

/*
 * What a plan from elsewhere says of lanes and new packages counts for nothing: `own` is what this machine planned of the
 * same names, NULL: it could not. What that does not have, file for file, waits as nothing is known of it.
 */
void gate_take_judgement(struct plan_change *changes, size_t count, const struct plan *own);

#endif
