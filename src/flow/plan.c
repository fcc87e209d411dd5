#include "flow/plan.h"

#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "deploy/order.h"
#include "deploy/solve.h"
#include "flow/plan_json.h"
#include "flow/plan_select.h"
#include "flow/scan_host.h"
#include "model/version.h"

/* One plan while it is made. */
struct making {
    const struct plan_request *request;
    struct arena *arena;
    const struct scan *scan;
    struct universe universe;
    struct relate relate;
    struct plan_waits waits;
    struct plan_selection selection;
    struct solution solution;
    enum lane *lanes; /* of each change of the solution */
    struct plan plan;
};

static const struct universe_package *package_at(const struct making *making, uint32_t index)
{
    return index == SOLVE_NONE ? NULL : &making->universe.packages[index];
}

/* What a list says of a size is believed as far as any real package goes. */
static int64_t disk_of(const struct universe_package *package)
{
    uint64_t kib = package == NULL ? 0 : package->installed_kib;

    return kib > LIMIT_PLAN_BYTES / 1024 ? (int64_t)LIMIT_PLAN_BYTES : (int64_t)(kib * 1024);
}

/* Kernels and the processor's own code are in use from one start to the next. */
static bool needs_reboot(struct text name)
{
    return text_starts(name, TEXT("linux-image-")) || text_equal(name, TEXT("intel-microcode")) ||
           text_equal(name, TEXT("amd64-microcode"));
}

