/*
 * dpkg's database as files: what it notes of each package, to the byte, and where it keeps what belongs to one.
 *
 * manager/dpkg_status reads the status to judge what is installed; here its paragraphs are kept as they stand, because
 * a rollback puts them back so. Read once for all packages; everything lives in the arena. ERROR_CONFLICT: dpkg was
 * stopped in the middle and has not merged its folder updates/ yet.
 *
 *     status                    paragraphs
 *     info/NAME.LIST            or info/NAME:ARCH.LIST of a package that is Multi-Arch: same
 *     diversions                three lines each: a path, where it lies instead, whose own stays (":" for nobody's)
 */
#ifndef MANAGER_DPKG_DATABASE_H
#define MANAGER_DPKG_DATABASE_H

#include "base/bytes.h"
#include "base/file.h"

struct dpkg_record {
    struct text name, arch, version;
    struct text want, flag, state; /* "install", "ok", "installed" */
    bool same;                     /* Multi-Arch: same */
    struct bytes whole;            /* its lines, without the last one's newline */
    struct bytes conffiles;        /* the field's value; size 0: none */
};

struct dpkg_diversion {
    struct text from, to, package;
};

struct dpkg_database {
    const char *root;   /* "/" */
    const char *folder; /* below it: ROOT/var/lib/dpkg */
    struct bytes status;
    struct dpkg_record *records; /* by name, then architecture */
    size_t count;
    struct file_names info; /* names in info/ */
    const struct dpkg_diversion *diversions;
    size_t diversion_count;
};

bool dpkg_database_open(const char *root, struct arena *arena, struct dpkg_database *out, struct error *err)
    MUST_USE;
/* Whether dpkg has noted all that it did: its folder updates/ is empty. Any call of dpkg that may write notes the rest. */
bool dpkg_database_is_merged(const char *root, struct arena *arena, bool *out, struct error *err) MUST_USE;
/* One paragraph by itself. */
bool dpkg_record_parse(struct bytes paragraph, struct dpkg_record *out, struct error *err) MUST_USE;
/* The paragraph of that package, whatever its state, or NULL. */
const struct dpkg_record *dpkg_database_find(const struct dpkg_database *database, struct text name,
                                             struct text arch);

/* Where the path lies on disk for that package. */
struct text dpkg_database_place(const struct dpkg_database *database, struct text package, struct text path);

/* Names of a package's files in info/, without what stands before the last dot ("postinst"), sorted. */
bool dpkg_database_parts(const struct dpkg_database *database, const struct dpkg_record *record,
                         struct arena *arena, struct text **out, size_t *count, struct error *err) MUST_USE;
/* The path of one of them, in the arena. */
bool dpkg_database_part_path(const struct dpkg_database *database, const struct dpkg_record *record,
                             const char *part, struct arena *arena, const char **out, struct error *err)
    MUST_USE;
/* Lines of its list: "/.", "/usr", "/usr/bin/x"; each text has a zero behind it. Absent list: none. */
bool dpkg_database_paths(const struct dpkg_database *database, const struct dpkg_record *record,
                         struct arena *arena, struct text **out, size_t *count, struct error *err) MUST_USE;

/* One line of Conffiles: " /etc/x 0123...ef obsolete". */
struct dpkg_conffile {
    struct text path; /* a zero is behind it */
    struct text hash; /* MD5 in hexadecimal, or dpkg's "newconffile" */
    bool obsolete, remove_on_upgrade;
};
bool dpkg_conffiles_parse(struct bytes field, struct arena *arena, struct dpkg_conffile **out, size_t *count,
                          struct error *err) MUST_USE;

#endif
