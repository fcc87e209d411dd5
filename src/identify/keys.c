#include "identify/keys.h"

/* Where the ascending run that begins at `from` ends. */
static size_t run_end(const struct keyed *keys, size_t from, size_t count)
{
    size_t end = from + 1;

    while (end < count && keys[end - 1].key <= keys[end].key)
        end++;
    return end < count ? end : count;
}

static void merge(const struct keyed *a, const struct keyed *a_end, const struct keyed *b,
                  const struct keyed *b_end, struct keyed *out)
{
    while (a < a_end && b < b_end)
        *out++ = b->key < a->key ? *b++ : *a++;
    while (a < a_end)
        *out++ = *a++;
    while (b < b_end)
        *out++ = *b++;
}

/* One pass: neighbouring runs become one. Returns how many runs there are now. */
static size_t merge_runs(const struct keyed *from, size_t count, struct keyed *to)
{
    size_t runs = 0;

    for (size_t begin = 0; begin < count; runs++) {
        size_t middle = run_end(from, begin, count);
        size_t end = middle < count ? run_end(from, middle, count) : middle;
        merge(from + begin, from + middle, from + middle, from + end, to + begin);
        begin = end;
    }
    return runs;
}

void keys_sort(struct keyed *keys, size_t count, struct keyed *scratch)
{
    struct keyed *from = keys, *to = scratch;

    if (count < 2 || run_end(keys, 0, count) == count)
        return;
    for (size_t runs = 2; runs > 1;) {
        runs = merge_runs(from, count, to);
        struct keyed *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys)
        memcpy(keys, from, count * sizeof(*keys));
}
