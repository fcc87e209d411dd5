/*
 * Lanes: how fast an update may come, by what it is for. A higher one waits less. What a fix strictly needs comes in the
 * lane of the fix. acquire/lanes.h says how long each waits.
 */
#ifndef MODEL_LANE_H
#define MODEL_LANE_H

#include "base/bytes.h"

enum lane {
    LANE_UNKNOWN,    /* nobody has judged it: waits as a functional one */
    LANE_FUNCTIONAL, /* closes no hole that is known here, or nothing is known of it */
    LANE_SECURITY,
    LANE_EXPLOITED, /* closes a hole that is used in attacks */
    LANE_CRISIS,    /* a level other than normal takes it */
    LANE_COUNT
};
const char *lane_name(enum lane lane); /* "functional", "security", "exploited", "crisis"; "unknown" */
enum lane lane_find(struct text name); /* UNKNOWN: it is none */

#endif
