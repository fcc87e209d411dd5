#include "flow/vendor_plan.h"

#include "flow/policy_path.h"
#include "flow/vendor_lists.h"

bool vendor_plan_run(const struct vendor_plan_programs *programs, const struct plan_request *request,
                     struct arena *arena, struct plan_found *out, struct error *err)
{
    const struct scan_request *scan = &request->scan;
    struct vendor_lists_result asked = {0};
    struct plan_found found;
    struct policy policy;

    if (!policy_in_force(scan->policy, scan->state, scan->now_us, arena, &policy, NULL, err))
        return false;
    const struct vendor_lists_request lists = {
        .prove = programs->prove,
        .fetcher = programs->fetch,
        .root = scan->root,
        .state = scan->state,
        .publishers = scan->publishers,
        .now_us = scan->now_us,
        .after_us = duration_add(policy.vendor_after, scan->now_us, &policy.zone) - scan->now_us,
        .ca_file = programs->ca_file,
    };
    if (scan->state != NULL && !vendor_lists_refresh(&lists, arena, &asked, err))
        return error_at(err, "the vendor's lists");
    if (!plan_run(programs->plan, request, arena, &found, err))
        return false;
    found.vendor = asked.said;
    *out = found;
    return true;
}
