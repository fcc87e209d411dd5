/*
 * The structure of a package: all that is no content of its files, as a small text-like image (delta/deb_layout.h).
 *
 *     paths of the data part     a line each, exactly dpkg's list; then an empty line
 *     targets of links           a line each; then an empty line
 *     numbers                    varints (base/reader.h) unless said:
 *       version                  1
 *       time                     of most members and entries, seconds since 1970
 *       md5sums                  enum deb_md5sums
 *       count of members         of the ar file; then for each:
 *         flags                  bits 0-1 enum deb_member_kind; 4: its head is kept; 8: its packed size is what the other members leave
 *                                of the .deb; 16: and that is odd; 32: no newline behind its odd size
 *         head                   where it is kept: 60 bytes as they are
 *         name                   of a closed member whose head is not kept: size, bytes
 *         packing                of an opened member (delta/deb_pack.h)
 *         packed size            of an opened member without flag 8, which at most one has
 *         columns                of an opened member (delta/deb_columns.h)
 *
 * An ar head that is not kept has the member's name ("control.tar.xz" of an opened one), the time, owner 0:0 and mode 100644.
 */
#ifndef DELTA_DEB_STRUCTURE_H
#define DELTA_DEB_STRUCTURE_H

#include "base/limits.h"
#include "delta/deb_ar.h"
#include "delta/deb_md5sums.h"
#include "delta/deb_pack.h"
#include "delta/deb_tar.h"

/* For ever: a structure says them. */
enum deb_member_kind {
    DEB_MEMBER_CLOSED,  /* one part */
    DEB_MEMBER_VERSION, /* "debian-binary", whose content is "2.0\n" */
    DEB_MEMBER_CONTROL,
    DEB_MEMBER_DATA,
    DEB_MEMBER_KIND_COUNT
};

struct deb_member {
    enum deb_member_kind kind;
    struct bytes name;
    struct bytes head; /* where it is kept; else empty */
    struct deb_packing packing;
    uint64_t packed_size; /* 0 where a structure that was read does not say it */
    bool rest;            /* its packed size is what the others leave */
    bool odd;             /* and that is odd */
    bool bare;            /* no newline behind its odd size, at the end of the file */
    struct deb_tar tar;
};

struct deb_structure {
    uint64_t time;
    enum deb_md5sums md5sums;
    struct deb_member members[LIMIT_DEB_MEMBERS];
    size_t count;
};

#define DEB_VERSION_NAME    BYTES("debian-binary")
#define DEB_VERSION_CONTENT BYTES("2.0\n")

/* The name of an opened member, or of any other. The arena holds it. */
bool deb_member_name(const struct deb_member *member, struct arena *arena, struct bytes *out,
                     struct error *err) MUST_USE;
/* Parts that a member has: one, none, or its files. */
size_t deb_member_parts(const struct deb_member *member);

bool deb_structure_write(const struct deb_structure *structure, struct arena *arena, struct bytes *out,
                         struct error *err) MUST_USE;
/* Views point into raw. ERROR_INPUT: no structure; ERROR_LIMIT. */
bool deb_structure_read(struct bytes raw, struct arena *arena, struct deb_structure *out, struct error *err)
    MUST_USE;

#endif
