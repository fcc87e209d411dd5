/*
 * A tar as a table, and its heads made again from the table.
 *
 * The archives of packages are made by GNU tar: heads of one block, records 'K' and 'L' in front for a target and a name of
 * more than 100 bytes, numbers in octal with leading zeros. A head that the table does not give again to the byte (pax records,
 * base-256 numbers, another order) is kept whole in its entry. Kept in no table: checksums, padding, sizes (of the contents).
 */
#ifndef DELTA_DEB_TAR_H
#define DELTA_DEB_TAR_H

#include "base/bytes.h"
#include "base/writer.h"

enum deb_tar_kind {
    DEB_TAR_UNKNOWN,
    DEB_TAR_FILE,
    DEB_TAR_HARD, /* a hard link */
    DEB_TAR_LINK, /* a symbolic one */
    DEB_TAR_CHARACTERS,
    DEB_TAR_BLOCKS,
    DEB_TAR_FOLDER,
    DEB_TAR_PIPE,
    DEB_TAR_KIND_COUNT
};

/* How all heads of one archive are written; bits of deb_tar.dialect. */
enum {
    DEB_TAR_POSIX = 1,        /* "ustar", version "00"; else GNU's "ustar  " */
    DEB_TAR_ZERO_DEVICES = 2, /* the fields of devices hold "0000000" where there is none; else nothing */
    DEB_TAR_NAMES_PLAIN = 4,  /* "usr/bin"; else "./usr/bin" */
    DEB_TAR_NAMES_ROOTED = 8, /* "/usr/bin" */
    DEB_TAR_DIALECTS = 16
};

#define DEB_TAR_BLOCK     512
#define DEB_TAR_MODE_MAX  07777777 /* seven digits */
#define DEB_TAR_OWNER_MAX 32       /* bytes of a name */
#define DEB_TAR_NONE      UINT32_MAX

struct deb_tar_owner {
    struct bytes user, group; /* names, at most 32 bytes */
    uint32_t uid, gid;
};

struct deb_tar_entry {
    struct bytes path;   /* "/usr/bin/x", no slash behind a folder; "/." is the root */
    struct bytes target; /* of a symbolic link */
    struct bytes head;   /* all of its blocks, where the table does not give them; else empty */
    uint64_t time;
    uint32_t hard; /* of a hard link: the entry it leads to, an earlier one, or DEB_TAR_NONE */
    uint32_t mode;
    uint32_t owner; /* in owners */
    uint32_t major, minor;
    enum deb_tar_kind kind;
};

struct deb_tar {
    unsigned dialect;
    struct deb_tar_entry *entries;
    size_t count;
    const struct deb_tar_owner *owners; /* the first is deb_tar_root */
    size_t owner_count;
    uint64_t end; /* 0: as GNU tar ends it; else 1 + zero bytes behind the last entry */
};

extern const struct deb_tar_owner deb_tar_root; /* root:root, 0:0 */

/*
 * Takes a tar apart. All views point into `tar` or the arena. (*contents)[i] is what entry i holds (files alone). ERROR_INPUT: no tar that its
 * entries and their contents give again.
 */
bool deb_tar_read(struct bytes tar, struct arena *arena, struct deb_tar *out, struct bytes **contents,
                  struct error *err) MUST_USE;

/* Appends the head of an entry with a content of that size (0 of what is no file). ERROR_INPUT: what the entry says does not fit into a head. */
bool deb_tar_head(const struct deb_tar *tar, size_t index, uint64_t size, struct writer *out,
                  struct error *err) MUST_USE;

/* Zero bytes behind a content, or up to the next block. */
static inline size_t deb_tar_padding(uint64_t size)
{
    return (size_t)(-size % DEB_TAR_BLOCK);
}
/* Zero bytes that GNU tar puts behind the last entry: two blocks at least, up to a multiple of 10240. */
uint64_t deb_tar_usual_end(uint64_t size);

#endif
