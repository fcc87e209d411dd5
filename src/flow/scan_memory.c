#include "flow/scan_memory.h"
#include "flow/vendor.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/scan_host.h"
#include "flow/scan_json.h"
#include "store/record.h"
#include "store/seen.h"
#include "store/state.h"

/*
 * The places of what is remembered. A fix's date is remembered beside its finding's because an archive without advisories' dates
 * tells only when it last changed; and a package's because an update may close holes that nobody names.
 */
#define PLACE_FINDINGS TEXT("/")       /* (source, vulnerability): when it was first found */
#define PLACE_FIXES    TEXT("/fix")    /* the same: when its fix was first offered */
#define PLACE_UPDATES  TEXT("/update") /* (package, installed version): when a newer one was first offered */

/* The state folder as this request may use it; false when there is none to use. */
static bool open_state(const struct scan_request *request, enum state_use use, struct state *out)
{
    struct error err;

    return request->state != NULL && state_open(request->state, use, out, &err);
}

/* Items of one place, and whose they are: owners[i] is an index into the findings or updates. */
struct items {
    struct text place;
    struct seen_item *at;
    uint32_t *owners;
    size_t count;
};

static bool items_with(struct arena *arena, struct text place, size_t count_max, struct items *out,
                       struct error *err)
{
    *out = (struct items){
        .place = place,
        .at = ARENA_ARRAY(arena, struct seen_item, count_max),
        .owners = ARENA_ARRAY(arena, uint32_t, count_max),
    };
    return (out->at != NULL && out->owners != NULL) || arena_full(arena, err);
}

static void items_add(struct items *items, struct text source, struct text id, size_t owner)
{
    items->owners[items->count] = (uint32_t)owner;
    items->at[items->count++] = (struct seen_item){.source = source, .id = id, .first_us = TIME_ABSENT};
}

/* What is only listed on demand is not remembered, or it would come and go with an option. */
static bool is_remembered(const struct finding *finding)
{
    return finding->class_of != CLASS_SUPPRESSED && finding->class_of != CLASS_NOT_EXECUTABLE;
}

static bool collect(const struct scan *scan, struct arena *arena, struct items items[3], struct error *err)
{
    size_t findings = scan->restart_first, updates = scan->match.update_count;

    if (!items_with(arena, PLACE_FINDINGS, findings, &items[0], err) ||
        !items_with(arena, PLACE_FIXES, findings, &items[1], err) ||
        !items_with(arena, PLACE_UPDATES, updates, &items[2], err))
        return false;
    for (size_t i = 0; i < findings; i++) {
        const struct finding *finding = &scan->match.findings[i];
        if (is_remembered(finding))
            items_add(&items[0], finding->source, finding->id, i);
        if (finding->class_of == CLASS_AVAILABLE)
            items_add(&items[1], finding->source, finding->id, i);
    }
    for (size_t i = 0; i < updates; i++) {
        const struct package *package = &scan->host->packages[scan->match.updates[i].package];
        struct text id = text_format(arena, "%.*s %.*s", TEXT_ARG(package->arch), TEXT_ARG(package->version));
        items_add(&items[2], package->name, id, i);
    }
    return true;
}

/*
 * A disk that is full or not writable takes no answer away: what the system refuses to remember is found anew next time. The
 * error stays, for the roof says it although the command is done.
 */
static bool can_do_without(struct error *err)
{
    if (err->kind != ERROR_SYSTEM)
        return false;
    (void)error_at(err, "this scan is not remembered");
    return true;
}

static bool look(const char *path, const struct scan *scan, bool remember, struct items *items,
                 struct arena *arena, struct error *err)
{
    OWN(seen_close) struct seen seen = {0};
    bool changed;

    if (!seen_open(path, &seen, err) ||
        !seen_look(&seen, items->place, items->at, items->count, scan->now_us, arena, err))
        return false;
    return !remember ||
           seen_update(&seen, path, items->place, items->at, items->count, scan->now_us, &changed, err) ||
           can_do_without(err);
}

static bool look_all(const struct scan_request *request, const struct scan *scan, struct items items[3],
                     struct arena *arena, struct error *err)
{
    bool live = scan_host_is_live(request) && !request->observe;
    struct state state;

    if (!open_state(request, live ? STATE_WRITE : STATE_READ, &state))
        return true;
    const char *path = state_path(&state, arena, "seen");
    if (path == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < 3; i++)
        if (!look(path, scan, live, &items[i], arena, err))
            return false;
    return true;
}

