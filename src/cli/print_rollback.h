/*
 * A rollback for people and as JSON: which runs are taken back, what each package becomes, what came of it.
 */
#ifndef CLI_PRINT_ROLLBACK_H
#define CLI_PRINT_ROLLBACK_H

#include <stdio.h>

#include "cli/screen.h"
#include "flow/rollback.h"
#include "flow/shrink.h"

/* What will be done; with `done` what was. */
void print_rollback(const struct rollback_found *found, struct arena *arena, struct screen *screen);
bool print_rollback_json(const struct rollback_found *found, struct writer *out, struct error *err) MUST_USE;
/* Lines of what became smaller, and of what did not and why; nothing when there was nothing to do and `quiet`. */
void print_shrunk(const struct shrink_runs_result *result, bool quiet, FILE *to);

#endif
