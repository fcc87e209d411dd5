/*
 * Members of a zip or tar archive, one after the other (libarchive). A tar may be packed by whatever format/compress
 * unpacks, with all of its limits.
 *
 * libarchive brings sixteen libraries that cost more than a whole scan, so it is loaded when the first archive is
 * opened and not before; where it is missing that fails with ERROR_ABSENT.
 *
 * Only regular files are handed out, with their name for messages; nothing is ever written to a file of that name.
 * Links, devices and folders are passed over. Refused: more than LIMIT_ARCHIVE_MEMBERS of all these, a member over
 * LIMIT_ARCHIVE_MEMBER, in all more than `limit` or LIMIT_EXPANSION times the archive (after the first MiB), members
 * that are encrypted or whose checksum is wrong, a zip without its directory and a tar without its end.
 */
#ifndef FORMAT_ARCHIVE_H
#define FORMAT_ARCHIVE_H

#include "base/bytes.h"

struct archive_reader; /* OWN(archive_end) */

/* `packed` is the caller's and stays until archive_end. */
bool archive_open(struct bytes packed, size_t limit, struct archive_reader **out, struct error *err) MUST_USE;
void archive_end(struct archive_reader **reader);
/*
 * The next member; name and bytes live until the next call; a zero byte is behind the bytes. *found is false at the end. A
 * name that is no text is "member N", counted from 1. After a failure the archive may only be ended.
 */
bool archive_next(struct archive_reader *reader, struct text *name, struct bytes *bytes, bool *found,
                  struct error *err) MUST_USE;
/* True for a zip's first bytes. */
bool archive_is_zip(struct bytes start);

#endif
