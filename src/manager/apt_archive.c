#include "manager/apt_archive.h"

#include "base/control.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/apt_list.h"
#include "manager/apt_release.h"

/* Dated later than this, an archive's clock or ours is wrong. */
#define FUTURE_US TIME_DAY_US

/* One folder's word on one source. */
struct attempt {
    struct apt_memory_key key;
    const char *memory; /* path of its memory, or NULL */
    struct apt_memory_facts facts;
    const struct apt_release *release; /* NULL: remembered */
    struct apt_archive found;          /* table and map, when it was remembered */
    bool absent;                       /* there is no list */
    struct error failed;               /* ERROR_NONE: its InRelease is believed */
};

/* Archives whose distribution publishes advisories that we read. Backports are looked after by their uploaders alone. */
static const struct {
    const char *origin, *label; /* label NULL: any */
    const char *suite_end;      /* the InRelease's Suite ends so; "": any */
    bool security, has_advisories;
} publishers[] = {
    {"Debian", "Debian-Security", "", true, true},
    {"Debian", "Debian Backports", "", false, false},
    {"Debian", "Debian", "-backports", false, false},
    {"Debian", "Debian", "", false, true},
    {"Ubuntu", NULL, "-security", true, true},
    {"Ubuntu", NULL, "-backports", false, false},
    {"Ubuntu", NULL, "", false, true},
    {"UbuntuESM", NULL, "-security", true, true},
    {"UbuntuESM", NULL, "", false, true},
    {"UbuntuESMApps", NULL, "-security", true, true},
    {"UbuntuESMApps", NULL, "", false, true},
};

void apt_archive_classify(struct archive *archive)
{
    archive->security = archive->has_advisories = false;
    for (size_t i = 0; i < sizeof(publishers) / sizeof(*publishers); i++) {
        if (!text_equal(archive->origin, text_of(publishers[i].origin)) ||
            (publishers[i].label != NULL && !text_equal(archive->label, text_of(publishers[i].label))) ||
            !text_ends(archive->archive, text_of(publishers[i].suite_end)))
            continue;
        archive->security = publishers[i].security;
        archive->has_advisories = publishers[i].has_advisories;
        return;
    }
}

void apt_archive_end(struct apt_archive *archive)
{
    file_unmap(&archive->map);
    apt_table_builder_end(&archive->builder);
    archive->table = (struct apt_table){0};
    archive->believed = false;
}

static bool find_trusted(struct apt_archives *archives, struct error *err)
{
    static const char *const endings[] = {".gpg", ".asc", NULL};
    const char *file = apt_config_path(archives->config, APT_PATH_TRUSTED, archives->arena);
    const char *folder = apt_config_path(archives->config, APT_PATH_TRUSTED_PARTS, archives->arena);
    char **parts;
    size_t count;

    if (file == NULL || folder == NULL)
        return arena_full(archives->arena, err);
    if (!apt_config_parts(folder, endings, archives->arena, &parts, &count, err))
        return false;
    archives->trusted = ARENA_ARRAY(archives->arena, const char *, count + 1);
    if (archives->trusted == NULL)
        return arena_full(archives->arena, err);
    if (file_exists(file))
        archives->trusted[archives->trusted_count++] = file;
    for (size_t i = 0; i < count; i++)
        archives->trusted[archives->trusted_count++] = parts[i];
    return true;
}

bool apt_archives_open(const struct manager_request *request, const struct apt_config *config,
                       struct arena *arena, struct apt_archives *out, struct error *err)
{
    struct apt_archives archives = {.request = request, .config = config, .arena = arena};
    const char *lists = apt_config_path(config, APT_PATH_LISTS, arena);

    if (lists == NULL)
        return arena_full(arena, err);
    archives.folders[archives.folder_count++] = lists;
    if (request->own_lists != NULL)
        archives.folders[archives.folder_count++] = request->own_lists;
    archives.publishers = request->publishers == NULL ? &publishers_built_in : request->publishers;
    if (!publishers_digest(archives.publishers, archives.publishers_digest, err) ||
        !find_trusted(&archives, err))
        return false;
    *out = archives;
    return true;
}

