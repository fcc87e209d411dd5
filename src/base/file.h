/*
 * Files: read whole, mapped, replaced whole, walked; and what makes a file the same file as before.
 *
 * Paths are C strings. Reading follows symbolic links unless a function says otherwise; writing replaces a file as a
 * whole (written beside, synced, renamed, folder synced), so that a reader sees the old bytes or the new ones.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"

/* What tells whether a file is still the one that was read. mtime can be set by its owner, ctime cannot. */
struct file_identity {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    int64_t mtime_ns;
    int64_t ctime_ns;
};

bool file_identify(const char *path, struct file_identity *out, struct error *err) MUST_USE;
bool file_identity_of_fd(int fd, struct file_identity *out, struct error *err) MUST_USE;
bool file_identity_equal(const struct file_identity *a, const struct file_identity *b);

/* True when something is there (a link that leads nowhere is not). */
bool file_exists(const char *path);
bool file_is_folder(const char *path);
/* Where a symbolic link leads, as it stands there, in the arena; ERROR_INPUT when it is none. */
bool file_link(const char *path, struct arena *arena, struct text *out, struct error *err) MUST_USE;

/* The whole regular file in the arena, followed by a zero byte that is not counted. Refused: more than limit, a folder, a device, a pipe. */
bool file_read(const char *path, size_t limit, struct arena *arena, struct bytes *out, struct error *err)
    MUST_USE;
/* For files whose size the system does not tell (/proc): reads until the end, at most limit. */
bool file_read_stream(const char *path, size_t limit, struct arena *arena, struct bytes *out,
                      struct error *err) MUST_USE;
/* Opens for reading; ERROR_ABSENT when it is not there, ERROR_INPUT when it is no regular file. */
bool file_open(const char *path, int *out, struct error *err) MUST_USE;

/* A read-only mapping. OWN(file_unmap). An empty file maps to no bytes. The file must not be written in place while mapped: ours are replaced whole. */
struct file_map {
    struct bytes bytes;
    struct file_identity identity;
};
bool file_map(const char *path, size_t limit, struct file_map *out, struct error *err) MUST_USE;
/* The same of an open file, which the caller keeps. */
bool file_map_fd(int fd, size_t limit, struct file_map *out, struct error *err) MUST_USE;
/* As file_map, for what this user has remembered: refused (ERROR_TRUST) when it belongs to another (os_owner_believed), or another may write it. */
bool file_map_own(const char *path, size_t limit, struct file_map *out, struct error *err) MUST_USE;
void file_unmap(struct file_map *map);

/* Replaces path by these bytes as a whole, durably; mode as given (0644, 0600). */
bool file_replace(const char *path, struct bytes bytes, mode_t mode, struct error *err) MUST_USE;
/* As file_replace, but never over what is there: then ERROR_CONFLICT, and nothing is changed. */
bool file_create(const char *path, struct bytes bytes, mode_t mode, struct error *err) MUST_USE;
/* As file_replace but not synced: for a cache that may be lost and is checked when read. */
bool file_replace_cache(const char *path, struct bytes bytes, mode_t mode, struct error *err) MUST_USE;
/* Makes the folder and its parents (mode 0755 for parents), durably. It is no error when it is there. */
bool file_make_folders(const char *path, mode_t mode, struct error *err) MUST_USE;
/* Makes what was made, renamed or removed in the folder durable. */
bool file_sync_folder(const char *path, struct error *err) MUST_USE;
/* Removes a file (or a link), durably. Not there is no error. */
bool file_remove(const char *path, struct error *err) MUST_USE;
/* Removes a file, or a folder with all that is in it, never following a link. Not there is no error. */
bool file_remove_tree(const char *path, struct error *err) MUST_USE;

/* The names in a folder, sorted by bytes, without "." and "..", at most count_max. Absent folder: ERROR_ABSENT. */
struct file_names {
    struct text *names; /* NUL-terminated behind their end */
    size_t count;
};
bool file_list(const char *path, size_t count_max, struct arena *arena, struct file_names *out,
               struct error *err) MUST_USE;

/* "DIR/NAME" in the arena; NULL when memory is out. */
char *file_path(struct arena *arena, const char *folder, const char *name);
/* path below another root: root "/" gives path itself. path begins with "/". */
char *file_below(struct arena *arena, const char *root, const char *path);

/* An exclusive lock on a lock file (made when absent). False with ERROR_CONFLICT and the holder's pid when it is held. Close the fd to let go. */
bool file_lock(const char *path, int *out, struct error *err) MUST_USE;
/* The same, but waits for whoever holds it: for what is held as long as one file is written. */
bool file_lock_wait(const char *path, int *out, struct error *err) MUST_USE;

#endif
