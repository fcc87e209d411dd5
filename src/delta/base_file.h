/*
 * A file, or a folder of files, as the base of a delta.
 *
 * A file is one part without a name. A folder is the text of its tree (delta/tree.h), a part of class BASE_LIST without a name, then its
 * files in the tree's order. Opening reads every file once, for its MD5; a file that changes later is found when it is read again.
 */
#ifndef DELTA_BASE_FILE_H
#define DELTA_BASE_FILE_H

#include "delta/base.h"

bool base_file_open(const char *path, struct arena *arena, struct base *out, struct error *err) MUST_USE;
bool base_folder_open(const char *path, struct arena *arena, struct base *out, struct error *err) MUST_USE;

#endif
