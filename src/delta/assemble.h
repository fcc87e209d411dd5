/*
 * The last step of decoding: parts, closed, and the structure become the output's bytes, forward only.
 *
 * A part that is a copy is read from the base, a new one from the spool; an opened one is closed in memory, since who
 * puts a .deb together pulls bytes and who closes pushes them. So one part is held at a time, whole only where it must be.
 */
#ifndef DELTA_ASSEMBLE_H
#define DELTA_ASSEMBLE_H

#include "delta/deb_layout.h"
#include "delta/delta.h"

struct assemble_request {
    const struct delta *delta;
    const struct base *base;
    int spool; /* holds the new image */
    struct deb_budget budget;
    struct opener_sink sink;
};

bool assemble(const struct assemble_request *request, struct error *err) MUST_USE;

#endif
