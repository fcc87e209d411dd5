#include "identify/text_pool.h"

#include <assert.h>
#include <stdlib.h>

struct text_pool text_pool_with(struct arena *arena)
{
    return (struct text_pool){.arena = arena, .numbers = map_with(arena), .count = 1};
}

bool text_pool_put(struct text_pool *pool, struct text text, uint32_t *out, struct error *err)
{
    uint32_t number = text.size == 0 ? 0 : map_get(&pool->numbers, text);

    if (number != MAP_NONE) {
        *out = number;
        return true;
    }
    struct text *texts = arena_grow(pool->arena, pool->texts, pool->texts == NULL ? 0 : pool->count,
                                    &pool->capacity, pool->count + 1, sizeof(*texts));
    struct text copy = text_copy(pool->arena, text);
    if (texts == NULL || copy.at == NULL || pool->count > TEXT_POOL_MAX)
        return arena_full(pool->arena, err);
    pool->texts = texts;
    number = (uint32_t)pool->count++;
    texts[number] = copy;
    *out = number;
    return map_put(&pool->numbers, copy, number, err);
}

struct text text_pool_at(const struct text_pool *pool, uint32_t number)
{
    assert(number < pool->count);
    return number == 0 ? (struct text){NULL, 0} : pool->texts[number];
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

static int compare_texts(const void *a, const void *b, void *pool)
{
    uint32_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return text_compare(text_pool_at(pool, x), text_pool_at(pool, y));
}

size_t numbers_sort(uint32_t *numbers, size_t count)
{
    size_t kept = 0;

    if (count == 0)
        return 0;
    qsort(numbers, count, sizeof(*numbers), compare_numbers);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || numbers[kept - 1] != numbers[i])
            numbers[kept++] = numbers[i];
    return kept;
}

size_t text_pool_sort(const struct text_pool *pool, uint32_t *numbers, size_t count)
{
    struct text_pool copy = *pool; /* qsort_r's context is not const */

    count = numbers_sort(numbers, count);
    if (count > 0)
        qsort_r(numbers, count, sizeof(*numbers), compare_texts, &copy);
    return count;
}
