/*
 * Where the reasons of `suture why` come from: the scan that was kept, or a fresh one as JSON; and what can be said of
 * a name that no decision is about.
 */
#ifndef FLOW_WHY_H
#define FLOW_WHY_H

#include "flow/scan.h"

/* The JSON (SCAN_JSON_KEPT) in the arena: of the kept scan when the request is of this machine as it is, else of a scan made for it. */
bool why_json(const struct scan_request *request, struct arena *arena, struct bytes *out, struct error *err)
    MUST_USE;

/*
 * Why nothing is reported of this vulnerability or package: not installed, no data, nothing known, not affected, or
 * the newest that the archives have. One or more lines.
 */
bool why_not(const struct scan_request *request, struct text wanted, struct arena *arena, struct writer *out,
             struct error *err) MUST_USE;

#endif
