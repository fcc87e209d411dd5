/*
 * Symbolic links that lead to another entry of their package, told by that entry instead of by their text.
 */
#ifndef DELTA_DEB_LINKS_H
#define DELTA_DEB_LINKS_H

#include "base/map.h"
#include "delta/deb_tar.h"

/* What stands in a link at `from` that leads to `to`: absolute, or the shortest way. ERROR_LIMIT: longer than a path may be. */
bool deb_links_make(struct bytes from, struct bytes to, bool absolute, struct arena *arena, struct bytes *out,
                    struct error *err) MUST_USE;

/* The entry for which deb_links_make gives the link's target. paths: of all entries, to their indexes. */
bool deb_links_find(const struct deb_tar *tar, const struct deb_tar_entry *link, const struct map *paths,
                    uint32_t *to, bool *absolute);

#endif
