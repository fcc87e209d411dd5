/*
 * The manager of Debian and what descends from it: dpkg's status, apt's sources, lists, preferences and phasing.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/apt_candidate.h"
#include "manager/dpkg_status.h"
#include "manager/managers.h"

#define ARCHIVE_BITS 64 /* of offer.archives */

/* All that one inventory works with. */
struct work {
    const struct manager_request *request;
    struct arena *arena;
    struct apt_config config;
    struct dpkg_status status;
    struct text arch_names[LIMIT_ARCHS];
    struct apt_archs archs;
    struct apt_sources sources;
    struct apt_archive *archives;
    size_t archive_count;
    struct apt_pins pins;
};

static void work_end(struct work *work)
{
    for (size_t i = 0; i < work->archive_count; i++)
        apt_archive_end(&work->archives[i]);
    apt_pins_end(&work->pins);
}

static bool apt_present(const char *root)
{
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);
    const char *status = file_below(&arena, root, "/var/lib/dpkg/status");

    return status != NULL && file_exists(status);
}

static bool read_status(struct work *work, struct error *err)
{
    const struct manager_request *request = work->request;
    struct arena *arena = work->arena;
    const char *status = request->inventory, *updates;

    if (status != NULL)
        return dpkg_status_read(status, NULL, arena, &work->status, err);
    status = apt_config_path(&work->config, APT_PATH_STATUS, arena);
    updates = file_below(arena, request->root, "/var/lib/dpkg/updates");
    if (status == NULL || updates == NULL)
        return arena_full(arena, err);
    return dpkg_status_read(status, updates, arena, &work->status, err);
}

static void add_arch(struct work *work, struct text arch)
{
    for (size_t i = 0; i < work->archs.count; i++)
        if (text_equal(work->arch_names[i], arch))
            return;
    if (arch.size > 0 && arch.size <= LIMIT_ARCH && work->archs.count < LIMIT_ARCHS)
        work->arch_names[work->archs.count++] = arch;
}

/* The native one is what the configuration says, else dpkg's own, else that of the first package that has one. */
static void find_native(struct work *work)
{
    const struct dpkg_status *status = &work->status;
    const struct text dpkg = TEXT("dpkg");

    add_arch(work, apt_config_find(&work->config, TEXT("APT::Architecture"), TEXT("")));
    for (size_t i = 0; i < status->count && work->archs.count == 0; i++)
        if (text_equal(status->packages[i].name, dpkg))
            add_arch(work, status->packages[i].arch);
    for (size_t i = 0; i < status->count && work->archs.count == 0; i++)
        if (!text_equal(status->packages[i].arch, TEXT("all")))
            add_arch(work, status->packages[i].arch);
    if (work->archs.count == 0)
        add_arch(work, TEXT("amd64"));
}

