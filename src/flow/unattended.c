#include "flow/unattended.h"

#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "deploy/systemd.h"
#include "flow/scan_host.h"
#include "store/state.h"

#define RECORD "takeover"
#define LOCK   "unattended.lock"
#define TIMER  "suture.timer"

static const struct takeover_units *units_of(const struct unattended_place *place)
{
    return systemd_runs(place->root) ? &systemd_units : NULL;
}

static struct takeover_place takeover_place(const struct unattended_place *place, const char *record)
{
    return (struct takeover_place){.root = place->root, .record = record, .units = units_of(place)};
}

/* The record's path; *out is NULL where there is no state folder yet and none is to be made. */
static bool find_record(const struct unattended_place *place, enum state_use use, struct arena *arena,
                        struct state *state, const char **out, struct error *err)
{
    *out = NULL;
    if (!state_open(place->state, use, state, err)) {
        if (use == STATE_WRITE || err->kind != ERROR_ABSENT)
            return false;
        *err = (struct error){0};
        return true;
    }
    *out = state_path(state, arena, RECORD);
    return *out != NULL || arena_full(arena, err);
}

static bool lock(const struct state *state, struct arena *arena, int *out, struct error *err)
{
    const char *path = state_path(state, arena, LOCK);

    return path == NULL ? arena_full(arena, err) : file_lock(path, out, err);
}

/* ---- who is at work ---- */

/* Nothing is remembered of this: it may be another root, and looks at no list. */
static bool find_others(const struct unattended_place *place, int64_t now_us, struct arena *arena,
                        const struct unattended_other **out, size_t *count, struct error *err)
{
    const struct scan_request request = {.root = place->root, .now_us = now_us, .now_given = true};
    struct scan_host *host = ARENA_NEW(arena, struct scan_host);
    struct error why = {0};

    if (host == NULL)
        return arena_full(arena, err);
    /* What a reader found absent and went on without is no failure of this. */
    if (!scan_host_read(&request, arena, host, &why)) {
        *err = why;
        return false;
    }
    struct unattended_other *others = ARENA_ARRAY(arena, struct unattended_other, host->host.updater_count);
    if (others == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < host->host.updater_count; i++) {
        const struct updater *updater = &host->host.updaters[i];
        others[i] =
            (struct unattended_other){updater->name, updater->does, updaters_find_rule(updater->name), false};
    }
    *out = others;
    *count = host->host.updater_count;
    return true;
}

/* ---- on ---- */

static bool add_masks(struct unattended_plan *plan, struct unattended_other *others, struct arena *arena,
                      struct error *err)
{
    struct text *names = ARENA_ARRAY(arena, struct text, plan->other_count);
    size_t count = 0;

    if (names == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < plan->other_count; i++) {
        others[i].taken = others[i].rule != NULL && updater_rule_takes(others[i].rule);
        if (others[i].taken)
            names[count++] = others[i].name;
    }
    return updaters_add_masks(&plan->wishes, names, count, arena, err);
}

static bool check_record(const char *path, struct arena *arena, struct error *err)
{
    struct takeover record = {0};

    if (path != NULL && !takeover_read(path, arena, &record, err))
        return false;
    if (record.phase == TAKEOVER_TAKEN)
        return error_set(err, ERROR_CONFLICT,
                         "it is on already; suture unattended off gives everything back first");
    if (record.phase != TAKEOVER_NONE)
        return error_set(err, ERROR_CONFLICT,
                         "setting it up was interrupted; suture unattended off gives back what was made");
    return true;
}

bool unattended_plan(const struct unattended_place *place, bool take_over, struct arena *arena,
                     struct unattended_plan *out, struct error *err)
{
    struct unattended_plan plan = {.wishes.count = 0};
    struct state state;
    const char *record;

