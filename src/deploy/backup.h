/*
 * What is kept before a run changes anything: a rollback store (store/rollback_store.h) of one plan on one root.
 *
 *     the set         name, version, status and apt's mark of every package that dpkg knows
 *     packages        the .deb of each that is upgraded or removed, rebuilt from what lies here (manager/deb_build.h)
 *     conffiles       of each changed package, as they are: changed, deleted, obsolete, links with what they lead to, and
 *                     what stands beside them as *.dpkg-dist and the like
 *     absent files    listed by dpkg, not there (path-exclude, the owner): after a rollback they are not there either
 *     attributes      capabilities and other extended attributes of packaged files
 *     notes           dpkg's paragraphs and lists, apt's extended_states
 *
 * Nothing of the machine is changed. The seal of the result goes into the journal before the first package is touched.
 */
#ifndef DEPLOY_BACKUP_H
#define DEPLOY_BACKUP_H

#include "store/rollback_store.h"

struct backup_request {
    const struct plan *plan;
    struct text run;    /* its id */
    const char *root;   /* "/" */
    const char *folder; /* STATE/runs/ID/rollback; what is there is removed */
    int64_t now_us;
};

struct backup_result {
    struct digest seal;
    uint64_t size;  /* bytes of the store */
    size_t rebuilt; /* packages */
    size_t conffiles, absent, attributes;
};

/* Bytes that the store will need at most, roughly. */
bool backup_estimate(const struct backup_request *request, struct arena *arena, uint64_t *out,
                     struct error *err) MUST_USE;
/* ERROR_LIMIT: too little room for it, known before anything is written. ERROR_CONFLICT: a package of the plan is not
 * as the plan found it. On failure the folder is removed. */
bool backup_make(const struct backup_request *request, struct arena *arena, struct backup_result *out,
                 struct error *err) MUST_USE;

#endif
