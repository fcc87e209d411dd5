/*
 * Members of a zip or tar archive, one after the other (libarchive).
 *
 * Only regular files are handed out, with their name for messages; nothing is ever written to a file of that name.
 * Links, devices and folders are passed over. Refused: more than LIMIT_ARCHIVE_MEMBERS, a member over
 * LIMIT_ARCHIVE_MEMBER, in all more than `limit` unpacked.
 */
#ifndef FORMAT_ARCHIVE_H
#define FORMAT_ARCHIVE_H

#include "base/bytes.h"

struct archive_reader; /* OWN(archive_end) */

bool archive_open(struct bytes packed, size_t limit, struct archive_reader **out, struct error *err) MUST_USE;
void archive_end(struct archive_reader **reader);
/* The next member; name and bytes live until the next call. *found is false at the end. */
bool archive_next(struct archive_reader *reader, struct text *name, struct bytes *bytes, bool *found,
                  struct error *err) MUST_USE;
/* True for a zip's first bytes. */
bool archive_is_zip(struct bytes start);

#endif
