/*
 * A pool of texts: each is kept once and has a number, so that what is collected by the million stays small and
 * compares as integers. Number 0 is the absent text. Copies and table live in the arena.
 */
#ifndef IDENTIFY_TEXT_POOL_H
#define IDENTIFY_TEXT_POOL_H

#include "base/map.h"

#define TEXT_POOL_MAX UINT32_C(0x7fffffff) /* the highest bit is free for whoever keeps numbers */

struct text_pool {
    struct arena *arena;
    struct map numbers;
    struct text *texts; /* of each number; NULL until the first is put */
    size_t count, capacity;
};

struct text_pool text_pool_with(struct arena *arena);
/* The number of the text, which is copied when it is new. */
bool text_pool_put(struct text_pool *pool, struct text text, uint32_t *out, struct error *err) MUST_USE;
struct text text_pool_at(const struct text_pool *pool, uint32_t number);
/* The numbers in ascending order of their texts' bytes, each once; returns how many are left. */
size_t text_pool_sort(const struct text_pool *pool, uint32_t *numbers, size_t count);

/* Numbers in ascending order, each once; returns how many are left. */
size_t numbers_sort(uint32_t *numbers, size_t count);

#endif
