/*
 * The way back from one run: a folder made before anything is changed, and used when the run is taken back.
 *
 *     runs/ID/rollback/manifest     what is below, written last
 *     runs/ID/rollback/HEX.deb      the package files of what was installed, by their SHA-256
 *     runs/ID/rollback/HEX          other contents: conffiles, lists, apt's extended_states
 *
 * A package file may lie there in one of three forms, and rollback_store_open wants one of them for each:
 *
 *     packed    HEX.deb, as it was kept before the run
 *     plain     HEX.deb by the digest of its plain form (manager/deb_plain.h): the same package, unpacked
 *     delta     HEX.delta and HEX.base, by that same digest: what makes the plain form from the package that the run
 *               installed, which is kept beside it, since nothing on the machine itself is sure to stay as it is
 *
 * The manifest has both digests from the beginning, so whatever form it has, what it comes to was sealed before the run:
 * a delta is no new thing to be believed, and making or undoing it leaves the seal as it is. store/kept_delta.h does that.
 *
 * Its SHA-256 (of the manifest, which names the digest of everything else) is the store's *seal*. It stands in the
 * journal, which is root's, before the first package is touched: that is what makes "was installed here" a basis of
 * trust. rollback_store_open checks the seal and then every file against the manifest before it gives anything out:
 * ERROR_TRUST, "rollback store: ...", when a byte of it is not as it was. A folder without a manifest was being
 * made when the run ended; nothing had been changed then.
 *
 * The manifest, little-endian; a text is u16 size and its bytes, a content is a SHA-256 of 32 bytes and u64 size (all
 * zeros: none). An optional content of a package or file is looked for by that name.
 *
 *     0  "SUTBACK" and a zero byte
 *     8  u32 version of this layout, 2; a higher one is refused with a sentence
 *    12  u32 zero
 *    16  i64 when it was made
 *    24  text run, text plan, text native architecture
 *        content of apt's extended_states
 *        u32 count of packages, each of all that dpkg knew on that day, by name, then architecture:
 *              text name, text architecture, text version, text status ("install ok installed"), u8 automatic (0, 1)
 *        u32 count of changes, each a package that the run was to change, by name, then architecture:
 *              u8 kind (1 upgrade, 2 new, 3 remove, 4 downgrade), u8 origin of its .deb (0 none, 1 rebuilt, 2 kept),
 *              u32 group, text name, text architecture, text from, text to, content of its .deb,
 *              content of its plain form (none: it is not known; not there in version 1),
 *              u32 size and bytes of dpkg's paragraph (0: dpkg knew nothing of it)
 *        u32 count of parts, each a file of dpkg's info/ of one change:
 *              u32 change, text name ("list"), u32 mode, content
 *        u32 count of files, each a path that comes back as it was:
 *              u32 change, u8 kind (1 absent, 2 file, 3 link, 4 attribute of a file), u8 conffile (0, 1), u32 mode, u32 uid,
 *              u32 gid, i64 seconds and u32 nanoseconds of its time, text path, text target (of a link: where it leads; of
 *              an attribute: its name), content (of a file; of an attribute: its value)
 *        the file ends
 */
#ifndef STORE_ROLLBACK_STORE_H
#define STORE_ROLLBACK_STORE_H

#include "base/digest.h"
#include "base/writer.h"
#include "model/plan.h"

#define ROLLBACK_STORE_VERSION 2

struct kept_content {
    struct digest digest; /* SHA-256; kind UNKNOWN: none */
    uint64_t size;
};

struct kept_package {
    struct text name, arch, version;
    struct text status; /* want, flag, state */
    bool automatic;
};

enum kept_origin { KEPT_NONE, KEPT_REBUILT, KEPT_AS_FETCHED, KEPT_ORIGIN_COUNT };

struct kept_change {
    enum change_kind kind; /* what the run was to do */
    enum kept_origin origin;
    uint32_t group;
    struct text name, arch, from, to;
    struct kept_content deb;
    struct kept_content plain; /* the same, unpacked; kind UNKNOWN: it stays as it is */
    struct bytes paragraph;
};

struct kept_part {
    uint32_t change;
    struct text name;
    uint32_t mode;
    struct kept_content content;
};

enum kept_kind {
    KEPT_UNKNOWN,
    KEPT_ABSENT, /* nothing was there */
    KEPT_FILE,
    KEPT_LINK,
    KEPT_ATTRIBUTE,
    KEPT_KIND_COUNT
};

struct kept_file {
    uint32_t change;
    enum kept_kind kind;
    bool conffile; /* or beside one */
    uint32_t mode, uid, gid;
    int64_t mtime_s;
    uint32_t mtime_ns;
    struct text path; /* a zero is behind it */
    struct text target;
    struct kept_content content;
};

struct rollback_store {
    uint32_t version; /* that it was read as; 0: the newest */
    int64_t made_us;
    struct text run, plan, arch;
    struct kept_content extended;
    const struct kept_package *packages;
    size_t package_count;
    const struct kept_change *changes;
    size_t change_count;
    const struct kept_part *parts;
    size_t part_count;
    const struct kept_file *files;
    size_t file_count;
};

/* Making: an empty folder of mode 0700 (what a broken-off attempt left is removed), contents, and the seal at the end. */
bool rollback_store_begin(const char *folder, struct error *err) MUST_USE;
bool rollback_store_put(const char *folder, struct bytes content, struct kept_content *out, struct error *err)
    MUST_USE;
/* Takes the file PATH, which lies in the folder, under the name of its digest. */
bool rollback_store_take_deb(const char *folder, const char *path, const struct kept_content *content,
                             struct error *err) MUST_USE;
bool rollback_store_seal(const char *folder, const struct rollback_store *store, struct digest *seal,
                         struct error *err) MUST_USE;

/* The store of that seal, every file of it checked. ERROR_ABSENT: there is none; ERROR_LIMIT: no room to go back by its deltas. */
bool rollback_store_open(const char *folder, const struct digest *seal, struct arena *arena,
                         struct rollback_store *out, struct error *err) MUST_USE;
/* Its manifest alone: the seal is checked, the files are not. */
bool rollback_store_open_manifest(const char *folder, const struct digest *seal, struct arena *arena,
                                  struct rollback_store *out, struct error *err) MUST_USE;
/* One content, read and checked again. */
bool rollback_store_read(const char *folder, const struct kept_content *content, struct arena *arena,
                         struct bytes *out, struct error *err) MUST_USE;

enum kept_form { KEPT_NOWHERE, KEPT_PACKED, KEPT_PLAIN, KEPT_DELTA, KEPT_FORM_COUNT };
/* The form in which a change's package file is there; the surest one, where there are several. */
enum kept_form rollback_store_form(const char *folder, const struct kept_change *change);
/* What its file in that form must be. */
const struct kept_content *rollback_store_deb(const struct kept_change *change, enum kept_form form);
/* FOLDER/HEX.deb in the arena (or with another ending); NULL when memory is out. */
char *rollback_store_deb_path(const char *folder, const struct kept_content *deb, struct arena *arena);
char *rollback_store_path(const char *folder, const struct kept_content *content, const char *ending,
                          struct arena *arena);

const struct kept_change *rollback_store_find(const struct rollback_store *store, struct text name,
                                              struct text arch);

/* The manifest alone. Everything in *out points into raw, which outlives it, or lives in the arena. */
bool rollback_store_parse(struct bytes raw, struct arena *arena, struct rollback_store *out,
                          struct error *err) MUST_USE;
void rollback_store_write(const struct rollback_store *store, struct writer *into);

#endif
