/*
 * The steps of `suture apply` (struct apply_steps of deploy/apply.h), each handed to the module that does it.
 */
#ifndef FLOW_CARRY_OUT_STEPS_H
#define FLOW_CARRY_OUT_STEPS_H

#include "base/helper.h"
#include "flow/carry_out.h"
#include "flow/prove.h"

/* What the steps share. Borrowed all of it. */
struct carrying {
    const struct carry_out_request *request;
    struct stop *stop;
    struct arena *arena; /* of the run */
    const struct plan *plan;
    const char *state, *root, *run;
    const char *folder;   /* of the run */
    const char *packages; /* in it */
    const struct installer *installer;
    struct journal *journal;
    const struct helper *look; /* suture-look */
    struct bytes plan_json;
    struct bytes evidence;               /* from VERIFY on */
    uint64_t sealed;                     /* number of the record */
    const struct prove_fetched *fetched; /* what the gate fetched for this run already; NULL: nothing */
    const struct gate_holds *held;       /* what it left out */
    bool begun; /* packages were touched before an interruption: the gates were passed then */
};

struct apply_steps carry_out_steps(struct carrying *carrying);

#endif
