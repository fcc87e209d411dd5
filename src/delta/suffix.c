#include "delta/suffix.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef int32_t suffix_sorter(const uint8_t *text, int32_t *order, int32_t size);

#define FIRSTS 65537

size_t suffix_memory(size_t size)
{
    return size * sizeof(int32_t) + FIRSTS * sizeof(uint32_t) + (256 + 65536) * sizeof(int32_t);
}

void suffix_end(struct suffix *suffix)
{
    free(suffix->order);
    free(suffix->firsts);
    *suffix = (struct suffix){0};
}

static bool sorter_load(suffix_sorter **sort, struct error *err)
{
    void *library = dlopen("libdivsufsort.so.3", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (library == NULL)
        return error_set(err, ERROR_ABSENT, "libdivsufsort cannot be loaded, so no delta can be made: %s",
                         dlerror());
    void *symbol = dlsym(library, "divsufsort");
    if (symbol == NULL)
        return error_set(err, ERROR_ABSENT, "libdivsufsort: no divsufsort in it");
    memcpy(sort, &symbol, sizeof(symbol));
    return true;
}

/* How many texts begin with each two bytes, then summed up. The last byte alone sorts before all pairs that it begins. */
static void firsts_fill(struct suffix *s)
{
    for (size_t i = 0; i + 1 < s->text.size; i++)
        s->firsts[(size_t)s->text.at[i] << 8 | s->text.at[i + 1]]++;
    if (s->text.size > 0)
        s->firsts[(size_t)s->text.at[s->text.size - 1] << 8]++;
    uint32_t sum = 0;
    for (size_t i = 0; i < FIRSTS; i++) {
        uint32_t count = s->firsts[i];
        s->firsts[i] = sum;
        sum += count;
    }
}

bool suffix_sort(struct bytes text, uint32_t base, struct suffix *out, struct error *err)
{
    suffix_sorter *sort;

    if (text.size >= INT32_MAX)
        return error_set(err, ERROR_LIMIT, "%zu bytes to sort, more than %d", text.size, INT32_MAX - 1);
    if (!sorter_load(&sort, err))
        return false;
    struct suffix made = {.text = text,
                          .base = base,
                          .order = malloc((text.size + 1) * sizeof(int32_t)),
                          .firsts = calloc(FIRSTS, sizeof(uint32_t))};
    if (made.order == NULL || made.firsts == NULL ||
        (text.size > 0 && sort(text.at, made.order, (int32_t)text.size) != 0)) {
        suffix_end(&made);
        return error_set(err, ERROR_LIMIT, "out of memory: %zu bytes to sort", text.size);
    }
    firsts_fill(&made);
    *out = made;
    return true;
}

static uint32_t equal_bytes(struct bytes text, uint32_t at, struct bytes wanted, uint32_t from)
{
    size_t size = text.size - at < wanted.size ? text.size - at : wanted.size;
    const uint8_t *a = text.at + at, *b = wanted.at;
    size_t i = from;

    for (; i + 8 <= size; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        if (x != y)
            return (uint32_t)(i + (unsigned)__builtin_ctzll(x ^ y) / 8);
    }
    while (i < size && a[i] == b[i])
        i++;
    return (uint32_t)i;
}

struct suffix_match suffix_find(const struct suffix *s, struct bytes wanted)
{
    if (wanted.size > SUFFIX_SIZE_MAX)
        wanted.size = SUFFIX_SIZE_MAX;
    if (wanted.size < 2)
        return (struct suffix_match){0};
    size_t pair = (size_t)wanted.at[0] << 8 | wanted.at[1];
    uint32_t low = s->firsts[pair], high = s->firsts[pair + 1], low_equal = 0, high_equal = 0;
    struct suffix_match best = {0};

    /* What both borders share with the wanted, all between them shares too. */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, at = (uint32_t)s->order[middle];
        uint32_t equal = equal_bytes(s->text, at, wanted, low_equal < high_equal ? low_equal : high_equal);
        if (equal > best.size)
            best = (struct suffix_match){s->base + at, equal, middle};
        if (equal == wanted.size)
            break;
        if (at + equal == s->text.size || s->text.at[at + equal] < wanted.at[equal]) {
            low = middle + 1;
            low_equal = equal;
        } else {
            high = middle;
            high_equal = equal;
        }
    }
    return best;
}
