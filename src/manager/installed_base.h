/*
 * The base of a delta as a machine has it: the parts of delta/base.h from an installed package.
 *
 *     control    the files in info/ by name, "control" among them: dpkg's paragraph in base_control_text's form
 *     list       info/NAME.list, without the obsolete conffiles that dpkg puts behind its end
 *     files      those that md5sums names, in its order, but no conffiles; MD5 as it stands there
 *     conffiles  in the order of info/NAME.conffiles; MD5 of what the package brought, from dpkg's field Conffiles
 *
 * These are the same parts, in the same order, as base_deb_open finds in the .deb that was installed, whatever became of
 * its files since: only reading one tells. What is not there (path-exclude, removed, not for this user to read) is
 * ERROR_ABSENT, what has other bytes is ERROR_CONFLICT; delta/supplement.h can answer for both.
 *
 * A file is read where a diversion put it. Of symbolic links in its path only those that merge /usr (/bin, /lib, /lib32,
 * /lib64, /libx32 and /sbin, to the folder of that name in /usr) are followed: a package installs no file through
 * another one, and whoever may make links in a folder must not choose what root reads. The file itself may have several
 * names, but be no link, pipe or device. Its bytes are hashed as they are read, so a change meanwhile cannot go unseen.
 *
 * Reading keeps no state: several threads may read at once.
 */
#ifndef MANAGER_INSTALLED_BASE_H
#define MANAGER_INSTALLED_BASE_H

#include "delta/base.h"
#include "manager/dpkg_database.h"

/*
 * The record of an unpacked package. arch: empty for the only one of that name. ERROR_ABSENT: there is none;
 * ERROR_CONFLICT: several and no arch, or dpkg was stopped while it unpacked it.
 */
bool installed_base_choose(const struct dpkg_database *database, struct text name, struct text arch,
                           const struct dpkg_record **out, struct error *err) MUST_USE;

/* database, record and arena must outlive the base. OWN(installed_base_end). */
bool installed_base_open(const struct dpkg_database *database, const struct dpkg_record *record,
                         struct arena *arena, struct base *out, struct error *err) MUST_USE;
void installed_base_end(struct base *base);

#endif
