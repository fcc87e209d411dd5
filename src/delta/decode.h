/*
 * Decoding: a base and a delta give the output, or nothing.
 *
 * First the windows are decoded into a spool, each only where what the spool holds is not right already; then the parts are
 * closed and put together, forward only. Works on descriptors alone: a process that may open no file for writing can do it. The
 * base's parts are read through base->read, and hold or are refused there.
 *
 * What comes out is right when delta_decode says so, not before: whoever gives it a name waits for that.
 */
#ifndef DELTA_DECODE_H
#define DELTA_DECODE_H

#include "delta/delta.h"

struct decode_work {
    int spool;               /* open for reading and writing; what a run before left in it is used */
    struct opener_sink sink; /* takes the output: never more than output_size bytes */
    unsigned threads;        /* that pack at once; 0: one */
    size_t memory_max;       /* of packing; fewer threads where it does not suffice */
    /* Bytes done, spool and output together; false stops (ERROR_CONFLICT). NULL: none. */
    bool (*progress)(void *self, uint64_t done, uint64_t all);
    void *self;
};

/* Where the time went, in processor time of the whole process. */
struct decode_cost {
    int64_t open_us;     /* base parts read and opened */
    int64_t decode_us;   /* windows */
    int64_t pack_us;     /* closed and put together */
    size_t windows_kept; /* that an earlier run had done */
};

/*
 * file: the whole delta, from which `delta` was read. ERROR_CONFLICT: the base is another one, or a part of it was edited;
 * ERROR_ABSENT: a part of it is not there; ERROR_INPUT: the delta is broken; ERROR_TRUST: the output is not what was announced.
 */
bool delta_decode(const struct delta *delta, struct bytes file, const struct base *base,
                  const struct decode_work *work, struct decode_cost *cost, struct error *err) MUST_USE;

/* Whether the delta was made from this base; the text of ERROR_CONFLICT says from which. */
bool delta_check_base(const struct delta *delta, const struct base *base, struct error *err) MUST_USE;

#endif
