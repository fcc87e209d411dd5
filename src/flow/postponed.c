#include "flow/postponed.h"

#include <stdlib.h>

#include "flow/groups.h"
#include "format/json.h"

/* ---- one item ---- */

static bool waits(const struct update_decision *decision)
{
    return decision->standing == STANDING_POSTPONED || decision->standing == STANDING_HELD;
}

/* A package's own end of support counts; else that of the release, as long as anybody keeps it up for nothing. */
static int64_t support_end(const struct scan *scan, struct text source, struct arena *arena)
{
    struct support *rows;
    size_t count;
    int64_t own_us = TIME_ABSENT, release_us = TIME_ABSENT;
    struct error ignored; /* an index that is broken there has failed the scan before */

    if (scan->index == NULL || !index_supports(scan->index, source, arena, &rows, &count, &ignored))
        return TIME_ABSENT;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].at_us == TIME_ABSENT ||
            (rows[i].kind != SUPPORT_ENDS && rows[i].kind != SUPPORT_LTS_ENDS))
            continue;
        if (rows[i].package.size > 0)
            own_us = own_us == TIME_ABSENT || rows[i].at_us < own_us ? rows[i].at_us : own_us;
        else
            release_us = rows[i].at_us > release_us ? rows[i].at_us : release_us;
    }
    return own_us != TIME_ABSENT ? own_us : release_us;
}

/* An order began, or the update came while one was in force: the later of the two. */
static int64_t suspended(const struct scan *scan, uint32_t update)
{
    int64_t seen_us =
        scan->context.update_seen_us == NULL ? TIME_ABSENT : scan->context.update_seen_us[update];

    if (scan->context.order == NULL)
        return TIME_ABSENT;
    return seen_us > scan->order.order->since_us ? seen_us : scan->order.order->since_us;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a == TIME_ABSENT || (b != TIME_ABSENT && b < a) ? b : a;
}

static void take_update(const struct scan *scan, uint32_t index, struct postponed_item *item)
{
    const struct update *update = &scan->match.updates[index];
    const struct update_decision *decision = &scan->update_decisions[index];

    item->bytes += update_offer(scan->host, update)->size;
    item->suspended_us = earlier(item->suspended_us, suspended(scan, index));
    item->due_us = earlier(item->due_us, decision->due_us);
    item->until_us = decision->waived_until_us;
    item->late = item->late || decision->late;
    if (decision->standing == STANDING_HELD)
        item->standing = STANDING_HELD;
    if (update->kind != UPDATE_FUNCTIONAL && item->kind != UPDATE_SECURITY)
        item->kind = update->kind;
    if (update->finding_count > item->cve_count)
        item->cve_count = (uint32_t)update->finding_count;
}

static enum postponed_wave wave_of(const struct scan *scan, const struct postponed_item *item)
{
    if (item->kind != UPDATE_FUNCTIONAL)
        return POSTPONED_SECURITY;
    return item->support_end_us != TIME_ABSENT && item->support_end_us - scan->now_us <= POSTPONED_SUPPORT_US
               ? POSTPONED_SUPPORT
               : POSTPONED_REST;
}

/* *found is false when nothing of the group waits. */
static bool make_item(const struct scan *scan, const struct scan_group *group, struct arena *arena,
                      struct postponed_item *out, bool *found)
{
    uint32_t *updates = ARENA_ARRAY(arena, uint32_t, group->update_count);
    struct postponed_item item = {.source = group->source,
                                  .updates = updates,
                                  .kind = UPDATE_FUNCTIONAL,
                                  .standing = STANDING_POSTPONED,
                                  .reboot = group->reboot,
                                  .due_us = TIME_ABSENT,
                                  .suspended_us = TIME_ABSENT,
                                  .until_us = TIME_ABSENT};

    if (updates == NULL)
        return false;
    for (size_t i = 0; i < group->update_count; i++) {
        if (!waits(&scan->update_decisions[group->updates[i]]))
            continue;
        updates[item.update_count++] = group->updates[i];
        take_update(scan, group->updates[i], &item);
    }
    *found = item.update_count > 0;
    if (*found) {
        item.support_end_us = support_end(scan, item.source, arena);
        item.wave = wave_of(scan, &item);
        *out = item;
    }
    return true;
}

