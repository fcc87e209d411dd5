/* The table of all drills, in the order in which people read them. */
#ifndef DRILL_DRILLS_H
#define DRILL_DRILLS_H

#include "drill/drill.h"

extern const struct drill *const drills[]; /* ends in NULL */

/* ERROR_INPUT names the nearest one. */
bool drills_find(struct text name, const struct drill **out, struct error *err) MUST_USE;

#endif
