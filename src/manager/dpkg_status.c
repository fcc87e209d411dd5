#include "manager/dpkg_status.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "format/deb822.h"

enum field {
    FIELD_PACKAGE,
    FIELD_STATUS,
    FIELD_VERSION,
    FIELD_ARCHITECTURE,
    FIELD_SOURCE,
    FIELD_SECTION,
    FIELD_ESSENTIAL,
    FIELD_COUNT
};
static const char *const field_names[FIELD_COUNT] = {
    [FIELD_PACKAGE] = "Package",           [FIELD_STATUS] = "Status", [FIELD_VERSION] = "Version",
    [FIELD_ARCHITECTURE] = "Architecture", [FIELD_SOURCE] = "Source", [FIELD_SECTION] = "Section",
    [FIELD_ESSENTIAL] = "Essential",
};

/* dpkg's words for the states of packages that are there in some way. */
static const struct {
    const char *word;
    enum package_state state;
} states[] = {
    {"installed", PACKAGE_INSTALLED},
    {"half-installed", PACKAGE_HALF_INSTALLED},
    {"unpacked", PACKAGE_UNPACKED},
    {"half-configured", PACKAGE_HALF_CONFIGURED},
    {"triggers-awaited", PACKAGE_TRIGGERS_AWAITED},
    {"triggers-pending", PACKAGE_TRIGGERS_PENDING},
};

static bool take_text(const struct deb822_paragraph *paragraph, enum field field, size_t limit,
                      struct text *out, struct error *err)
{
    struct bytes raw = paragraph->values[field];

    return raw.at == NULL || text_from_bytes(raw, limit, out, err) || error_at(err, "%s", field_names[field]);
}

/* "1.2-3+b4" without "+b4". */
static struct text without_rebuild(struct text version)
{
    size_t size = version.size;

    while (size > 0 && isdigit((unsigned char)version.at[size - 1]))
        size--;
    if (size == version.size || !text_ends(text_part(version, 0, size), TEXT("+b")))
        return version;
    return text_part(version, 0, size - 2);
}

void dpkg_source(struct text field, struct text name, struct text version, struct text *source,
                 struct text *source_version)
{
    struct text first = {0};

    *source = name;
    *source_version = without_rebuild(version);
    if (!text_cut_word(&field, &first))
        return;
    *source = first;
    field = text_trim(field);
    if (text_starts(field, TEXT("(")) && text_ends(field, TEXT(")")) && field.size > 2)
        *source_version = text_trim(text_part(field, 1, field.size - 2));
}

/* "install ok installed". A state that is no installed one leaves PACKAGE_STATE_UNKNOWN. */
static bool take_state(struct text status, struct package *into, struct error *err)
{
    struct text want, flag, state, more;

    if (!text_cut_word(&status, &want) || !text_cut_word(&status, &flag) || !text_cut_word(&status, &state) ||
        text_cut_word(&status, &more))
        return error_set(err, ERROR_INPUT, "Status is not three words");
    into->held = text_equal(want, TEXT("hold"));
    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
        if (text_equal(state, text_of(states[i].word)))
            into->state = states[i].state;
    if (into->state == PACKAGE_STATE_UNKNOWN && !text_equal(state, TEXT("config-files")) &&
        !text_equal(state, TEXT("not-installed")))
        return error_set(err, ERROR_INPUT, "state \"%.*s\" is not one of dpkg's",
                         TEXT_ARG(text_part(state, 0, 40)));
    return true;
}

