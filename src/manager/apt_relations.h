/*
 * What a plan needs to know of one package of a list, beyond what a scan asks: where its file is, its hash, and its
 * relations to others. It is kept in wide tables (apt_table.h), the fields as they stand in the list:
 *
 *     1  bits: 0 to 1 Multi-Arch (enum multi_arch), 4 essential or protected, 8 a SHA-256 follows
 *    [32] SHA-256 of the file
 *     *  Installed-Size, KiB
 *     *  size, and so many bytes of: Filename, then each field of enum relation_kind, in its order
 *
 * The same reader serves dpkg's status, which has the relations of what is installed.
 */
#ifndef MANAGER_APT_RELATIONS_H
#define MANAGER_APT_RELATIONS_H

#include "base/writer.h"
#include "format/deb822.h"
#include "model/universe.h"

struct apt_relations {
    enum multi_arch multi_arch;
    bool essential;
    struct digest digest; /* kind UNKNOWN: none */
    uint64_t installed_kib;
    struct text file;
    struct text fields[RELATION_KIND_COUNT];
};

/* The fields of a paragraph, in the order in which apt_relations_take expects their values. */
enum apt_relations_field {
    APT_FIELD_MULTI_ARCH,
    APT_FIELD_ESSENTIAL,
    APT_FIELD_PROTECTED,
    APT_FIELD_INSTALLED_SIZE,
    APT_FIELD_FILENAME,
    APT_FIELD_SHA256,
    APT_FIELD_RELATIONS, /* RELATION_KIND_COUNT of them */
    APT_FIELD_COUNT = APT_FIELD_RELATIONS + RELATION_KIND_COUNT
};
#define APT_RELATIONS_FIELDS                                                                                 \
    "Multi-Arch", "Essential", "Protected", "Installed-Size", "Filename", "SHA256", "Pre-Depends",           \
        "Depends", "Conflicts", "Breaks", "Replaces", "Provides"

/*
 * From the values of a paragraph. ERROR_INPUT names the field. A file that could lead out of its archive's folder
 * counts as none; whether relations can be read is seen when they are asked.
 */
bool apt_relations_take(const struct bytes values[APT_FIELD_COUNT], struct apt_relations *out,
                        struct error *err) MUST_USE;

void apt_relations_write(const struct apt_relations *relations, struct writer *out);
/* ERROR_INPUT: it is broken. Texts point into raw. */
bool apt_relations_read(struct bytes raw, struct apt_relations *out, struct error *err) MUST_USE;

#endif
