/*
 * How a new image is cut into windows, and from which old parts each is made.
 *
 * Windows are as large as the bounds allow: everything that is in one window can be predicted from the same old parts, and
 * its models learn for longer. Bounds are the decoder's memory, for the old side, and how much is lost when a run is broken
 * off, for the new one. A part that is larger than a bound has a window of its own.
 */
#ifndef DELTA_PLAN_H
#define DELTA_PLAN_H

#include "delta/delta.h"

struct plan_piece { /* of the new image, in its order */
    uint64_t size;
    const struct delta_old *olds; /* that it is made from */
    size_t old_count;
};

struct plan_request {
    const struct plan_piece *pieces;
    size_t piece_count;
    const uint64_t *old_sizes; /* of each part of the base, opened */
    size_t base_count;
    uint64_t old_max, new_max; /* of a window; a piece that is larger has one of its own */
    uint64_t piece_max;        /* a piece that is larger is cut: what is behind a cut is coded less well */
};

/* Windows with their places in the new image, olds and old_size; the rest is the caller's. All lives in the arena. */
bool plan_windows(const struct plan_request *request, struct arena *arena, struct delta_window **out,
                  size_t *count, struct error *err) MUST_USE;

#endif
