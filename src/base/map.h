/*
 * A map from text to a number, in an arena: what has been seen, and where it stands in somebody's array.
 *
 * Keys are not copied: they must live as long as the map. Open addressing, hashed with a key that differs in each
 * process, so that a file cannot choose names that collide.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/bytes.h"

struct map_slot;

struct map {
    struct arena *arena;
    struct map_slot *slots;
    size_t capacity;
    size_t count;
    uint64_t key; /* of the hash, random */
};

#define MAP_NONE UINT32_MAX

struct map map_with(struct arena *arena);
/* The value of the key, or MAP_NONE. */
uint32_t map_get(const struct map *map, struct text key);
/* Puts or replaces. False when memory is out. value is not MAP_NONE. */
bool map_put(struct map *map, struct text key, uint32_t value, struct error *err) MUST_USE;

#endif
