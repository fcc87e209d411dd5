#include "flow/why.h"

#include "base/limits.h"
#include "base/own.h"
#include "flow/level.h"
#include "flow/scan_host.h"
#include "flow/scan_json.h"
#include "store/record.h"
#include "store/state.h"

static bool copy_into(struct arena *arena, struct bytes bytes, struct bytes *out, struct error *err)
{
    struct text copy = text_copy(arena, (struct text){(const char *)bytes.at, bytes.size});

    if (copy.at == NULL)
        return arena_full(arena, err);
    *out = bytes_of_text(copy);
    return true;
}

bool why_kept(const struct scan_request *request, struct arena *arena, struct bytes *out, bool *found,
              struct error *err)
{
    OWN(record_close) struct record kept = {0};
    const struct order *order;
    struct state state;
    struct error absent; /* whatever keeps the kept scan from being read, a fresh one answers */

    *found = false;
    if (!scan_host_is_live(request) || request->state == NULL || request->index != NULL ||
        request->policy != NULL || request->level != LEVEL_UNKNOWN ||
        !state_open(request->state, STATE_READ, &state, &absent))
        return true;
    const char *path = state_path(&state, arena, "record");
    if (path == NULL)
        return arena_full(arena, err);
    if (!record_open(path, &kept, &absent))
        return true;
    /* What was decided at another level is explained anew. */
    if (!level_in_force(request->state, request->now_us, arena, &order, err))
        return false;
    struct order_force force = order_at(order, request->now_us);
    if (!scan_json_has_level(kept.bytes, force.level, force.level == LEVEL_NORMAL ? NULL : order->id))
        return true;
    *found = true;
    return copy_into(arena, kept.bytes, out, err);
}

bool why_fresh(const struct scan_request *request, struct arena *arena, struct bytes *out, struct error *err)
{
    OWN(writer_end) struct writer json = writer_with(LIMIT_SCAN_OUTPUT);
    struct scan_request everything = *request;
    const struct scan *scan;
    struct bytes bytes;

    everything.all = true;
    if (!scan_run(&everything, arena, &scan, err))
        return false;
    scan_write_json(scan, SCAN_JSON_KEPT, arena, &json);
    return writer_done(&json, &bytes, err) && copy_into(arena, bytes, out, err);
}

static const struct package *find_package(const struct host *host, struct text wanted)
{
    for (size_t i = 0; i < host->package_count; i++)
        if (text_equal(host->packages[i].name, wanted) || text_equal(host->packages[i].source, wanted))
            return &host->packages[i];
    return NULL;
}

static void say_package(const struct scan *scan, const struct package *package, struct writer *out)
{
    const struct index *index = scan->index;

    writer_format(out, "%.*s %.*s is installed", TEXT_ARG(package->name), TEXT_ARG(package->version));
    if (package->candidate == OFFER_NONE || package->offers[package->candidate].archive == OFFER_INSTALLED)
        writer_string(out, package->foreign ? "; no enabled archive offers it"
                                            : "; no enabled archive has a newer version");
    if (package->pinned)
        writer_string(out, "; a pin keeps this version");
    writer_string(out, ".\n");
    if (package->foreign)
        writer_string(out, "It comes from no archive with advisories: whether it has holes is unknown.\n");
    else if (index == NULL)
        writer_format(
            out, "There is no advisory data for %s: whether it has holes is unknown (suture feed update).\n",
            scan->host->release.name);
    else
        writer_format(out, "No open hole of %.*s is known in the advisory data of %s.\n",
                      TEXT_ARG(package->source), scan->host->release.name);
}

/* No package here has this name: a vulnerability, or something that is not installed. */
static void say_named(const struct scan *scan, struct text wanted, struct writer *out)
{
    struct vulnerability known;
    static const struct text starts[] = {TEXT("CVE-"), TEXT("TEMP-"), TEXT("GHSA-"),
                                         TEXT("DSA-"), TEXT("DLA-"),  TEXT("USN-")};
    bool is_id = false;

    for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
        is_id = is_id || text_starts(wanted, starts[i]);
    if (!is_id)
        writer_format(out, "A package \"%.*s\" is not installed here.\n", TEXT_ARG(wanted));
    else if (scan->index == NULL)
        writer_format(
            out,
            "There is no advisory data for %s here, so nothing can be said of %.*s (suture feed update).\n",
            scan->host->release.name, TEXT_ARG(wanted));
    else
        writer_format(out, "No advisory of %s names %.*s for a package that is installed here%s.\n",
                      scan->host->release.name, TEXT_ARG(wanted),
                      scan->facts != NULL && facts_find(scan->facts, wanted, &known)
                          ? ""
                          : ", and no other data here knows it");
}

bool why_not(const struct scan_request *request, struct text wanted, struct arena *arena, struct writer *out,
             struct error *err)
{
    const struct scan *scan;
    const struct package *package;

    if (!scan_run(request, arena, &scan, err))
        return false;
    package = find_package(scan->host, wanted);
    if (package != NULL)
        say_package(scan, package, out);
    else
        say_named(scan, wanted, out);
    return true;
}
