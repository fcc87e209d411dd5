#include "manager/apt_system.h"

#include "base/file.h"
#include "base/limits.h"

static bool read_status(struct apt_system *system, struct error *err)
{
    const struct manager_request *request = system->request;
    struct arena *arena = system->arena;
    const char *status = request->inventory, *updates;

    system->status_path = status;
    if (status != NULL)
        return dpkg_status_read(status, NULL, arena, &system->status, err);
    status = apt_config_path(&system->config, APT_PATH_STATUS, arena);
    updates = file_below(arena, request->root, "/var/lib/dpkg/updates");
    if (status == NULL || updates == NULL)
        return arena_full(arena, err);
    system->status_path = status;
    system->updates_path = updates;
    return dpkg_status_read(status, updates, arena, &system->status, err);
}

static void add_arch(struct apt_system *system, struct text arch)
{
    for (size_t i = 0; i < system->archs.count; i++)
        if (text_equal(system->arch_names[i], arch))
            return;
    if (arch.size > 0 && arch.size <= LIMIT_ARCH && system->archs.count < LIMIT_ARCHS)
        system->arch_names[system->archs.count++] = arch;
}

/* The native one is what the configuration says, else dpkg's own, else that of the first package that has one. */
static void find_native(struct apt_system *system)
{
    const struct dpkg_status *status = &system->status;
    const struct text dpkg = TEXT("dpkg");

    add_arch(system, apt_config_find(&system->config, TEXT("APT::Architecture"), TEXT("")));
    for (size_t i = 0; i < status->count && system->archs.count == 0; i++)
        if (text_equal(status->packages[i].name, dpkg))
            add_arch(system, status->packages[i].arch);
    for (size_t i = 0; i < status->count && system->archs.count == 0; i++)
        if (!text_equal(status->packages[i].arch, TEXT("all")))
            add_arch(system, status->packages[i].arch);
    if (system->archs.count == 0)
        add_arch(system, TEXT("amd64"));
}

