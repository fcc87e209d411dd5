/*
 * The three verdicts on a run, from the facts of its evidence and from nothing else: no file, clock or network is
 * asked, so whoever has the record makes the same verdicts again, to the byte.
 *
 *     applied        every package is installed at the version of the plan or above, by the vendor's order (of a
 *                    rollback: exactly at it), and what was to go is gone
 *     works          every health check passes that passed before. What failed before is told, and not blamed on the run
 *     old code gone  no process runs a file that the run replaced, and no start of the machine is due for it
 *
 * Unknown is never yes: a process that could not be read, an interpreter that may hold old modules, a check that has no
 * answer leave their verdict unknown. Where there was nothing to ask it says so.
 */
#ifndef VERIFY_VERDICT_H
#define VERIFY_VERDICT_H

#include "model/evidence.h"

/* Fills applied, works and old_code_gone. Fails when memory is out. */
bool verdict_make(struct evidence *evidence, struct arena *arena, struct error *err) MUST_USE;

/*
 * What became of one hole. It is closed on positive evidence only: a scan of the whole machine that stood on data at
 * least as new as the plan's does not find it, and nothing runs the code that had it.
 */
enum hole_state verdict_hole(const struct evidence *evidence, const struct evidence_hole *hole);

struct verdict_holes {
    uint32_t closed, open, restart_needed, unknown;
};
struct verdict_holes verdict_count_holes(const struct evidence *evidence);

/* The worst of the three: no before unknown before yes; yes where nothing was asked. */
enum proof verdict_worst(const struct evidence *evidence);

#endif