static bool take_package(const struct deb822_paragraph *paragraph, struct package *out, struct error *err)
{
    struct package got = {.type = PACKAGE_DEB, .candidate = OFFER_NONE};
    struct text status = {0}, source = {0}, essential = {0};

    if (!take_text(paragraph, FIELD_PACKAGE, LIMIT_PACKAGE_NAME, &got.name, err) ||
        !take_text(paragraph, FIELD_VERSION, LIMIT_VERSION, &got.version, err) ||
        !take_text(paragraph, FIELD_ARCHITECTURE, LIMIT_ARCH, &got.arch, err) ||
        !take_text(paragraph, FIELD_STATUS, LIMIT_PACKAGE_NAME, &status, err) ||
        !take_text(paragraph, FIELD_SOURCE, LIMIT_PACKAGE_NAME + LIMIT_VERSION, &source, err) ||
        !take_text(paragraph, FIELD_SECTION, LIMIT_PACKAGE_NAME, &got.section, err) ||
        !take_text(paragraph, FIELD_ESSENTIAL, LIMIT_ARCH, &essential, err))
        return false;
    if (got.name.size == 0)
        return error_set(err, ERROR_INPUT, "Package is missing");
    if (!take_state(status, &got, err))
        return error_at(err, "%.*s", TEXT_ARG(got.name));
    /* A package that was never unpacked whole has no version yet. */
    if (got.version.size == 0 && got.state != PACKAGE_STATE_UNKNOWN && got.state != PACKAGE_HALF_INSTALLED)
        return error_set(err, ERROR_INPUT, "%.*s: Version is missing", TEXT_ARG(got.name));
    got.essential = text_equal(essential, TEXT("yes"));
    dpkg_source(source, got.name, got.version, &got.source, &got.source_version);
    *out = got;
    return true;
}

static int compare_packages(const void *a, const void *b)
{
    const struct package *one = a, *other = b;
    int order = text_compare(one->name, other->name);

    return order != 0 ? order : text_compare(one->arch, other->arch);
}

/* All that has been read, in its order: a later paragraph of a package stands for the earlier one. */
struct reading {
    struct package *packages;
    size_t count, capacity;
    bool sorted;
};

static bool read_paragraphs(struct bytes raw, struct arena *arena, struct reading *into, struct error *err)
{
    struct deb822 deb822 = deb822_with(raw, (struct deb822_fields){field_names, FIELD_COUNT}, false);
    struct deb822_paragraph paragraph;
    struct package *grown;
    bool found;

    for (;;) {
        if (!deb822_next(&deb822, &paragraph, &found, err))
            return false;
        if (!found)
            return true;
        if (into->count == LIMIT_PACKAGES_COUNT)
            return error_set(err, ERROR_LIMIT, "more than %d packages", LIMIT_PACKAGES_COUNT);
        grown =
            arena_grow(arena, into->packages, into->count, &into->capacity, into->count + 1, sizeof(*grown));
        if (grown == NULL)
            return arena_full(arena, err);
        into->packages = grown;
        if (!take_package(&paragraph, &grown[into->count], err))
            return error_at(err, "line %zu", paragraph.line);
        if (into->count > 0 && compare_packages(&grown[into->count - 1], &grown[into->count]) >= 0)
            into->sorted = false;
        into->count++;
    }
}

/* Sorted, each package once, without what is not installed. dpkg writes the file sorted by name. */
static bool finish(struct reading *reading, struct arena *arena, struct dpkg_status *out, struct error *err)
{
    struct package *packages = reading->packages;
    size_t kept = 0;

    if (!reading->sorted) {
        /* merge sort is stable, so that of equal ones the last read stays last */
        struct package *copy = ARENA_ARRAY(arena, struct package, reading->count);
        if (copy == NULL)
            return arena_full(arena, err);
        for (size_t width = 1; width < reading->count; width *= 2) {
            for (size_t from = 0; from < reading->count; from += 2 * width) {
                size_t middle = from + width < reading->count ? from + width : reading->count;
                size_t end = middle + width < reading->count ? middle + width : reading->count;
                size_t a = from, b = middle;
                for (size_t to = from; to < end; to++)
                    copy[to] = b >= end || (a < middle && compare_packages(&packages[a], &packages[b]) <= 0)
                                   ? packages[a++]
                                   : packages[b++];
            }
            struct package *swap = packages;
            packages = copy;
            copy = swap;
        }
    }
    for (size_t i = 0; i < reading->count; i++) {
        bool last = i + 1 == reading->count || compare_packages(&packages[i], &packages[i + 1]) != 0;
        if (last && packages[i].state != PACKAGE_STATE_UNKNOWN)
            packages[kept++] = packages[i];
    }
    *out = (struct dpkg_status){packages, kept};
    return true;
}

