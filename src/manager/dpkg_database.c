#include "manager/dpkg_database.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/limits.h"
#include "format/deb822.h"

enum field {
    FIELD_PACKAGE,
    FIELD_STATUS,
    FIELD_VERSION,
    FIELD_ARCHITECTURE,
    FIELD_SAME,
    FIELD_CONFFILES,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    [FIELD_PACKAGE] = "Package",           [FIELD_STATUS] = "Status",   [FIELD_VERSION] = "Version",
    [FIELD_ARCHITECTURE] = "Architecture", [FIELD_SAME] = "Multi-Arch", [FIELD_CONFFILES] = "Conffiles",
};

static bool take_text(const struct deb822_paragraph *paragraph, enum field field, size_t limit,
                      struct text *out, struct error *err)
{
    struct bytes raw = paragraph->values[field];

    return raw.at == NULL || text_from_bytes(raw, limit, out, err) || error_at(err, "%s", field_names[field]);
}

static bool take_record(const struct deb822_paragraph *paragraph, struct dpkg_record *out, struct error *err)
{
    struct dpkg_record got = {.whole = paragraph->whole, .conffiles = paragraph->values[FIELD_CONFFILES]};
    struct text status = {0}, same = {0};

    if (!take_text(paragraph, FIELD_PACKAGE, LIMIT_PACKAGE_NAME, &got.name, err) ||
        !take_text(paragraph, FIELD_VERSION, LIMIT_VERSION, &got.version, err) ||
        !take_text(paragraph, FIELD_ARCHITECTURE, LIMIT_ARCH, &got.arch, err) ||
        !take_text(paragraph, FIELD_STATUS, LIMIT_PACKAGE_NAME, &status, err) ||
        !take_text(paragraph, FIELD_SAME, LIMIT_ARCH, &same, err))
        return false;
    if (got.name.size == 0 || !text_cut_word(&status, &got.want) || !text_cut_word(&status, &got.flag) ||
        !text_cut_word(&status, &got.state))
        return error_set(err, ERROR_INPUT, "Package or Status is missing");
    got.same = text_equal(same, TEXT("same"));
    *out = got;
    return true;
}

bool dpkg_record_parse(struct bytes paragraph, struct dpkg_record *out, struct error *err)
{
    struct deb822 deb822 = deb822_with(paragraph, (struct deb822_fields){field_names, FIELD_COUNT}, false);
    struct deb822_paragraph got;
    bool found;

    if (!deb822_next(&deb822, &got, &found, err))
        return false;
    if (!found)
        return error_set(err, ERROR_INPUT, "an empty paragraph");
    return take_record(&got, out, err);
}

static int compare_records(const void *a, const void *b)
{
    const struct dpkg_record *one = a, *other = b;
    int order = text_compare(one->name, other->name);

    return order != 0 ? order : text_compare(one->arch, other->arch);
}

static bool read_records(struct dpkg_database *database, struct arena *arena, struct error *err)
{
    struct deb822 deb822 =
        deb822_with(database->status, (struct deb822_fields){field_names, FIELD_COUNT}, false);
    struct deb822_paragraph paragraph;
    size_t capacity = 0;
    bool found;

    for (;;) {
        if (!deb822_next(&deb822, &paragraph, &found, err))
            return false;
        if (!found)
            break;
        if (database->count == LIMIT_PACKAGES_COUNT)
            return error_set(err, ERROR_LIMIT, "more than %d packages", LIMIT_PACKAGES_COUNT);
        struct dpkg_record *grown = arena_grow(arena, database->records, database->count, &capacity,
                                               database->count + 1, sizeof(*grown));
        if (grown == NULL)
            return arena_full(arena, err);
        database->records = grown;
        if (!take_record(&paragraph, &grown[database->count], err))
            return error_at(err, "line %zu", paragraph.line);
        database->count++;
    }
    if (database->count > 0)
        qsort(database->records, database->count, sizeof(*database->records), compare_records);
    for (size_t i = 1; i < database->count; i++)
        if (compare_records(&database->records[i - 1], &database->records[i]) == 0)
            return error_set(err, ERROR_INPUT, "%.*s is there twice", TEXT_ARG(database->records[i].name));
    return true;
}

