/*
 * Which updates a plan asks for, and why the others are not in it: the judgement of flow/plan.c, before anything is solved.
 */
#ifndef FLOW_PLAN_SELECT_H
#define FLOW_PLAN_SELECT_H

#include "flow/plan_lanes.h"
#include "model/universe.h"

struct plan_pick {
    enum left_reason left; /* UNKNOWN: it is asked for */
    struct text why;
    bool listed;      /* left, and to be said: of what was not named nothing is */
    int64_t until_us; /* left because it waits: until when; else TIME_ABSENT */
    uint32_t offered; /* index in the universe of the version to install; UINT32_MAX: none can be */
};

struct plan_selection {
    struct plan_pick *picks; /* of each scan->match.updates */
    uint32_t *update_of;     /* of each host.packages: its update, or UPDATE_NONE */
    uint32_t *wanted;        /* indexes in the universe, most important first */
    size_t wanted_count;
};

/* ERROR_ABSENT: a name is of no package that is installed here. */
bool plan_select(const struct plan_waits *waits, const struct universe *universe, struct arena *arena,
                 struct plan_selection *out, struct error *err) MUST_USE;
/* One of those that were asked for is left all the same. */
void plan_select_leave(struct plan_selection *selection, const struct scan *scan, uint32_t update,
                       enum left_reason reason, struct text why, int64_t until_us);

#endif
