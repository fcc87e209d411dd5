/*
 * The first step of encoding: parts are paired and opened, the new image is gathered in a spool, and cut into windows.
 */
#ifndef DELTA_GATHER_H
#define DELTA_GATHER_H

#include "delta/pairing.h"
#include "delta/target.h"

struct gather_request {
    const struct base *base;
    const struct target *target;
    const char *work;
    unsigned threads;
    size_t memory_max;
};

/* OWN(gathered_end); what is not in the map lives in the arena. */
struct gathered {
    const struct delta_part *parts; /* one for each of the target's */
    const struct pairing *pairs;
    struct file_map image; /* the new image */
    int64_t open_old_us;
};

bool gather_run(const struct gather_request *request, struct arena *arena, struct gathered *out,
                struct error *err) MUST_USE;
void gathered_end(struct gathered *gathered);

/* Looks at the old parts that are wanted, and plans. */
bool gather_plan(const struct gather_request *request, struct gathered *gathered, struct arena *arena,
                 struct delta_window **out, size_t *count, struct error *err) MUST_USE;

#endif
