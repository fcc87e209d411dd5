/*
 * Holes that are closed on disk and open in memory: a process that began before the fix came still runs the code that has
 * them. They are findings like others, "restart-needed", until it has ended.
 *
 * Which holes an old file has no file tells: what is remembered does (store/seen.h). They are those of the file's source
 * package that scans found here and that were gone only after the process had begun.
 */
#ifndef FLOW_SCAN_RESTART_H
#define FLOW_SCAN_RESTART_H

#include "flow/scan_host.h"

/*
 * Appends them to the scan's findings and sets restart_first, where they begin. They are not remembered anew: what is
 * remembered of them says when they went.
 */
bool scan_restart_add(const struct scan_request *request, const struct scan_host *host, struct scan *scan,
                      struct arena *arena, struct error *err) MUST_USE;

#endif