/* ---- all ---- */

static int compare(const void *a, const void *b)
{
    const struct postponed_item *left = a, *right = b;
    int order = (left->wave > right->wave) - (left->wave < right->wave);
    bool dated = left->due_us != TIME_ABSENT && right->due_us != TIME_ABSENT;

    if (order == 0 && dated)
        order = (left->due_us > right->due_us) - (left->due_us < right->due_us);
    if (order == 0 && !dated) /* what has a date comes first */
        order = (right->due_us != TIME_ABSENT) - (left->due_us != TIME_ABSENT);
    return order != 0 ? order : text_compare(left->source, right->source);
}

static void sum_up(struct postponed *postponed)
{
    for (size_t i = 0; i < postponed->count; i++) {
        const struct postponed_item *item = &postponed->items[i];
        postponed->package_count += item->update_count;
        postponed->bytes += item->bytes;
        postponed->late += item->late;
    }
}

bool postponed_list(const struct scan *scan, struct arena *arena, struct postponed *out, struct error *err)
{
    struct postponed_item *items = ARENA_ARRAY(arena, struct postponed_item, scan->group_count);
    struct postponed got = {.items = items};

    if (items == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < scan->group_count; i++) {
        bool found;
        if (!make_item(scan, &scan->groups[i], arena, &items[got.count], &found))
            return arena_full(arena, err);
        if (!found)
            continue;
        got.count++;
    }
    if (got.count > 0)
        qsort(items, got.count, sizeof(*items), compare);
    sum_up(&got);
    *out = got;
    return true;
}

/* ---- what the plan takes along ---- */

static bool is_along(const struct scan *scan, uint32_t update, const struct postponed *postponed)
{
    const struct package *package = &scan->host->packages[scan->match.updates[update].package];

    for (size_t i = 0; i < postponed->along_count; i++)
        if (text_equal(package->name, postponed->along[i].package) &&
            text_equal(package->arch, postponed->along[i].arch))
            return true;
    return false;
}

/* The item without what comes along; false when nothing of it waits any more. */
static bool thin_out(const struct scan *scan, const struct postponed *postponed, struct arena *arena,
                     const struct postponed_item *from, struct postponed_item *out)
{
    uint32_t *updates = ARENA_ARRAY(arena, uint32_t, from->update_count);
    struct postponed_item item = *from;

    if (updates == NULL)
        return false;
    item.updates = updates;
    item.update_count = 0;
    item.bytes = 0;
    for (size_t i = 0; i < from->update_count; i++)
        if (!is_along(scan, from->updates[i], postponed)) {
            updates[item.update_count++] = from->updates[i];
            item.bytes += update_offer(scan->host, &scan->match.updates[from->updates[i]])->size;
        }
    *out = item;
    return item.update_count > 0;
}

bool postponed_take_plan(const struct scan *scan, const struct plan *plan, struct arena *arena,
                         struct postponed *postponed, struct error *err)
{
    struct postponed_along *along = ARENA_ARRAY(arena, struct postponed_along, plan->change_count);
    struct postponed_item *items = ARENA_ARRAY(arena, struct postponed_item, postponed->count);
    struct postponed got = {.items = items, .planned = true, .along = along};

    if (along == NULL || items == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        if (change->reason == CHANGE_PREREQUISITE)
            along[got.along_count++] =
                (struct postponed_along){change->name, change->arch, change->to, change->needed_by};
    }
    for (size_t i = 0; i < plan->left_count; i++)
        got.unsolved += plan->left[i].reason == LEFT_UNSOLVABLE;
    for (size_t i = 0; i < postponed->count; i++)
        got.count += thin_out(scan, &got, arena, &postponed->items[i], &items[got.count]);
    sum_up(&got);
    *postponed = got;
    return true;
}

/* ---- JSON ---- */

static void put_u64(struct json_writer *j, const char *name, uint64_t number)
{
    json_name(j, name);
    json_put_u64(j, number);
}

static void put_text(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    json_put_text(j, text);
}

static void put_string(struct json_writer *j, const char *name, const char *string)
{
    json_name(j, name);
    if (string == NULL)
        json_put_null(j);
    else
        json_put_string(j, string);
}

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us);
}

