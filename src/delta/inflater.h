/* Inflating of raw deflate streams that lie in memory. */
#ifndef DELTA_INFLATER_H
#define DELTA_INFLATER_H

#include "base/writer.h"

/*
 * Appends what the stream at the begin of `packed` holds; *used: its size. ERROR_INPUT: broken, or cut; ERROR_LIMIT: more than
 * size_max bytes or than the writer takes.
 */
bool inflater_run(struct bytes packed, size_t size_max, struct writer *out, size_t *used, struct error *err)
    MUST_USE;

#endif
