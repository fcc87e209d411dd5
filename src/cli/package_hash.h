/*
 * Which package a file's hash is of: looked up in apt's lists on this machine, since what a fleet's machines report has names and
 * versions, and whoever hears of a poisoned update is often told a hash.
 *
 * A search and no proof: the lists are not verified here, and nothing is trusted by what is found.
 */
#ifndef CLI_PACKAGE_HASH_H
#define CLI_PACKAGE_HASH_H

#include "base/bytes.h"

#define PACKAGE_HASH_LISTS "/var/lib/apt/lists"

struct package_hash {
    struct text package, version, arch;
};

/* hex: 64 digits. ERROR_ABSENT: no list in the folder has it. Texts are in the arena. */
bool package_hash_find(const char *folder, struct text hex, struct arena *arena, struct package_hash *out,
                       struct error *err) MUST_USE;

#endif