/* apt's name for a file of the source in this folder; NULL when memory is out. */
static const char *list_path(struct apt_archives *archives, const char *folder,
                             const struct apt_source *source, struct text rest)
{
    struct text name = apt_source_file_name(source, rest, archives->arena);
    char *string = name.at == NULL ? NULL : text_string(archives->arena, name);

    return string == NULL ? NULL : file_path(archives->arena, folder, string);
}

/* Looks into one folder: where the files are, whether they are remembered, else what the InRelease is worth. */
static bool try_folder(struct apt_archives *archives, const char *folder, const struct apt_source *source,
                       struct attempt *attempt)
{
    struct arena *arena = archives->arena;
    const struct manager_request *request = archives->request;
    struct text list_name = apt_source_list_name(source, arena);
    const char *base = list_name.at == NULL ? NULL : list_path(archives, folder, source, list_name);
    struct apt_release_keys keys;

    *attempt = (struct attempt){.key = {.now_us = request->now_us}};
    attempt->key.inrelease = list_path(archives, folder, source, TEXT("InRelease"));
    attempt->key.source =
        text_format(arena, "%.*s %.*s %.*s %.*s %.*s %s", TEXT_ARG(source->uri), TEXT_ARG(source->suite),
                    TEXT_ARG(source->component), TEXT_ARG(source->arch), TEXT_ARG(source->signed_by),
                    archives->publishers_digest);
    if (base == NULL || attempt->key.inrelease == NULL || attempt->key.source.at == NULL ||
        !apt_release_keys(archives, source, &keys))
        return false;
    attempt->key.keyrings = keys.keys.keyrings;
    attempt->key.keyring_count = keys.keys.keyring_count;
    attempt->key.list = apt_list_find(base, arena);
    if (attempt->key.list == NULL) {
        attempt->absent = true;
        (void)error_set(&attempt->failed, ERROR_ABSENT, "its list is not here (run apt update)");
        return true;
    }
    if (request->memory != NULL) {
        attempt->memory = apt_memory_path(request->memory, attempt->key.list, archives->wide, arena);
        if (attempt->memory == NULL)
            return false;
        if (!request->verify_now &&
            apt_memory_load(attempt->memory, &attempt->key, arena, &attempt->found.map, &attempt->found.table,
                            &attempt->facts))
            return true;
    }
    attempt->release = apt_release_judge(archives, source, attempt->key.inrelease, &keys);
    if (attempt->release == NULL)
        return false;
    attempt->failed = attempt->release->failed;
    if (attempt->failed.kind == ERROR_ABSENT && !file_exists(attempt->key.inrelease)) {
        const char *detached = list_path(archives, folder, source, TEXT("Release.gpg"));
        (void)error_set(&attempt->failed, ERROR_TRUST, "it has no InRelease: %s",
                        detached != NULL && file_exists(detached) ? "a Release.gpg apart is not read here"
                                                                  : "nobody vouches for it");
    }
    attempt->facts.release = attempt->release->inrelease;
    if (attempt->release->publisher != NULL)
        attempt->facts.publisher = text_of(attempt->release->publisher->name);
    return true;
}

/* True when the one remembered from before is newer: somebody serves an old archive again. */
static bool is_rollback(const struct attempt *attempt, struct arena *arena, int64_t *before_us)
{
    OWN(file_unmap) struct file_map map = {0};
    struct apt_memory_facts facts = {0};
    struct apt_table table;
    struct error ignored;
    bool same;

    if (!file_map_own(attempt->memory, LIMIT_PACKAGES_FILE, &map, &ignored) ||
        !apt_table_open(map.bytes, &table, &ignored) ||
        !apt_memory_read(table.note, &attempt->key, arena, &facts, &same, &ignored))
        return false;
    *before_us = facts.release.date_us;
    return facts.release.date_us > attempt->facts.release.date_us;
}

/* A memory that cannot be written costs time, nothing else. */
static void remember(const struct apt_archives *archives, const struct attempt *attempt, struct bytes table)
{
    struct error ignored;

    const struct manager_keeper *keeper = archives->request->keeper;

    if (attempt->memory == NULL || !archives->request->remember)
        return;
    if (keeper != NULL)
        keeper->keep(keeper->self, attempt->memory, table);
    else if (file_make_folders(archives->request->memory, 0700, &ignored))
        (void)!file_replace_cache(attempt->memory, table, 0600, &ignored);
}