static bool read_diversions(struct dpkg_database *database, struct arena *arena, struct error *err)
{
    const char *path = file_path(arena, database->folder, "diversions");
    struct dpkg_diversion *diversions = NULL;
    size_t count = 0, capacity = 0;
    struct bytes raw;
    struct text rest, line[3];

    if (path == NULL)
        return arena_full(arena, err);
    if (!file_read(path, LIMIT_DPKG_LIST, arena, &raw, err))
        return err->kind == ERROR_ABSENT;
    if (!text_from_lines(raw, LIMIT_DPKG_LIST, &rest, err))
        return error_at(err, "%s", path);
    while (text_cut(&rest, '\n', &line[0])) {
        if (!text_cut(&rest, '\n', &line[1]) || !text_cut(&rest, '\n', &line[2]) || line[0].size == 0 ||
            line[0].at[0] != '/' || line[1].size == 0 || line[1].at[0] != '/' || line[2].size == 0)
            return error_set(err, ERROR_INPUT, "%s: diversion %zu is not two paths and a package", path,
                             count + 1);
        diversions = arena_grow(arena, diversions, count, &capacity, count + 1, sizeof(*diversions));
        struct text to = text_copy(arena, line[1]);
        if (diversions == NULL || to.at == NULL)
            return arena_full(arena, err);
        diversions[count++] = (struct dpkg_diversion){line[0], to, line[2]};
    }
    database->diversions = diversions;
    database->diversion_count = count;
    return true;
}

bool dpkg_database_is_merged(const char *root, struct arena *arena, bool *out, struct error *err)
{
    const char *path = file_below(arena, root, "/var/lib/dpkg/updates");
    struct file_names names = {0};

    if (path == NULL)
        return arena_full(arena, err);
    if (!file_list(path, LIMIT_DPKG_UPDATES, arena, &names, err) && err->kind != ERROR_ABSENT)
        return false;
    *out = true;
    for (size_t i = 0; i < names.count; i++)
        *out = *out && !isdigit((unsigned char)names.names[i].at[0]);
    return true;
}

static bool check_merged(const struct dpkg_database *database, struct arena *arena, struct error *err)
{
    bool merged;

    if (!dpkg_database_is_merged(database->root, arena, &merged, err))
        return false;
    return merged || error_set(err, ERROR_CONFLICT,
                               "dpkg was stopped in the middle: %s/updates holds what it has not noted yet",
                               database->folder);
}

bool dpkg_database_open(const char *root, struct arena *arena, struct dpkg_database *out, struct error *err)
{
    struct dpkg_database got = {.root = root, .folder = file_below(arena, root, "/var/lib/dpkg")};
    const char *status = got.folder == NULL ? NULL : file_path(arena, got.folder, "status");
    const char *info = got.folder == NULL ? NULL : file_path(arena, got.folder, "info");

    if (status == NULL || info == NULL)
        return arena_full(arena, err);
    if (!check_merged(&got, arena, err) || !file_read(status, LIMIT_DPKG_STATUS, arena, &got.status, err))
        return false;
    if (!read_records(&got, arena, err))
        return error_at(err, "%s", status);
    if (!file_list(info, LIMIT_DPKG_INFO, arena, &got.info, err) || !read_diversions(&got, arena, err))
        return false;
    *out = got;
    return true;
}

const struct dpkg_record *dpkg_database_find(const struct dpkg_database *database, struct text name,
                                             struct text arch)
{
    struct dpkg_record wanted = {.name = name, .arch = arch};

    return database->count == 0
               ? NULL
               : bsearch(&wanted, database->records, database->count, sizeof(wanted), compare_records);
}

/* dpkg-divert(1): every package's file but that of the package that diverts lies at the other place. */
struct text dpkg_database_place(const struct dpkg_database *database, struct text package, struct text path)
{
    for (size_t i = 0; i < database->diversion_count; i++) {
        const struct dpkg_diversion *diversion = &database->diversions[i];
        if (text_equal(diversion->from, path) && !text_equal(diversion->package, package))
            return diversion->to;
    }
    return path;
}

/* "NAME:ARCH" of a package that may be there for several architectures, else "NAME". */
static struct text stem_of(const struct dpkg_record *record, struct arena *arena)
{
    return record->same ? text_format(arena, "%.*s:%.*s", TEXT_ARG(record->name), TEXT_ARG(record->arch))
                        : text_copy(arena, record->name);
}

/* The first name in info/ that is not before the stem. */
static size_t first_name(const struct file_names *names, struct text stem)
{
    size_t from = 0, end = names->count;

    while (from < end) {
        size_t middle = from + (end - from) / 2;
        if (text_compare(names->names[middle], stem) < 0)
            from = middle + 1;
        else
            end = middle;
    }
    return from;
}

