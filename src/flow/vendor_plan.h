/*
 * Planning where a plan may be carried out: before it, a vendor is asked whose lists the machine's own sources no longer
 * bring (flow/vendor_lists.h), so that the plan is made of both.
 */
#ifndef FLOW_VENDOR_PLAN_H
#define FLOW_VENDOR_PLAN_H

#include "evaluate/policy.h"
#include "flow/plan_run.h"

struct vendor_plan_programs {
    const char *plan, *prove, *fetch;
    struct text ca_file;
};

/* As plan_run; found->vendor says what was asked and what came of it. */
bool vendor_plan_run(const struct vendor_plan_programs *programs, const struct plan_request *request,
                     struct arena *arena, struct plan_found *out, struct error *err) MUST_USE;

#endif
