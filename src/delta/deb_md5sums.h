/*
 * md5sums, the file of a control part that says the MD5 of each data file, without what can be derived.
 *
 * Nearly all are made by dh_md5sums: a line for each file that is no conffile, in byte order of the paths. Such a file is
 * told by one number. In others, digests that are right are left out.
 */
#ifndef DELTA_DEB_MD5SUMS_H
#define DELTA_DEB_MD5SUMS_H

#include "base/digest.h"
#include "base/writer.h"
#include "delta/deb_tar.h"

/* How md5sums stands in its part; for ever. */
enum deb_md5sums {
    DEB_MD5SUMS_KEPT,       /* as it is */
    DEB_MD5SUMS_LINES,      /* a line that begins with two spaces lacks its digest */
    DEB_MD5SUMS_SORTED,     /* derived: all files but conffiles, in byte order; the part is empty */
    DEB_MD5SUMS_ARCHIVE,    /* the same, in the order of the archive */
    DEB_MD5SUMS_SORTED_ALL, /* conffiles too */
    DEB_MD5SUMS_ARCHIVE_ALL,
    DEB_MD5SUMS_COUNT
};

#define DEB_MD5_SIZE 16

/* What it is derived from. */
struct deb_md5s {
    const struct deb_tar *data;
    const uint8_t (*digests)[DEB_MD5_SIZE]; /* of each entry that is a file */
    struct bytes conffiles;                 /* that file of the control part; empty when there is none */
};

/* Finds the smallest form. out: a view of the arena or of md5sums. */
bool deb_md5sums_reduce(struct bytes md5sums, const struct deb_md5s *from, struct arena *arena,
                        enum deb_md5sums *form, struct bytes *out, struct error *err) MUST_USE;
/* The inverse, appended to *out. ERROR_INPUT: a line names no file. */
bool deb_md5sums_restore(enum deb_md5sums form, struct bytes part, const struct deb_md5s *from,
                         struct writer *out, struct error *err) MUST_USE;

/* The paths of conffiles: each line but those that begin with a flag ("remove-on-upgrade"). False at the end. */
bool deb_conffiles_next(struct bytes *rest, struct bytes *path);

#endif
