#include "manager/apt_candidate.h"

#include <stdlib.h>

#include "base/limits.h"

#define ARCHIVE_BITS 64 /* of offer.archives */

/* One version in one archive, or the installed one. */
struct apt_hit {
    struct apt_record record;
    uint32_t archive; /* OFFER_INSTALLED: dpkg's status */
    int16_t priority; /* of the archive */
    bool security;
};

/* Of one version text: hits [from, to). */
struct group {
    size_t from, to;
};

bool apt_choice_open(struct apt_choice *choice, struct error *err)
{
    choice->priorities = ARENA_ARRAY(choice->arena, int16_t, choice->archive_count + 1);
    if (choice->priorities == NULL)
        return arena_full(choice->arena, err);
    choice->scope = apt_scope_with(choice->archives, choice->archive_count);
    for (size_t i = 0; i < choice->archive_count; i++) {
        const struct apt_archive *archive = &choice->archives[i];
        struct apt_pin_target target = {&archive->archive, archive->not_automatic,
                                        archive->but_automatic_upgrades};
        choice->priorities[i] = apt_pins_archive_priority(choice->pins, &target);
    }
    choice->status_priority = apt_pins_archive_priority(choice->pins, &(struct apt_pin_target){0});
    return true;
}

static bool add_hit(struct apt_choice *choice, size_t *count, struct apt_hit hit, struct error *err)
{
    struct apt_hit *grown =
        arena_grow(choice->arena, choice->hits, *count, &choice->hit_capacity, *count + 1, sizeof(*grown));

    if (grown == NULL)
        return arena_full(choice->arena, err);
    choice->hits = grown;
    choice->hits[(*count)++] = hit;
    return true;
}

/* Packages of no architecture and of the native one are one package under two hats. */
static bool same_arch(const struct apt_choice *choice, struct text a, struct text b)
{
    if (text_equal(a, TEXT("all")))
        a = choice->native;
    if (text_equal(b, TEXT("all")))
        b = choice->native;
    return text_equal(a, b);
}

/* What a remembered table holds was text when it was written; a file is believed no further than that. */
static bool is_text(const struct apt_record *record)
{
    const struct text texts[] = {record->version, record->source, record->source_version};
    struct error ignored;
    struct text text;

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (texts[i].size == 0 ||
            !text_from_bytes(bytes_of_text(texts[i]), LIMIT_PACKAGE_NAME, &text, &ignored))
            return false;
    return record->phased <= 100;
}

/* One archive's record of the package, unless it may not own it: then that is noted of the newest such. */
static bool take_hit(struct apt_choice *choice, struct package *package, const struct apt_hit *hit,
                     size_t *count, struct error *err)
{
    const struct apt_archive *archive = &choice->archives[hit->archive];
    struct text why;

    if (!apt_scope_judge(&choice->scope, archive, &hit->record, package->version, choice->arena, &why))
        return arena_full(choice->arena, err);
    if (why.size == 0)
        return add_hit(choice, count, *hit, err);
    if (package->shadow.size > 0 && version_compare(VERSION_DEB, hit->record.version, package->shadow) <= 0)
        return true;
    package->shadow = text_copy(choice->arena, hit->record.version);
    package->shadow_why = why;
    return package->shadow.at != NULL || arena_full(choice->arena, err);
}

static bool collect(struct apt_choice *choice, struct package *package, size_t *count, struct error *err)
{
    struct apt_hit hit;

    for (size_t i = 0; i < choice->archive_count; i++) {
        const struct apt_archive *archive = &choice->archives[i];
        if (!archive->believed)
            continue;
        struct apt_table_walk walk = apt_table_find(&archive->table, package->name);
        hit = (struct apt_hit){
            .archive = (uint32_t)i, .priority = choice->priorities[i], .security = archive->archive.security};
        while (apt_table_next(&walk, &hit.record))
            if (same_arch(choice, hit.record.arch, package->arch) && is_text(&hit.record) &&
                !take_hit(choice, package, &hit, count, err))
                return false;
    }
    if (package->version.size == 0)
        return true;
    hit = (struct apt_hit){
        .record = {.name = package->name,
                   .version = package->version,
                   .arch = package->arch,
                   .source = package->source,
                   .source_version = package->source_version,
                   .phased = 100},
        .archive = OFFER_INSTALLED,
        .priority = choice->status_priority,
    };
    return add_hit(choice, count, hit, err);
}

/* Newest first; of one version text the one to take first: by priority, then from a security archive, then in the sources' order. */
static int compare_hits(const void *a, const void *b)
{
    const struct apt_hit *one = a, *other = b;
    int order = version_compare(VERSION_DEB, other->record.version, one->record.version);

    if (order == 0)
        order = text_compare(other->record.version, one->record.version);
    if (order == 0)
        order = (one->archive == OFFER_INSTALLED) - (other->archive == OFFER_INSTALLED);
    if (order == 0)
        order = (other->priority > one->priority) - (other->priority < one->priority);
    if (order == 0)
        order = other->security - one->security;
    return order != 0 ? order : (one->archive > other->archive) - (one->archive < other->archive);
}

static bool is_out(const struct apt_choice *choice, const struct apt_record *record)
{
    return apt_phase_is_out(&choice->phasing, record->source, record->source_version, record->phased);
}

