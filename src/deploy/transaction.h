/*
 * A plan's changes as the package manager gets them, and what the package manager would make of them.
 *
 * The plan says what shall be; apt, asked with the proved files alone, says what it would do. Only when both say the same,
 * change for change, is anything done: a dependency that the plan did not see, a file that is another package inside than
 * its list said, or a package that was installed meanwhile shows here, before anything is touched.
 */
#ifndef DEPLOY_TRANSACTION_H
#define DEPLOY_TRANSACTION_H

#include "manager/installer.h"

/* The plan and the files that were proved for it: artifacts[i] belongs to plan->changes[i]; of a removal it is empty. */
struct transaction {
    const struct plan *plan;
    const struct trusted_artifact *artifacts;
    const uint32_t *places; /* of each change in the package manager's own order; NULL: not asked yet */
    bool rollback;
};

/* The changes of the groups first to last, in the package manager's order where it is known. Arrays in the arena. */
bool transaction_groups(const struct transaction *transaction, uint32_t first, uint32_t last,
                        struct arena *arena, struct package_group *out, struct error *err) MUST_USE;

/*
 * Compares with the changes of the groups from `first` on. partly: some of them may be made already (after an
 * interruption), so they may be missing; nothing else may differ. On success *places is the package manager's order.
 * ERROR_CONFLICT names the first difference.
 */
bool transaction_compare(const struct transaction *transaction, const struct package_changes *changes,
                         uint32_t first, bool partly, struct arena *arena, const uint32_t **places,
                         struct error *err) MUST_USE;

/* The new packages of the group that are there for others. */
bool transaction_marks(const struct transaction *transaction, uint32_t group, struct arena *arena,
                       const struct package_mark **out, size_t *count, struct error *err) MUST_USE;

#endif
