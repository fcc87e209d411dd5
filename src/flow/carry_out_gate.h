/*
 * The gate of `suture apply`, between the plan and the run (flow/gate.h): the packages are fetched into the cache and read,
 * whoever is there is asked about what is held, and what stays held is left out of the plan, with what needs it.
 *
 * A plan from a file is carried out as it is or not at all. What cannot be fetched or read here is no failure here: the
 * run tries again, and its proof lets nothing in that was not judged.
 */
#ifndef FLOW_CARRY_OUT_GATE_H
#define FLOW_CARRY_OUT_GATE_H

#include "flow/carry_out.h"
#include "flow/prove.h"

struct carry_out_gate {
    const struct carry_out_request *request;
    struct stop *stop;
    const char *state;
    struct arena *arena; /* of plan and run */
};

struct carry_out_passed {
    struct gate_holds holds;      /* what is left out */
    struct plan_powers powers;    /* of what is left in, as far as it could be read */
    struct prove_fetched fetched; /* the first time that something was */
    bool has_fetched;
};

/* ERROR_TRUST: a plan from a file brings what is held; the text begins with the package and the gate's name. */
bool carry_out_gate(const struct carry_out_gate *gate, struct plan_found *found, struct carry_out_passed *out,
                    struct error *err) MUST_USE;

/* By what this machine judges now. */
struct gate_place carry_out_place(const struct carry_out_request *request, const char *state);

#endif
