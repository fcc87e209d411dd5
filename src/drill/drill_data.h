/*
 * What drills have with them: the files of data/drill, made by tools/make_drill_data and built into the program. They are
 * signed with keys that exist nowhere any more and are worth nothing.
 */
#ifndef DRILL_DRILL_DATA_H
#define DRILL_DRILL_DATA_H

#include "base/bytes.h"

struct drill_file {
    const char *name; /* "honest.inrelease" */
    struct bytes content;
};

extern const struct drill_file drill_files[]; /* ends in a row of zeros */

/* A name that is not there is a mistake of ours. */
struct bytes drill_data(const char *name);

#endif