/* pkgPolicy::GetPriority of apt. */
static bool group_priority(const struct apt_choice *choice, const struct package *package, struct group group,
                           int32_t *out, struct error *err)
{
    const struct apt_hit *first = &choice->hits[group.from];
    int32_t ceiling = choice->phasing.policy && is_out(choice, &first->record) ? 1 : INT32_MAX;
    int32_t highest = APT_PRIORITY_NEVER;

    for (size_t i = group.from; i < group.to; i++)
        if (choice->hits[i].priority > highest)
            highest = choice->hits[i].priority;
    *out = highest < ceiling ? highest : ceiling;
    if (choice->pins->count == 0 || highest == APT_PRIORITY_NEVER)
        return true;
    const struct archive **archives =
        ARENA_ARRAY(choice->arena, const struct archive *, group.to - group.from);
    if (archives == NULL)
        return arena_full(choice->arena, err);
    for (size_t i = group.from; i < group.to; i++)
        if (choice->hits[i].archive != OFFER_INSTALLED)
            archives[i - group.from] = &choice->archives[choice->hits[i].archive].archive;
    const struct apt_pin *pin = apt_pins_of_version(
        choice->pins, &(struct apt_pin_version){package->name, package->arch, first->record.version,
                                                first->record.source, archives, group.to - group.from});
    if (pin != NULL)
        *out = pin->priority < ceiling ? pin->priority : ceiling;
    return true;
}

/* The text in the arena, or one that is there already. */
static struct text keep(struct apt_choice *choice, struct text text, struct text there)
{
    return text_equal(text, there) ? there : text_copy(choice->arena, text);
}

static bool make_offer(struct apt_choice *choice, const struct package *package, struct group group,
                       struct offer *out, struct error *err)
{
    const struct apt_hit *first = &choice->hits[group.from];
    struct offer offer = {
        .size = first->record.size, .archive = first->archive, .phased = first->record.phased};

    offer.version = keep(choice, first->record.version, package->version);
    offer.source = keep(choice, first->record.source, package->source);
    offer.source_version = keep(choice, first->record.source_version, offer.version);
    if (offer.version.at == NULL || offer.source.at == NULL || offer.source_version.at == NULL)
        return arena_full(choice->arena, err);
    for (size_t i = group.from; i < group.to; i++)
        if (choice->hits[i].archive < ARCHIVE_BITS)
            offer.archives |= UINT64_C(1) << choice->hits[i].archive;
    if (!group_priority(choice, package, group, &offer.priority, err))
        return false;
    *out = offer;
    return true;
}

/* pkgPolicy::GetCandidateVer of apt. */
static uint32_t choose(const struct package *package, const int32_t *priorities)
{
    uint32_t candidate = OFFER_NONE;
    int32_t best = -1;

    for (size_t i = 0; i < package->offer_count; i++) {
        if (priorities[i] == 0 || priorities[i] <= best)
            continue;
        if (package->version.size > 0 && priorities[i] < 1000 &&
            version_compare(VERSION_DEB, package->offers[i].version, package->version) < 0)
            continue;
        best = priorities[i];
        candidate = (uint32_t)i;
    }
    return candidate;
}

/* apt keeps a phased update back unless a security update lies between it and what is installed. */
static bool is_phased_out(const struct apt_choice *choice, const struct package *package)
{
    const struct offer *candidate = &package->offers[package->candidate];

    if (candidate->phased >= 100 || package->version.size == 0 ||
        text_equal(candidate->version, package->version))
        return false;
    for (size_t i = package->candidate + 1; i < package->offer_count; i++) {
        const struct offer *offer = &package->offers[i];
        if (text_equal(offer->version, package->version))
            break;
        for (uint32_t k = 0; k < ARCHIVE_BITS && k < choice->archive_count; k++)
            if ((offer->archives >> k & 1) &&
                text_ends(choice->archives[k].archive.archive, TEXT("-security")))
                return false;
    }
    return apt_phase_is_out(&choice->phasing, candidate->source, candidate->source_version,
                            candidate->phased);
}

/* What would be chosen were there no preferences: to tell whether they made a difference. */
static bool is_pinned(const struct apt_choice *choice, const struct package *package, int32_t *scratch)
{
    static const struct apt_pins none = {0};

    if (choice->pins->count == 0)
        return false;
    for (size_t i = 0; i < package->offer_count; i++) {
        const struct offer *offer = &package->offers[i];
        scratch[i] = text_equal(offer->version, package->version) ? 100 : 0;
        for (uint32_t k = 0; k < ARCHIVE_BITS && k < choice->archive_count; k++) {
            const struct apt_archive *archive = &choice->archives[k];
            struct apt_pin_target target = {&archive->archive, archive->not_automatic,
                                            archive->but_automatic_upgrades};
            int16_t priority = (offer->archives >> k & 1) ? apt_pins_archive_priority(&none, &target) : 0;
            if (priority > scratch[i])
                scratch[i] = priority;
        }
    }
    return choose(package, scratch) != package->candidate;
}

bool apt_choice_make(struct apt_choice *choice, struct package *package, struct error *err)
{
    size_t count = 0, group_count = 0;

    if (!collect(choice, package, &count, err))
        return false;
    if (count > 1)
        qsort(choice->hits, count, sizeof(*choice->hits), compare_hits);
    package->offers = ARENA_ARRAY(choice->arena, struct offer, count);
    int32_t *priorities = ARENA_ARRAY(choice->arena, int32_t, count);
    if (package->offers == NULL || priorities == NULL)
        return arena_full(choice->arena, err);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count; to++)
            if (!text_equal(choice->hits[to].record.version, choice->hits[from].record.version))
                break;
        if (!make_offer(choice, package, (struct group){from, to}, &package->offers[group_count], err))
            return false;
        priorities[group_count] = package->offers[group_count].priority;
        group_count++;
    }
    package->offer_count = group_count;
    package->candidate = choose(package, priorities);
    if (package->candidate == OFFER_NONE)
        return true;
    package->phased_out = is_phased_out(choice, package);
    package->pinned = is_pinned(choice, package, priorities);
    return true;
}
