/*
 * Profiles and tables from their YAML files: those of data/ when the program is built, a policy's own when it runs.
 *
 *     id: house-rules                        rules:
 *     version: "2"                             - conditions: {severity: [critical], exposure: [open]}
 *     title: Rules of this house                 duration: 48 hours
 *     source: minutes of the board               clock: [kev_added, fix_available]
 *     date read: 2026-11-21                      forensic triage: yes
 *     clock: [fix_available]                   - duration: 1 month
 *     stop: patched                          # a rule without conditions holds for all that reach it
 *
 * `retired on`, `note` and `floor: law` may stand besides. Conditions of one rule must all hold; the first rule that
 * holds counts. A table has `rows`, each naming its inputs and its outcome.
 */
#ifndef EVALUATE_DATA_READ_H
#define EVALUATE_DATA_READ_H

#include "evaluate/profile.h"
#include "evaluate/urgency.h"

/* All texts and rules live in the arena. `name` is what errors call the file. */
bool profile_read(struct bytes file, struct text name, struct arena *arena, struct profile *out,
                  struct error *err) MUST_USE;
/* A whole table that passes urgency_check. */
bool urgency_read(struct bytes file, struct text name, struct arena *arena, struct urgency_table *out,
                  struct error *err) MUST_USE;
bool impact_read(struct bytes file, struct text name, struct arena *arena, struct impact_table *out,
                 struct error *err) MUST_USE;

/* Lower-case letters, digits, '-' and '.'; begins with a letter or digit: an id is also the name of a file. */
bool profile_id_allowed(struct text id);

#endif
