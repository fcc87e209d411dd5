/*
 * Snapshots of a folder that is a btrfs subvolume: what it holds at one instant, read-only, at once and without a copy; it
 * takes room as the original changes. What is mounted below, and other subvolumes in it, are empty folders there.
 *
 * Asked of the kernel; no library or program is needed. Removing one takes CAP_SYS_ADMIN.
 */
#ifndef BASE_SUBVOLUME_H
#define BASE_SUBVOLUME_H

#include "base/error.h"

/*
 * The snapshot FOLDER/NAME of the subvolume that `path` is the top of. ERROR_ABSENT: it is none, or not of a btrfs.
 * ERROR_CONFLICT: the folder is on another file system, or there is something of that name. NAME has no slash.
 */
bool subvolume_snapshot(const char *path, const char *folder, const char *name, struct error *err) MUST_USE;

/* Removes the subvolume FOLDER/NAME with all that is in it, never following a link. Not there is no error. */
bool subvolume_remove(const char *folder, const char *name, struct error *err) MUST_USE;

#endif