bool dpkg_database_parts(const struct dpkg_database *database, const struct dpkg_record *record,
                         struct arena *arena, struct text **out, size_t *count, struct error *err)
{
    struct text stem = stem_of(record, arena), *parts = NULL;
    size_t got = 0, capacity = 0;

    if (stem.at == NULL)
        return arena_full(arena, err);
    for (size_t i = first_name(&database->info, stem); i < database->info.count; i++) {
        struct text name = database->info.names[i];
        if (!text_starts(name, stem))
            break;
        struct text part = text_part(name, stem.size, SIZE_MAX);
        if (part.size < 2 || part.at[0] != '.' ||
            text_find_byte(text_part(part, 1, SIZE_MAX), '.') != SIZE_MAX)
            continue; /* of a package whose name begins alike */
        parts = arena_grow(arena, parts, got, &capacity, got + 1, sizeof(*parts));
        if (parts == NULL)
            return arena_full(arena, err);
        parts[got++] = text_part(part, 1, SIZE_MAX);
    }
    *out = parts;
    *count = got;
    return true;
}

bool dpkg_database_part_path(const struct dpkg_database *database, const struct dpkg_record *record,
                             const char *part, struct arena *arena, const char **out, struct error *err)
{
    struct text stem = stem_of(record, arena);
    struct text path = stem.at == NULL
                           ? stem
                           : text_format(arena, "%s/info/%.*s.%s", database->folder, TEXT_ARG(stem), part);

    *out = path.at;
    return path.at != NULL || arena_full(arena, err);
}

bool dpkg_database_paths(const struct dpkg_database *database, const struct dpkg_record *record,
                         struct arena *arena, struct text **out, size_t *count, struct error *err)
{
    struct text rest, line, *paths = NULL;
    size_t got = 0, capacity = 0;
    const char *path;
    struct bytes raw;

    *count = 0;
    if (!dpkg_database_part_path(database, record, "list", arena, &path, err))
        return false;
    if (!file_read(path, LIMIT_DPKG_LIST, arena, &raw, err))
        return err->kind == ERROR_ABSENT;
    if (!text_from_lines(raw, LIMIT_DPKG_LIST, &rest, err))
        return error_at(err, "%s", path);
    while (text_cut(&rest, '\n', &line)) {
        if (line.size == 0 || line.at[0] != '/' || line.size > LIMIT_PATH)
            return error_set(err, ERROR_INPUT, "%s: line %zu is no path", path, got + 1);
        paths = arena_grow(arena, paths, got, &capacity, got + 1, sizeof(*paths));
        if (paths == NULL)
            return arena_full(arena, err);
        paths[got] = text_copy(arena, line);
        if (paths[got++].at == NULL)
            return arena_full(arena, err);
    }
    *out = paths;
    *count = got;
    return true;
}

bool dpkg_conffiles_parse(struct bytes field, struct arena *arena, struct dpkg_conffile **out, size_t *count,
                          struct error *err)
{
    struct text rest, line, word;
    struct dpkg_conffile *conffiles = NULL;
    size_t got = 0, capacity = 0;

    if (!text_from_lines(field, LIMIT_PARAGRAPH, &rest, err))
        return error_at(err, "Conffiles");
    while (text_cut(&rest, '\n', &line)) {
        struct dpkg_conffile conffile = {0};
        line = text_trim(line);
        if (line.size == 0)
            continue;
        /* From the end, for a path may have spaces in it. */
        for (;;) {
            size_t space = line.size;
            while (space > 0 && line.at[space - 1] != ' ')
                space--;
            word = text_part(line, space, SIZE_MAX);
            line = text_trim(text_part(line, 0, space));
            if (text_equal(word, TEXT("obsolete")))
                conffile.obsolete = true;
            else if (text_equal(word, TEXT("remove-on-upgrade")))
                conffile.remove_on_upgrade = true;
            else
                break;
        }
        conffile.hash = word;
        conffile.path = text_copy(arena, line);
        conffiles = arena_grow(arena, conffiles, got, &capacity, got + 1, sizeof(*conffiles));
        if (conffile.path.at == NULL || conffiles == NULL)
            return arena_full(arena, err);
        if (line.size == 0 || line.at[0] != '/' || line.size > LIMIT_PATH)
            return error_set(err, ERROR_INPUT, "Conffiles: line %zu is not a path and a hash", got + 1);
        conffiles[got++] = conffile;
    }
    *out = conffiles;
    *count = got;
    return true;
}
