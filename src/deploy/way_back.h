/*
 * The ways back of earlier runs: which run has one that counts, and how long what it takes on the disk is kept.
 *
 *     STATE/runs/ID/rollback    what the run kept before it changed anything (store/rollback_store.h)
 *     STATE/runs/ID/packages    package files of the run; some are second names of what is in a rollback folder
 *     STATE/runs/ID/removing    a rollback folder on its way out
 *     STATE/runs/ID/snapshot    the root folder as it was then, where that is a btrfs subvolume: for people, when no rollback
 *                               helps any more
 *
 * The newest LIMIT_WAYS_BACK runs that could be taken back keep theirs. Since a run is taken back only together with all
 * newer ones, what goes is always the far end. Runs that cannot be taken back (any more) do not count, so that a week of
 * failed runs pushes nobody's way back out; they keep theirs while they are among the newest LIMIT_WAYS_BACK of all.
 * Nothing goes of a run that is open, or that an open run takes back. Plans, journal and evidence of every run stay.
 */
#ifndef DEPLOY_WAY_BACK_H
#define DEPLOY_WAY_BACK_H

#include "store/journal.h"

/* The step that kept the way back, with its seal; NULL: there is none. */
const struct run_step *way_back_step(const struct run *run);
/* Whether a later run took it back. */
bool way_back_was_taken(const struct journal_runs *runs, const struct run *run);
/* One that could be taken back, if what it kept is still there. */
bool way_back_stands(const struct journal_runs *runs, const struct run *run);

/* keep[i] for each run: whether its folders stay. */
void way_back_choose(const struct journal_runs *runs, bool *keep);

/*
 * Removes the rest. `removed`: of how many runs something was there. One that cannot be removed does not keep the others;
 * false when there was such a one, with the reason of the first.
 */
bool way_back_prune(const char *state, const struct journal_runs *runs, struct arena *arena, size_t *removed,
                    struct error *err) MUST_USE;

/*
 * Makes the snapshot of the root folder in a run's, in place of one that an interrupted attempt left. What came of it, for
 * the note of the step: that there is none is no failure. Absent where the root folder is no btrfs subvolume, which most are
 * not and nobody needs to read each time.
 */
struct text way_back_snapshot(const char *root, const char *folder, struct arena *arena);

/* Removes the snapshots of the runs whose folders go: as way_back_prune, but it needs more rights than a confined process
 * has, so it is done when the next run makes its own. */
bool way_back_prune_snapshots(const char *state, const struct journal_runs *runs, struct arena *arena,
                              size_t *removed, struct error *err) MUST_USE;

#endif
