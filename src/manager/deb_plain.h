/*
 * A .deb with nothing in it packed: the same control.tar and data.tar, as they are.
 *
 *     !<arch>\n  debian-binary  control.tar  data.tar
 *
 * dpkg installs it like any other. Its bytes depend on the tars alone, on no library that packs, so it can be made again
 * from a delta whatever has been updated meanwhile: the way back keeps its digest (store/rollback_store.h).
 */
#ifndef MANAGER_DEB_PLAIN_H
#define MANAGER_DEB_PLAIN_H

#include "base/digest.h"
#include "format/archive_write.h"

/* Each member is unpacked twice, the first time for its size: an ar's heads come first and the sink takes bytes in order. */
bool deb_plain_write(struct bytes deb, struct archive_sink sink, struct error *err) MUST_USE;
bool deb_plain_digest(struct bytes deb, uint64_t *size, struct digest *out, struct error *err) MUST_USE;

/* The head of a member of an ar archive; times and owners are not looked at by anyone. size: at most ten digits. */
#define AR_HEAD_SIZE 60
void deb_plain_head(const char *name, uint64_t size, char out[AR_HEAD_SIZE + 1]);

#endif
