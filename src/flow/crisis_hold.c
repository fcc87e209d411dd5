#include "flow/crisis_hold.h"

#include "base/file.h"
#include "base/own.h"
#include "deploy/systemd.h"
#include "deploy/updaters.h"
#include "store/state.h"

#define RECORD "takeover"
#define LOCK   "unattended.lock"

static bool take(const struct crisis_hold_request *request, const struct takeover_place *place,
                 struct arena *arena, enum crisis_hold_outcome *out, struct error *err)
{
    struct text *names = ARENA_ARRAY(arena, struct text, request->updater_count + 1);
    struct updaters_wishes wishes = {.count = 0};
    struct takeover changes;
    size_t count = 0;

    if (names == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < request->updater_count; i++) {
        const struct updater_rule *rule = updaters_find_rule(request->updaters[i].name);
        if (rule != NULL && updater_rule_takes(rule))
            names[count++] = request->updaters[i].name;
    }
    if (count == 0)
        return true;
    struct text by = text_format(arena, CRISIS_HOLD_BY "%s", request->force->order->id);
    if (by.at == NULL)
        return arena_full(arena, err);
    if (!updaters_add_masks(&wishes, names, count, arena, err) ||
        !takeover_plan(place, wishes.at, wishes.count, arena, &changes, err))
        return false;
    changes.by = by;
    changes.begun_us = request->now_us;
    if (!takeover_take(place, &changes, wishes.at, wishes.count, arena, err))
        return false; /* the record stands: the next look gives back what was made */
    *out = CRISIS_HOLD_TAKEN;
    return true;
}

static bool give(const struct takeover_place *place, struct arena *arena, enum crisis_hold_outcome *out,
                 struct error *err)
{
    struct takeover_report report;

    if (!takeover_give(place, arena, &report, err))
        return false;
    *out = CRISIS_HOLD_GIVEN;
    return true;
}

bool crisis_hold(const struct crisis_hold_request *request, struct arena *arena,
                 enum crisis_hold_outcome *out, struct error *err)
{
    OWN(own_fd) int held = -1;
    struct takeover record = {0};
    struct state state;
    bool wanted = request->force->level > LEVEL_NORMAL && request->force->order != NULL;

    *out = CRISIS_HOLD_NOTHING;
    if (!state_open(request->state, STATE_WRITE, &state, err))
        return false;
    const char *path = state_path(&state, arena, RECORD), *lock = state_path(&state, arena, LOCK);
    if (path == NULL || lock == NULL)
        return arena_full(arena, err);
    if (!wanted && !file_exists(path))
        return true;
    if (!file_lock(lock, &held, err) || !takeover_read(path, arena, &record, err))
        return false;
    const struct takeover_place place = {
        .root = request->root, .record = path, .units = systemd_runs(request->root) ? &systemd_units : NULL};
    bool ours = text_starts(record.by, TEXT(CRISIS_HOLD_BY));
    /* One that was interrupted is given back first; then the next look takes anew. */
    if (record.phase != TAKEOVER_NONE && ours && (!wanted || record.phase != TAKEOVER_TAKEN))
        return give(&place, arena, out, err);
    return record.phase != TAKEOVER_NONE || !wanted || take(request, &place, arena, out, err);
}
