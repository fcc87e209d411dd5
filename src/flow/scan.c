#include "flow/scan.h"

#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "evaluate/decide.h"
#include "flow/data_state.h"
#include "flow/groups.h"
#include "flow/level.h"
#include "flow/policy_path.h"
#include "flow/scan_data.h"
#include "flow/scan_host.h"
#include "flow/scan_memory.h"
#include "flow/scan_restart.h"

/* One scan while it is made: what was opened must live as long as the scan, so it is never closed before the arena. */
struct making {
    const struct scan_request *request;
    struct arena *arena;
    struct scan scan;
    struct scan_host *host;
    struct data_state data;
};

/* A file that is mapped until the process ends: the nouns of the scan point into it. */
static bool map_for_good(const char *path, size_t limit, struct bytes *out, struct error *err)
{
    struct file_map map;

    if (!file_map(path, limit, &map, err))
        return false;
    *out = map.bytes;
    return true;
}

static bool open_index(struct making *making, const char *path, struct error *err)
{
    struct index *index = ARENA_NEW(making->arena, struct index);
    struct bytes bytes;

    if (index == NULL)
        return arena_full(making->arena, err);
    if (!map_for_good(path, LIMIT_INDEX_FILE, &bytes, err))
        return false;
    if (!index_open(bytes, index, err))
        return error_at(err, "%s", path);
    making->scan.index = index;
    return true;
}

static bool open_facts(struct making *making, const char *path, struct error *err)
{
    struct facts *facts = ARENA_NEW(making->arena, struct facts);
    struct bytes bytes;

    if (facts == NULL)
        return arena_full(making->arena, err);
    if (!map_for_good(path, LIMIT_INDEX_FILE, &bytes, err))
        return false;
    if (!facts_open(bytes, facts, err))
        return error_at(err, "%s", path);
    making->scan.facts = facts;
    return true;
}

/* An index given by hand that is of another release would find nothing, and nothing looks like health. */
static bool check_release(const struct making *making, struct error *err)
{
    const char *here = making->scan.host->release.name, *there = making->scan.index->release.name;

    if (strcmp(here, there) == 0)
        return true;
    return error_set(err, ERROR_INPUT, "%s is an index of %s, this is %s", making->request->index, there,
                     here);
}

/* What was built of feeds can be built again; the person has to be told so. */
static bool can_be_made_anew(struct error *err)
{
    struct error cause = *err;

    return error_set(err, cause.kind, "%s (suture feed update, or import, makes it anew)", cause.text);
}

static bool open_data(struct making *making, struct error *err)
{
    const struct scan_request *request = making->request;
    const char *path;

    if (!data_state_open(request->state, request->now_us, making->arena, &making->data, err))
        return (err->kind == ERROR_INPUT || err->kind == ERROR_ABSENT) && can_be_made_anew(err);
    if (request->index != NULL) {
        if (!open_index(making, request->index, err) || !check_release(making, err))
            return false;
    } else if ((path = data_state_index(&making->data, making->scan.host->release.name, making->arena)) !=
               NULL) {
        if (!open_index(making, path, err))
            return can_be_made_anew(err);
    }
    path = data_state_facts(&making->data, making->arena);
    return path == NULL || open_facts(making, path, err) || can_be_made_anew(err);
}

static bool load_policy(struct making *making, struct error *err)
{
    struct policy *policy;

    making->scan.policy = &policy_built_in;
    making->scan.policy_path = making->request->policy;
    if (making->scan.policy_path == NULL && !policy_path(making->request->state, making->scan.now_us,
                                                         making->arena, &making->scan.policy_path, err))
        return false;
    if (making->scan.policy_path == NULL)
        return true;
    policy = ARENA_NEW(making->arena, struct policy);
    if (policy == NULL)
        return arena_full(making->arena, err);
    making->scan.policy = policy;
    return policy_read(making->scan.policy_path, ZONE_FOLDER, making->arena, policy, err);
}

static bool match(struct making *making, struct error *err)
{
    struct match_input input = {
        .host = making->scan.host,
        .index = making->scan.index,
        .facts = making->scan.facts,
        .all = making->request->all,
    };

    return match_host(&input, making->arena, &making->scan.match, err) ||
           (err->kind == ERROR_INPUT && can_be_made_anew(err));
}

/*
 * When the catalogue of exploited holes was last heard of: nothing may be added for a week, so it is the last answer of its
 * source that counts. A catalogue that is stale by its own date, an old file that was imported today, counts by that date.
 */
static int64_t kev_read(const struct making *making)
{
    for (size_t i = 0; i < making->data.feed_count; i++) {
        const struct data_feed *feed = &making->data.feeds[i];
        if (text_equal(feed->name, TEXT("kev")))
            return feed->state == DATA_FRESH ? feed->checked_us : feed->generated_us;
    }
    return TIME_ABSENT;
}