bool dpkg_status_parse(struct bytes raw, struct arena *arena, struct dpkg_status *out, struct error *err)
{
    struct reading reading = {.sorted = true};

    return read_paragraphs(raw, arena, &reading, err) && finish(&reading, arena, out, err);
}

/* The files "0000", "0001", ... that dpkg has written since it last wrote the status whole. */
static bool read_updates(const char *folder, struct arena *arena, struct reading *into, struct error *err)
{
    struct file_names names;
    struct bytes raw;

    if (!file_list(folder, LIMIT_DPKG_UPDATES, arena, &names, err))
        return err->kind == ERROR_ABSENT;
    for (size_t i = 0; i < names.count; i++) {
        if (!isdigit((unsigned char)names.names[i].at[0]))
            continue;
        const char *path = file_path(arena, folder, names.names[i].at);
        if (path == NULL)
            return arena_full(arena, err);
        if (!file_read(path, LIMIT_DPKG_STATUS, arena, &raw, err))
            return false;
        if (!read_paragraphs(raw, arena, into, err))
            return error_at(err, "%s", path);
    }
    return true;
}

bool dpkg_status_read(const char *path, const char *updates, struct arena *arena, struct dpkg_status *out,
                      struct error *err)
{
    struct reading reading = {.sorted = true};
    struct bytes raw;

    if (!file_read(path, LIMIT_DPKG_STATUS, arena, &raw, err))
        return false;
    if (!read_paragraphs(raw, arena, &reading, err))
        return error_at(err, "%s", path);
    if (updates != NULL && !read_updates(updates, arena, &reading, err))
        return false;
    return finish(&reading, arena, out, err);
}

static struct package *find_exactly(const struct dpkg_status *status, struct text name, struct text arch)
{
    struct package wanted = {.name = name, .arch = arch};

    return status->count == 0
               ? NULL
               : bsearch(&wanted, status->packages, status->count, sizeof(wanted), compare_packages);
}

struct package *dpkg_status_find(const struct dpkg_status *status, struct text name, struct text arch)
{
    struct package *found = find_exactly(status, name, arch);

    return found != NULL ? found : find_exactly(status, name, TEXT("all"));
}

bool dpkg_status_mark_automatic(struct dpkg_status *status, const char *path, struct text native,
                                struct arena *arena, struct error *err)
{
    enum { NAME, ARCH, AUTOMATIC, COUNT };
    static const char *const names[COUNT] = {"Package", "Architecture", "Auto-Installed"};
    struct deb822_paragraph paragraph;
    struct bytes raw;
    bool found;

    if (!file_read(path, LIMIT_DPKG_STATUS, arena, &raw, err))
        return err->kind == ERROR_ABSENT;
    struct deb822 deb822 = deb822_with(raw, (struct deb822_fields){names, COUNT}, false);
    for (;;) {
        if (!deb822_next(&deb822, &paragraph, &found, err))
            return error_at(err, "%s", path);
        if (!found)
            return true;
        struct text name = {(const char *)paragraph.values[NAME].at, paragraph.values[NAME].size};
        struct text arch = {(const char *)paragraph.values[ARCH].at, paragraph.values[ARCH].size};
        struct bytes automatic = paragraph.values[AUTOMATIC];
        if (automatic.size != 1 || automatic.at[0] != '1')
            continue;
        struct package *package = find_exactly(status, name, arch.at == NULL ? native : arch);
        if (package == NULL && (arch.at == NULL || text_equal(arch, native)))
            package = find_exactly(status, name, TEXT("all"));
        if (package != NULL)
            package->automatic = true;
    }
}