/* Reads the list of an attempt whose InRelease is believed. */
static bool read_list(struct apt_archives *archives, const struct apt_source *source, struct attempt *attempt,
                      struct apt_archive *out, struct error *err)
{
    OWN(writer_end) struct writer note = writer_with(LIMIT_APT_FILE);
    OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(source->arch);
    struct apt_list_request request = {
        .path = attempt->key.list,
        .name = apt_source_list_name(source, archives->arena),
        .inrelease = &attempt->release->inrelease,
    };
    int64_t before_us = TIME_ABSENT;
    struct bytes whole;

    builder.wide = archives->wide;
    if (!apt_list_read(&request, &builder, &attempt->facts.list, err))
        return false;
    attempt->facts.verified_us = archives->request->now_us;
    if (!apt_memory_note(&attempt->key, &attempt->facts, &note, err) ||
        !apt_table_finish(&builder, writer_bytes(&note), &whole, err) ||
        !apt_table_open(whole, &out->table, err))
        return false;
    if (attempt->memory != NULL && is_rollback(attempt, archives->arena, &before_us))
        out->archive.went_back = true;
    else
        remember(archives, attempt, whole);
    out->builder = builder;
    builder = (struct apt_table_builder){0}; /* handed on */
    return true;
}

static void say_age(const struct manager_request *request, int64_t aged_us, struct archive *archive)
{
    archive->state = ARCHIVE_VERIFIED;
    if (archive->went_back)
        archive->why = TEXT("is older than what was here before: its mirror has gone back in time");
    if (archive->valid_until_us != TIME_ABSENT && archive->valid_until_us < request->now_us &&
        control_holds(CONTROL_LIST_DATE)) {
        archive->state = ARCHIVE_STALE;
        archive->why = TEXT("its publisher's word has run out (Valid-Until): run apt update");
    } else if (archive->valid_until_us == TIME_ABSENT && aged_us != TIME_ABSENT &&
               aged_us < request->now_us && control_holds(CONTROL_SUITE_AGE)) {
        archive->state = ARCHIVE_STALE;
        archive->why = TEXT("is older than its publisher leaves it without a new one: run apt update");
    } else if (archive->date_us > request->now_us + FUTURE_US) {
        archive->why = TEXT("is dated in the future: a clock is wrong, there or here");
    }
}

static bool take_signers(struct arena *arena, const struct gpgv_signers *signers, struct text *out)
{
    *out = TEXT("");
    for (size_t i = 0; i < signers->count && out->at != NULL; i++)
        *out = text_format(arena, "%.*s%s%s", TEXT_ARG(*out), i > 0 ? " " : "", signers->primary[i]);
    return out->at != NULL;
}

/* Older than one whose packages were proved here: kept apart from the memory of lists, which may be thrown away. */
static bool is_below_floor(struct apt_archives *archives, const struct archive *archive)
{
    const struct manager_floors *floors = archives->request->floors;

    if (floors == NULL)
        return false;
    int64_t floor_us = floors->suite_date(floors->self, archive->uri, archive->suite, archives->arena);
    return floor_us != TIME_ABSENT && archive->date_us < floor_us && control_holds(CONTROL_SUITE_FLOOR);
}

/* Texts of a remembered release lie in the map, which ends before the host does. */
static bool take_facts(struct apt_archives *archives, const struct inrelease *release,
                       struct apt_archive *out)
{
    const struct publisher_suite *row =
        out->publisher == NULL ? NULL : publisher_suite_of(out->publisher, release);
    const struct text from[] = {release->origin, release->label, release->suite, release->codename,
                                release->version};
    struct archive *archive = &out->archive;
    struct text *to[] = {&archive->origin, &archive->label, &archive->archive, &archive->codename,
                         &archive->version};

    for (size_t i = 0; i < sizeof(from) / sizeof(*from); i++) {
        *to[i] = text_copy(archives->arena, from[i]);
        if (to[i]->at == NULL)
            return false;
    }
    if (!take_signers(archives->arena, &release->signers, &archive->signers))
        return false;
    archive->date_us = release->date_us;
    archive->valid_until_us = release->valid_until_us;
    out->not_automatic = release->not_automatic;
    out->but_automatic_upgrades = release->but_automatic_upgrades;
    if (out->publisher != NULL)
        archive->publisher = text_of(out->publisher->name);
    archive->went_back = archive->went_back || is_below_floor(archives, archive);
    say_age(archives->request, publisher_end_us(row, release), archive);
    apt_archive_classify(archive);
    return true;
}

