/*
 * Which archive may own which package.
 *
 * A described publisher (model/publisher.h) owns what its scope names. Somebody else's archive may own what no described
 * publisher's list has; a name that one has is shadowed, and its record counts for nothing: who holds that archive's key
 * could otherwise put his own openssl above the distribution's. One thing is left as it was: what is installed newer than
 * all that the owner offers can only have come from elsewhere, by an administrator's hand, and goes on coming from there
 * (nodejs of its makers, a database of its own archive).
 */
#ifndef MANAGER_APT_SCOPE_H
#define MANAGER_APT_SCOPE_H

#include "manager/apt_archive.h"

struct apt_scope {
    const struct apt_archive *archives;
    size_t count;
    bool described; /* some believed archive is of a described publisher: without, nothing is refused */
};
struct apt_scope apt_scope_with(const struct apt_archive *archives, size_t count);

/* *why is absent when the archive may own it. installed: version of the package here; absent: none. False: memory is out. */
bool apt_scope_judge(const struct apt_scope *scope, const struct apt_archive *archive,
                     const struct apt_record *record, struct text installed, struct arena *arena,
                     struct text *why);

#endif
