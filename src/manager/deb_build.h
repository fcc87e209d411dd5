/*
 * The .deb of an installed package, built again from what lies on this machine, before an update replaces it.
 *
 * For a rollback when the archive has the old version no more. What it holds is what the machine had:
 *
 *     control    dpkg's paragraph without Status, Conffiles, Config-Version and Triggers-*
 *     the rest of the control part: the package's files in info/ but its list (scripts, md5sums, conffiles, triggers, ...)
 *     data       what info/NAME.list names, as it is on disk: contents (the owner's changes too), modes, numbers of users,
 *                times, links, hard links, devices; looked for where diversions put it
 *
 * What is not on disk (path-exclude, removed by the owner, a conffile deleted) is left out and named in `absent`. A path
 * that is a folder for the package and a link on this machine (merged /usr, /var/spool on another disk) is written as
 * the folder that the link leads to when the package has something below it; else as the link, which dpkg leaves alone
 * where it stands. Users go in by number alone, for so they were. Overrides (dpkg-statoverride) are on disk already.
 * Extended attributes have no place in a .deb; what has some is named in `attributed`.
 *
 * The same state of the machine gives the same bytes. libarchive writes the tars as the files are read, so nothing is
 * laid out beforehand and nothing larger than a buffer is in memory; dpkg-deb would need a second tree of the package,
 * with diverted files under their own names, and a process for each. Packing is zstd's fastest, which dpkg knows since
 * 1.21.18, or none.
 */
#ifndef MANAGER_DEB_BUILD_H
#define MANAGER_DEB_BUILD_H

#include "base/digest.h"
#include "format/compress.h"
#include "manager/dpkg_database.h"

struct deb_built {
    uint64_t size;
    struct digest digest;      /* SHA-256 of the file, read back */
    const struct text *absent; /* listed, not there; in the list's order */
    size_t absent_count;
    const struct text *attributed; /* have extended attributes, which are not in the file */
    size_t attributed_count;
};

/*
 * Makes the file `path` (it must not be there), mode 0600, synced; on failure it is removed. The package must be
 * installed wholly. ERROR_CONFLICT: it is not, or a file changed while it was read. `packing`: NONE or ZSTD.
 */
bool deb_build(const struct dpkg_database *database, const struct dpkg_record *record,
               enum compress_kind packing, const char *path, struct arena *arena, struct deb_built *out,
               struct error *err) MUST_USE;

/* Bytes that its files take on disk, each counted once: what a file that is not packed would have. */
bool deb_build_estimate(const struct dpkg_database *database, const struct dpkg_record *record,
                        struct arena *arena, uint64_t *out, struct error *err) MUST_USE;

#endif
