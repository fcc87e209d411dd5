/*
 * A delta applied to a path: the output stands whole at its place, or nothing does.
 *
 * Beside `out` lie meanwhile OUT.part, the spool, and OUT.new. What fails takes both away; what is killed leaves them, and the next
 * run goes on with the spool. Two runs for one output at once: the second is refused.
 */
#ifndef DELTA_APPLY_H
#define DELTA_APPLY_H

#include "delta/decode.h"

struct apply_request {
    const char *old, *delta, *out;
    unsigned threads;                                          /* 0: one for each processor */
    size_t memory_max;                                         /* of packing; 0: 1 GiB */
    bool (*progress)(void *self, uint64_t done, uint64_t all); /* false stops; NULL: none */
    void *self;
};

struct apply_result {
    struct decode_cost cost;
    int64_t apart_us; /* the old side unpacked */
    enum delta_kind kind;
    uint64_t delta_size, output_size, raw_size;
    size_t windows;
};

/* A file at `out` is replaced; a folder must not be there. */
bool delta_apply(const struct apply_request *request, struct apply_result *result, struct error *err)
    MUST_USE;

#endif
