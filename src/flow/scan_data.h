/*
 * What the answer of a scan stands on: the feeds and the lists, how fresh each is, and whether that is enough.
 */
#ifndef FLOW_SCAN_DATA_H
#define FLOW_SCAN_DATA_H

#include "flow/scan.h"

/* Sets data, judged and complete of the scan. */
bool scan_data_list(const struct data_state *state, struct scan *scan, struct arena *arena, struct error *err)
    MUST_USE;

#endif
