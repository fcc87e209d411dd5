#include "manager/apt_universe.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/own.h"
#include "manager/apt_relations.h"
#include "manager/apt_status.h"
#include "manager/apt_system.h"
#include "model/version.h"

#define ARCHIVE_BITS 64 /* of offer.archives */

/* One name by which a package of the universe can be asked for: its own, or one that it provides. */
struct name_row {
    uint32_t package;
    uint32_t next;       /* row of the same name, or MAP_NONE */
    struct text version; /* absent: provided without one */
};

struct work {
    const struct host *host;
    struct apt_system *system;
    struct arena *arena;
    struct apt_choice choice;
    struct universe_package *packages;
    size_t count, capacity, installed_count;
    struct map names;
    struct name_row *rows;
    size_t row_count, row_capacity;
    struct map tried; /* "name arch" of what is not installed and was looked for */
};

static bool changed(struct error *err)
{
    return error_set(err, ERROR_CONFLICT, "packages or lists changed while they were read: try again");
}

/* The host was read a moment ago: nothing that it says may have changed since. */
static bool check_same(const struct work *work, struct error *err)
{
    const struct dpkg_status *status = &work->system->status;
    const struct host *host = work->host;

    if (status->count != host->package_count || work->system->archive_count != host->archive_count)
        return changed(err);
    for (size_t i = 0; i < status->count; i++) {
        const struct package *now = &status->packages[i], *then = &host->packages[i];
        if (!text_equal(now->name, then->name) || !text_equal(now->arch, then->arch) ||
            !text_equal(now->version, then->version) || now->state != then->state)
            return changed(err);
    }
    for (size_t i = 0; i < host->archive_count; i++) {
        const struct archive *now = &work->system->archives[i].archive, *then = &host->archives[i];
        if (!text_equal(now->uri, then->uri) || !text_equal(now->suite, then->suite) ||
            !text_equal(now->component, then->component) || !text_equal(now->arch, then->arch) ||
            now->state != then->state || now->date_us != then->date_us)
            return changed(err);
    }
    return true;
}

static bool add_name(struct work *work, struct text name, struct text version, uint32_t package,
                     struct error *err)
{
    struct name_row *rows = arena_grow(work->arena, work->rows, work->row_count, &work->row_capacity,
                                       work->row_count + 1, sizeof(*rows));

    if (rows == NULL)
        return arena_full(work->arena, err);
    work->rows = rows;
    rows[work->row_count] = (struct name_row){package, map_get(&work->names, name), version};
    return map_put(&work->names, name, (uint32_t)work->row_count++, err);
}

/* The package stands at its place: now it can be asked for by its names. */
static bool add_names(struct work *work, uint32_t index, struct error *err)
{
    const struct universe_package *package = &work->packages[index];
    struct relation_walk walk = relation_walk_with(package->fields[RELATION_PROVIDES], package->arch);
    struct relation provided;
    struct error ignored;
    bool found;

    if (!add_name(work, package->name, package->version, index, err))
        return false;
    while (relation_next(&walk, &provided, &found, &ignored) && found)
        if (!add_name(work, provided.name, provided.version, index, err))
            return false;
    return true;
}

static struct universe_package *make_room(struct work *work, struct error *err)
{
    struct universe_package *packages = work->packages;

    if (work->count == LIMIT_UNIVERSE) {
        (void)error_set(err, ERROR_LIMIT, "more than %d packages can be reached", LIMIT_UNIVERSE);
        return NULL;
    }
    packages =
        arena_grow(work->arena, packages, work->count, &work->capacity, work->count + 1, sizeof(*packages));
    if (packages == NULL) {
        (void)arena_full(work->arena, err);
        return NULL;
    }
    work->packages = packages;
    return &packages[work->count];
}

static bool add_installed(struct work *work, struct digest *status, struct error *err)
{
    const struct host *host = work->host;
    struct apt_relations *relations = ARENA_ARRAY(work->arena, struct apt_relations, host->package_count);
    struct apt_status_request request = {work->system->status_path, work->system->updates_path,
                                         &work->system->status};

    if (relations == NULL)
        return arena_full(work->arena, err);
    if (!apt_status_relations(&request, work->arena, relations, status, err))
        return false;
    for (size_t i = 0; i < host->package_count; i++) {
        const struct package *package = &host->packages[i];
        struct universe_package *next = make_room(work, err);
        if (next == NULL)
            return false;
        *next = (struct universe_package){
            .name = package->name,
            .arch = package->arch,
            .version = package->version,
            .source = package->source,
            .source_version = package->source_version,
            .multi_arch = relations[i].multi_arch,
            .installed_kib = relations[i].installed_kib,
            .installed = true,
            .essential = relations[i].essential || package->essential,
            .package = (uint32_t)i,
            .archive = OFFER_INSTALLED,
        };
        memcpy(next->fields, relations[i].fields, sizeof(next->fields));
        if (!add_names(work, (uint32_t)work->count++, err))
            return false;
    }
    work->installed_count = work->count;
    return true;
}

