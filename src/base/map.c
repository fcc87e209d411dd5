#include "base/map.h"

#include <assert.h>

#include "base/os.h"

struct map_slot {
    struct text key; /* at == NULL: free */
    uint32_t value;
    uint32_t hash;
};

struct map map_with(struct arena *arena)
{
    struct map map = {.arena = arena};

    os_random(&map.key, sizeof(map.key));
    return map;
}

/* The slot of the key, or the free one where it would go. There is always a free one. */
static struct map_slot *find_slot(struct map_slot *slots, size_t capacity, struct text key, uint32_t hash)
{
    size_t at = hash & (capacity - 1);

    while (slots[at].key.at != NULL && (slots[at].hash != hash || !text_equal(slots[at].key, key)))
        at = (at + 1) & (capacity - 1);
    return &slots[at];
}

uint32_t map_get(const struct map *map, struct text key)
{
    if (map->count == 0)
        return MAP_NONE;
    const struct map_slot *slot =
        find_slot(map->slots, map->capacity, key, (uint32_t)text_hash(key, map->key));
    return slot->key.at == NULL ? MAP_NONE : slot->value;
}

static bool grow(struct map *map, struct error *err)
{
    size_t capacity = map->capacity == 0 ? 64 : map->capacity * 2;
    struct map_slot *slots = ARENA_ARRAY(map->arena, struct map_slot, capacity);

    if (slots == NULL)
        return arena_full(map->arena, err);
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].key.at != NULL)
            *find_slot(slots, capacity, map->slots[i].key, map->slots[i].hash) = map->slots[i];
    map->slots = slots;
    map->capacity = capacity;
    return true;
}

bool map_put(struct map *map, struct text key, uint32_t value, struct error *err)
{
    assert(value != MAP_NONE);
    if (map->count >= map->capacity / 4 * 3 && !grow(map, err))
        return false;
    if (key.at == NULL)
        key = TEXT("");
    uint32_t hash = (uint32_t)text_hash(key, map->key);
    struct map_slot *slot = find_slot(map->slots, map->capacity, key, hash);
    if (slot->key.at == NULL)
        map->count++;
    *slot = (struct map_slot){.key = key, .value = value, .hash = hash};
    return true;
}