bool scan_memory_dates(const struct scan_request *request, struct scan *scan, struct arena *arena,
                       struct error *err)
{
    struct items items[3];
    struct decide_facts *facts = ARENA_ARRAY(arena, struct decide_facts, scan->match.finding_count);
    int64_t *updates = ARENA_ARRAY(arena, int64_t, scan->match.update_count);

    if (facts == NULL || updates == NULL)
        return arena_full(arena, err);
    if (!collect(scan, arena, items, err) || !look_all(request, scan, items, arena, err))
        return false;
    for (size_t i = 0; i < scan->match.finding_count; i++)
        facts[i] = decide_facts_absent();
    for (size_t i = 0; i < scan->restart_first; i++)
        scan->match.findings[i].detected_us = scan->now_us;
    for (size_t i = 0; i < items[0].count; i++)
        if (items[0].at[i].first_us != TIME_ABSENT)
            scan->match.findings[items[0].owners[i]].detected_us = items[0].at[i].first_us;
    for (size_t i = 0; i < items[1].count; i++)
        facts[items[1].owners[i]].fix_seen_us = items[1].at[i].first_us;
    for (size_t i = 0; i < items[2].count; i++)
        updates[items[2].owners[i]] = items[2].at[i].first_us;
    scan->context.facts = facts;
    scan->context.update_seen_us = updates;
    return true;
}

static uint64_t mix(uint64_t hash, const void *at, size_t size)
{
    return text_hash((struct text){at, size}, hash);
}

/* A policy is told by its name and by its file, which may have changed since. */
static uint64_t mix_policy(uint64_t hash, const struct scan *scan)
{
    struct file_identity file;
    struct error ignored;

    if (scan->policy_path == NULL || !file_identify(scan->policy_path, &file, &ignored))
        return hash;
    hash = mix(hash, scan->policy_path, text_of(scan->policy_path).size);
    hash = mix(hash, &file.inode, sizeof(file.inode));
    hash = mix(hash, &file.size, sizeof(file.size));
    return mix(hash, &file.mtime_ns, sizeof(file.mtime_ns));
}

uint64_t scan_memory_inputs(const struct scan *scan, uint64_t generation)
{
    int64_t day = scan->now_us / TIME_DAY_US;
    uint64_t hash = mix(1, &generation, sizeof(generation));

    hash = mix(hash, &day, sizeof(day));
    hash = mix(hash, &scan->level, sizeof(scan->level));
    if (scan->context.order != NULL)
        hash = mix(hash, scan->context.order, text_of(scan->context.order).size);
    hash = mix(hash, &scan->order.end_us, sizeof(scan->order.end_us));
    hash = mix(hash, &scan->judged, sizeof(scan->judged));
    hash = mix(hash, &scan->complete, sizeof(scan->complete));
    hash = mix_policy(hash, scan);
    for (size_t i = 0; i < scan->host->archive_count; i++) {
        const struct archive *archive = &scan->host->archives[i];
        hash = mix(hash, &archive->date_us, sizeof(archive->date_us));
        hash = mix(hash, &archive->state, sizeof(archive->state));
    }
    for (size_t i = 0; i < scan->host->package_count; i++) {
        const struct package *package = &scan->host->packages[i];
        hash = mix(hash, package->name.at, package->name.size);
        hash = mix(hash, package->version.at, package->version.size);
        hash = mix(hash, &package->state, sizeof(package->state));
        hash = mix(hash, &package->held, sizeof(package->held));
    }
    return hash;
}

bool scan_memory_keep(const struct scan_request *request, const struct scan *scan, struct arena *arena,
                      struct error *err)
{
    OWN(writer_end) struct writer json = writer_with(LIMIT_SCAN_OUTPUT);
    OWN(record_close) struct record kept = {0};
    struct error absent;
    struct state state;
    struct bytes bytes;

    if (!scan_host_is_live(request) || request->observe || !open_state(request, STATE_WRITE, &state))
        return true;
    const char *path = state_path(&state, arena, "record");
    if (path == NULL)
        return arena_full(arena, err);
    if (!vendor_floors_raise_host(state.folder, request->root, scan->host, arena, err))
        return false;
    if (record_open(path, &kept, &absent) && scan_json_has_inputs(kept.bytes, scan->inputs))
        return true;
    scan_write_json(scan, SCAN_JSON_KEPT, arena, &json);
    return writer_done(&json, &bytes, err) && (record_write(path, bytes, err) || can_do_without(err));
}
