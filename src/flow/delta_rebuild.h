/*
 * The door of flow/delta_fetch.h to suture-rebuild (flow/rebuild.h): a confined process for each package, which takes only
 * what nobody else wants of processor and disk.
 */
#ifndef FLOW_DELTA_REBUILD_H
#define FLOW_DELTA_REBUILD_H

#include "flow/delta_fetch.h"

struct delta_rebuild {
    const char *program; /* suture-rebuild */
    const char *root;
    /* Asked now and then while a package is made; false: stop. NULL: nobody asks. */
    bool (*progress)(void *self, uint64_t done, uint64_t all);
    void *self;
};

/* The rebuild is borrowed. */
struct delta_door delta_rebuild_door(struct delta_rebuild *rebuild);

#endif