/* And those that were added: by the configuration, or with dpkg --add-architecture. */
static bool find_archs(struct apt_system *system, struct error *err)
{
    const char *path = file_below(system->arena, system->request->root, "/var/lib/dpkg/arch");
    struct text *listed, rest, line;
    struct bytes raw;
    struct error ignored;
    size_t count;

    system->archs.names = system->arch_names;
    find_native(system);
    if (!apt_config_list(&system->config, TEXT("APT::Architectures"), system->arena, &listed, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        add_arch(system, listed[i]);
    if (path == NULL)
        return arena_full(system->arena, err);
    if (count > 0 || !file_read(path, LIMIT_APT_FILE, system->arena, &raw, &ignored))
        return true;
    for (rest = (struct text){(const char *)raw.at, raw.size}; text_cut(&rest, '\n', &line);)
        if (text_from_bytes(bytes_of_text(text_trim(line)), LIMIT_ARCH, &line, &ignored))
            add_arch(system, line);
    return true;
}

/* A list of another architecture that its archive does not have is nothing that is missing. */
static bool is_worth_naming(const struct apt_system *system, const struct apt_archive *archive)
{
    if (archive->archive.state != ARCHIVE_ABSENT || text_equal(archive->archive.arch, system->arch_names[0]))
        return true;
    for (size_t i = 0; i < system->archive_count; i++) {
        const struct archive *other = &system->archives[i].archive;
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

static bool has_source(const struct apt_sources *sources, const struct apt_source *wanted)
{
    for (size_t i = 0; i < sources->count; i++) {
        const struct apt_source *source = &sources->sources[i];
        if (text_equal(source->uri, wanted->uri) && text_equal(source->suite, wanted->suite) &&
            text_equal(source->component, wanted->component) && text_equal(source->arch, wanted->arch))
            return true;
    }
    return false;
}

/* "deb.debian.org/debian/": the address without scheme, user and password. */
static struct text place_of(struct text public)
{
    size_t scheme = text_find(public, TEXT("://"));

    return scheme == SIZE_MAX ? public : text_part(public, scheme + 3, SIZE_MAX);
}

/* The publisher's own archive of the security suite that this source is of; false: it is of none. */
static bool vendor_source(const struct apt_archives *archives, const struct apt_source *source,
                          struct apt_source *out)
{
    struct text public = apt_source_public_uri(source, archives->arena);
    bool bound;
    const struct publisher *publisher =
        public.at == NULL
            ? NULL
            : publishers_of_source(archives->publishers, place_of(public), source->suite, &bound);

    if (publisher == NULL || publisher->security_uri == NULL || source->all_implied)
        return false;
    for (size_t i = 0; i < publisher->suite_count; i++)
        if (publisher->suites[i].security_of != NULL &&
            text_equal(source->suite, text_of(publisher_suite_name(&publisher->suites[i])))) {
            *out = *source;
            out->uri = text_of(publisher->security_uri);
            return true;
        }
    return false;
}

/*
 * Where we fetched lists from a publisher's own security archive (flow/vendor_lists.h), they stand beside those of the
 * machine's sources, judged by the same rules and by the keys that the source of the suite names.
 */
static bool add_vendors(struct apt_system *system, struct apt_archives *archives, struct error *err)
{
    struct apt_sources added = {0};
    struct apt_source wanted;
    bool ignored;

    added.sources = ARENA_ARRAY(system->arena, struct apt_source, system->sources.count);
    if (added.sources == NULL)
        return arena_full(system->arena, err);
    for (size_t i = 0; i < system->sources.count && system->request->own_lists != NULL; i++) {
        struct apt_archive *next = &system->archives[system->archive_count];
        if (!vendor_source(archives, &system->sources.sources[i], &wanted) ||
            has_source(&system->sources, &wanted) || has_source(&added, &wanted))
            continue;
        added.sources[added.count++] = wanted;
        if (!apt_archive_read(archives, &wanted, next, &ignored, err))
            return false;
        next->archive.added = next->archive.own = true;
        if (next->archive.state == ARCHIVE_ABSENT)
            apt_archive_end(next);
        else
            system->archive_count++;
    }
    return true;
}

static bool read_archives(struct apt_system *system, struct error *err)
{
    struct apt_archives archives;
    size_t most = 2 * system->sources.count + system->sources.problem_count;
    bool wanted;

    system->archives = ARENA_ARRAY(system->arena, struct apt_archive, most);
    if (system->archives == NULL)
        return arena_full(system->arena, err);
    if (!apt_archives_open(system->request, &system->config, system->arena, &archives, err))
        return false;
    archives.wide = system->wide;
    for (size_t i = 0; i < system->sources.count; i++) {
        struct apt_archive *next = &system->archives[system->archive_count];
        if (!apt_archive_read(&archives, &system->sources.sources[i], next, &wanted, err))
            return false;
        if (wanted && is_worth_naming(system, next))
            system->archive_count++;
        else
            apt_archive_end(next);
    }
    if (!add_vendors(system, &archives, err))
        return false;
    for (size_t i = 0; i < system->sources.problem_count; i++)
        system->archives[system->archive_count++] = problem_archive(&system->sources.problems[i]);
    return true;
}

void apt_system_end(struct apt_system *system)
{
    for (size_t i = 0; i < system->archive_count; i++)
        apt_archive_end(&system->archives[i]);
    apt_pins_end(&system->pins);
}

bool apt_system_read(const struct manager_request *request, bool wide, struct arena *arena,
                     struct apt_system *out, struct error *err)
{
    *out = (struct apt_system){.request = request, .wide = wide, .arena = arena};
    if (!apt_config_read(request->root, arena, &out->config, err) || !read_status(out, err) ||
        !find_archs(out, err))
        return false;
    out->pins.native = out->arch_names[0];
    return apt_pins_read(&out->config, arena, &out->pins, err) &&
           apt_sources_read(&out->config, out->archs, arena, &out->sources, err) && read_archives(out, err);
}

bool apt_system_choice(struct apt_system *system, struct apt_choice *out, struct error *err)
{
    struct apt_choice choice = {
        .pins = &system->pins,
        .archives = system->archives,
        .archive_count = system->archive_count,
        .native = system->arch_names[0],
        .arena = system->arena,
    };

    if (!apt_phasing_read(&system->config, system->arena, &choice.phasing, err) ||
        !apt_choice_open(&choice, err))
        return false;
    if (system->request->inventory != NULL)
        choice.phasing.machine_id = TEXT(""); /* this machine's place says nothing of another's */
    *out = choice;
    return true;
}
