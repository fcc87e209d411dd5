/*
 * The work of suture-rebuild (flow/rebuild_main.c), which is also what a test does in its own process: a delta looked at
 * with an installed package as its base, or carried out.
 */
#ifndef FLOW_REBUILD_WORK_H
#define FLOW_REBUILD_WORK_H

#include "flow/rebuild_message.h"

struct rebuild_files {
    int delta, spool, output; /* the two last to make only */
    int supplements[REBUILD_SUPPLEMENTS_MAX];
};

struct rebuild_progress {
    bool (*told)(void *self, uint64_t done, uint64_t all); /* false: stop; or NULL */
    void *self;
};

/*
 * ERROR_INPUT: no delta, or one not for packages; ERROR_CONFLICT: of a version that this program does not know, or for another
 * base than is installed here; ERROR_ABSENT: the base's package, or to make a file of it, is not here; ERROR_LIMIT: it
 * takes more memory than is allowed.
 */
bool rebuild_work(const struct rebuild_question *question, const struct rebuild_files *files,
                  struct rebuild_progress progress, struct arena *arena, struct rebuild_view *out,
                  struct error *err) MUST_USE;

#endif
