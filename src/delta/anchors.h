/*
 * Anchors: places of the new view that the suffix array finds in the old one, each extended back over scattered differences.
 * Between them delta/align.h takes the cheapest way.
 */
#ifndef DELTA_ANCHORS_H
#define DELTA_ANCHORS_H

#include "delta/align.h"

/* A run of new bytes that come from `diagonal`: old place less new place, of 2^32. */
struct anchor {
    uint32_t from, to, diagonal;
};

struct anchors {
    struct anchor *at;
    size_t count, capacity;
};

/* The anchors of one new piece, ascending. What was in *anchors is dropped; the memory is kept. */
bool anchors_find(const struct align *align, const struct suffix *suffix, size_t index,
                  struct anchors *anchors, struct error *err) MUST_USE;
/* The new places, within the piece, whose old place on the anchor's diagonal is in the same old piece as the anchor's. */
void anchor_bounds(const struct align *align, const struct window_piece *piece, struct anchor anchor,
                   uint32_t *low, uint32_t *high);

static inline const struct window_piece *align_piece_at(const struct align_side *side, uint32_t at)
{
    size_t low = 0, high = side->piece_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (side->pieces[middle].at <= at)
            low = middle;
        else
            high = middle;
    }
    return &side->pieces[low];
}

static inline bool align_is_loose(const struct align_side *side, uint32_t at)
{
    return side->loose[at / 64] >> at % 64 & 1;
}

/* How many bytes are equal from there on, at most `size`. */
static inline uint32_t align_run(const uint8_t *a, const uint8_t *b, uint32_t size)
{
    uint32_t i = 0;

    for (; i + 8 <= size; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        if (x != y)
            return i + (uint32_t)__builtin_ctzll(x ^ y) / 8;
    }
    while (i < size && a[i] == b[i])
        i++;
    return i;
}

static inline uint32_t align_distance(uint32_t a, uint32_t b)
{
    return a - b < b - a ? a - b : b - a;
}

#endif
