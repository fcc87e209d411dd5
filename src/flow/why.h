/*
 * Where the reasons of `suture why` come from: the scan that was kept, or a fresh one as JSON; and what can be said of
 * a name that no decision is about.
 */
#ifndef FLOW_WHY_H
#define FLOW_WHY_H

#include "flow/scan.h"

/*
 * The JSON (SCAN_JSON_KEPT) of the kept scan, in the arena. *found is false when there is none, or the request is not of
 * this machine as it is.
 */
bool why_kept(const struct scan_request *request, struct arena *arena, struct bytes *out, bool *found,
              struct error *err) MUST_USE;
/* The same of a scan made now that lists everything, also what is suppressed. */
bool why_fresh(const struct scan_request *request, struct arena *arena, struct bytes *out, struct error *err)
    MUST_USE;

/*
 * Why nothing is reported of this vulnerability or package: not installed, no data, nothing known, not affected, or
 * the newest that the archives have. One or more lines.
 */
bool why_not(const struct scan_request *request, struct text wanted, struct arena *arena, struct writer *out,
             struct error *err) MUST_USE;

#endif
