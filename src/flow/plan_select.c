#include "flow/plan_select.h"

#include "flow/blocks.h"
#include "flow/groups.h"

struct work {
    const struct plan_waits *waits;
    const struct plan_request *request;
    const struct scan *scan;
    const struct universe *universe;
    struct arena *arena;
    struct plan_selection got;
    uint32_t *group_of; /* of each update */
};

static const struct package *package_of(const struct work *work, uint32_t update)
{
    return &work->scan->host->packages[work->scan->match.updates[update].package];
}

static bool is_named(const struct text *name, const struct package *package)
{
    size_t colon = text_find_byte(*name, ':');

    if (colon != SIZE_MAX)
        return text_equal(text_part(*name, 0, colon), package->name) &&
               text_equal(text_part(*name, colon + 1, name->size), package->arch);
    return text_equal(*name, package->name) || text_equal(*name, package->source);
}

/* A name that means nothing here is a mistake, not a wish that is fulfilled. */
static bool check_names(const struct work *work, struct error *err)
{
    const struct host *host = work->scan->host;

    for (size_t i = 0; i < work->request->name_count; i++) {
        bool found = false;
        for (size_t k = 0; k < host->package_count && !found; k++)
            found = is_named(&work->request->names[i], &host->packages[k]);
        if (!found)
            return error_set(err, ERROR_ABSENT, "%.*s is not installed here",
                             TEXT_ARG(text_part(work->request->names[i], 0, 100)));
    }
    return true;
}

static bool is_asked_by_name(const struct work *work, const struct package *package)
{
    for (size_t i = 0; i < work->request->name_count; i++)
        if (is_named(&work->request->names[i], package))
            return true;
    return false;
}

static void leave(struct plan_pick *pick, enum left_reason reason, const char *why)
{
    pick->left = reason;
    pick->why = text_of(why);
    pick->listed = true;
}

/* What the level says of it: false when it is left for that. A package that a person names is taken all the same. */
static bool level_takes(const struct work *work, uint32_t update, struct plan_pick *pick)
{
    enum standing standing = work->scan->update_decisions[update].standing;

    if (work->request->scope == PLAN_NAMED)
        return true;
    if (standing == STANDING_POSTPONED)
        leave(pick, LEFT_POSTPONED, "the level postpones it until the order ends");
    else if (standing == STANDING_HELD)
        leave(pick, LEFT_HELD_LEVEL, "the level does not patch it: mitigate, its deadline runs on");
    return pick->left == LEFT_UNKNOWN;
}

static bool is_due(const struct work *work, uint32_t update)
{
    const struct scan *scan = work->scan;
    int64_t within_us = work->request->due_within_us > 0 ? work->request->due_within_us : GROUPS_WEEK_US;

    if (scan->level !=
        LEVEL_NORMAL) /* what the level takes is what closes an exploited hole or is due before its end */
        return scan->match.updates[update].kind != UPDATE_FUNCTIONAL;
    return group_is_due(scan, &scan->groups[work->group_of[update]], scan->now_us + within_us);
}

static const char *why_not_due(const struct work *work, uint32_t update)
{
    const struct update_decision *decision = &work->scan->update_decisions[update];

    if (work->scan->match.updates[update].kind == UPDATE_FUNCTIONAL)
        return "it closes no hole that is known";
    return decision->due_us == TIME_ABSENT ? "it has no due date" : "it is due later";
}

static bool scope_takes(const struct work *work, uint32_t update, struct plan_pick *pick)
{
    switch (work->request->scope) {
    case PLAN_NAMED:
        if (!is_asked_by_name(work, package_of(work, update))) {
            leave(pick, LEFT_NOT_DUE, "it was not asked for");
            pick->listed = false;
        }
        break;
    case PLAN_SECURITY:
        if (work->scan->match.updates[update].kind != UPDATE_SECURITY)
            leave(pick, LEFT_NOT_DUE,
                  work->scan->match.updates[update].kind == UPDATE_FUNCTIONAL
                      ? "it closes no hole that is known"
                      : "nothing is known of it");
        break;
    case PLAN_DUE:
        if (!is_due(work, update))
            leave(pick, LEFT_NOT_DUE, why_not_due(work, update));
        break;
    case PLAN_ALL:
    case PLAN_SCOPE_COUNT:
        break;
    }
    return pick->left == LEFT_UNKNOWN;
}

static bool only_stale(const struct work *work, const struct offer *offer)
{
    for (uint32_t i = 0; i < work->scan->host->archive_count && i < 64; i++)
        if ((offer->archives >> i & 1) && work->scan->host->archives[i].state == ARCHIVE_VERIFIED)
            return false;
    return true;
}

