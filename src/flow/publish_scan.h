/*
 * The package files in a folder and the folders below it, and what they say of themselves.
 */
#ifndef FLOW_PUBLISH_SCAN_H
#define FLOW_PUBLISH_SCAN_H

#include "flow/publish_plan.h"

struct publish_found {
    struct publish_package *packages;
    size_t count;
    const struct text *refused; /* files that are no packages, each with the reason */
    size_t refused_count;
};

/* Everything that is kept is in the arena. ERROR_ABSENT: no such folder. */
bool publish_scan(const char *folder, struct arena *arena, struct publish_found *out, struct error *err)
    MUST_USE;

#endif