static void put_bool(struct json_writer *j, const char *name, bool value)
{
    json_name(j, name);
    json_put_bool(j, value);
}

static void put_packages(struct json_writer *j, const struct scan *scan, const struct postponed_item *item)
{
    json_name(j, "packages");
    json_open_array(j);
    for (size_t i = 0; i < item->update_count; i++) {
        const struct update *update = &scan->match.updates[item->updates[i]];
        const struct package *package = &scan->host->packages[update->package];
        const struct offer *offer = update_offer(scan->host, update);
        json_open_object(j);
        put_text(j, "package", package->name);
        put_text(j, "arch", package->arch);
        put_text(j, "installed", package->version);
        put_text(j, "latest", offer->version);
        put_u64(j, "size", offer->size);
        json_close_object(j);
    }
    json_close_array(j);
}

static void put_item(struct json_writer *j, const struct scan *scan, const struct postponed_item *item)
{
    json_open_object(j);
    put_text(j, "source", item->source);
    put_u64(j, "wave", item->wave);
    put_string(j, "kind", update_kind_name(item->kind));
    put_string(j, "standing", standing_name(item->standing));
    put_string(j, "releases_skipped", NULL); /* lists name the newest version only */
    put_u64(j, "bytes", item->bytes);
    put_u64(j, "cves", item->cve_count);
    put_bool(j, "reboot", item->reboot);
    put_time(j, "due", item->due_us);
    put_bool(j, "late", item->late);
    put_time(j, "suspended", item->suspended_us);
    put_string(j, "order", scan->context.order);
    put_time(j, "until", item->until_us);
    put_time(j, "support_end", item->support_end_us);
    put_packages(j, scan, item);
    json_close_object(j);
}

static void put_along(struct json_writer *j, const struct postponed *postponed)
{
    json_name(j, "taken_along");
    if (!postponed->planned) {
        json_put_null(j);
        return;
    }
    json_open_array(j);
    for (size_t i = 0; i < postponed->along_count; i++) {
        json_open_object(j);
        put_text(j, "package", postponed->along[i].package);
        put_text(j, "arch", postponed->along[i].arch);
        put_text(j, "to", postponed->along[i].to);
        put_text(j, "needed_by", postponed->along[i].needed_by);
        json_close_object(j);
    }
    json_close_array(j);
}

/* Without a plan it is not known, which is not none. */
static void put_count_or_null(struct json_writer *j, const char *name, bool known, uint64_t count)
{
    json_name(j, name);
    if (known)
        json_put_u64(j, count);
    else
        json_put_null(j);
}

void postponed_write_json(const struct scan *scan, const struct postponed *postponed, struct writer *out)
{
    struct json_writer j = json_writer_with(out, true);

    json_open_object(&j);
    put_string(&j, "schema", "suture.postponed/1");
    put_time(&j, "now", scan->now_us);
    put_text(&j, "host", scan->host->name);
    put_bool(&j, "judged", scan->judged);
    put_bool(&j, "complete", scan->complete);
    put_string(&j, "level", level_name(scan->level));
    put_string(&j, "order", scan->context.order);
    put_time(&j, "level_end", scan->context.order == NULL ? TIME_ABSENT : scan->order.end_us);
    json_name(&j, "postponed");
    json_open_array(&j);
    for (size_t i = 0; i < postponed->count; i++)
        put_item(&j, scan, &postponed->items[i]);
    json_close_array(&j);
    put_along(&j, postponed);
    json_name(&j, "summary");
    json_open_object(&j);
    put_u64(&j, "updates", postponed->count);
    put_u64(&j, "packages", postponed->package_count);
    put_u64(&j, "bytes", postponed->bytes);
    put_u64(&j, "late", postponed->late);
    put_count_or_null(&j, "needed_by_fixes", postponed->planned, 0);
    put_count_or_null(&j, "taken_along", postponed->planned, postponed->along_count);
    put_count_or_null(&j, "unsolved_fixes", postponed->planned, postponed->unsolved);
    json_close_object(&j);
    json_close_object(&j);
    writer_byte(out, '\n');
}
