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

/*
 * A tar entry by entry with all that its heads say, for those who judge more than contents (a .deb). What the entry
 * is called and where it leads are bytes as they stand there: whoever uses them as paths checks them.
 *
 * Only the plain and GNU forms: a pax head could say another name or size than the tools that know no pax would read
 * (dpkg refuses them too), and so could a sparse file; both are refused, and so is an entry that libarchive warns of.
 */
enum archive_kind {
    ARCHIVE_OTHER, /* a socket, or what no tar has */
    ARCHIVE_FILE,
    ARCHIVE_HARD_LINK,
    ARCHIVE_LINK,
    ARCHIVE_CHARACTERS, /* devices */
    ARCHIVE_BLOCKS,
    ARCHIVE_FOLDER,
    ARCHIVE_PIPE,
    ARCHIVE_KIND_COUNT
};

struct archive_member {
    enum archive_kind kind;
    struct bytes name;
    struct bytes target;       /* of links */
    struct bytes owner, group; /* names; size 0: only the numbers are there */
    uint32_t mode;             /* permissions with the setuid, setgid and sticky bits */
    uint64_t uid, gid;
    uint64_t size; /* of a file */
    int64_t mtime;
    uint32_t device_major, device_minor;
};

/* As archive_open, but the bytes are a tar, packed or not, whatever they begin with. */
bool archive_open_tar(struct bytes packed, size_t limit, struct archive_reader **out, struct error *err)
    MUST_USE;
/* Of what archive_open_tar opened. The views live until the next call. */
bool archive_walk(struct archive_reader *reader, struct archive_member *out, bool *found, struct error *err)
    MUST_USE;
/* The next piece of the file that archive_walk gave, at most `size` bytes; *got is 0 at its end. What is not read is passed over. */
bool archive_read_piece(struct archive_reader *reader, uint8_t *into, size_t size, size_t *got,
                        struct error *err) MUST_USE;

#endif
