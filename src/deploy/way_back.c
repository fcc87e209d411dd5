#include "deploy/way_back.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/subvolume.h"

#define SNAPSHOT "snapshot"

const struct run_step *way_back_step(const struct run *run)
{
    for (size_t i = 0; i < run->step_count; i++)
        if (run->steps[i].kind == STEP_BACKUP && run->steps[i].state == STEP_DONE &&
            run->steps[i].seal.kind == DIGEST_SHA256)
            return &run->steps[i];
    return NULL;
}

static bool has_installed(const struct run *run)
{
    for (size_t i = 0; i < run->step_count; i++)
        if (run->steps[i].kind == STEP_INSTALL)
            return true;
    return false;
}

/* By a rollback of that state: DONE or OPEN. */
static bool is_taken_by(const struct journal_runs *runs, const struct run *run, enum run_state state)
{
    for (size_t i = 0; i < runs->count; i++)
        if (runs->at[i].kind == RUN_ROLLBACK && runs->at[i].state == state &&
            strcmp(runs->at[i].takes_back, run->id) == 0)
            return true;
    return false;
}

bool way_back_was_taken(const struct journal_runs *runs, const struct run *run)
{
    return is_taken_by(runs, run, RUN_DONE);
}

bool way_back_stands(const struct journal_runs *runs, const struct run *run)
{
    return run->kind == RUN_APPLY && way_back_step(run) != NULL && has_installed(run) &&
           (run->state == RUN_DONE || run->state == RUN_STOPPED || run->state == RUN_FAILED) &&
           !way_back_was_taken(runs, run);
}

void way_back_choose(const struct journal_runs *runs, bool *keep)
{
    size_t stand = 0;

    for (size_t i = 0; i < runs->count; i++) {
        const struct run *run = &runs->at[i];
        bool stands = way_back_stands(runs, run);
        keep[i] = run->state == RUN_OPEN || is_taken_by(runs, run, RUN_OPEN) ||
                  (stands ? stand : i) < LIMIT_WAYS_BACK;
        stand += stands;
    }
}

/* Renamed first: half of one under its own name would look like one that somebody tampered with. */
static bool remove_kept(const char *folder, struct arena *arena, bool *was_there, struct error *err)
{
    const char *kept = file_path(arena, folder, "rollback");
    const char *removing = file_path(arena, folder, "removing");
    const char *packages = file_path(arena, folder, "packages");

    if (kept == NULL || removing == NULL || packages == NULL)
        return arena_full(arena, err);
    *was_there = file_exists(kept) || file_exists(removing) || file_exists(packages);
    if (!file_remove_tree(removing, err))
        return false;
    if (rename(kept, removing) != 0 && errno != ENOENT)
        return error_system(err, "%s", kept);
    return file_remove_tree(removing, err) && file_remove_tree(packages, err);
}

static bool remove_snapshot(const char *folder, struct arena *arena, bool *was_there, struct error *err)
{
    const char *path = file_path(arena, folder, SNAPSHOT);

    if (path == NULL)
        return arena_full(arena, err);
    *was_there = file_exists(path);
    return subvolume_remove(folder, SNAPSHOT, err);
}

/* Removes something of a run's folder. */
typedef bool remove_part(const char *folder, struct arena *arena, bool *was_there, struct error *err);

static bool remove_of_all(const char *state, const struct journal_runs *runs, remove_part *part,
                          struct arena *arena, size_t *removed, struct error *err)
{
    bool *keep = ARENA_ARRAY(arena, bool, runs->count + 1);
    struct error first = {0};
    bool all = true;

    *removed = 0;
    if (keep == NULL)
        return arena_full(arena, err);
    way_back_choose(runs, keep);
    for (size_t i = 0; i < runs->count; i++) {
        struct text folder = text_format(arena, "%s/runs/%s", state, runs->at[i].id);
        bool was_there = false;
        if (folder.at == NULL)
            return arena_full(arena, err);
        if (keep[i])
            continue;
        if (part(folder.at, arena, &was_there, err)) {
            *removed += was_there;
            continue;
        }
        if (all)
            first = *err;
        all = false;
    }
    if (!all)
        *err = first;
    return all;
}

bool way_back_prune(const char *state, const struct journal_runs *runs, struct arena *arena, size_t *removed,
                    struct error *err)
{
    return remove_of_all(state, runs, remove_kept, arena, removed, err);
}

bool way_back_prune_snapshots(const char *state, const struct journal_runs *runs, struct arena *arena,
                              size_t *removed, struct error *err)
{
    return remove_of_all(state, runs, remove_snapshot, arena, removed, err);
}

struct text way_back_snapshot(const char *root, const char *folder, struct arena *arena)
{
    struct error err = {0};

    if (!subvolume_remove(folder, SNAPSHOT, &err) || !subvolume_snapshot(root, folder, SNAPSHOT, &err))
        return err.kind == ERROR_ABSENT ? (struct text){0} : text_format(arena, "no snapshot: %s", err.text);
    return text_format(arena, "snapshot %s/%s", folder, SNAPSHOT);
}
