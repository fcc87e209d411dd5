#include "identify/match.h"

#include <assert.h>

#include "identify/match_parts.h"

/* The machine's packages, by the names that advisories use. */

static enum version_order order_of(const struct match_input *input)
{
    enum version_order order =
        input->index != NULL ? input->index->release.order : input->host->release.order;

    if (order != VERSION_ORDER_UNKNOWN || input->host->package_count == 0)
        return order;
    switch (input->host->packages[0]
                .type) { /* a derivative that we do not know still compares as its packages do */
    case PACKAGE_DEB:
        return VERSION_DEB;
    case PACKAGE_RPM:
        return VERSION_RPM;
    case PACKAGE_APK:
        return VERSION_APK;
    case PACKAGE_TYPE_UNKNOWN:
    case PACKAGE_TYPE_COUNT:
        break;
    }
    return VERSION_ORDER_UNKNOWN;
}

static struct text or_else(struct text text, struct text other)
{
    return text.size > 0 ? text : other;
}

/* Signed kernels have versions of their own ("6.1.140+1" is built from 6.1.140-1); their packages keep the kernel's. */
static struct text version_of(const struct match_run *run, const struct member *member, struct text version,
                              struct text source_version)
{
    switch (member->twin) {
    case KERNEL_TWIN_SIGNED:
        return version;
    case KERNEL_TWIN_META:
        return or_else(kernel_meta_version(version, run->arena), version);
    case KERNEL_TWIN_NONE:
    case KERNEL_TWIN_COUNT:
        break;
    }
    return or_else(source_version, version);
}

struct text match_offer_version(const struct match_run *run, const struct member *member,
                                const struct offer *offer)
{
    const struct package *package = &run->input->host->packages[member->package];

    if (package->type == PACKAGE_RPM)
        return offer->version;
    return version_of(run, member, offer->version, offer->source_version);
}

static const struct archive *archive_of(const struct host *host, const struct offer *offer)
{
    return offer->archive < host->archive_count ? &host->archives[offer->archive] : NULL;
}

/* The candidate when it is newer than what is installed, else NULL. */
static const struct offer *newer_offer(const struct match_run *run, const struct package *package)
{
    if (package->candidate >= package->offer_count)
        return NULL;
    const struct offer *offer = &package->offers[package->candidate];
    if (offer->archive == OFFER_INSTALLED || text_equal(offer->version, package->version) ||
        version_compare(run->order, offer->version, package->version) <= 0)
        return NULL;
    return offer;
}

/* No archive with advisories has it, and one without does: it is somebody else's build. */
static bool is_foreign(const struct host *host, const struct package *package)
{
    for (size_t i = 0; package->foreign && i < package->offer_count; i++) {
        const struct archive *archive = archive_of(host, &package->offers[i]);
        if (archive != NULL && !archive->has_advisories)
            return true;
    }
    return false;
}

static bool make_member(struct match_run *run, uint32_t number, struct member *out, struct error *err)
{
    const struct package *package = &run->input->host->packages[number];
    bool rpm = package->type == PACKAGE_RPM;
    struct member member = {
        .source = rpm ? package->name : or_else(package->source, package->name),
        .package = number,
        .foreign = is_foreign(run->input->host, package),
    };

    if (!rpm && member.source.size > 0 && member.source.at[0] == 'l' &&
        text_starts(member.source, TEXT("linux-")))
        member.twin = kernel_twin(member.source, run->arena, &member.source);
    member.installed =
        rpm ? package->version : version_of(run, &member, package->version, package->source_version);
    const struct offer *offer = newer_offer(run, package);
    if (offer != NULL) {
        member.candidate = match_offer_version(run, &member, offer);
        run->out.update_count++;
    }
    *out = member;
    return member.source.at != NULL || arena_full(run->arena, err);
}

/* Sources whose names share their first eight bytes are put right by hand: there are few of each. */
static void sort_equal_keys(const struct member *members, struct keyed *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct keyed key = keys[i];
        size_t j = i;
        while (j > 0 && keys[j - 1].key == key.key &&
               text_compare(members[keys[j - 1].value].source, members[key.value].source) > 0) {
            keys[j] = keys[j - 1];
            j--;
        }
        keys[j] = key;
    }
}

