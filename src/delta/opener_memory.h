/* Sources and sinks in memory: to draw an image that is at hand, to take what is put, or to compare it with what it should be. */
#ifndef DELTA_OPENER_MEMORY_H
#define DELTA_OPENER_MEMORY_H

#include "delta/opener.h"

/* *left: what is still to come; the caller's, as long as the source. */
struct opener_source memory_source(struct bytes *left);
/* *left: what should still come. ERROR_INPUT: something else came. Whether all came, the caller sees. */
struct opener_sink memory_compare(struct bytes *left);
struct opener_sink memory_sink(struct writer *out);
/* What was written since the writer had `begin` bytes. */
struct bytes memory_since(const struct writer *writer, size_t begin);

#endif