static int compare_texts(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

/* The holes that an update closes, and what was decided of it. */
static bool take_update(struct making *making, uint32_t index, struct plan_change *into, struct error *err)
{
    const struct update *update = &making->scan->match.updates[index];
    const struct update_decision *decision = &making->scan->update_decisions[index];
    struct text *cves = ARENA_ARRAY(making->arena, struct text, update->finding_count);

    if (cves == NULL)
        return arena_full(making->arena, err);
    for (size_t i = 0; i < update->finding_count; i++) {
        uint32_t finding = update->findings[i];
        cves[i] = making->scan->match.findings[finding].id;
        into->exploited =
            into->exploited || making->scan->decisions[finding].exploitation == EXPLOITATION_ACTIVE;
    }
    if (update->finding_count > 1)
        qsort(cves, update->finding_count, sizeof(*cves), compare_texts);
    into->cves = cves;
    into->cve_count = update->finding_count;
    into->late = decision->late;
    into->due_us = decision->due_us;
    return true;
}

static enum change_reason reason_of(const struct making *making, const struct solve_change *change,
                                    uint32_t update)
{
    if (change->wanted)
        return making->request->scope == PLAN_DUE ? CHANGE_DUE : CHANGE_NAMED;
    if (making->scan->level != LEVEL_NORMAL && making->request->scope != PLAN_NAMED &&
        (update == UPDATE_NONE || making->scan->update_decisions[update].standing != STANDING_TAKEN))
        return CHANGE_PREREQUISITE;
    return CHANGE_NEEDED;
}

/* Where the file of what comes is, and what it takes. */
static void take_origin(const struct making *making, const struct universe_package *to,
                        struct plan_change *into)
{
    const struct archive *archive = &making->scan->host->archives[to->archive];

    into->to = to->version;
    into->source = to->source;
    into->arch = to->arch;
    into->uri = archive->uri;
    into->suite = archive->suite;
    into->file = to->file;
    into->size = to->size;
    into->digest = to->digest;
}

static bool take_services(struct making *making, const struct universe_package *from,
                          struct plan_change *into, struct error *err)
{
    struct scan_group found = {0};

    if (from == NULL)
        return true;
    if (!scan_host_services(making->scan->found, &from->package, 1, &found, err))
        return false;
    into->services = found.services;
    into->service_count = found.service_count;
    return true;
}

static bool take_change(struct making *making, size_t index, uint32_t group, struct plan_change *out,
                        struct error *err)
{
    const struct solve_change *change = &making->solution.changes[index];
    const struct universe_package *from = package_at(making, change->from),
                                  *to = package_at(making, change->to);
    const struct universe_package *shown = to != NULL ? to : from;
    assert(shown != NULL); /* a change has a version before or after */
    uint32_t update = from == NULL ? UPDATE_NONE : making->selection.update_of[from->package];
    struct plan_change got = {
        .name = shown->name,
        .arch = shown->arch,
        .source = shown->source,
        .due_us = TIME_ABSENT,
        .disk_bytes = disk_of(to) - disk_of(from),
        .group = group,
        .reason = reason_of(making, change, update),
        .reboot = to != NULL && needs_reboot(to->name),
        .lane = making->lanes[index],
    };

    got.kind = from == NULL ? CHANGE_NEW : to == NULL ? CHANGE_REMOVE : CHANGE_UPGRADE;
    if (from != NULL && to != NULL && version_compare(VERSION_DEB, to->version, from->version) < 0)
        got.kind = CHANGE_DOWNGRADE;
    got.automatic = from == NULL;
    got.new_package = from == NULL && plan_is_stranger(making->scan, to, &got.follows);
    if (from != NULL)
        got.from = from->version;
    if (to != NULL)
        take_origin(making, to, &got);
    if (!change->wanted && change->by != SOLVE_NONE)
        got.needed_by = making->universe.packages[change->by].name;
    if (to != NULL && update != UPDATE_NONE && !take_update(making, update, &got, err))
        return false;
    if (!take_services(making, from, &got, err))
        return false;
    *out = got;
    return true;
}

static bool take_changes(struct making *making, struct error *err)
{
    const struct solution *solution = &making->solution;
    struct plan_change *changes = ARENA_ARRAY(making->arena, struct plan_change, solution->change_count);
    struct order_change *order = ARENA_ARRAY(making->arena, struct order_change, solution->change_count);
    struct plan *plan = &making->plan;

    if (changes == NULL || order == NULL)
        return arena_full(making->arena, err);
    if (solution->change_count > LIMIT_PLAN_CHANGES)
        return error_set(err, ERROR_LIMIT, "%zu changes, more than %d", solution->change_count,
                         LIMIT_PLAN_CHANGES);
    for (size_t i = 0; i < solution->change_count; i++)
        order[i] = (struct order_change){solution->changes[i].from, solution->changes[i].to, 0};
    if (!order_groups(&making->relate, order, solution->change_count, making->arena, &plan->group_count, err))
        return false;
    for (size_t i = 0; i < solution->change_count; i++) {
        if (!take_change(making, i, order[i].group, &changes[i], err))
            return false;
        plan->fetch_bytes += changes[i].size;
        plan->disk_bytes += changes[i].disk_bytes;
        plan->reboot = plan->reboot || changes[i].reboot;
    }
    plan->changes = changes;
    plan->change_count = solution->change_count;
    return true;
}

/* Whether the package of this update is changed after all, because another one needs it. */
static bool is_changed(const struct making *making, const struct package *package)
{
    for (size_t i = 0; i < making->plan.change_count; i++)
        if (text_equal(making->plan.changes[i].name, package->name) &&
            relate_same_arch(&making->universe, making->plan.changes[i].arch, package->arch))
            return true;
    return false;
}

static void take_refusals(struct making *making)
{
    for (size_t i = 0; i < making->solution.refused_count; i++) {
        const struct solve_refusal *refused = &making->solution.refused[i];
        uint32_t package = making->universe.packages[refused->wanted].package;
        struct plan_pick *pick = &making->selection.picks[making->selection.update_of[package]];
        pick->left = LEFT_UNSOLVABLE;
        pick->why = refused->why;
        pick->listed = true;
    }
}

static struct plan_left left_of(const struct making *making, const struct package *package,
                                const struct offer *offer)
{
    (void)making;
    return (struct plan_left){
        .name = package->name,
        .arch = package->arch,
        .from = package->version,
        .to = offer->version,
        .source = package->source,
        .size = offer->size,
        .due_us = TIME_ABSENT,
        .until_us = TIME_ABSENT,
        .reboot = needs_reboot(package->name),
    };
}

/* A newer version that a pin keeps away is no update to the scan; here it is said. */
static bool is_pinned_away(const struct package *package)
{
    return package->pinned && package->offer_count > 0 &&
           version_compare(VERSION_DEB, package->offers[0].version, package->version) > 0;
}

/* Another archive offers something newer that it may not own: apt would take it. */
static bool is_shadowed(const struct package *package)
{
    return package->shadow.size > 0 && version_compare(VERSION_DEB, package->shadow, package->version) > 0;
}

static bool take_left(struct making *making, struct error *err)
{
    const struct host *host = making->scan->host;
    struct plan_left *left = ARENA_ARRAY(making->arena, struct plan_left, host->package_count);
    size_t count = 0;

    if (left == NULL)
        return arena_full(making->arena, err);
    for (size_t i = 0; i < host->package_count; i++) {
        const struct package *package = &host->packages[i];
        uint32_t update = making->selection.update_of[i];
        const struct plan_pick *pick = update == UPDATE_NONE ? NULL : &making->selection.picks[update];
        if (is_changed(making, package))
            continue;
        if (pick != NULL && pick->left != LEFT_UNKNOWN && pick->listed) {
            left[count] = left_of(making, package, &package->offers[package->candidate]);
            left[count].reason = pick->left;
            left[count].why = pick->why;
            left[count].until_us = pick->until_us;
            left[count].cve_count = (uint32_t)making->scan->match.updates[update].finding_count;
            left[count++].due_us = making->scan->update_decisions[update].due_us;
        } else if (pick == NULL && is_pinned_away(package)) {
            left[count] = left_of(making, package, &package->offers[0]);
            left[count].reason = LEFT_HELD;
            left[count++].why = TEXT("a pin of apt's preferences keeps it");
        } else if (pick == NULL && is_shadowed(package)) {
            const struct offer shadow = {.version = package->shadow};
            left[count] = left_of(making, package, &shadow);
            left[count].reason = LEFT_SCOPE;
            left[count++].why = package->shadow_why;
        }
    }
    making->plan.left = left;
    making->plan.left_count = count;
    return true;
}

static int compare_data(const void *a, const void *b)
{
    const struct plan_data *one = a, *other = b;
    int order = text_compare(one->feed, other->feed);

    return order != 0 ? order
                      : (one->generated_us > other->generated_us) - (one->generated_us < other->generated_us);
}

static bool take_data(struct making *making, struct error *err)
{
    const struct scan *scan = making->scan;
    struct plan_data *data = ARENA_ARRAY(making->arena, struct plan_data, scan->data_count);

    if (data == NULL)
        return arena_full(making->arena, err);
    for (size_t i = 0; i < scan->data_count; i++)
        data[i] = (struct plan_data){scan->data[i].feed, scan->data[i].generated_us};
    if (scan->data_count > 1)
        qsort(data, scan->data_count, sizeof(*data), compare_data);
    making->plan.data = data;
    making->plan.data_count = scan->data_count;
    return true;
}

static bool take_head(struct making *making, struct error *err)
{
    const struct scan *scan = making->scan;
    const struct policy *policy = scan->policy;
    struct plan *plan = &making->plan;

    plan->now_us = scan->now_us;
    plan->level = scan->level;
    plan->host = scan->host->name;
    plan->release = text_copy(making->arena, text_of(scan->host->release.name));
    plan->arch = making->universe.native;
    plan->policy = policy == &policy_built_in
                       ? TEXT("built-in")
                       : text_format(making->arena, "%s v%u", policy->name, policy->version);
    plan->status = making->universe.status;
    if (plan->policy.at == NULL || plan->release.at == NULL)
        return arena_full(making->arena, err);
    return take_data(making, err);
}

/* ---- solving, until nothing waits ---- */

static uint32_t change_to(const struct solution *solution, uint32_t package)
{
    for (uint32_t i = 0; package != SOLVE_NONE && i < solution->change_count; i++)
        if (solution->changes[i].to == package)
            return i;
    return SOLVE_NONE;
}

/* What asked for it, through all that needs it; SOLVE_NONE: nobody can say. */
static uint32_t root_of(const struct solution *solution, uint32_t change)
{
    for (size_t turn = 0; turn <= solution->change_count && change != SOLVE_NONE; turn++) {
        if (solution->changes[change].wanted)
            return change;
        change = change_to(solution, solution->changes[change].by);
    }
    return SOLVE_NONE;
}

static uint32_t update_of(const struct making *making, const struct solve_change *change)
{
    const struct universe_package *from = package_at(making, change->from);

    return from == NULL ? UPDATE_NONE : making->selection.update_of[from->package];
}

static enum lane own_lane(const struct making *making, const struct solve_change *change)
{
    uint32_t update = update_of(making, change);

    return update == UPDATE_NONE ? LANE_FUNCTIONAL : plan_lane_of_update(&making->waits, update);
}

/* The lane of what asked for it, when that is faster. What nobody needs in particular comes with the fastest. */
static enum lane lane_of(const struct making *making, uint32_t index)
{
    const struct solution *solution = &making->solution;
    uint32_t root = root_of(solution, index);
    enum lane lane = own_lane(making, &solution->changes[index]);

    for (uint32_t i = 0; i < solution->change_count; i++)
        if (solution->changes[i].wanted && (i == root || root == SOLVE_NONE)) {
            enum lane other = own_lane(making, &solution->changes[i]);
            lane = other > lane ? other : lane;
        }
    return lane;
}

/* Leaves what asked for something that still waits. *left: there was such a thing. */
static bool leave_waiting(struct making *making, bool *left, struct error *err)
{
    const struct solution *solution = &making->solution;
    int64_t until_us;

    *left = false;
    for (uint32_t i = 0; i < solution->change_count; i++) {
        const struct universe_package *to = package_at(making, solution->changes[i].to);
        uint32_t root = root_of(solution, i);
        if (to == NULL || solution->changes[i].wanted || root == SOLVE_NONE)
            continue;
        const struct trust_order *block = plan_block_of(&making->waits, to);
        until_us = TIME_ABSENT;
        if (block == NULL && !plan_waits_for(&making->waits, to, making->lanes[i], making->arena, &until_us))
            continue;
        uint32_t update = update_of(making, &solution->changes[root]);
        if (update == UPDATE_NONE || making->selection.picks[update].left != LEFT_UNKNOWN)
            continue;
        struct text why = text_format(making->arena, "it needs %.*s, which %s", TEXT_ARG(to->name),
                                      block != NULL ? "is blocked" : "was first seen here too short ago");
        if (why.at == NULL)
            return arena_full(making->arena, err);
        plan_select_leave(&making->selection, making->scan, update, block != NULL ? LEFT_BLOCKED : LEFT_SOAK,
                          why, until_us);
        *left = true;
    }
    return true;
}

/* Each turn leaves at least one of what is wanted. */
static bool find_changes(struct making *making, struct error *err)
{
    for (bool again = true; again;) {
        struct solve_request wishes = {
            .relate = &making->relate,
            .host = making->scan->host,
            .wanted = making->selection.wanted,
            .wanted_count = making->selection.wanted_count,
        };
        if (!solve(&wishes, making->arena, &making->solution, err))
            return false;
        making->lanes = ARENA_ARRAY(making->arena, enum lane, making->solution.change_count);
        if (making->lanes == NULL)
            return arena_full(making->arena, err);
        for (uint32_t i = 0; i < making->solution.change_count; i++)
            making->lanes[i] = lane_of(making, i);
        if (!leave_waiting(making, &again, err))
            return false;
    }
    return true;
}

/* What is offered here now, and with it what waits: all of it was seen. */
static bool take_offered(struct making *making, struct versions_seen *out, struct error *err)
{
    struct versions_seen seen = versions_seen_with();

    seen.signed_us = plan_signed_us(making->scan->host);
    for (size_t i = making->universe.installed_count; i < making->universe.count; i++) {
        const struct universe_package *package = &making->universe.packages[i];
        const struct version_seen version = plan_version_of(making->scan, package, making->arena);
        bool is_update =
            package->package != PACKAGE_NONE && making->selection.update_of[package->package] != UPDATE_NONE;
        bool comes = change_to(&making->solution, (uint32_t)i) != SOLVE_NONE;
        if (version.archive.at == NULL)
            return arena_full(making->arena, err);
        if ((is_update || comes) && package->digest.kind == DIGEST_SHA256 &&
            !versions_seen_add(&seen, &version, making->arena, err))
            return false;
    }
    *out = seen;
    return true;
}

/*
 * What an archive offers whose list is forged, replayed or past its date is not seen: then it is not known that nothing
 * waits, and who asks must hear it. What is not there at all makes the answer a partial one.
 */
static bool take_refused(const struct making *making, struct text *out, struct error *err)
{
    const struct host *host = making->scan->host;
    static const struct {
        enum archive_state state;
        bool went_back;
        const char *name;
    } rows[] = {
        {ARCHIVE_REFUSED, false, "vendor-signature"},
        {ARCHIVE_VERIFIED, true, "rollback"},
        {ARCHIVE_STALE, false, "freeze"},
    };

    for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++)
        for (size_t i = 0; i < host->archive_count; i++) {
            const struct archive *archive = &host->archives[i];
            if (archive->state != rows[r].state || archive->went_back != rows[r].went_back)
                continue;
            *out = text_format(
                making->arena, "%s: %.*s %.*s %.*s: %.*s",
                archive->refusal != TRUST_NOT_REFUSED ? trust_refusal_name(archive->refusal) : rows[r].name,
                TEXT_ARG(archive->site), TEXT_ARG(archive->suite), TEXT_ARG(archive->component),
                TEXT_ARG(archive->why.size > 0 ? archive->why : TEXT("its list is too old")));
            return out->at != NULL || arena_full(making->arena, err);
        }
    *out = (struct text){0};
    return true;
}

bool plan_make(const struct plan_request *request, struct arena *arena, struct plan_found *out,
               struct error *err)
{
    struct making making = {.request = request, .arena = arena};

    if (request->scan.inventory != NULL)
        return error_set(err, ERROR_INPUT, "an inventory has no package manager to plan with");
    if (!scan_run(&request->scan, arena, &making.scan, err) ||
        !scan_host_universe(&request->scan, making.scan->host, arena, &making.universe, err) ||
        !relate_open(&making.universe, arena, &making.relate, err) ||
        !plan_waits_open(request, making.scan, arena, &making.waits, err) ||
        !plan_select(&making.waits, &making.universe, arena, &making.selection, err) ||
        !find_changes(&making, err) || !take_head(&making, err) || !take_changes(&making, err))
        return false;
    take_refusals(&making);
    if (!take_left(&making, err) || !plan_name(&making.plan, err))
        return false;
    struct versions_seen offered;
    struct text refused;
    if (!take_refused(&making, &refused, err) || !take_offered(&making, &offered, err))
        return false;
    *out = (struct plan_found){.plan = making.plan,
                               .judged = making.scan->judged,
                               .complete = making.scan->complete,
                               .offered = offered,
                               .refused = refused};
    return true;
}
