/*
 * The files that are here already, by their SHA-256: package files in the state folder's cache/HEX.deb, and what
 * packages are rebuilt from in deltas/files/HEX.delta.
 *
 * The folder is a vault (acquire/vault.h). A file gets in only by being copied while it is hashed, and only under the
 * hash that it has; who finds one gets it hashed again, and one that does not hold (a disk, a crash before it was
 * written out) is removed and counts as absent. So nothing in it needs to be synced, and all of it may be lost. What was used longest ago goes
 * first when it grows beyond its limit.
 */
#ifndef ACQUIRE_CACHE_H
#define ACQUIRE_CACHE_H

#include "base/arena.h"
#include "base/digest.h"

struct cache {
    const char *folder;
    const char *ending;
};
#define CACHE_PACKAGES ".deb"
#define CACHE_DELTAS   ".delta"

/* Makes the folder when it is not there. folder is absolute and lives as long as the cache; so does the ending of its names. */
bool cache_open(const char *folder, const char *ending, struct cache *out, struct error *err) MUST_USE;

/* One file: what it must be. */
struct cache_item {
    struct digest digest; /* SHA-256 */
    uint64_t size;
};

/* "HEX.deb" in the arena, NULL when memory is out. */
char *cache_name(const char *ending, const struct cache_item *item, struct arena *arena);
/* Its path, hashed just now; *out is NULL when it is not there. */
bool cache_find(const struct cache *cache, const struct cache_item *item, struct arena *arena,
                const char **out, struct error *err) MUST_USE;
/* Copies a file from anywhere. ERROR_TRUST: it is another one; then nothing is kept. */
bool cache_take(const struct cache *cache, const struct cache_item *item, const char *from,
                struct arena *arena, const char **out, struct error *err) MUST_USE;

/* Removes it. Not there is no error. */
bool cache_drop(const struct cache *cache, const struct cache_item *item, struct arena *arena,
                struct error *err) MUST_USE;

/* Puts it into another vault under the same name, as a link where it can be. Who uses it from there hashes it from there. */
bool cache_give(const struct cache *cache, const struct cache_item *item, const char *vault,
                struct arena *arena, const char **out, struct error *err) MUST_USE;

/* Removes what was used longest ago until size_max bytes are left, and leftovers of copies that broke off; never one of `keep`. */
struct cache_keep {
    const struct cache_item *items;
    size_t count;
};
bool cache_trim(const struct cache *cache, uint64_t size_max, struct cache_keep keep, struct arena *arena,
                struct error *err) MUST_USE;

#endif