static bool decide_all(struct making *making, struct error *err)
{
    struct scan *scan = &making->scan;
    struct decide_result result;
    int64_t kev_us = kev_read(making);

    scan->context = (struct decide_context){
        .policy = scan->policy,
        .now_us = scan->now_us,
        .host = scan->host,
        .findings = scan->match.findings,
        .finding_count = scan->match.finding_count,
        .updates = scan->match.updates,
        .update_count = scan->match.update_count,
        .facts = scan->context.facts,
        .update_seen_us = scan->context.update_seen_us,
        .first_seen_us = TIME_ABSENT,
        .kev_read_us = kev_us,
        .threat_read_us = kev_us,
        .level = scan->level,
        .order = scan->level == LEVEL_NORMAL || scan->order.order == NULL ? NULL : scan->order.order->id,
        .order_end_us = scan->order.end_us,
    };

    if (!decide(&scan->context, making->arena, &result, err))
        return false;
    scan->decisions = result.findings;
    scan->update_decisions = result.updates;
    return true;
}

/* Which services an update touches costs a file for each of its packages: asked of what is due. */
static bool look_at_services(struct making *making, struct error *err)
{
    struct scan *scan = &making->scan;

    for (size_t i = 0; i < scan->group_count; i++) {
        struct scan_group *group = &scan->groups[i];
        uint32_t *packages = ARENA_ARRAY(making->arena, uint32_t, group->update_count);
        if (packages == NULL)
            return arena_full(making->arena, err);
        if (!group_is_due(scan, group, scan->now_us + GROUPS_WEEK_US))
            continue;
        for (size_t j = 0; j < group->update_count; j++)
            packages[j] = scan->match.updates[group->updates[j]].package;
        if (!scan_host_services(making->host, packages, group->update_count, group, err))
            return false;
    }
    return true;
}

static bool prepare_explanations(struct making *making, struct error *err)
{
    struct scan *scan = &making->scan;
    struct explain_data *data = ARENA_ARRAY(making->arena, struct explain_data, scan->data_count);
    size_t count = 0;

    if (data == NULL)
        return arena_full(making->arena, err);
    for (size_t i = 0; i < scan->data_count; i++) {
        if (scan->data[i].generated_us == TIME_ABSENT)
            continue; /* it took no part; what that leaves open the verdicts say */
        data[count] = (struct explain_data){
            .name = text_string(making->arena, scan->data[i].feed),
            .generated_us = scan->data[i].generated_us,
        };
        if (data[count++].name == NULL)
            return arena_full(making->arena, err);
    }
    scan->explain = (struct explain_context){.decide = &scan->context, .data = data, .data_count = count};
    return true;
}

static bool read_host(struct making *making, struct error *err)
{
    making->host = ARENA_NEW(making->arena, struct scan_host);
    if (making->host == NULL)
        return arena_full(making->arena, err);
    making->scan.host = &making->host->host;
    making->scan.found = making->host;
    return scan_host_read(making->request, making->arena, making->host, err);
}

static bool judge(struct making *making, struct error *err)
{
    struct scan *scan = &making->scan;

    if (!scan_restart_add(making->request, making->host, scan, making->arena, err) ||
        !scan_memory_dates(making->request, scan, making->arena, err) || !decide_all(making, err) ||
        !groups_make(scan, making->arena, err) || !look_at_services(making, err))
        return false;
    groups_summarise(scan);
    return true;
}

/* A level by name comes without an order; else the order of this machine holds, as of the time that is judged. */
static bool take_level(struct making *making, struct error *err)
{
    const struct scan_request *request = making->request;
    struct scan *scan = &making->scan;
    const struct order *order = NULL;
    bool here = strcmp(request->root, "/") == 0 && request->inventory == NULL;

    if (request->level == LEVEL_UNKNOWN && here &&
        !level_in_force(request->state, scan->now_us, making->arena, &order, err))
        return false;
    scan->order = order_at(order, scan->now_us);
    scan->level = request->level == LEVEL_UNKNOWN ? scan->order.level : request->level;
    return true;
}

bool scan_run(const struct scan_request *request, struct arena *arena, const struct scan **out,
              struct error *err)
{
    struct making *making = ARENA_NEW(arena, struct making); /* the scan's parts point to each other */

    if (making == NULL)
        return arena_full(arena, err);
    *making = (struct making){.request = request, .arena = arena};
    making->scan.now_us = request->now_us;
    if (!take_level(making, err) || !load_policy(making, err) || !read_host(making, err) ||
        !open_data(making, err) || !match(making, err) || !judge(making, err) ||
        !scan_data_list(&making->data, &making->scan, arena, err) || !prepare_explanations(making, err))
        return false;
    making->scan.inputs = scan_memory_inputs(&making->scan, making->data.generation);
    if (!scan_memory_keep(request, &making->scan, arena, err))
        return false;
    *out = &making->scan;
    return true;
}
