/*
 * Pairs of packages of which no delta is published, so that nobody tries again: TO/tried, a line each,
 *
 *     SHA-256 of the old  SHA-256 of the new  why: "unprofitable", "impossible"
 *
 * It may be removed at any time, after a new encoder came for instance; then all are tried again. A line that is broken is
 * passed over.
 */
#ifndef FLOW_PUBLISH_TRIED_H
#define FLOW_PUBLISH_TRIED_H

#include "base/digest.h"

struct publish_tried {
    const char *path;
    struct text *keys; /* the two digests, sorted */
    size_t count;
};

bool publish_tried_open(const char *path, struct arena *arena, struct publish_tried *out, struct error *err)
    MUST_USE;
/* Of what was there when it was opened. */
bool publish_tried_has(const struct publish_tried *tried, const struct digest *old, const struct digest *new);
/* A line more. */
bool publish_tried_add(const struct publish_tried *tried, const struct digest *old, const struct digest *new,
                       const char *why, struct error *err) MUST_USE;

#endif
