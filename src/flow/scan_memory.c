#include "flow/scan_memory.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/scan_host.h"
#include "flow/scan_json.h"
#include "store/record.h"
#include "store/seen.h"
#include "store/state.h"

#define PLACE TEXT("/")

/* The state folder as this request may use it; false when there is none to use. */
static bool open_state(const struct scan_request *request, enum state_use use, struct state *out)
{
    struct error err;

    return request->state != NULL && state_open(request->state, use, out, &err);
}

static void fill_items(const struct scan *scan, struct seen_item *items)
{
    for (size_t i = 0; i < scan->match.finding_count; i++)
        items[i] =
            (struct seen_item){.source = scan->match.findings[i].source, .id = scan->match.findings[i].id};
}

static bool look(const struct state *state, struct scan *scan, struct seen_item *items, struct arena *arena,
                 struct error *err)
{
    OWN(seen_close) struct seen seen = {0};
    const char *path = state_path(state, arena, "seen");
    size_t count = scan->match.finding_count;
    bool changed;

    if (path == NULL)
        return arena_full(arena, err);
    if (!seen_open(path, &seen, err) || !seen_look(&seen, PLACE, items, count, scan->now_us, arena, err))
        return false;
    return !scan->host->live || seen_update(&seen, path, PLACE, items, count, scan->now_us, &changed, err);
}

bool scan_memory_detected(const struct scan_request *request, struct scan *scan, struct arena *arena,
                          struct error *err)
{
    struct seen_item *items = ARENA_ARRAY(arena, struct seen_item, scan->match.finding_count);
    bool live = scan_host_is_live(request);
    struct state state;

    if (items == NULL)
        return arena_full(arena, err);
    fill_items(scan, items);
    bool looked = open_state(request, live ? STATE_WRITE : STATE_READ, &state);
    if (looked && !look(&state, scan, items, arena, err))
        return false;
    for (size_t i = 0; i < scan->match.finding_count; i++)
        scan->match.findings[i].detected_us =
            looked && items[i].first_us != TIME_ABSENT ? items[i].first_us : scan->now_us;
    return true;
}

static uint64_t mix(uint64_t hash, const void *at, size_t size)
{
    return text_hash((struct text){at, size}, hash);
}

uint64_t scan_memory_inputs(const struct scan_request *request, const struct scan *scan, uint64_t generation)
{
    int64_t day = scan->now_us / TIME_DAY_US;
    uint64_t hash = mix(1, &generation, sizeof(generation));

    hash = mix(hash, &day, sizeof(day));
    hash = mix(hash, &scan->level, sizeof(scan->level));
    hash = mix(hash, &scan->judged, sizeof(scan->judged));
    hash = mix(hash, &scan->complete, sizeof(scan->complete));
    if (request->policy != NULL)
        hash = mix(hash, request->policy, text_of(request->policy).size);
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

    if (!scan_host_is_live(request) || !open_state(request, STATE_WRITE, &state))
        return true;
    const char *path = state_path(&state, arena, "record");
    if (path == NULL)
        return arena_full(arena, err);
    if (record_open(path, &kept, &absent) && scan_json_has_inputs(kept.bytes, scan->inputs))
        return true;
    scan_write_json(scan, SCAN_JSON_KEPT, arena, &json);
    return writer_done(&json, &bytes, err) && record_write(path, bytes, err);
}
