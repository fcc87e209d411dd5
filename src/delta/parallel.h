/*
 * Jobs on several threads, as many at once as a budget allows.
 *
 * Jobs are begun in their order, and what they do must not depend on how many run beside them: so a result is the same on
 * every machine. When one fails no other is begun, and the failure of the lowest number is the one that is told.
 */
#ifndef DELTA_PARALLEL_H
#define DELTA_PARALLEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct parallel {
    size_t count;
    unsigned threads; /* 0: one, as 1: the caller's own */
    uint64_t budget;  /* of the costs of what runs at once; a job that costs more runs alone */
    uint64_t (*cost)(void *self, size_t job); /* NULL: they cost nothing */
    bool (*run)(void *self, size_t job, struct error *err);
    void *self;
};

bool parallel_run(const struct parallel *jobs, struct error *err) MUST_USE;

#endif
