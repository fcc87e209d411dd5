#include "verify/applied.h"

static size_t count_holes(const struct plan *plan)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->change_count; i++)
        count += plan->changes[i].cve_count;
    return count;
}

/* Several packages of one source close the same hole: it is listed once. */
static bool hole_is_listed(const struct evidence_hole *holes, size_t count, const struct evidence_hole *hole)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(holes[i].id, hole->id) && text_equal(holes[i].source, hole->source))
            return true;
    return false;
}

/* The changes of one source stand together only by chance: each package's holes are looked for among the source's. */
static size_t add_holes(const struct plan_change *change, struct evidence_hole *holes, size_t count)
{
    for (size_t i = 0; i < change->cve_count; i++) {
        struct evidence_hole hole = {.id = change->cves[i], .source = change->source};
        if (!hole_is_listed(holes, count, &hole))
            holes[count++] = hole;
    }
    return count;
}

bool applied_from_plan(const struct plan *plan, struct arena *arena, struct evidence *evidence,
                       struct error *err)
{
    struct evidence_package *packages = ARENA_ARRAY(arena, struct evidence_package, plan->change_count);
    struct evidence_hole *holes = ARENA_ARRAY(arena, struct evidence_hole, count_holes(plan));
    struct evidence_data *data = ARENA_ARRAY(arena, struct evidence_data, plan->data_count);
    size_t hole_count = 0;

    if (packages == NULL || holes == NULL || data == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        packages[i] = (struct evidence_package){.name = change->name,
                                                .arch = change->arch,
                                                .source = change->source,
                                                .from = change->from,
                                                .to = change->to,
                                                .reboot = change->reboot};
        if (!evidence->takes_back)
            hole_count = add_holes(change, holes, hole_count);
    }
    for (size_t i = 0; i < plan->data_count; i++)
        data[i] = (struct evidence_data){plan->data[i].feed, plan->data[i].generated_us, TIME_ABSENT};
    evidence->packages = packages;
    evidence->package_count = plan->change_count;
    evidence->holes = holes;
    evidence->hole_count = hole_count;
    evidence->data = data;
    evidence->data_count = plan->data_count;
    return true;
}

bool applied_turn_round(struct arena *arena, struct evidence *evidence, struct error *err)
{
    struct evidence_package *packages = ARENA_ARRAY(arena, struct evidence_package, evidence->package_count);

    if (packages == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < evidence->package_count; i++) {
        packages[i] = evidence->packages[i];
        packages[i].from = evidence->packages[i].to;
        packages[i].to = evidence->packages[i].from;
    }
    evidence->packages = packages;
    evidence->takes_back = true;
    evidence->hole_count = 0;
    return true;
}

bool applied_from_evidence(const struct evidence *former, struct arena *arena, struct evidence *evidence,
                           struct error *err)
{
    struct evidence_package *packages = ARENA_ARRAY(arena, struct evidence_package, former->package_count);
    struct evidence_hole *holes = ARENA_ARRAY(arena, struct evidence_hole, former->hole_count);
    struct evidence_data *data = ARENA_ARRAY(arena, struct evidence_data, former->data_count);

    if (packages == NULL || holes == NULL || data == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < former->package_count; i++) {
        packages[i] = former->packages[i];
        packages[i].installed = (struct text){0};
        packages[i].state = PACKAGE_STATE_UNKNOWN;
    }
    for (size_t i = 0; i < former->hole_count; i++)
        holes[i] = (struct evidence_hole){.id = former->holes[i].id, .source = former->holes[i].source};
    for (size_t i = 0; i < former->data_count; i++)
        data[i] = (struct evidence_data){former->data[i].feed, former->data[i].before_us, TIME_ABSENT};
    evidence->packages = packages;
    evidence->package_count = former->package_count;
    evidence->holes = holes;
    evidence->hole_count = former->hole_count;
    evidence->data = data;
    evidence->data_count = former->data_count;
    return true;
}

bool applied_look(const struct host *host, struct arena *arena, struct evidence *evidence, struct error *err)
{
    struct evidence_package *packages = ARENA_ARRAY(arena, struct evidence_package, evidence->package_count);

    if (packages == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < evidence->package_count; i++) {
        packages[i] = evidence->packages[i];
        packages[i].installed = (struct text){0};
        packages[i].state = PACKAGE_STATE_UNKNOWN;
        for (size_t j = 0; j < host->package_count; j++) {
            const struct package *package = &host->packages[j];
            if (!text_equal(package->name, packages[i].name) || !text_equal(package->arch, packages[i].arch))
                continue;
            packages[i].installed = package->version;
            packages[i].state = package->state;
        }
    }
    evidence->packages = packages;
    return true;
}

/* What the vendor says does not concern this machine was not what the run was to close, and closes nothing either. */
static bool is_open(const struct finding *finding)
{
    return finding->class_of != CLASS_SUPPRESSED && finding->class_of != CLASS_NOT_EXECUTABLE &&
           finding->state != FINDING_RESTART_NEEDED && finding->state != FINDING_NOT_AFFECTED;
}

static bool is_found(const struct applied_scan *scan, const struct evidence_hole *hole)
{
    for (size_t i = 0; i < scan->finding_count; i++)
        if (text_equal(scan->findings[i].id, hole->id) &&
            text_equal(scan->findings[i].source, hole->source) && is_open(&scan->findings[i]))
            return true;
    return false;
}

static struct evidence_data *find_data(struct evidence_data *data, size_t count, struct text feed)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(data[i].feed, feed))
            return &data[i];
    return NULL;
}

bool applied_scan(const struct applied_scan *scan, struct arena *arena, struct evidence *evidence,
                  struct error *err)
{
    struct evidence_hole *holes = ARENA_ARRAY(arena, struct evidence_hole, evidence->hole_count);
    struct evidence_data *data =
        ARENA_ARRAY(arena, struct evidence_data, evidence->data_count + scan->data_count);
    size_t count = evidence->data_count;

    if (holes == NULL || data == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < evidence->hole_count; i++) {
        holes[i] = evidence->holes[i];
        holes[i].listed = is_found(scan, &holes[i]);
    }
    for (size_t i = 0; i < count; i++)
        data[i] = evidence->data[i];
    for (size_t i = 0; i < scan->data_count; i++) {
        struct evidence_data *known = find_data(data, count, scan->data[i].feed);
        if (known == NULL) {
            known = &data[count++];
            *known = (struct evidence_data){.feed = scan->data[i].feed, .before_us = TIME_ABSENT};
        }
        known->now_us = scan->data[i].now_us;
    }
    evidence->holes = holes;
    evidence->data = data;
    evidence->data_count = count;
    evidence->scanned = true;
    return true;
}