/* Takes one folder's word, when its list holds. */
static bool take_attempt(struct apt_archives *archives, const struct apt_source *source,
                         struct attempt *attempt, struct apt_archive *out, struct error *err)
{
    if (attempt->failed.kind != ERROR_NONE) {
        *err = attempt->failed;
        return false;
    }
    if (attempt->release == NULL) {
        out->table = attempt->found.table;
        out->map = attempt->found.map;
        attempt->found.map = (struct file_map){0}; /* handed on */
    } else if (!read_list(archives, source, attempt, out, err)) {
        return false;
    }
    out->publisher = publishers_find(archives->publishers, attempt->facts.publisher);
    if (!take_facts(archives, &attempt->facts.release, out))
        return arena_full(archives->arena, err);
    out->table.arch = source->arch;
    out->believed = true;
    return true;
}

static void end_attempts(struct attempt (*attempts)[APT_FOLDERS_MAX])
{
    for (size_t i = 0; i < APT_FOLDERS_MAX; i++)
        apt_archive_end(&(*attempts)[i].found);
}

/* Refused, or absent; with the source's own word where that matters. */
static bool refuse(struct apt_archives *archives, const struct apt_source *source,
                   const struct attempt *attempt, const struct error *failed, struct archive *archive)
{
    const char *more = source->trusted ? "; \"trusted=yes\" in the source counts for apt, not here" : "";

    archive->state = attempt->absent ? ARCHIVE_ABSENT : ARCHIVE_REFUSED;
    archive->refusal = attempt->release == NULL ? TRUST_NOT_REFUSED : attempt->release->refusal;
    archive->why = text_format(archives->arena, "%s%s", failed->text, more);
    return archive->why.at != NULL;
}

/* What the machine's own source brought, whichever folder's list was taken. */
static int64_t source_date(const struct attempt *attempt, const struct apt_archive *got)
{
    if (!got->archive.own)
        return got->believed && !got->archive.went_back ? got->archive.date_us : TIME_ABSENT;
    return attempt->absent || attempt->failed.kind != ERROR_NONE ? TIME_ABSENT
                                                                 : attempt->facts.release.date_us;
}

bool apt_archive_read(struct apt_archives *archives, const struct apt_source *source, struct apt_archive *out,
                      bool *wanted, struct error *err)
{
    OWN(end_attempts) struct attempt attempts[APT_FOLDERS_MAX] = {0};
    struct apt_archive got = {
        .archive = {.date_us = TIME_ABSENT, .valid_until_us = TIME_ABSENT, .source_date_us = TIME_ABSENT}};
    struct error failed = {0}, first = {0};
    size_t order[APT_FOLDERS_MAX] = {0, 1};

    got.source_uri = source->uri;
    got.archive.uri = apt_source_public_uri(source, archives->arena);
    got.archive.site = apt_source_site(source);
    got.archive.suite = source->suite;
    got.archive.component = source->component;
    got.archive.arch = source->arch;
    if (got.archive.uri.at == NULL)
        return arena_full(archives->arena, err);
    for (size_t i = 0; i < archives->folder_count; i++)
        if (!try_folder(archives, archives->folders[i], source, &attempts[i]))
            return arena_full(archives->arena, err);
    /* One whose InRelease is not believed has no date. */
    if (attempts[1].facts.release.date_us > attempts[0].facts.release.date_us ||
        (attempts[0].absent && archives->folder_count > 1 && !attempts[1].absent)) {
        order[0] = 1;
        order[1] = 0;
    }
    *wanted = true;
    for (size_t i = 0; i < archives->folder_count && !got.believed; i++) {
        if (!take_attempt(archives, source, &attempts[order[i]], &got, &failed) && i == 0)
            first = failed;
        got.archive.own = got.believed && order[i] == 1;
    }
    got.archive.source_date_us = source_date(&attempts[0], &got);
    if (!got.believed && !refuse(archives, source, &attempts[order[0]], &first, &got.archive))
        return arena_full(archives->arena, err);
    if (got.archive.state == ARCHIVE_ABSENT && source->all_implied)
        *wanted = false;
    *out = got;
    return true;
}
