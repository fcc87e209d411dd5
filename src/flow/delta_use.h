/*
 * Whether and how a run uses deltas: what its owner has set, who rebuilds, and where; handed down as one.
 */
#ifndef FLOW_DELTA_USE_H
#define FLOW_DELTA_USE_H

#include "flow/delta_fetch.h"
#include "flow/plan.h"

struct delta_use {
    struct delta_settings settings;
    const struct delta_door *door; /* NULL: nobody can rebuild here, so no delta is fetched */
    bool battery;                  /* the machine runs on its battery */
};

/* What is in force for this user; battery is looked up where the root is this machine's own. door is the caller's to set. */
bool delta_use_in_force(const char *root, struct arena *arena, struct delta_use *out, struct error *err)
    MUST_USE;

/*
 * Looks which deltas there are for a plan and writes it into what was found: sizes beside the plan's changes, and the words for
 * people. how: its settings are taken from `use`. False only when memory is out.
 */
bool delta_use_plan(const struct delta_use *use, const struct delta_offers_request *how, struct arena *arena,
                    struct plan_found *found, struct error *err) MUST_USE;

/* One line for the journal and for people: "2 packages fetched, 1.2 MB; 3 made from deltas of 0.1 MB, 4.0 MB saved; delta for x ...". */
struct text delta_use_words(const struct mirror_result *fetched, const struct delta_offers *offers,
                            const struct delta_report *report, struct arena *arena);

#endif