static bool copy(struct work *work, struct text *text, struct error *err)
{
    if (text->size == 0)
        return true;
    *text = text_copy(work->arena, *text);
    return text->at != NULL || arena_full(work->arena, err);
}

/* The record points into a table that ends before the universe does. */
static bool take_record(struct work *work, const struct apt_record *record, struct universe_package *into,
                        struct error *err)
{
    struct apt_relations relations;

    if (!apt_relations_read(record->more, &relations, err))
        return false;
    into->arch = record->arch;
    into->file = relations.file;
    into->size = record->size;
    into->digest = relations.digest;
    into->multi_arch = relations.multi_arch;
    into->installed_kib = relations.installed_kib;
    into->essential = relations.essential;
    memcpy(into->fields, relations.fields, sizeof(into->fields));
    for (size_t i = 0; i < RELATION_KIND_COUNT; i++)
        if (!copy(work, &into->fields[i], err))
            return false;
    return copy(work, &into->arch, err) && copy(work, &into->file, err);
}

static bool same_arch(const struct work *work, struct text a, struct text b)
{
    struct text native = work->system->arch_names[0];

    return text_equal(text_equal(a, TEXT("all")) ? native : a, text_equal(b, TEXT("all")) ? native : b);
}

/* The offer's record in this archive; false when it has none that can be read. */
static bool find_record(const struct work *work, uint32_t archive, const struct package *package,
                        const struct offer *offer, struct apt_record *out)
{
    const struct apt_archive *from = &work->system->archives[archive];

    if (!from->believed || work->host->archives[archive].state != ARCHIVE_VERIFIED)
        return false;
    struct apt_table_walk walk = apt_table_find(&from->table, package->name);
    while (apt_table_next(&walk, out))
        if (text_equal(out->version, offer->version) && same_arch(work, out->arch, package->arch))
            return true;
    return false;
}

/* Adds the package's candidate, when a list that may be used has it. `of` is the installed package or PACKAGE_NONE. */
static bool add_candidate(struct work *work, const struct package *package, uint32_t of, struct error *err)
{
    const struct offer *offer = &package->offers[package->candidate];
    struct universe_package *next;
    struct apt_record record;
    uint32_t archive = offer->archive;

    if (archive == OFFER_INSTALLED)
        return true;
    if (!find_record(work, archive, package, offer, &record)) {
        for (archive = 0; archive < work->host->archive_count && archive < ARCHIVE_BITS; archive++)
            if ((offer->archives >> archive & 1) && find_record(work, archive, package, offer, &record))
                break;
        if (archive == work->host->archive_count || archive == ARCHIVE_BITS)
            return true;
    }
    next = make_room(work, err);
    if (next == NULL)
        return false;
    *next = (struct universe_package){
        .name = package->name,
        .version = offer->version,
        .source = offer->source,
        .source_version = offer->source_version,
        .package = of,
        .archive = archive,
    };
    return take_record(work, &record, next, err) && add_names(work, (uint32_t)work->count++, err);
}

static bool add_updates(struct work *work, struct error *err)
{
    for (size_t i = 0; i < work->host->package_count; i++) {
        const struct package *package = &work->host->packages[i];
        if (package->candidate == OFFER_NONE ||
            text_equal(package->offers[package->candidate].version, package->version))
            continue;
        if (!add_candidate(work, package, (uint32_t)i, err))
            return error_at(err, "%.*s", TEXT_ARG(package->name));
    }
    return true;
}

/* Adds what apt would choose of a name that is not installed. */
static bool add_name_candidate(struct work *work, struct text name, struct text arch, struct error *err)
{
    struct text key = text_format(work->arena, "%.*s %.*s", TEXT_ARG(name), TEXT_ARG(arch));
    struct package *package = ARENA_NEW(work->arena, struct package);

    if (key.at == NULL || package == NULL)
        return arena_full(work->arena, err);
    if (map_get(&work->tried, key) != MAP_NONE)
        return true;
    if (!map_put(&work->tried, key, 1, err))
        return false;
    if (dpkg_status_find(&work->system->status, name, arch) != NULL)
        return true; /* its candidate, if it has one, is there */
    *package = (struct package){.type = PACKAGE_DEB, .name = text_part(key, 0, name.size), .arch = arch};
    return apt_choice_make(&work->choice, package, err) &&
           (package->candidate == OFFER_NONE || add_candidate(work, package, PACKAGE_NONE, err));
}

