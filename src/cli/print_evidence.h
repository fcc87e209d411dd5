/*
 * Evidence for people and for scripts: what `suture verify` and `suture report` show of one record.
 */
#ifndef CLI_PRINT_EVIDENCE_H
#define CLI_PRINT_EVIDENCE_H

#include "cli/screen.h"
#include "flow/report.h"

/* The three verdicts, the holes, what runs old code, what failed; the caller's head and foot stand around it. */
void print_evidence(struct screen *screen, const struct evidence *evidence, struct arena *arena);

/* "yes", "NO", "UNKNOWN", "not asked" */
const char *print_evidence_word(enum proof proof);

/* The members "run", "verdicts", "holes" and the whole "record" of an open JSON object. */
void print_evidence_json(struct json_writer *j, const struct evidence *evidence, struct arena *arena);

/* "31 closed, 8 restart needed, 2 open, 1 unknown"; "none" where the run had none to close. */
struct text print_evidence_holes(const struct evidence *evidence, struct arena *arena);

#endif
