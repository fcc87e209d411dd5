/*
 * What became of a run's packages and of the holes that it was to close: the package database and a scan, beside what the
 * plan said. Only facts are gathered here; verify/verdict.h judges them.
 */
#ifndef VERIFY_APPLIED_H
#define VERIFY_APPLIED_H

#include "model/evidence.h"
#include "model/finding.h"

/* Fills packages, holes and the data's dates from the plan. A rollback closes no hole: they open again with their old clocks. */
bool applied_from_plan(const struct plan *plan, struct arena *arena, struct evidence *evidence,
                       struct error *err) MUST_USE;
/* A run that failed and was taken back was to bring exactly what was there before, and closed no hole. */
bool applied_turn_round(struct arena *arena, struct evidence *evidence, struct error *err) MUST_USE;
/* The same from the evidence of an earlier look, for a later one. */
bool applied_from_evidence(const struct evidence *former, struct arena *arena, struct evidence *evidence,
                           struct error *err) MUST_USE;

/* What the package database says of each package now. */
bool applied_look(const struct host *host, struct arena *arena, struct evidence *evidence, struct error *err)
    MUST_USE;

/* What a scan of the whole machine finds now, and the data that it stood on (feed and now_us). */
struct applied_scan {
    const struct finding *findings;
    size_t finding_count;
    const struct evidence_data *data;
    size_t data_count;
};
bool applied_scan(const struct applied_scan *scan, struct arena *arena, struct evidence *evidence,
                  struct error *err) MUST_USE;

#endif
