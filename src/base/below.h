/*
 * Files below another root, never outside of it: a link that is absolute or climbs up is followed as it would be for
 * a process whose root that is. For whoever reads or restores what packages have installed: their paths come from
 * lists and their links lead anywhere.
 *
 * Paths are absolute in that root ("/usr/bin/x"), with a zero byte behind their end. Linux 5.6 or later.
 */
#ifndef BASE_BELOW_H
#define BASE_BELOW_H

#include <sys/stat.h>

#include "base/bytes.h"

/* The root's descriptor, for the functions below. */
bool below_open_root(const char *root, int *out, struct error *err) MUST_USE;

/*
 * What is there: the thing itself, or with `follow` what a link leads to. *found is false when nothing is, or when a
 * part of the path is no folder, or links go round.
 */
bool below_stat(int root_fd, struct text path, bool follow, struct stat *out, bool *found, struct error *err)
    MUST_USE;
/* Where a link leads, in the arena. */
bool below_link(int root_fd, struct text path, struct arena *arena, struct text *out, struct error *err)
    MUST_USE;
/* Opens a regular file for reading that below_stat has described; ERROR_CONFLICT when it is another one by now. */
bool below_open_file(int root_fd, struct text path, const struct stat *expected, int *out, struct error *err)
    MUST_USE;
/* The folder that holds the path's last part, for openat and its kin; ERROR_ABSENT when there is none. */
bool below_open_parent(int root_fd, struct text path, int *out, struct text *name, struct error *err)
    MUST_USE;
/* The names of extended attributes of that file or folder, links not followed, except those that every file has of a
 * security module ("security.selinux"); each followed by a zero byte. None: size 0. */
bool below_attributes(int root_fd, struct text path, struct arena *arena, struct bytes *out,
                      struct error *err) MUST_USE;
bool below_attribute(int root_fd, struct text path, const char *name, struct arena *arena, struct bytes *out,
                     struct error *err) MUST_USE;

/*
 * Changing what is there. A file or link is made beside its place and renamed over it, synced; folders above it that are
 * missing are made (0755). What stands at its place is replaced, but never a folder (ERROR_CONFLICT).
 */
struct below_owner {
    mode_t mode;
    uid_t uid;
    gid_t gid;
    struct timespec mtime;
};
bool below_put_file(int root_fd, struct text path, struct bytes content, const struct below_owner *owner,
                    struct error *err) MUST_USE;
bool below_put_link(int root_fd, struct text path, struct text target, const struct below_owner *owner,
                    struct error *err) MUST_USE;
/* A file or link, never a folder; nothing there is no error. */
bool below_remove(int root_fd, struct text path, struct error *err) MUST_USE;
bool below_put_attribute(int root_fd, struct text path, const char *name, struct bytes value,
                         struct error *err) MUST_USE;

#endif
