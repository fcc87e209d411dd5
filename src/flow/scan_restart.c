#include "flow/scan_restart.h"

#include <string.h>

#include "base/own.h"
#include "store/seen.h"
#include "store/state.h"

/* A source package of which old code runs. */
struct old_source {
    struct text source, version;
    uint32_t package;   /* one of it that has the file */
    int64_t started_us; /* of the process that began first */
};

struct adding {
    const struct scan_host *host;
    struct scan *scan;
    struct arena *arena;
    struct old_source *sources;
    size_t source_count;
    size_t capacity; /* of the findings; 0: they are the match's own still */
};

/* A process whose begin cannot be told (any more) tells nothing of what it had read. */
static bool collect_sources(struct adding *adding, struct error *err)
{
    const struct host *host = &adding->host->host;
    int64_t started_us;

    adding->sources = ARENA_ARRAY(adding->arena, struct old_source, host->old_code_count);
    if (adding->sources == NULL)
        return arena_full(adding->arena, err);
    for (size_t i = 0; i < host->old_code_count; i++) {
        const struct old_code *old = &host->old_code[i];
        size_t at = 0;
        if (old->package == PACKAGE_NONE ||
            !process_started(&adding->host->running.processes, old->pid, &started_us))
            continue;
        const struct package *package = &host->packages[old->package];
        while (at < adding->source_count && !text_equal(adding->sources[at].source, package->source))
            at++;
        if (at == adding->source_count)
            adding->sources[adding->source_count++] =
                (struct old_source){package->source, package->source_version, old->package, started_us};
        else if (started_us < adding->sources[at].started_us)
            adding->sources[at].started_us = started_us;
    }
    return true;
}

static bool is_found(const struct scan *scan, const struct seen_item *item)
{
    for (size_t i = 0; i < scan->match.finding_count; i++)
        if (text_equal(scan->match.findings[i].id, item->id) &&
            text_equal(scan->match.findings[i].source, item->source))
            return true;
    return false;
}

/* What the feeds know of it, in memory of its own; NULL: nothing. False when memory is out. */
static bool find_vulnerability(const struct adding *adding, struct text id, const struct vulnerability **out,
                               struct error *err)
{
    struct vulnerability known, *kept;

    *out = NULL;
    if (adding->scan->facts == NULL || !facts_find(adding->scan->facts, id, &known))
        return true;
    kept = ARENA_NEW(adding->arena, struct vulnerability);
    if (kept == NULL)
        return arena_full(adding->arena, err);
    *kept = known;
    *out = kept;
    return true;
}

/* The match's own array has no room behind its end, so the first one moves it. */
static bool make_room(struct adding *adding, struct error *err)
{
    struct match *match = &adding->scan->match;
    struct finding *grown;

    if (adding->capacity == 0) {
        adding->capacity = match->finding_count + 64;
        grown = ARENA_ARRAY(adding->arena, struct finding, adding->capacity);
        if (grown != NULL && match->finding_count > 0)
            memcpy(grown, match->findings, match->finding_count * sizeof(*grown));
    } else {
        grown = arena_grow(adding->arena, match->findings, match->finding_count, &adding->capacity,
                           match->finding_count + 1, sizeof(*grown));
    }
    if (grown == NULL)
        return arena_full(adding->arena, err);
    match->findings = grown;
    return true;
}

/*
 * When the fix could be had: the date of the archive that has what is installed now, as for a fix that waits. A date after the
 * hole was found here says nothing, for an archive's date moves with each of its changes.
 */
static int64_t fix_date(const struct adding *adding, const struct old_source *source, int64_t found_us)
{
    const struct host *host = &adding->host->host;
    const struct package *package = &host->packages[source->package];

    for (size_t i = 0; i < package->offer_count; i++) {
        const struct offer *offer = &package->offers[i];
        if (offer->archive < host->archive_count && text_equal(offer->version, package->version) &&
            host->archives[offer->archive].date_us < found_us)
            return host->archives[offer->archive].date_us;
    }
    return TIME_ABSENT;
}

static bool add_finding(struct adding *adding, const struct old_source *source, const struct seen_item *item,
                        struct error *err)
{
    struct finding finding = {
        .id = item->id,
        .source = item->source,
        .installed = source->version,
        .fixed = source->version,
        .class_of = CLASS_AVAILABLE,
        .state = FINDING_RESTART_NEEDED,
        .fix_available_us = fix_date(adding, source, item->first_us),
        .detected_us = item->first_us,
        .update = UPDATE_NONE,
    };
    uint32_t *packages = ARENA_ARRAY(adding->arena, uint32_t, 1);

    if (packages == NULL)
        return arena_full(adding->arena, err);
    packages[0] = source->package;
    finding.packages = packages;
    finding.package_count = 1;
    if (!find_vulnerability(adding, item->id, &finding.vulnerability, err) || !make_room(adding, err))
        return false;
    adding->scan->match.findings[adding->scan->match.finding_count++] = finding;
    return true;
}

static bool add_all(struct adding *adding, const struct seen *seen, struct error *err)
{
    struct seen_item *items;
    size_t count;

    for (size_t i = 0; i < adding->source_count; i++) {
        const struct old_source *source = &adding->sources[i];
        if (!seen_since(seen, TEXT("/"), source->source, source->started_us, adding->arena, &items, &count,
                        err))
            return false;
        for (size_t j = 0; j < count; j++)
            if (!is_found(adding->scan, &items[j]) && !add_finding(adding, source, &items[j], err))
                return false;
    }
    return true;
}

bool scan_restart_add(const struct scan_request *request, const struct scan_host *host, struct scan *scan,
                      struct arena *arena, struct error *err)
{
    OWN(seen_close) struct seen seen = {0};
    struct adding adding = {.host = host, .scan = scan, .arena = arena};
    struct error absent;
    struct state state;

    scan->restart_first = scan->match.finding_count;
    if (!host->host.live || host->host.old_code_count == 0 || request->state == NULL ||
        !state_open(request->state, STATE_READ, &state, &absent))
        return true;
    const char *path = state_path(&state, arena, "seen");
    if (path == NULL)
        return arena_full(arena, err);
    return seen_open(path, &seen, err) && collect_sources(&adding, err) && add_all(&adding, &seen, err);
}
