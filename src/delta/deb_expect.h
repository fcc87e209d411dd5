/*
 * What is to be expected of an entry of a package, so that a structure says only what is not so. For ever: both sides expect the same.
 */
#ifndef DELTA_DEB_EXPECT_H
#define DELTA_DEB_EXPECT_H

#include "delta/deb_tar.h"

/* Paths that control parts have; a structure says their places here. */
#define DEB_EXPECT_NAMES 13
struct text deb_expect_name(size_t index);

/* last_links: symbolic links at the archive's end. All paths are known, kinds not yet. */
enum deb_tar_kind deb_expect_kind(const struct deb_tar *tar, size_t index, size_t last_links);
/* last: the file before this entry, or DEB_TAR_NONE. All but modes behind this entry's is known. */
uint32_t deb_expect_mode(const struct deb_tar *tar, size_t index, uint32_t last, bool control);

#endif
