/*
 * The columns of a tar's table: what two versions of a package share nearly whole, and small by itself.
 *
 * Texts come first, a line each: paths (of the data part: exactly dpkg's list), targets of links. Numbers follow; all are
 * varints (base/reader.h), signed ones as 2n or -2n-1. Most columns say only where an entry is not what was to be
 * expected of it, in runs (delta/deb_runs.h).
 *
 *     present      bits of the columns below that have a number; the others are as if theirs were 0
 *     0 dialect    enum in deb_tar.h
 *     1 end        0: as GNU tar ends an archive; else 1 + zero bytes behind the last entry
 *     names        of a control part alone: count; for each 1 + index in deb_expect.c, or 0, size, bytes
 *     2 last links symbolic links at the end: dpkg-deb puts all of them there
 *     3 kinds      runs; expected: those links; a folder before an entry in it; else a file
 *     hard links   for each: entries back to its file, 0 for one that is not there
 *     4 modes      runs of 1 + mode; expected: folder 755, link 777, hard link as its file, a file as the one before it
 *                  in its folder, or 755 in bin, sbin, games, libexec and as a maintainer's script, else 644
 *     5 owners     count of owners but root; for each two texts (size, bytes), uid, gid; runs of the owner's index
 *     6 times      runs of the time's number among those that are not the structure's time, in the order in which they come; then
 *                  for each of them the signed difference to that time
 *     targets      for each symbolic link 0 (its text stands among the texts), or 1 + 2 * signed way + 1 (absolute) or 0
 *                  (relative): the way from the entry that the last link of this kind led to
 *     devices      for each: major, minor
 *     7 heads      count; for each: entries before it, blocks, their bytes
 */
#ifndef DELTA_DEB_COLUMNS_H
#define DELTA_DEB_COLUMNS_H

#include "base/reader.h"
#include "delta/deb_tar.h"

/* Where the columns stand: the part they are of, and the time that most entries have. */
struct deb_columns {
    bool control;
    uint64_t time;
};

/* Appends numbers to one writer, targets that are told as text to the other; of a data part the caller writes the paths. */
bool deb_columns_write(const struct deb_tar *tar, struct deb_columns columns, struct writer *numbers,
                       struct writer *targets, struct error *err) MUST_USE;

/* The inverse. paths, targets: lines, of which *targets is advanced; the paths are those of a data part. ERROR_INPUT: no columns. */
bool deb_columns_read(struct reader *numbers, struct bytes paths, struct bytes *targets,
                      struct deb_columns columns, struct arena *arena, struct deb_tar *out, struct error *err)
    MUST_USE;

#endif
