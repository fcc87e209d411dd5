/*
 * Encoding: a base and a target give a delta.
 *
 * Parts are paired (delta/pairing.h), opened and gathered in a spool as the new image; that is cut into windows
 * (delta/plan.h), which are coded on all threads. What was made is then decoded as a whole, from the base to the digest of
 * the output: a delta that leaves delta_encode works. Its bytes depend on the two sides and on memory_max, never on how many threads made them.
 */
#ifndef DELTA_ENCODE_H
#define DELTA_ENCODE_H

#include "delta/target.h"

struct encode_request {
    const struct base *base;
    const struct target *target;
    const char *work;  /* a folder for spool files */
    unsigned threads;  /* 0: one */
    size_t memory_max; /* of everything; a window that needs more than all of it still gets that */
    /* Called from any thread, never twice at once: a share of 1000; false stops (ERROR_CONFLICT). NULL: none. */
    bool (*progress)(void *self, unsigned share);
    void *self;
};

/* Where the time went, in processor time of the whole process, and what came of it. */
struct encode_result {
    int64_t open_old_us, open_new_us, encode_us, prove_us;
    uint64_t raw_size; /* of the new image */
    size_t windows;
};

bool delta_encode(const struct encode_request *request, struct writer *out, struct encode_result *result,
                  struct error *err) MUST_USE;

#endif
