/*
 * What was verified here before: one file for each Packages list, so that a later scan neither runs gpgv nor hashes.
 *
 * The file is the list's table (apt_table.h); its note says what was believed and by which files:
 *
 *     4  version of the note (1 had no publisher: what it remembers is only compared with)
 *     8  when it was verified, microseconds since 1970
 *     *  text of the source
 *    40  identity of the InRelease, 40 of the list: device, inode, size, mtime, ctime, 8 bytes each
 *     *  count of keyrings, and for each: path, 40 bytes of identity, 32 of its SHA-256
 *     *  origin, label, suite, codename, version
 *     1  flags: 1 not automatic, 2 but automatic upgrades
 *     8  date, 8 valid until (the smallest number: none)
 *     *  name of the publisher; empty: nobody that is described
 *
 * A text is a varint and so many bytes; * marks varints. It counts only while nothing of this has changed: the source's
 * text, both files, and every keyring that was used (when only its identity differs, its bytes are compared by hash;
 * a keyring that is gone, or no longer named by the source, takes the memory with it), and for 7 days, so that
 * a key that expires or is revoked is noticed. A user's memory is never believed by another: the file must belong to
 * who runs this and be writable by nobody else. Against that user himself it is not protected, as his own lists are not.
 */
#ifndef MANAGER_APT_MEMORY_H
#define MANAGER_APT_MEMORY_H

#include "base/file.h"
#include "manager/apt_table.h"
#include "trust/inrelease.h"

/* What decides whether the memory of a list still counts. */
struct apt_memory_key {
    struct text source; /* all of it that decides what is believed */
    const char *inrelease;
    const char *list;
    const char *const *keyrings; /* that the source names today */
    size_t keyring_count;
    int64_t now_us;
};

/* What was believed. `release` has its fields, keyrings and identity; its files and signers are not kept. */
struct apt_memory_facts {
    struct inrelease release;
    struct file_identity list;
    int64_t verified_us;
    struct text publisher; /* its name; absent: nobody that is described */
};

/* The path of the memory of a list, in the folder: of its narrow table or its wide one. NULL when memory is out. */
char *apt_memory_path(const char *folder, const char *list, bool wide, struct arena *arena);

/* The note for a list that was verified just now. */
bool apt_memory_note(const struct apt_memory_key *key, const struct apt_memory_facts *facts,
                     struct writer *out, struct error *err) MUST_USE;

/*
 * Maps the memory of a list and reads its note; texts point into the map. False without a reason worth telling when
 * there is none, when it is another's, or when it counts no longer: then the list is verified anew.
 */
bool apt_memory_load(const char *path, const struct apt_memory_key *key, struct arena *arena,
                     struct file_map *map, struct apt_table *table, struct apt_memory_facts *facts);

/* The note alone, for apt_memory_load and the fuzzer: *same tells whether it belongs to the key. */
bool apt_memory_read(struct bytes note, const struct apt_memory_key *key, struct arena *arena,
                     struct apt_memory_facts *facts, bool *same, struct error *err) MUST_USE;

#endif
