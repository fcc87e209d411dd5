/*
 * The way back of a run that went well, made small: old packages as deltas against the new ones (store/kept_delta.h).
 *
 * Of each package that the run replaced, what is kept is unpacked, encoded against the package that the run installed (which
 * runs/ID/packages still has), proved by decoding what was written, and only then removed. What cannot be made so stays as it is:
 * a package that the run removed, one that is kept by an older layout, one whose new package is not there any more, one
 * that would not become smaller.
 *
 * It can be stopped at any line and done again; what it does is seen by the size alone. For idle time: it takes a second of
 * processor for three MB.
 */
#ifndef DEPLOY_SHRINK_H
#define DEPLOY_SHRINK_H

#include "model/plan.h"
#include "store/rollback_store.h"

struct shrink_request {
    const char *folder;   /* STATE/runs/ID/rollback */
    const char *packages; /* STATE/runs/ID/packages: what the run installed */
    const struct digest *seal;
    const struct plan *plan;  /* of the run: which of those it installed for what */
    bool (*stop)(void *self); /* asked between packages; NULL: never */
    void *self;
};

struct shrink_result {
    size_t made;            /* packages that are deltas now */
    size_t left;            /* that stay as they are, beside those that were deltas before */
    uint64_t before, after; /* bytes of the package files that are kept, of those made */
    struct text why;        /* the first one stays; absent: none does */
};

/* ERROR_TRUST: the store is not what was sealed; nothing is touched. */
bool shrink_way_back(const struct shrink_request *request, struct arena *arena, struct shrink_result *out,
                     struct error *err) MUST_USE;

#endif
