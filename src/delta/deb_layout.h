/*
 * A .deb taken apart and put together again, to the vendor's byte.
 *
 *     ar: debian-binary, control.tar.xz, data.tar.xz   ->   structure (a text), and parts: the contents of its files
 *
 * Everything that is no content of a file (ar and tar headers, the order, how it is packed) goes into *structure*: a
 * compact image in columns (names, kinds, modes, owners, times, sizes, links, packings) that two versions of a package share nearly
 * whole. What can be derived is not in it: checksums of tar headers, padding, digests of md5sums (made from the data
 * files' contents, where they are right), sizes of parts (the delta has them).
 *
 * A tar whose bytes the columns do not give again, and a member that is not packed as one of the known ways, stays closed: it is
 * one part. So every ar file works; a strange one only is not small.
 */
#ifndef DELTA_DEB_LAYOUT_H
#define DELTA_DEB_LAYOUT_H

#include "base/digest.h"
#include "base/writer.h"
#include "delta/base.h"
#include "delta/opener.h"

struct deb_part {
    struct text name;      /* "/usr/bin/curl"; "postinst"; a closed member: "data.tar.xz" */
    enum base_class class; /* BASE_FILE, BASE_DOC, BASE_CONFFILE or BASE_CONTROL */
    struct bytes
        bytes; /* in the unpacked spool; md5sums without the digests that are right, control as it is */
};

/* Memory-maps of unlinked spool files hold the unpacked members; OWN(deb_apart_end). */
struct deb_apart {
    struct bytes structure;
    const struct deb_part *parts; /* in the order of the archive: control's first, then the data's */
    size_t part_count;
    struct text package, version, arch; /* from control; empty when there is none */
    struct bytes list;                  /* the paths, as dpkg's info/NAME.list has them */
    struct deb_spool *spool;
};

/* work: a folder for spool files. Proves nothing about packing but by packing again: `threads` at once. ERROR_INPUT: no ar file. */
bool deb_take_apart(struct bytes deb, const char *work, unsigned threads, struct arena *arena,
                    struct deb_apart *out, struct error *err) MUST_USE;
void deb_apart_end(struct deb_apart *apart);

/* The old side: the same parts as a base (delta/base.h), as an installed package would give them. */
bool base_deb_open(struct bytes deb, const char *work, struct arena *arena, struct base *out,
                   struct error *err) MUST_USE;

/* Where putting together reads a part's whole content from, forward only, in the order of parts. */
struct deb_contents {
    bool (*open)(void *self, size_t part, struct opener_source *out, uint64_t *size, struct error *err);
    void *self;
};

struct deb_budget {
    unsigned threads; /* that pack at once; at least 1 */
    size_t
        memory_max; /* of packing; fewer threads where it does not suffice. One thread of xz preset 6 takes 165 MiB */
};

/*
 * Writes the .deb, forward only. MD5s of data parts are found while they are read once before control is written, where md5sums asks for them.
 * ERROR_INPUT: the structure is broken; never more than deb_size bytes.
 */
bool deb_put_together(struct bytes structure, size_t part_count, struct deb_contents contents,
                      struct deb_budget budget, uint64_t deb_size, struct opener_sink sink, struct error *err)
    MUST_USE;

#endif