/* And those that were added: by the configuration, or with dpkg --add-architecture. */
static bool find_archs(struct work *work, struct error *err)
{
    const char *path = file_below(work->arena, work->request->root, "/var/lib/dpkg/arch");
    struct text *listed, rest, line;
    struct bytes raw;
    struct error ignored;
    size_t count;

    work->archs.names = work->arch_names;
    find_native(work);
    if (!apt_config_list(&work->config, TEXT("APT::Architectures"), work->arena, &listed, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        add_arch(work, listed[i]);
    if (path == NULL)
        return arena_full(work->arena, err);
    if (count > 0 || !file_read(path, LIMIT_APT_FILE, work->arena, &raw, &ignored))
        return true;
    for (rest = (struct text){(const char *)raw.at, raw.size}; text_cut(&rest, '\n', &line);)
        if (text_from_bytes(bytes_of_text(text_trim(line)), LIMIT_ARCH, &line, &ignored))
            add_arch(work, line);
    return true;
}

/* A list of another architecture that its archive does not have is nothing that is missing. */
static bool is_worth_naming(const struct work *work, const struct apt_archive *archive)
{
    if (archive->archive.state != ARCHIVE_ABSENT || text_equal(archive->archive.arch, work->arch_names[0]))
        return true;
    for (size_t i = 0; i < work->archive_count; i++) {
        const struct archive *other = &work->archives[i].archive;
        if (other->state != ARCHIVE_ABSENT && text_equal(other->uri, archive->archive.uri) &&
            text_equal(other->suite, archive->archive.suite) &&
            text_equal(other->component, archive->archive.component))
            return false;
    }
    return true;
}

/* A source that cannot even be read is named like one that does not hold. */
static struct apt_archive problem_archive(const struct apt_source_problem *problem)
{
    return (struct apt_archive){.archive = {
                                    .uri = problem->place,
                                    .state = ARCHIVE_REFUSED,
                                    .why = problem->why,
                                    .date_us = TIME_ABSENT,
                                    .valid_until_us = TIME_ABSENT,
                                }};
}

static bool read_archives(struct work *work, struct error *err)
{
    struct apt_archives archives;
    size_t most = work->sources.count + work->sources.problem_count;
    bool wanted;

    work->archives = ARENA_ARRAY(work->arena, struct apt_archive, most);
    if (work->archives == NULL)
        return arena_full(work->arena, err);
    if (!apt_archives_open(work->request, &work->config, work->arena, &archives, err))
        return false;
    for (size_t i = 0; i < work->sources.count; i++) {
        struct apt_archive *next = &work->archives[work->archive_count];
        if (!apt_archive_read(&archives, &work->sources.sources[i], next, &wanted, err))
            return false;
        if (wanted && is_worth_naming(work, next))
            work->archive_count++;
        else
            apt_archive_end(next);
    }
    for (size_t i = 0; i < work->sources.problem_count; i++)
        work->archives[work->archive_count++] = problem_archive(&work->sources.problems[i]);
    return true;
}

/* True when an archive with advisories offers any version of the package. */
static bool is_known(const struct work *work, const struct package *package, bool installed_version,
                     bool advisories)
{
    for (size_t i = 0; i < package->offer_count; i++) {
        const struct offer *offer = &package->offers[i];
        if (installed_version && !text_equal(offer->version, package->version))
            continue;
        for (size_t k = 0; k < work->archive_count && k < ARCHIVE_BITS; k++)
            if ((offer->archives >> k & 1) && work->archives[k].archive.has_advisories == advisories)
                return true;
    }
    return false;
}

/*
 * Foreign: its holes are in nobody's advisories. Either no archive with advisories knows the package, or what is
 * installed came from another: that one has this version and they have not, or it is newer than all that they have.
 */
static bool is_foreign(const struct work *work, const struct package *package)
{
    if (!is_known(work, package, false, true))
        return true;
    if (is_known(work, package, true, true) || !is_known(work, package, false, false))
        return false;
    if (is_known(work, package, true, false))
        return true;
    for (size_t i = 0; i < package->offer_count; i++) {
        const struct offer *offer = &package->offers[i];
        if (version_compare(VERSION_DEB, offer->version, package->version) <= 0)
            break;
        for (size_t k = 0; k < work->archive_count && k < ARCHIVE_BITS; k++)
            if ((offer->archives >> k & 1) && work->archives[k].archive.has_advisories)
                return false;
    }
    return true;
}

static bool choose_candidates(struct work *work, struct error *err)
{
    struct apt_choice choice = {
        .pins = &work->pins,
        .archives = work->archives,
        .archive_count = work->archive_count,
        .native = work->arch_names[0],
        .arena = work->arena,
    };
    bool advisories = false;

    if (!apt_phasing_read(&work->config, work->arena, &choice.phasing, err) || !apt_choice_open(&choice, err))
        return false;
    if (work->request->inventory != NULL)
        choice.phasing.machine_id = TEXT(""); /* this machine's place says nothing of another's */
    for (size_t i = 0; i < work->archive_count; i++) {
        work->archives[i].archive.priority = choice.priorities[i];
        advisories = advisories || work->archives[i].archive.has_advisories;
    }
    for (size_t i = 0; i < work->status.count; i++) {
        struct package *package = &work->status.packages[i];
        if (!apt_choice_make(&choice, package, err))
            return false;
        /* Where no list of the distribution is believed nothing can be told apart. */
        package->foreign = advisories && is_foreign(work, package);
    }
    return true;
}

static bool fill_host(const struct work *work, struct host *out, struct error *err)
{
    struct archive *archives = ARENA_ARRAY(work->arena, struct archive, work->archive_count);

    if (archives == NULL)
        return arena_full(work->arena, err);
    for (size_t i = 0; i < work->archive_count; i++)
        archives[i] = work->archives[i].archive;
    out->arch = text_copy(work->arena, work->arch_names[0]);
    out->packages = work->status.packages;
    out->package_count = work->status.count;
    out->archives = archives;
    out->archive_count = work->archive_count;
    return out->arch.at != NULL || arena_full(work->arena, err);
}

static bool apt_inventory(const struct manager_request *request, struct arena *arena, struct host *out,
                          struct error *err)
{
    OWN(work_end) struct work work = {.request = request, .arena = arena};
    const char *extended;

    if (!apt_config_read(request->root, arena, &work.config, err) || !read_status(&work, err) ||
        !find_archs(&work, err))
        return false;
    extended = apt_config_path(&work.config, APT_PATH_EXTENDED_STATES, arena);
    if (extended == NULL)
        return arena_full(arena, err);
    if (request->inventory == NULL &&
        !dpkg_status_mark_automatic(&work.status, extended, work.arch_names[0], arena, err))
        return false;
    work.pins.native = work.arch_names[0];
    return apt_pins_read(&work.config, arena, &work.pins, err) &&
           apt_sources_read(&work.config, work.archs, arena, &work.sources, err) &&
           read_archives(&work, err) && choose_candidates(&work, err) && fill_host(&work, out, err);
}

const struct manager manager_apt = {
    .name = "apt",
    .present = apt_present,
    .inventory = apt_inventory,
    .order = VERSION_DEB,
};