static bool gather_members(struct match_run *run, struct error *err)
{
    size_t count = run->input->host->package_count;
    struct member *members = ARENA_ARRAY(run->arena, struct member, count);
    struct member *sorted = ARENA_ARRAY(run->arena, struct member, count);
    struct keyed *keys = ARENA_ARRAY(run->arena, struct keyed, count);
    struct keyed *scratch = ARENA_ARRAY(run->arena, struct keyed, count);

    if (members == NULL || sorted == NULL || keys == NULL || scratch == NULL || count >= UINT32_MAX)
        return arena_full(run->arena, err);
    for (uint32_t i = 0; i < count; i++) {
        if (!make_member(run, i, &members[i], err))
            return false;
        members[i].key = key_of_text(members[i].source);
        keys[i] = (struct keyed){.key = members[i].key, .value = i};
    }
    keys_sort(keys, count, scratch);
    sort_equal_keys(members, keys, count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = members[keys[i].value];
    run->members = sorted;
    run->member_count = count;
    return true;
}

/* Archives. */

static bool is_believed(const struct archive *archive)
{
    return archive->has_advisories && (archive->state == ARCHIVE_VERIFIED || archive->state == ARCHIVE_STALE);
}

/* Debian's and Ubuntu's numbered releases have a security archive of their own. */
static bool has_security_archive(const struct release *release)
{
    struct text name = text_of(release->name), family;

    return text_cut(&name, '-', &family) && name.size > 0 && name.at[0] >= '0' && name.at[0] <= '9' &&
           (text_equal(family, TEXT("debian")) || text_equal(family, TEXT("ubuntu")));
}

static bool archives_enabled(const struct host *host)
{
    bool base = false, security = false, needs_security = has_security_archive(&host->release);

    for (size_t i = 0; i < host->archive_count; i++)
        if (is_believed(&host->archives[i])) {
            security = security || host->archives[i].security;
            base = base || !host->archives[i].security;
        }
    return needs_security ? base && security : base || security;
}

/* True when a security archive offers this version; *date_us is that of the newest that does. */
static bool is_from_security(const struct host *host, const struct offer *offer, int64_t *date_us)
{
    bool found = false;

    for (size_t i = 0; i < host->archive_count; i++) {
        if (!host->archives[i].security ||
            (i != offer->archive && !(i < 32 && (offer->archives >> i & 1) != 0)))
            continue;
        found = true;
        if (host->archives[i].date_us > *date_us)
            *date_us = host->archives[i].date_us;
    }
    return found;
}

/* Updates. */

static void classify_update(const struct match_run *run, const struct member *member, bool known, bool passes,
                            struct update *update)
{
    const struct host *host = run->input->host;
    const struct package *package = &host->packages[member->package];
    const struct offer *offer = &package->offers[package->candidate];
    const struct archive *archive = archive_of(host, offer);
    int64_t date_us = TIME_ABSENT;
    bool security = is_from_security(host, offer, &date_us);

    known = known && !member->foreign && archive != NULL && archive->has_advisories;
    if (passes) {
        update->kind = UPDATE_SECURITY;
    } else if (security &&
               !(known && run->index->generated_us != TIME_ABSENT && run->index->generated_us >= date_us)) {
        update->kind = UPDATE_SECURITY;
        update->by_origin = true;
    } else {
        update->kind = known ? UPDATE_FUNCTIONAL : UPDATE_KIND_UNKNOWN;
    }
}

/* The findings of the group that the update of these packages closes, by their places in the answer. */
static bool list_findings(struct match_run *run, const struct group *group, uint32_t number,
                          struct error *err)
{
    struct level *level = &run->levels[number];
    size_t count = run->hit_count - group->first_hit;
    uint32_t *findings = NULL;

    for (size_t i = 0; level->passes && i < count; i++) {
        const struct outcome *outcome = &run->outcomes[run->hits[group->first_hit + i].value];
        if (outcome->closed == NULL || !outcome->closed[number - group->first_level] ||
            outcome->finding.class_of != CLASS_AVAILABLE)
            continue;
        if (findings == NULL)
            findings = ARENA_ARRAY(run->arena, uint32_t, count - i);
        if (findings == NULL)
            return arena_full(run->arena, err);
        findings[level->finding_count++] = (uint32_t)(group->first_hit + i);
    }
    level->findings = findings;
    return true;
}

static bool put_updates(struct match_run *run, const struct group *group, bool known, struct error *err)
{
    for (size_t i = group->first; i < group->end; i++) {
        const struct member *member = &run->members[i];
        if (member->candidate.size == 0)
            continue;
        struct update update = {.package = member->package};
        struct level *level = group->level_count > 0 && !member->foreign ? &run->levels[member->level] : NULL;
        classify_update(run, member, known, level != NULL && level->passes, &update);
        if (level != NULL && level->update == UPDATE_NONE) {
            level->update = (uint32_t)run->update_count;
            if (!list_findings(run, group, member->level, err))
                return false;
        }
        if (level != NULL) {
            update.findings = level->findings;
            update.finding_count = level->finding_count;
            update.not_executable_count = level->not_executable_count;
        }
        run->out.updates[run->update_count++] = update;
    }
    return true;
}

/* Groups. */

/* Hits in the order of ids, each id once: of two records the one that is not suppressed counts, then the first. */
static bool sort_hits(struct match_run *run, const struct group *group, struct error *err)
{
    size_t count = run->hit_count - group->first_hit, kept = 0;
    struct keyed *hits = run->hits + group->first_hit;
    struct keyed *scratch = ARENA_ARRAY(run->arena, struct keyed, count);

    if (scratch == NULL)
        return arena_full(run->arena, err);
    keys_sort(hits, count, scratch);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || hits[kept - 1].key >> 32 != hits[i].key >> 32)
            hits[kept++] = hits[i];
    run->hit_count = group->first_hit + kept;
    return true;
}

