/*
 * The members of a .deb, opened: what deb_take_apart and base_deb_open have in common.
 */
#ifndef DELTA_DEB_MEMBERS_H
#define DELTA_DEB_MEMBERS_H

#include "base/file.h"
#include "delta/deb_structure.h"

struct deb_members {
    struct deb_structure structure; /* its time, members and their packed sizes; md5sums is the caller's */
    struct bytes bytes[LIMIT_DEB_MEMBERS];       /* of each member, as it lies in the .deb */
    struct bytes *contents[LIMIT_DEB_MEMBERS];   /* of an opened one: of each of its entries */
    struct file_map maps[DEB_MEMBER_KIND_COUNT]; /* of what the opened ones unpack to */
    const struct deb_member *control, *data;     /* NULL: there is none, or it stays closed */
    struct text strange;                         /* why one stays closed that should not */
};

/* proof: of packings, or NULL: they are not looked for. OWN(deb_members_end). */
bool deb_members_open(struct bytes deb, const char *work, const struct deb_proof *proof, struct arena *arena,
                      struct deb_members *out, struct error *err) MUST_USE;
void deb_members_end(struct deb_members *members);

/* The file of that path of the control part ("/md5sums"); at == NULL: there is none. */
struct bytes deb_members_control(const struct deb_members *members, struct text path);
/* Package, Version and Architecture of control; empty where they are not. */
bool deb_members_identity(const struct deb_members *members, struct text *package, struct text *version,
                          struct text *arch, struct error *err) MUST_USE;
/* The paths of the data part as dpkg lists them. */
bool deb_members_list(const struct deb_members *members, struct arena *arena, struct bytes *out,
                      struct error *err) MUST_USE;
/* MD5 of each data entry that is a file. */
bool deb_members_md5s(const struct deb_members *members, struct arena *arena, uint8_t (**out)[DEB_MD5_SIZE],
                      struct error *err) MUST_USE;

#endif
