/*
 * One Packages list as a table: found by name in a few cache lines, the same in memory and in a file.
 *
 * It holds every package of the list, not only those that are installed today. Little-endian, version 1:
 *
 *      0  8  "SUTLIST" and a zero byte
 *      8  4  version
 *     12  4  size of the whole, this head included
 *     16  4  size of the note (what apt_memory.h keeps with it)
 *     20  4  place of the records (64)
 *     24  4  size of the records
 *     28  4  count of the records
 *     32  4  place of the slots, a multiple of 8
 *     36  4  count of the slots, a power of two, at least one more than the records
 *     40  4  place of the note
 *     44  4  place of the second slots, for names that a record provides; zero: a narrow table, which has none
 *     48  8  key of the hash
 *     56  4  count of the second slots, a power of two, more than the names
 *     60  4  count of the names
 *     64     records, one behind the other:
 *              1  flags: 1 source differs from the name, 2 source version differs from the version, 4 phased,
 *                 8 architecture "all", 16 architecture follows (else the list's own)
 *              *  size, and so many bytes of: name, version, [source], [source version], [architecture]
 *              *  size of the package's file in bytes
 *             [1] percentage of the machines it is offered to
 *             [*] size, and so many bytes of what apt_relations.h says of it
 *            slots: place of a record (0: free) and the upper half of its name's hash, 4 bytes each. A name's first
 *              slot is the lower half of the hash, then the next ones, up to a free one.
 *            second slots, in a wide table: the same, by the hash of a provided name
 *            note
 *
 * Sizes marked * are varints (base/reader.h). Every count and place is checked against the bytes before it is used, so
 * that a broken file finds nothing or something wrong, but never reads outside. It is not protected against its owner.
 *
 * A scan asks narrow tables, which have only what it needs; a plan asks wide ones, five times as large.
 */
#ifndef MANAGER_APT_TABLE_H
#define MANAGER_APT_TABLE_H

#include "base/bytes.h"
#include "base/writer.h"

#define APT_TABLE_VERSION 1

/* One package of a list. */
struct apt_record {
    struct text name, version, arch;
    struct text source, source_version;
    uint64_t size;
    uint32_t phased;   /* 100: not phased */
    struct bytes more; /* apt_relations.h; none in a narrow table */
};

/* Puts a table together. OWN(apt_table_builder_end). */
struct apt_table_builder {
    struct writer out;
    struct writer index; /* place and hash of each record */
    struct writer names; /* place of the record and hash of each name that it provides */
    struct writer more;  /* scratch: of one record */
    struct text arch;    /* of the list */
    uint64_t key;
    uint32_t count, name_count;
    bool wide; /* the caller's to set, before the first record */
};
struct apt_table_builder apt_table_builder_with(struct text arch);
void apt_table_builder_end(struct apt_table_builder *builder);
/* Texts are copied. False only when the table is full: ERROR_LIMIT. */
bool apt_table_add(struct apt_table_builder *builder, const struct apt_record *record, struct error *err)
    MUST_USE;
/* In a wide table: the record that was added last provides this name. */
bool apt_table_add_name(struct apt_table_builder *builder, struct text name, struct error *err) MUST_USE;
/* The whole, with this note in it; it is the builder's. */
bool apt_table_finish(struct apt_table_builder *builder, struct bytes note, struct bytes *out,
                      struct error *err) MUST_USE;

/* A table that somebody holds in memory. */
struct apt_table {
    struct bytes records;
    struct bytes slots;
    struct bytes name_slots; /* none in a narrow table */
    struct bytes note;
    struct bytes whole;
    uint64_t key;
    uint32_t count;
    struct text arch; /* the list's, for records that do not say theirs; the caller's to fill in */
};

/* ERROR_INPUT says what is wrong with it. */
bool apt_table_open(struct bytes whole, struct apt_table *out, struct error *err) MUST_USE;

/* The records of one name: `struct apt_table_walk walk = apt_table_find(&t, name); while (apt_table_next(&walk, &record))`. */
struct apt_table_walk {
    const struct apt_table *table;
    struct bytes slots;
    struct text name;
    uint64_t hash;
    uint32_t slot, tried;
    bool any_name; /* of providers */
};
struct apt_table_walk apt_table_find(const struct apt_table *table, struct text name);
/* The records that provide the name, and a few that do not: their hashes are alike. One may come twice. */
struct apt_table_walk apt_table_find_providers(const struct apt_table *table, struct text name);
bool apt_table_next(struct apt_table_walk *walk, struct apt_record *out);

#endif