/* Which update closes what an outcome says, the first where it takes several. Once the group's updates are known. */
static void find_updates(struct match_run *run, const struct group *group, size_t first_outcome)
{
    for (size_t i = first_outcome; i < run->outcome_count; i++) {
        struct outcome *outcome = &run->outcomes[i];
        for (size_t j = 0; outcome->closed != NULL && j < group->level_count; j++) {
            const struct level *level = &run->levels[group->first_level + j];
            if (outcome->closed[j] && level->update < outcome->finding.update)
                outcome->finding.update = level->update;
        }
    }
}

static bool match_group(struct match_run *run, struct group *group, struct index_sources *sources,
                        struct error *err)
{
    struct text name = run->members[group->first].source;
    struct index_source source;
    size_t first_outcome = run->outcome_count;
    bool named = run->index != NULL && index_sources_seek(&sources[group->kernel], name, &source);

    group->first_hit = run->hit_count;
    if (named) {
        if (!match_levels(run, group, err) ||
            (group->level_count > 0 && !match_source(run, group, &source, err)))
            return error_at(err, "%.*s", TEXT_ARG(name));
        if (run->hit_count > group->first_hit && !sort_hits(run, group, err))
            return false;
    }
    if (!put_updates(run, group, named || (run->index != NULL && run->index->complete), err))
        return false;
    find_updates(run, group, first_outcome);
    return true;
}

static bool match_groups(struct match_run *run, struct error *err)
{
    struct index_sources sources[2] = {{.left = 0}, {.left = 0}};

    for (unsigned i = 0; run->index != NULL && i < 2; i++)
        sources[i] = index_sources_with(run->index, i == 1);
    for (size_t i = 0; i < run->member_count;) {
        struct group group = {.first = i, .end = i + 1};
        while (group.end < run->member_count && run->members[group.end].key == run->members[i].key &&
               text_equal(run->members[group.end].source, run->members[i].source))
            group.end++;
        group.kernel = kernel_is_source(run->members[i].source);
        if (!match_group(run, &group, sources, err))
            return false;
        i = group.end;
    }
    if (run->index != NULL && (!index_sources_ok(&sources[0]) || !index_sources_ok(&sources[1])))
        return index_broken(err, "its list of source packages");
    return true;
}

/* Findings. */

static bool fill_vulnerability(const struct match_run *run, uint32_t cve, struct finding *finding,
                               struct error *err)
{
    struct vulnerability found;

    if (run->input->facts == NULL ||
        !(cve != 0 ? facts_find_packed(run->input->facts, cve, finding->id, &found)
                   : facts_find(run->input->facts, finding->id, &found)))
        return true;
    struct vulnerability *kept = ARENA_NEW(run->arena, struct vulnerability);
    if (kept == NULL)
        return arena_full(run->arena, err);
    *kept = found;
    finding->vulnerability = kept;
    return true;
}

static bool fill_findings(struct match_run *run, struct error *err)
{
    struct finding *findings = ARENA_ARRAY(run->arena, struct finding, run->hit_count);
    char *names = arena_take_array(run->arena, run->hit_count, CVE_TEXT_MAX);
    struct index_cves walk = {.at = 0};

    if (findings == NULL || names == NULL)
        return arena_full(run->arena, err);
    for (size_t i = 0; i < run->hit_count; i++) {
        const struct outcome *outcome = &run->outcomes[run->hits[i].value];
        uint32_t id = (uint32_t)(run->hits[i].key >> 32);
        uint32_t cve = id < run->index->cve_count ? index_cve(run->index, &walk, id) : 0;
        findings[i] = outcome->finding;
        if (cve != 0)
            findings[i].id =
                (struct text){names + i * CVE_TEXT_MAX, cve_write(cve, names + i * CVE_TEXT_MAX)};
        else if (!index_id(run->index, &walk, id, run->arena, &findings[i].id, err))
            return false;
        if (!outcome->has_severity)
            findings[i].vendor_severity = index_severity(run->index, id);
        if (!fill_vulnerability(run, cve, &findings[i], err))
            return false;
    }
    run->out.findings = findings;
    run->out.finding_count = run->hit_count;
    return true;
}

bool match_host(const struct match_input *input, struct arena *arena, struct match *out, struct error *err)
{
    struct match_run run = {.input = input, .arena = arena, .index = input->index, .order = order_of(input)};

    if (input->index != NULL && strcmp(input->index->release.name, input->host->release.name) != 0)
        return error_set(err, ERROR_CONFLICT, "the index is of %s, this machine is %s",
                         input->index->release.name, input->host->release.name);
    if (run.index != NULL && run.index->release.order == VERSION_ORDER_UNKNOWN)
        run.index = NULL; /* nothing can be compared */
    run.archives_enabled = archives_enabled(input->host);
    if (!gather_members(&run, err))
        return false;
    run.out.updates = ARENA_ARRAY(arena, struct update, run.out.update_count);
    if (run.out.updates == NULL)
        return arena_full(arena, err);
    if (!match_groups(&run, err) || (run.hit_count > 0 && !fill_findings(&run, err)))
        return error_at(err, "%s", input->host->release.name);
    *out = run.out;
    return true;
}
