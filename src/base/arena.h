/*
 * Arenas: memory by unit of work.
 *
 * One request, one advisory file, one scan takes its memory from one arena; whoever makes the arena ends it, nobody
 * frees a piece of it and nothing in it outlives it. An arena has a limit in bytes. Memory is zeroed and aligned
 * for any type. When the limit or the system's memory is reached the answer is NULL: callers turn it into
 * ERROR_LIMIT with arena_full().
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/error.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* bytes taken from the system for blocks, headers included */
    size_t limit;
};

/* An empty arena; takes nothing from the system until the first arena_take. */
struct arena arena_with(size_t limit);
void arena_end(struct arena *arena);

/* Zeroed memory, or NULL. size 0 gives a valid pointer to nothing. */
void *arena_take(struct arena *arena, size_t size) MUST_USE;
void *arena_take_array(struct arena *arena, size_t count, size_t size) MUST_USE;

/*
 * Makes room for `count_needed` elements in an array that lives in the arena, doubling its capacity. Returns the
 * array (moved or not; what was there is kept, what is new is zeroed), or NULL when memory is out; *capacity is then unchanged.
 */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t count_needed,
                 size_t size) MUST_USE;

/* Fails with ERROR_LIMIT, "out of memory (N bytes allowed)". */
static inline bool arena_full(const struct arena *arena, struct error *err)
{
    return error_set(err, ERROR_LIMIT, "out of memory (%zu bytes allowed)", arena->limit);
}

#define ARENA_NEW(arena, type)          ((type *)arena_take((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_take_array((arena), (count), sizeof(type)))

#endif
