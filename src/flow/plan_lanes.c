#include "flow/plan_lanes.h"

#include "base/control.h"
#include "base/file.h"
#include "flow/gate.h"
#include "model/version.h"

/* What one person of a solo tree signed holds only when its day is over (store/trust_record.h). */
static bool two_signed_a_crisis(const struct trust_record *trust, int64_t now_us)
{
    for (size_t i = 0; i < trust->order_count; i++)
        if (trust->orders[i].order.kind == SIGNED_ORDER_CRISIS &&
            (trust->orders[i].persons >= 2 || trust->solo) &&
            trust_order_holds(trust, &trust->orders[i], now_us))
            return true;
    return false;
}

bool plan_waits_open(const struct plan_request *request, const struct scan *scan, struct arena *arena,
                     struct plan_waits *out, struct error *err)
{
    const char *state = request->scan.state;
    const char *path = state == NULL ? NULL : file_path(arena, state, VERSIONS_SEEN_FILE);
    struct plan_waits waits = {.request = request,
                               .scan = scan,
                               .seen = versions_seen_with(),
                               .terms = gate_lanes(scan->policy, request->fleet)};

    if (state != NULL && path == NULL)
        return arena_full(arena, err);
    if (path != NULL && !versions_seen_read(path, arena, &waits.seen, err))
        return false;
    if (!trust_record_read(state, arena, &waits.trust, &waits.has_trust, err))
        return false;
    waits.crisis = !waits.terms.fleet ||
                   (waits.has_trust && two_signed_a_crisis(&waits.trust, scan->now_us)) ||
                   !control_holds(CONTROL_LANE_CRISIS);
    *out = waits;
    return true;
}

const struct trust_order *plan_block_of(const struct plan_waits *waits,
                                        const struct universe_package *package)
{
    return waits->has_trust ? trust_record_block(&waits->trust, package->name, package->version,
                                                 &package->digest, waits->scan->now_us)
                            : NULL;
}

enum lane plan_lane_of_update(const struct plan_waits *waits, uint32_t index)
{
    const struct scan *scan = waits->scan;
    const struct update *update = &scan->match.updates[index];

    if (update->kind != UPDATE_SECURITY)
        return LANE_FUNCTIONAL;
    if (waits->crisis && scan->level != LEVEL_NORMAL &&
        scan->update_decisions[index].standing == STANDING_TAKEN)
        return LANE_CRISIS;
    for (size_t i = 0; i < update->finding_count; i++) {
        const struct decision *decision = &scan->decisions[update->findings[i]];
        if (decision->exploitation == EXPLOITATION_ACTIVE &&
            (exploited_by_two(decision->exploited_by) || !control_holds(CONTROL_LANE_SOURCES)))
            return LANE_EXPLOITED;
    }
    return LANE_SECURITY;
}

struct text plan_wait_words(const struct plan_waits *waits, uint32_t index, struct arena *arena)
{
    const struct update *update = &waits->scan->match.updates[index];
    const struct text plain = TEXT("it was first seen here too short ago");
    unsigned by = 0;

    for (size_t i = 0; i < update->finding_count; i++) {
        unsigned found = waits->scan->decisions[update->findings[i]].exploited_by;
        by = exploited_by_two(found) || by == 0 ? found : by;
    }
    if (!waits->terms.fleet || by == 0)
        return plain;
    struct text words =
        text_format(arena, "%.*s; %s %s its hole exploited%s", TEXT_ARG(plain), exploited_by_words(by),
                    exploited_by_two(by) ? "call" : "alone calls",
                    exploited_by_two(by) ? ": with one person's approval it waits 4 hours" : "");
    return words.at == NULL ? plain : words;
}

struct version_seen plan_version_of(const struct scan *scan, const struct universe_package *package,
                                    struct arena *arena)
{
    const struct archive *archive = &scan->host->archives[package->archive];

    return (struct version_seen){.archive = versions_seen_archive(archive->uri, archive->suite, arena),
                                 .name = package->name,
                                 .arch = package->arch,
                                 .version = package->version,
                                 .digest = package->digest};
}

static bool is_among(const struct digest *digests, size_t count, const struct digest *digest)
{
    for (size_t i = 0; i < count; i++)
        if (digest_equal(&digests[i], digest))
            return true;
    return false;
}

