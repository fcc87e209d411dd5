/*
 * A .deb and what is in it, read and nothing written: deb(5).
 *
 *     !<arch>\n
 *     debian-binary    "2.0\n"
 *     control.tar.xz   control, conffiles, md5sums, preinst, postinst, prerm, postrm, config, templates, triggers, ...
 *     data.tar.xz      the files, "./usr/bin/x"
 *
 * Packed with gzip, xz, zstd or not at all, and what the member's name says is what it must be. Members whose name
 * begins with '_' are passed over, as dpkg does (signatures of debsigs).
 *
 * Stricter than dpkg, so that nothing is judged here that dpkg would read in another way: pax heads, sparse files, an
 * entry given twice, a name that is absolute, empty, no text or has "..", "." or "//" in it, a file below a link of
 * the same package, a hard link to what the package did not give as a file before, anything behind data.tar; and a
 * Package, Version or Architecture that is absent or not of its grammar. All are ERROR_INPUT with the place.
 *
 * deb_file_read takes all but the contents of files; struct deb_data gives those in their order, in pieces. Both are
 * bounded by LIMIT_DEB_*; what is kept lives in the caller's arena. `packed` (a mapping of a file that nobody else
 * may write) is the caller's and outlives both.
 */
#ifndef MANAGER_DEB_FILE_H
#define MANAGER_DEB_FILE_H

#include "format/archive.h"

/* One file of the control part: "postinst", "md5sums". */
struct deb_part {
    struct text name;
    struct bytes content; /* a zero byte is behind it */
    uint32_t mode;
};

/* One entry of the data part. */
struct deb_entry {
    enum archive_kind kind;
    struct text path; /* "/usr/bin/x"; the root itself is "/" */
    /* Of a link: where it leads, as it stands there (it may be absolute, or out of the root: that is the link's own
     * affair). Of a hard link: the path in this form of a file given before. */
    struct text target;
    struct text owner, group; /* names, for dpkg prefers them to the numbers */
    uint32_t mode;
    uint32_t uid, gid;
    uint32_t device_major, device_minor;
    uint64_t size;
    int64_t mtime;
};

struct deb_file {
    struct text package, version, arch;
    struct bytes control; /* the paragraph, for deb822 */
    struct deb_part *parts;
    size_t part_count;
    struct text *conffiles; /* absolute paths, without those marked remove-on-upgrade */
    size_t conffile_count;
    struct deb_entry *entries; /* in their order */
    size_t entry_count;
    uint64_t installed_size; /* bytes in files, each counted once */
};

/* The two members that are packed, as they are; nothing in them is read. */
struct deb_members {
    struct bytes control, data;
};
bool deb_file_members(struct bytes packed, struct deb_members *out, struct error *err) MUST_USE;

bool deb_file_read(struct bytes packed, struct arena *arena, struct deb_file *out, struct error *err)
    MUST_USE;
/* Its control part alone: no entries, and data.tar is not unpacked. */
bool deb_file_read_control(struct bytes packed, struct arena *arena, struct deb_file *out, struct error *err)
    MUST_USE;

/* The part of that name, or NULL. */
const struct deb_part *deb_file_part(const struct deb_file *deb, struct text name);
/* A field of the control paragraph, checked as a text of at most `limit` bytes; absent: size 0. */
bool deb_file_field(const struct deb_file *deb, const char *name, size_t limit, struct text *out,
                    struct error *err) MUST_USE;

/* The contents, entry by entry. OWN(deb_data_end). */
struct deb_data {
    struct archive_reader *reader;
};
bool deb_data_open(struct bytes packed, struct deb_data *out, struct error *err) MUST_USE;
void deb_data_end(struct deb_data *data);
/* The next entry, its texts in the arena. Links and names are checked one by one only: read the package with deb_file_read first. */
bool deb_data_next(struct deb_data *data, struct arena *arena, struct deb_entry *out, bool *found,
                   struct error *err) MUST_USE;
/* The next piece of that entry's content; *got is 0 at its end. */
bool deb_data_read(struct deb_data *data, uint8_t *into, size_t size, size_t *got, struct error *err)
    MUST_USE;

/* Grammar: a name is [a-z0-9][a-z0-9+.-]*, an architecture [a-z0-9][a-z0-9-]*, a version as Policy 5.6.12 has it. */
bool deb_is_name(struct text name);
bool deb_is_arch(struct text arch);
bool deb_is_version(struct text version);

#endif
