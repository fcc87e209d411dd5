#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

#define ALIGNMENT alignof(max_align_t)
#define BLOCK_MIN ((size_t)4096)
#define BLOCK_MAX ((size_t)1024 * 1024)

struct arena_block {
    struct arena_block *next;
    size_t size; /* of the memory behind this header */
    size_t used;
    alignas(max_align_t) unsigned char at[];
};

struct arena arena_with(size_t limit)
{
    return (struct arena){.limit = limit};
}

void arena_end(struct arena *arena)
{
    for (struct arena_block *block = arena->blocks; block != NULL;) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct arena){.limit = arena->limit};
}

/* Blocks grow with the arena, so that a small one stays small and a large one takes few. */
static bool add_block(struct arena *arena, size_t size_needed)
{
    size_t size = arena->used / 2, whole;

    size = size < BLOCK_MIN ? BLOCK_MIN : size > BLOCK_MAX ? BLOCK_MAX : size;
    if (size < size_needed)
        size = size_needed;
    if (ckd_add(&whole, size, sizeof(struct arena_block)) || whole > arena->limit - arena->used) {
        size = size_needed; /* what is left may still hold just this */
        if (ckd_add(&whole, size, sizeof(struct arena_block)) || whole > arena->limit - arena->used)
            return false;
    }
    struct arena_block *block = malloc(whole);
    if (block == NULL)
        return false;
    *block = (struct arena_block){.next = arena->blocks, .size = size};
    arena->blocks = block;
    arena->used += whole;
    return true;
}

void *arena_take(struct arena *arena, size_t size)
{
    size_t rounded;

    if (ckd_add(&rounded, size, ALIGNMENT - 1))
        return NULL;
    rounded &= ~(ALIGNMENT - 1);
    if (rounded == 0)
        rounded = ALIGNMENT;
    if (arena->blocks == NULL || arena->blocks->size - arena->blocks->used < rounded)
        if (!add_block(arena, rounded))
            return NULL;
    struct arena_block *block = arena->blocks;
    void *taken = block->at + block->used;
    block->used += rounded;
    memset(taken, 0, rounded);
    return taken;
}

void *arena_take_array(struct arena *arena, size_t count, size_t size)
{
    size_t whole;

    return ckd_mul(&whole, count, size) ? NULL : arena_take(arena, whole);
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t count_needed,
                 size_t size)
{
    size_t wanted;

    assert(array != NULL || count == 0);
    if (count_needed <= *capacity && array != NULL)
        return array;
    if (ckd_mul(&wanted, *capacity, (size_t)2) || wanted < count_needed)
        wanted = count_needed;
    if (wanted < 8)
        wanted = 8;
    void *grown = arena_take_array(arena, wanted, size);
    if (grown == NULL)
        return NULL;
    if (count > 0)
        memcpy(grown, array, count * size);
    *capacity = wanted;
    return grown;
}
