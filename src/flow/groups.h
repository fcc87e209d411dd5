/*
 * Updates grouped by source package, worst first, and the counts that go with them: what a person decides about.
 */
#ifndef FLOW_GROUPS_H
#define FLOW_GROUPS_H

#include "flow/scan.h"

/* Sets scan->groups from its match and decisions. */
bool groups_make(struct scan *scan, struct arena *arena, struct error *err) MUST_USE;
/* Sets scan->summary from its groups. */
void groups_summarise(struct scan *scan);

#define GROUPS_WEEK_US (7 * TIME_DAY_US)

/* True when the group is late, or due or planned until then, or is to be acted on now; postponed and held ones are not. */
bool group_is_due(const struct scan *scan, const struct scan_group *group, int64_t until_us);
/* The package that the group's row shows: its first. */
const struct package *group_package(const struct scan *scan, const struct scan_group *group);
/* The offer that an update would install. */
const struct offer *update_offer(const struct host *host, const struct update *update);

#endif
