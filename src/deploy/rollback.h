/*
 * Taking one run back: exactly the packages, conffiles and notes that were there before it, from its rollback store.
 *
 *     conffiles         as they were (installer.restore, RESTORE_CONFFILES)
 *     the plan's groups last to first; of each, what is not as it was:
 *                       old packages installed, what the run brought is purged (removed, where dpkg had an old
 *                       configuration of it)
 *     missing files     a file that had moved between packages goes with the one that is purged: that old package is
 *                       installed once more
 *     the rest          as it was (RESTORE_ALL)
 *
 * What stands there already as it was is passed over, so an interrupted rollback is simply done again. The groups of a plan
 * leave a machine consistent after each, so each of them backwards does too. Packages that others have changed since are
 * named, and left alone: they are no part of the run.
 *
 * The artifacts come from acquire/trust_check (TRUST_WAS_INSTALLED), one for each change of the store that has a .deb, in
 * its order.
 */
#ifndef DEPLOY_ROLLBACK_H
#define DEPLOY_ROLLBACK_H

#include "manager/dpkg_database.h"
#include "manager/installer.h"
#include "store/rollback_store.h"

struct rollback_request {
    const struct installer *installer; /* locked */
    const char *root;
    const struct rollback_store *store;
    const char *folder; /* of the store */
    const struct digest *seal;
    const struct trusted_artifact *artifacts;
    size_t artifact_count;
};

/* What came of it. done: the machine is exactly as it was, as far as the run is concerned. */
struct rollback_result {
    bool done;
    struct text failed, reason, output; /* as of package_outcome; when it is not done */
    size_t installed, removed;          /* packages that went back, and that went */
};

/* False only where it cannot be known how it went, or nothing was begun; ask `done`. */
bool rollback_run(const struct rollback_request *request, struct arena *arena, struct rollback_result *out,
                  struct error *err) MUST_USE;

/* One change that a rollback would make, for people beforehand. */
struct rollback_step {
    const struct kept_change *change;
    struct text now; /* version that is installed; absent: none */
    bool is_as_it_was;
    bool changed_since; /* neither as before the run nor as the run left it */
};
/* One for each change of the store. */
bool rollback_look(const struct dpkg_database *database, const struct rollback_store *store,
                   struct arena *arena, struct rollback_step **out, struct error *err) MUST_USE;

/* Packages outside of the run that are no longer as the store noted them: "NAME VERSION -> VERSION" each. */
bool rollback_others(const struct dpkg_database *database, const struct rollback_store *store,
                     struct arena *arena, struct text **out, size_t *count, struct error *err) MUST_USE;

#endif
