/*
 * Spools: files without a name, for what does not belong into memory.
 */
#ifndef DELTA_DEB_SPOOL_H
#define DELTA_DEB_SPOOL_H

#include "base/file.h"

/* work: a folder of a file system with room, or NULL: the memory's own (memfd). OWN(own_fd). */
bool deb_spool_open(const char *work, int *out, struct error *err) MUST_USE;
bool deb_spool_put(int fd, struct bytes bytes, struct error *err) MUST_USE;

/* What `packed` holds, unpacked into a spool and mapped; a copy where nothing is packed. OWN(file_unmap). */
bool deb_spool_unpack(struct bytes packed, const char *work, size_t limit, struct file_map *out,
                      struct error *err) MUST_USE;

#endif