static bool add_providers(struct work *work, struct text name, struct text arch, struct error *err)
{
    struct apt_record record;

    for (size_t i = 0; i < work->system->archive_count; i++) {
        const struct apt_archive *archive = &work->system->archives[i];
        if (!archive->believed)
            continue;
        struct apt_table_walk walk = apt_table_find_providers(&archive->table, name);
        while (apt_table_next(&walk, &record))
            if (same_arch(work, record.arch, arch) && !add_name_candidate(work, record.name, arch, err))
                return false;
    }
    return true;
}

/* By name and version alone: what is wrong with its architecture the solver sees. */
static bool is_there(const struct work *work, const struct relation *relation)
{
    for (uint32_t row = map_get(&work->names, relation->name); row != MAP_NONE; row = work->rows[row].next)
        if (relation_holds(relation, work->rows[row].version))
            return true;
    return false;
}

static struct text arch_of(const struct work *work, const struct universe_package *package,
                           const struct relation *relation)
{
    struct text native = work->system->arch_names[0];

    for (size_t i = 0; i < work->system->archs.count; i++)
        if (text_equal(relation->arch, work->system->arch_names[i]))
            return work->system->arch_names[i];
    return relation->arch.size > 0 || text_equal(package->arch, TEXT("all")) ? native : package->arch;
}

/* The alternatives [from, to) of one group of a field: all that could satisfy it, unless something does already. */
static bool reach_group(struct work *work, uint32_t index, const struct relation *group, size_t count,
                        struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (is_there(work, &group[i]))
            return true;
    for (size_t i = 0; i < count; i++) {
        struct text arch = arch_of(work, &work->packages[index], &group[i]);
        if (!add_name_candidate(work, group[i].name, arch, err) ||
            !add_providers(work, group[i].name, arch, err))
            return false;
    }
    return true;
}

/* A field that cannot be read is said when its package is to be installed. */
static bool reach_field(struct work *work, uint32_t index, enum relation_kind kind, struct error *err)
{
    const struct universe_package *package = &work->packages[index];
    struct relation_walk walk = relation_walk_with(package->fields[kind], package->arch);
    struct relation group[LIMIT_ALTERNATIVES], next;
    size_t count = 0;
    struct error ignored;
    bool found;

    while (relation_next(&walk, &next, &found, &ignored) && found) {
        if (next.first && count > 0) {
            if (!reach_group(work, index, group, count, err))
                return false;
            count = 0;
        }
        if (count < LIMIT_ALTERNATIVES)
            group[count++] = next;
    }
    return count == 0 || reach_group(work, index, group, count, err);
}

/* Offered packages are looked at in the order in which they were added; those that they bring come behind them. */
static bool reach_all(struct work *work, struct error *err)
{
    for (uint32_t i = (uint32_t)work->installed_count; i < work->count; i++)
        if (!reach_field(work, i, RELATION_PRE_DEPENDS, err) || !reach_field(work, i, RELATION_DEPENDS, err))
            return error_at(err, "%.*s", TEXT_ARG(work->packages[i].name));
    return true;
}

static int compare_offered(const void *a, const void *b)
{
    const struct universe_package *one = a, *other = b;
    int order = text_compare(one->name, other->name);

    if (order == 0)
        order = text_compare(one->arch, other->arch);
    return order != 0 ? order : version_compare(VERSION_DEB, one->version, other->version);
}

bool apt_universe_read(const struct manager_request *request, const struct host *host, struct arena *arena,
                       struct universe *out, struct error *err)
{
    OWN(apt_system_end) struct apt_system system = {0};
    struct work work = {
        .host = host,
        .system = &system,
        .arena = arena,
        .names = map_with(arena),
        .tried = map_with(arena),
    };
    struct text *archs = ARENA_ARRAY(arena, struct text, LIMIT_ARCHS);
    struct digest status;

    if (archs == NULL)
        return arena_full(arena, err);
    if (!apt_system_read(request, true, arena, &system, err) || !check_same(&work, err) ||
        !apt_system_choice(&system, &work.choice, err) || !add_installed(&work, &status, err) ||
        !add_updates(&work, err) || !reach_all(&work, err))
        return false;
    for (size_t i = 0; i < system.archs.count; i++) {
        archs[i] = text_copy(arena, system.arch_names[i]);
        if (archs[i].at == NULL)
            return arena_full(arena, err);
    }
    if (work.count > work.installed_count)
        qsort(work.packages + work.installed_count, work.count - work.installed_count, sizeof(*work.packages),
              compare_offered);
    *out = (struct universe){
        .native = archs[0],
        .archs = archs,
        .arch_count = system.archs.count,
        .packages = work.packages,
        .count = work.count,
        .installed_count = work.installed_count,
        .status = status,
    };
    return true;
}