bool plan_waits_for(const struct plan_waits *waits, const struct universe_package *package, enum lane lane,
                    struct arena *arena, int64_t *until_us)
{
    const struct plan_request *request = waits->request;
    const struct version_seen version = plan_version_of(waits->scan, package, arena);
    const struct lane_seen seen = {.first_us = versions_seen_first(&waits->seen, &version),
                                   .now_us = versions_seen_now(&waits->seen, waits->scan->now_us),
                                   .clock_us = waits->scan->now_us};
    bool approved = is_among(request->approved, request->approved_count, &package->digest);

    return lane_waits(lane, &waits->terms, &seen, approved, until_us) && !request->ignore_waits &&
           !is_among(request->lifted, request->lifted_count, &package->digest);
}

/* ---- new packages ---- */

/* Who is described is known by their keys; of others there is what they call themselves. */
static bool same_publisher(const struct archive *a, const struct archive *b)
{
    if (a->publisher.size > 0 || b->publisher.size > 0)
        return text_equal(a->publisher, b->publisher);
    return a->origin.size > 0 ? text_equal(a->origin, b->origin) : text_equal(a->uri, b->uri);
}

/* Whether archives of that publisher, or of another one, offer this version. */
static void look_at_offer(const struct scan *scan, const struct offer *offer, const struct archive *publisher,
                          bool *mine, bool *others)
{
    for (size_t i = 0; i < scan->host->archive_count && i < 64; i++)
        if ((offer->archives >> i & 1) != 0) {
            bool same = same_publisher(publisher, &scan->host->archives[i]);
            *mine = *mine || same;
            *others = *others || !same;
        }
}

/*
 * Who brought it: who offers the version that is installed; where nobody does any more, who alone offers others. A foreign
 * archive that offers a newer one of the same name has brought nothing yet.
 */
enum bringer { BRINGER_NOBODY, BRINGER_SAME, BRINGER_OTHER };

static enum bringer bringer_of(const struct scan *scan, const struct package *package,
                               const struct archive *publisher)
{
    bool mine = false, others = false;

    for (size_t i = 0; i < package->offer_count; i++)
        if (text_equal(package->offers[i].version, package->version))
            look_at_offer(scan, &package->offers[i], publisher, &mine, &others);
    if (mine || others)
        return mine ? BRINGER_SAME : BRINGER_OTHER;
    for (size_t i = 0; i < package->offer_count; i++)
        look_at_offer(scan, &package->offers[i], publisher, &mine, &others);
    return others ? BRINGER_OTHER : mine ? BRINGER_SAME : BRINGER_NOBODY;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* The same name but for numbers: "linux-image-6.1.0-40-amd64" and "linux-image-6.1.0-41-amd64". */
static bool differs_in_numbers(struct text a, struct text b)
{
    size_t i = 0, k = 0;

    while (i < a.size || k < b.size) {
        bool number = i < a.size && k < b.size && is_digit(a.at[i]) && is_digit(b.at[k]);
        while (number && i < a.size && is_digit(a.at[i]))
            i++;
        while (number && k < b.size && is_digit(b.at[k]))
            k++;
        if (number)
            continue;
        if (i == a.size || k == b.size || a.at[i++] != b.at[k++])
            return false;
    }
    return true;
}

bool plan_is_stranger(const struct scan *scan, const struct universe_package *package, struct text *follows)
{
    const struct host *host = scan->host;
    const struct archive *publisher = &host->archives[package->archive];
    const struct globs *allowed = &scan->policy->unattended.new_packages;
    const struct package *before = NULL;
    bool known = false;

    for (size_t i = 0; i < host->package_count; i++) {
        const struct package *here = &host->packages[i];
        enum bringer bringer = bringer_of(scan, here, publisher);
        if (!text_equal(here->source, package->source) || bringer == BRINGER_OTHER)
            continue;
        known = known || bringer == BRINGER_SAME;
        if (differs_in_numbers(here->name, package->name) &&
            (before == NULL || version_compare(VERSION_DEB, here->version, before->version) > 0))
            before = here;
    }
    /* A kernel that was followed is offered no more: others of its source say whose it was. */
    *follows = before == NULL || !known ? (struct text){0} : before->name;
    return !known && (allowed->count == 0 || !globs_match(allowed, package->name));
}

int64_t plan_signed_us(const struct host *host)
{
    int64_t latest_us = TIME_ABSENT;

    for (size_t i = 0; i < host->archive_count; i++) {
        const struct archive *archive = &host->archives[i];
        if (archive->state == ARCHIVE_VERIFIED && !archive->went_back && archive->date_us > latest_us)
            latest_us = archive->date_us;
    }
    return latest_us;
}
