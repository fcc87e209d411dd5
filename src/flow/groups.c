#include "flow/groups.h"

#include <stdlib.h>

const struct offer *update_offer(const struct host *host, const struct update *update)
{
    const struct package *package = &host->packages[update->package];

    return &package->offers[package->candidate];
}

const struct package *group_package(const struct scan *scan, const struct scan_group *group)
{
    return &scan->host->packages[scan->match.updates[group->updates[0]].package];
}

bool group_is_due(const struct scan *scan, const struct scan_group *group, int64_t until_us)
{
    (void)scan;
    if (group->standing != STANDING_TAKEN || group->kind == UPDATE_FUNCTIONAL)
        return false;
    if (group->late || group->action == ACTION_NOW || group->action == ACTION_SWITCH_OFF)
        return true;
    return group->due_us != TIME_ABSENT && group->due_us <= until_us;
}

/* An update and the source that it is grouped by; sorted to bring groups together. */
struct member {
    struct text source;
    uint32_t update;
};

static int compare_members(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    int order = text_compare(left->source, right->source);

    return order != 0 ? order : (left->update > right->update) - (left->update < right->update);
}

/* Absent is the latest, not the earliest. */
static int compare_due(int64_t a, int64_t b)
{
    if (a == b)
        return 0;
    if (a == TIME_ABSENT || b == TIME_ABSENT)
        return a == TIME_ABSENT ? 1 : -1;
    return a < b ? -1 : 1;
}

static int rank_of_kind(enum update_kind kind)
{
    return kind == UPDATE_SECURITY ? 0 : kind == UPDATE_FUNCTIONAL ? 2 : 1;
}

/* Worst first: what is exploited, then what is late, then by date; the name makes the order total. */
static int compare_groups(const void *a, const void *b)
{
    const struct scan_group *left = a, *right = b;
    int order = (int)(left->kind == UPDATE_FUNCTIONAL) - (int)(right->kind == UPDATE_FUNCTIONAL);

    if (order == 0)
        order = (int)(left->standing != STANDING_TAKEN) - (int)(right->standing != STANDING_TAKEN);
    if (order == 0)
        order = (int)right->exploited - (int)left->exploited;
    if (order == 0)
        order = (int)right->late - (int)left->late;
    if (order == 0)
        order = compare_due(left->due_us, right->due_us);
    return order != 0 ? order : text_compare(left->source, right->source);
}

static int16_t tenths_of(const struct scan *scan, uint32_t finding)
{
    const struct vulnerability *vulnerability = scan->match.findings[finding].vulnerability;
    uint8_t score = scan->decisions[finding].score;

    return vulnerability == NULL || score == SCORE_NONE ? CVSS_NONE : vulnerability->scores[score].tenths;
}

/* The finding that says most about why: exploited before unexploited, then the higher score, then the lower index. */
static bool is_worse(const struct scan *scan, uint32_t a, uint32_t b)
{
    bool a_exploited = scan->decisions[a].exploitation == EXPLOITATION_ACTIVE;
    bool b_exploited = scan->decisions[b].exploitation == EXPLOITATION_ACTIVE;

    if (a_exploited != b_exploited)
        return a_exploited;
    return tenths_of(scan, a) > tenths_of(scan, b);
}

/* The findings of a group's updates overlap: two packages of one source close the same holes. */
static void take_findings(const struct scan *scan, struct scan_group *group, const struct update *update)
{
    for (size_t i = 0; i < update->finding_count; i++) {
        uint32_t finding = update->findings[i];
        if (group->worst == UPDATE_NONE || is_worse(scan, finding, group->worst))
            group->worst = finding;
        if (scan->decisions[finding].exploitation == EXPLOITATION_ACTIVE)
            group->exploited = true;
    }
    if (update->finding_count > group->cve_count)
        group->cve_count = (uint32_t)update->finding_count;
}

static bool is_kernel_image(const struct package *package)
{
    return text_starts(package->name, TEXT("linux-image-"));
}

static void take_update(const struct scan *scan, struct scan_group *group, uint32_t index)
{
    const struct update *update = &scan->match.updates[index];
    const struct update_decision *decision = &scan->update_decisions[index];
    const struct package *package = &scan->host->packages[update->package];

    if (rank_of_kind(update->kind) < rank_of_kind(group->kind))
        group->kind = update->kind;
    group->by_origin = group->by_origin || update->by_origin;
    group->late = group->late || decision->late;
    group->held = group->held && package->held;
    group->phased = group->phased && package->phased_out;
    group->reboot = group->reboot || is_kernel_image(package);
    if (compare_due(decision->due_us, group->due_us) < 0)
        group->due_us = decision->due_us;
    if (compare_due(decision->planned_us, group->planned_us) < 0)
        group->planned_us = decision->planned_us;
    if (decision->action > group->action)
        group->action = decision->action;
    if (decision->urgency > group->urgency)
        group->urgency = decision->urgency;
    if (decision->standing == STANDING_TAKEN)
        group->standing = STANDING_TAKEN;
    group->bytes += update_offer(scan->host, update)->size;
    take_findings(scan, group, update);
}

