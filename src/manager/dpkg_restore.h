/*
 * Putting back what dpkg and apt noted of packages, after a rollback has installed their old files again.
 *
 * Why at all. A package file rebuilt from a machine holds the owner's version of a conffile, so dpkg notes the owner's
 * hash as the vendor's; the next upgrade would then see a file that nobody changed and overwrite it. dpkg has no
 * command for that note, nor for a hold that installing took off, a path that the owner had removed, or a paragraph
 * of a package of which only the configuration had been left. So the paragraph is put back to the byte, and with it
 * the package's files in info/ that were kept.
 *
 * How it stays safe. Only with dpkg's own lock held here (besides the frontend's, which the caller holds): then no dpkg
 * reads or writes the database. Only a package that dpkg itself has just brought to the version and state that the
 * old paragraph says; anything else is ERROR_CONFLICT and nothing is written. The status is replaced as a whole, as
 * dpkg does it; what dpkg keeps of other packages is written as it was read. Done twice it is as done once.
 */
#ifndef MANAGER_DPKG_RESTORE_H
#define MANAGER_DPKG_RESTORE_H

#include "manager/dpkg_database.h"

struct dpkg_old_record {
    struct text name, arch;
    struct bytes paragraph; /* size 0: dpkg knew nothing of it, and shall not again */
};

/* dpkg's own lock, until the descriptor is closed; waits at most so long. ERROR_CONFLICT: somebody has it. */
bool dpkg_restore_lock(const char *root, uint32_t wait_ms, int *out, struct error *err) MUST_USE;

/* The paragraphs of these packages. `now` was read under the lock. */
bool dpkg_restore_status(const struct dpkg_database *now, const struct dpkg_old_record *old, size_t count,
                         struct arena *arena, struct error *err) MUST_USE;
/* One file of info/. */
bool dpkg_restore_part(const struct dpkg_database *now, const struct dpkg_record *record, struct text part,
                       struct bytes content, mode_t mode, struct arena *arena, struct error *err) MUST_USE;
/*
 * apt's marks of these packages in var/lib/apt/extended_states, from the file as it was (size 0: there was none);
 * packages for all architectures stand in it under `native`.
 */
bool dpkg_restore_marks(const char *root, struct text native, struct bytes before,
                        const struct dpkg_old_record *old, size_t count, struct arena *arena,
                        struct error *err) MUST_USE;

#endif
