/*
 * Running one drill: a scratch folder, a process of its own, and the folder away again, whatever became of the process.
 *
 * A drill that brings the reader down has shown something: the process that ends by a signal has not held. Who stops it by
 * hand finds nothing left behind.
 */
#ifndef DRILL_DRILL_RUNNER_H
#define DRILL_DRILL_RUNNER_H

#include "drill/drill.h"

enum drill_verdict {
    DRILL_HELD,
    DRILL_NOT_HELD,
    DRILL_NOT_TRIED, /* as a whole or in part: never counted as held */
};
const char *drill_verdict_name(enum drill_verdict verdict); /* "held", ... */

struct drill_result {
    enum drill_verdict verdict;
    size_t attempts, refused;
    bool recovered;
    bool stopped; /* by hand */
    int64_t took_us;
    char problem[240]; /* why it could not be tried, or went down; empty: it ran to its end */
};

/* page: NULL: nothing is told but the result. */
struct drill_result drill_runner_run(const struct drill *drill, const struct drill_tools *tools, FILE *page);

#endif
