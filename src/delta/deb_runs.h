/*
 * Runs: a column of numbers of which most are 0, which means as expected.
 *
 *     count, then for each: zeros before it, numbers in it less one, the number that they all have (never 0)
 */
#ifndef DELTA_DEB_RUNS_H
#define DELTA_DEB_RUNS_H

#include "base/reader.h"
#include "base/writer.h"

void deb_runs_put(const uint64_t *values, size_t count, struct writer *out);
/* Fills all values. False, and the reader has failed: no runs of so many numbers. */
bool deb_runs_take(struct reader *numbers, uint64_t *values, size_t count) MUST_USE;

#endif
