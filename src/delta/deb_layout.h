/*
 * A .deb taken apart and put together again, to the vendor's byte.
 *
 *     ar: debian-binary, control.tar.xz, data.tar.xz   ->   structure (deb_structure.h), and parts: the contents of its files
 *
 * Everything that is no content of a file (ar and tar heads, the order, how it is packed) goes into *structure*: a compact
 * image in columns that begins with the paths exactly as dpkg's list of the package has them, so that two versions of a package share it
 * nearly whole. What can be derived is not in it: checksums of tar heads, padding, digests of md5sums (made from the data
 * files' contents, where they are right), sizes of parts (the delta has them).
 *
 * A tar that the columns do not give again, and a member that is not packed as one of the known ways, stays closed: it is
 * one part. So every ar file works; a strange one only is not small.
 */
#ifndef DELTA_DEB_LAYOUT_H
#define DELTA_DEB_LAYOUT_H

#include "base/digest.h"
#include "base/writer.h"
#include "delta/base.h"
#include "delta/deb_pack.h"
#include "delta/opener.h"

struct deb_layout_part {
    struct text
        name; /* "/usr/bin/curl"; "postinst"; a closed member: "data.tar.xz"; empty where it is no text */
    enum base_class class
        ; /* BASE_FILE, BASE_DOC, BASE_CONFFILE or BASE_CONTROL; BASE_UNKNOWN of a closed member */
    struct bytes
        bytes; /* in the spool; md5sums in its smallest form (deb_md5sums.h), often empty; control as it is */
};

struct deb_spools;

/* Maps of spool files without a name hold the unpacked members; OWN(deb_apart_end). The rest lives in the arena. */
struct deb_apart {
    struct bytes structure;
    const struct deb_layout_part *parts; /* in the order of the archive: control's first, then the data's */
    size_t part_count;
    struct text package, version, arch; /* from control; empty when there is none */
    struct bytes list;                  /* the paths, as dpkg's info/NAME.list has them */
    struct text strange; /* why a member stays closed that is named as one to be opened; empty: none does */
    struct deb_spools *spools;
};

/*
 * deb: outlives *out. work: a folder for spool files, or NULL for memory. How members are packed is proven by packing each again, within the
 * budget. ERROR_INPUT: no ar file.
 */
bool deb_take_apart(struct bytes deb, const char *work, struct deb_budget budget, struct arena *arena,
                    struct deb_apart *out, struct error *err) MUST_USE;
/*
 * The same in a fraction of the time: xz is proven by its first 4 MiB. For who puts all of it together again anyway, as the proof of a delta
 * does, and takes it apart once more by deb_take_apart where that fails.
 */
bool deb_take_apart_quickly(struct bytes deb, const char *work, struct deb_budget budget, struct arena *arena,
                            struct deb_apart *out, struct error *err) MUST_USE;
void deb_apart_end(struct deb_apart *apart);

/*
 * The old side: the same package as a base (delta/base.h), part by part as one that is installed from it would give them:
 *
 *     control files     what dpkg keeps of the control part, by name in byte order, class 'c'; "control" is base_control_text of it.
 *                       Where the package has no md5sums, the one that dpkg makes: all files, conffiles too, in the order of the archive
 *     list              class 'l', name "list": the paths
 *     files             of md5sums, in its order, each once and no conffiles; class of base_class_of
 *     conffiles         in the order of the control part's conffiles, without those with a flag, class 'e'; those that the package holds
 *
 * Names that are no text (base/bytes.h) are left out. read: ERROR_CONFLICT where md5sums is wrong about a file. deb: outlives
 * *out, which base_deb_end ends; packings are not proven.
 */
bool base_deb_open(struct bytes deb, const char *work, struct arena *arena, struct base *out,
                   struct error *err) MUST_USE;
void base_deb_end(struct base *base);

/* Where putting together reads parts from. */
struct deb_contents {
    const uint64_t *sizes; /* of each part */
    /* A part's whole content, forward only. May be called several times for a part, then from its begin; one part is read at a time. */
    bool (*open)(void *self, size_t part, struct opener_source *out, struct error *err);
    /* MD5 of a data file's content, found when it was made; or NULL: then all of them are read once more, for md5sums stands before them. */
    bool (*md5)(void *self, size_t part, struct digest *out, struct error *err);
    void *self;
};

/*
 * Writes the .deb, forward only. Needs no file and, beside the packer's budget, memory for the structure's tables (some 100 bytes for an
 * entry). ERROR_INPUT: the structure is broken, or does not fit to its parts; never puts more than deb_size bytes.
 */
bool deb_put_together(struct bytes structure, size_t part_count, struct deb_contents contents,
                      struct deb_budget budget, uint64_t deb_size, struct opener_sink sink, struct error *err)
    MUST_USE;

#endif
