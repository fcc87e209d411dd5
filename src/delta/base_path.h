/*
 * What lies at a path as the base of a delta: a .deb, a folder or a file. Who opens says what it is to be taken for.
 */
#ifndef DELTA_BASE_PATH_H
#define DELTA_BASE_PATH_H

#include "base/file.h"
#include "delta/base.h"

/* OWN(base_path_end). */
struct base_path {
    struct base base;
    struct file_map map;
    bool is_deb;
};

/* work: a folder for spool files. */
bool base_path_open(const char *path, enum base_kind kind, const char *work, struct arena *arena,
                    struct base_path *out, struct error *err) MUST_USE;
void base_path_end(struct base_path *base);

#endif
