/*
 * What a scan remembers for the next: when each finding was first seen, and the scan itself for `suture why`.
 *
 * Only a scan of this machine as it is now writes; every other may read.
 */
#ifndef FLOW_SCAN_MEMORY_H
#define FLOW_SCAN_MEMORY_H

#include "flow/scan.h"

/* Sets detected_us of all findings, as remembered or now; and in the context when fixes and updates were first offered. */
bool scan_memory_dates(const struct scan_request *request, struct scan *scan, struct arena *arena,
                       struct error *err) MUST_USE;
/* The number of what went in: the same for the same packages, lists, data, policy, level and day. */
uint64_t scan_memory_inputs(const struct scan *scan, uint64_t generation);
/* Keeps the scan's JSON when its inputs differ from the one that is kept. */
bool scan_memory_keep(const struct scan_request *request, const struct scan *scan, struct arena *arena,
                      struct error *err) MUST_USE;

#endif
