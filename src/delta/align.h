/*
 * Copies: which bytes of the new image come from where in the old one.
 *
 * Both sides are given as *views*, in which the bytes of an address field are a token of what the address means: a field that
 * will be predicted right is equal in both views. Such bytes are `loose`: a field that differs is sent once and
 * costs less than its bytes.
 *
 * First anchors are gathered: places that the suffix array finds, each extended both ways over scattered
 * differences. Then the cheapest way through them is taken, byte by byte, among the few that are open at a time: what a copy
 * costs to name, a differing byte in it, and a literal byte.
 */
#ifndef DELTA_ALIGN_H
#define DELTA_ALIGN_H

#include "delta/suffix.h"
#include "delta/window.h"

/* new_at and old_at: in the images. Copies follow one another in the new image, do not overlap there, and lie in one piece of each side. */
struct copy {
    uint32_t new_at, old_at, size;
};

struct copies {
    struct copy *at;
    size_t count, capacity;
};

void copies_end(struct copies *copies);
bool copies_add(struct copies *copies, struct copy copy, struct error *err) MUST_USE;

/* Room for one more in an array of `count`. */
bool align_grow(void **array, size_t count, size_t *capacity, size_t size, struct error *err) MUST_USE;

struct align_side {
    struct bytes view;
    const uint64_t *loose; /* a bit for each byte */
    const struct window_piece *pieces;
    size_t piece_count;
};

struct align {
    struct align_side old, new;
    const uint32_t *twins;                       /* of each new piece, or WINDOW_NO_TWIN */
    bool (*progress)(void *self, uint64_t done); /* NULL: none */
    void *self;
};

/* Of `count` new pieces from the first on. suffix: of old.view or of a part of it. Appends to *out. */
bool align_find(const struct align *align, const struct suffix *suffix, size_t first, size_t count,
                struct copies *out, struct error *err) MUST_USE;

#endif