/* One group from its members, which stand together. */
static bool make_group(const struct scan *scan, const struct member *members, size_t count,
                       struct arena *arena, struct scan_group *out)
{
    uint32_t *updates = ARENA_ARRAY(arena, uint32_t, count);
    uint32_t first = members[0].update;

    if (updates == NULL)
        return false;
    *out = (struct scan_group){
        .source = members[0].source,
        .updates = updates,
        .update_count = count,
        .kind = UPDATE_FUNCTIONAL,
        .held = true,
        .phased = true,
        .due_us = TIME_ABSENT,
        .planned_us = TIME_ABSENT,
        .standing = scan->update_decisions[first].standing,
        .worst = UPDATE_NONE,
    };
    for (size_t i = 0; i < count; i++) {
        updates[i] = members[i].update;
        take_update(scan, out, members[i].update);
    }
    return true;
}

bool groups_make(struct scan *scan, struct arena *arena, struct error *err)
{
    size_t count = scan->match.update_count, group_count = 0;
    struct member *members = ARENA_ARRAY(arena, struct member, count);
    struct scan_group *groups = ARENA_ARRAY(arena, struct scan_group, count);

    if (members == NULL || groups == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++)
        members[i] = (struct member){
            .source = scan->host->packages[scan->match.updates[i].package].source,
            .update = (uint32_t)i,
        };
    if (count > 0)
        qsort(members, count, sizeof(*members), compare_members);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && text_equal(members[to].source, members[from].source);)
            to++;
        if (!make_group(scan, members + from, to - from, arena, &groups[group_count++]))
            return arena_full(arena, err);
    }
    if (group_count > 0)
        qsort(groups, group_count, sizeof(*groups), compare_groups);
    scan->groups = groups;
    scan->group_count = group_count;
    return true;
}

static void count_updates(const struct scan *scan, struct scan_summary *summary)
{
    for (size_t i = 0; i < scan->match.update_count; i++) {
        const struct update *update = &scan->match.updates[i];
        const struct package *package = &scan->host->packages[update->package];
        const struct offer *offer = update_offer(scan->host, update);
        bool security_archive = scan->host->archives[offer->archive].security;
        bool closing = update->finding_count > 0;
        summary->security += update->kind == UPDATE_SECURITY;
        summary->functional += update->kind == UPDATE_FUNCTIONAL;
        summary->unknown += update->kind == UPDATE_KIND_UNKNOWN;
        summary->held += package->held;
        summary->phased += package->phased_out;
        summary->full_bytes += offer->size;
        summary->from_security += security_archive;
        summary->from_security_closing += security_archive && closing;
        summary->from_other += !security_archive;
        summary->from_other_closing += !security_archive && closing;
    }
}

static void count_findings(const struct scan *scan, struct scan_summary *summary)
{
    struct text last = {0};

    for (size_t i = 0; i < scan->match.finding_count; i++) {
        const struct finding *finding = &scan->match.findings[i];
        if (finding->class_of != CLASS_NO_FIX && finding->class_of != CLASS_NOT_YET_IN_ARCHIVE &&
            finding->class_of != CLASS_ARCHIVE_NOT_ENABLED)
            continue;
        summary->unfixed++;
        summary->unfixed_exploited += scan->decisions[i].exploitation == EXPLOITATION_ACTIVE;
        if (!text_equal(finding->source, last)) /* findings come sorted by source */
            summary->unfixed_packages += (uint32_t)finding->package_count;
        last = finding->source;
    }
}

void groups_summarise(struct scan *scan)
{
    struct scan_summary summary = {0};

    count_updates(scan, &summary);
    count_findings(scan, &summary);
    for (size_t i = 0; i < scan->match.not_executable_count; i++)
        summary.not_executable += scan->match.not_executable[i].count;
    for (size_t i = 0; i < scan->group_count; i++) {
        const struct scan_group *group = &scan->groups[i];
        summary.late += group->late;
        if (!group_is_due(scan, group, scan->now_us + GROUPS_WEEK_US))
            continue;
        summary.due_week += !group->late;
        summary.due_packages += (uint32_t)group->update_count;
        summary.due_bytes += group->bytes;
    }
    for (size_t i = 0; i < scan->host->package_count; i++)
        summary.half_configured += scan->host->packages[i].state > PACKAGE_INSTALLED;
    scan->summary = summary;
}