/* Asked before all else: who looks at why it is left must see that it is forbidden, not that it is due later. */
static bool is_blocked(const struct work *work, struct plan_pick *pick)
{
    const struct trust_order *order =
        pick->offered == UINT32_MAX ? NULL
                                    : plan_block_of(work->waits, &work->universe->packages[pick->offered]);

    if (order == NULL)
        return false;
    pick->left = LEFT_BLOCKED;
    pick->why = blocks_say(order, work->arena);
    pick->listed = true;
    return true;
}

static void judge(const struct work *work, uint32_t update, struct plan_pick *pick)
{
    const struct package *package = package_of(work, update);
    const struct offer *offer = &package->offers[package->candidate];

    if (is_blocked(work, pick) || !level_takes(work, update, pick) || !scope_takes(work, update, pick))
        return;
    if (package->held)
        leave(pick, LEFT_HELD, "it is held (apt-mark unhold releases it)");
    else if (package->phased_out)
        leave(pick, LEFT_PHASED, "its publisher releases it in steps, and this machine's has not come");
    else if (pick->offered == UINT32_MAX && only_stale(work, offer))
        leave(pick, LEFT_STALE, "its archive's list is past its date: run apt update");
    else if (pick->offered == UINT32_MAX)
        leave(pick, LEFT_UNSOLVABLE, "its list could not be read for this plan");
    else if (work->universe->packages[pick->offered].digest.kind != DIGEST_SHA256 ||
             work->universe->packages[pick->offered].file.size == 0)
        leave(pick, LEFT_UNSOLVABLE, "its list names no file with a SHA-256: nothing could be proved");
    else if (plan_waits_for(work->waits, &work->universe->packages[pick->offered],
                            plan_lane_of_update(work->waits, update), work->arena, &pick->until_us)) {
        leave(pick, LEFT_SOAK, "");
        pick->why = plan_wait_words(work->waits, update, work->arena);
    }
    if (pick->left != LEFT_SOAK)
        pick->until_us = TIME_ABSENT;
}

static void find_offered(struct work *work)
{
    const struct universe *universe = work->universe;

    for (uint32_t i = (uint32_t)universe->installed_count; i < universe->count; i++) {
        uint32_t package = universe->packages[i].package;
        if (package != PACKAGE_NONE && work->got.update_of[package] != UPDATE_NONE)
            work->got.picks[work->got.update_of[package]].offered = i;
    }
}

/* Worst first, as the scan lists them: of two that exclude each other the worse one is closed. */
static void collect_wanted(const struct scan *scan, struct plan_selection *into)
{
    into->wanted_count = 0;
    for (size_t i = 0; i < scan->group_count; i++)
        for (size_t k = 0; k < scan->groups[i].update_count; k++) {
            const struct plan_pick *pick = &into->picks[scan->groups[i].updates[k]];
            if (pick->left == LEFT_UNKNOWN)
                into->wanted[into->wanted_count++] = pick->offered;
        }
}

void plan_select_leave(struct plan_selection *selection, const struct scan *scan, uint32_t update,
                       enum left_reason reason, struct text why, int64_t until_us)
{
    struct plan_pick *pick = &selection->picks[update];

    pick->left = reason;
    pick->why = why;
    pick->listed = true;
    pick->until_us = until_us;
    collect_wanted(scan, selection);
}

bool plan_select(const struct plan_waits *waits, const struct universe *universe, struct arena *arena,
                 struct plan_selection *out, struct error *err)
{
    const struct scan *scan = waits->scan;
    size_t count = scan->match.update_count;
    struct work work = {
        .waits = waits,
        .request = waits->request,
        .scan = scan,
        .universe = universe,
        .arena = arena,
        .got = {.picks = ARENA_ARRAY(arena, struct plan_pick, count),
                .update_of = ARENA_ARRAY(arena, uint32_t, scan->host->package_count),
                .wanted = ARENA_ARRAY(arena, uint32_t, count)},
        .group_of = ARENA_ARRAY(arena, uint32_t, count),
    };

    if (work.got.picks == NULL || work.got.update_of == NULL || work.got.wanted == NULL ||
        work.group_of == NULL)
        return arena_full(arena, err);
    if (!check_names(&work, err))
        return false;
    for (size_t i = 0; i < scan->host->package_count; i++)
        work.got.update_of[i] = UPDATE_NONE;
    for (uint32_t i = 0; i < count; i++) {
        work.got.update_of[scan->match.updates[i].package] = i;
        work.got.picks[i].offered = UINT32_MAX;
        work.got.picks[i].until_us = TIME_ABSENT;
    }
    for (uint32_t i = 0; i < scan->group_count; i++)
        for (size_t k = 0; k < scan->groups[i].update_count; k++)
            work.group_of[scan->groups[i].updates[k]] = i;
    find_offered(&work);
    for (uint32_t i = 0; i < count; i++)
        judge(&work, i, &work.got.picks[i]);
    collect_wanted(scan, &work.got);
    *out = work.got;
    return true;
}