    if (!find_record(place, STATE_READ, arena, &state, &record, err) || !check_record(record, arena, err) ||
        !find_others(place, 0, arena, &plan.others, &plan.other_count, err))
        return false;
    struct unattended_other *others = ARENA_ARRAY(arena, struct unattended_other, plan.other_count);
    const char *policy = file_below(arena, place->root, UPDATERS_POLICY);
    if (others == NULL || policy == NULL)
        return arena_full(arena, err);
    if (plan.other_count > 0)
        memcpy(others, plan.others, plan.other_count * sizeof(*others));
    plan.others = others;
    plan.policy_made = !file_exists(policy);
    if (!updaters_add_timer(&plan.wishes, place->program, arena, err) ||
        (plan.policy_made && !updaters_add_policy(&plan.wishes, place->zone, arena, err)) ||
        (take_over && !add_masks(&plan, others, arena, err)))
        return false;
    struct takeover_place takeover = takeover_place(place, record);
    if (!takeover_plan(&takeover, plan.wishes.at, plan.wishes.count, arena, &plan.changes, err))
        return false;
    *out = plan;
    return true;
}

/* What failed is told first; that it could not be taken back either would be worse news. */
static bool take_back(const struct takeover_place *takeover, struct arena *arena, struct error *err)
{
    struct error cause = *err, why = {0};
    struct takeover_report report;

    if (takeover_give(takeover, arena, &report, &why))
        return error_set(err, cause.kind, "%.140s; everything was given back", cause.text);
    return error_set(err, cause.kind,
                     "%.110s; and it could not be given back: %.60s; suture unattended off goes on",
                     cause.text, why.text);
}

bool unattended_on(const struct unattended_place *place, const struct unattended_plan *plan, struct text by,
                   int64_t now_us, struct arena *arena, struct error *err)
{
    OWN(own_fd) int held = -1;
    struct takeover changes = plan->changes;
    struct state state;
    const char *record;

    if (!find_record(place, STATE_WRITE, arena, &state, &record, err) || !lock(&state, arena, &held, err) ||
        !check_record(record, arena, err))
        return false;
    struct takeover_place takeover = takeover_place(place, record);
    changes.by = by;
    changes.begun_us = now_us;
    if (!takeover_take(&takeover, &changes, plan->wishes.at, plan->wishes.count, arena, err))
        return take_back(&takeover, arena, err);
    if (takeover.units != NULL && !takeover.units->start(takeover.units->self, TIMER, err))
        return take_back(&takeover, arena, err);
    return true;
}

/* ---- off ---- */

bool unattended_off(const struct unattended_place *place, struct arena *arena, struct takeover_report *out,
                    struct error *err)
{
    OWN(own_fd) int held = -1;
    struct takeover_report none = {.phase = TAKEOVER_NONE};
    struct state state;
    const char *record;
    struct error ignored; /* a timer that is not there does not run */

    if (!find_record(place, STATE_READ, arena, &state, &record, err))
        return false;
    if (record == NULL || !file_exists(record)) {
        *out = none;
        return true;
    }
    if (!lock(&state, arena, &held, err))
        return false;
    struct takeover_place takeover = takeover_place(place, record);
    if (takeover.units != NULL && !takeover.units->stop(takeover.units->self, TIMER, &ignored))
        ignored.kind = ERROR_NONE;
    return takeover_give(&takeover, arena, out, err);
}

/* ---- status ---- */

bool unattended_look(const struct unattended_place *place, struct arena *arena, struct unattended_status *out,
                     struct error *err)
{
    struct unattended_status status = {.timer = false};
    struct state state;
    const char *record;
    struct text target;
    struct error absent;

    if (!find_record(place, STATE_READ, arena, &state, &record, err) ||
        (record != NULL && !takeover_read(record, arena, &status.record, err)) ||
        !find_others(place, 0, arena, &status.others, &status.other_count, err))
        return false;
    const char *wants = file_below(arena, place->root, UPDATERS_UNITS "/timers.target.wants/" TIMER);
    if (wants == NULL)
        return arena_full(arena, err);
    status.timer = file_link(wants, arena, &target, &absent);
    *out = status;
    return true;
}
