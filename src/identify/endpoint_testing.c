#include "identify/endpoint_testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/map.h"
#include "format/deb822.h"

enum { FIELD_PACKAGE, FIELD_VERSION, FIELD_SOURCE, FIELD_SECTION, FIELD_ARCH, FIELD_COUNT };
static const char *const field_names[] = {"Package", "Version", "Source", "Section", "Architecture"};

static bool read_file(const char *folder, const char *name, struct arena *arena, struct bytes *out,
                      struct error *err)
{
    const char *path = file_path(arena, folder, name);

    return path == NULL ? arena_full(arena, err) : file_read(path, 64 * MIB, arena, out, err);
}

/* "1.2-3+b1" is a rebuild of 1.2-3. */
static struct text without_rebuild(struct text version)
{
    size_t end = version.size;

    while (end > 0 && version.at[end - 1] >= '0' && version.at[end - 1] <= '9')
        end--;
    return end >= 2 && end < version.size && version.at[end - 1] == 'b' && version.at[end - 2] == '+'
               ? text_part(version, 0, end - 2)
               : version;
}

/* postgresql 15+248+deb12u1 is built from postgresql-common 248+deb12u1: so is its candidate. */
static struct text without_prefix(const struct package *package, struct text version)
{
    if (package->source_version.size >= package->version.size ||
        !text_ends(package->version, package->source_version))
        return version;
    return text_part(version, package->version.size - package->source_version.size, version.size);
}

static bool make_package(const struct deb822_paragraph *paragraph, struct offer *offer, struct package *out,
                         struct error *err)
{
    struct text values[FIELD_COUNT], version = {NULL, 0};

    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (!text_from_bytes(paragraph->values[i], LIMIT_VERSION, &values[i], err))
            return error_at(err, "line %zu: %s", paragraph->line, field_names[i]);
    struct text source = values[FIELD_SOURCE];
    size_t open = text_find_byte(source, '(');
    if (open != SIZE_MAX) {
        version = text_part(source, open + 1, source.size - open - 2);
        source = text_trim(text_part(source, 0, open));
    }
    *out = (struct package){
        .type = PACKAGE_DEB,
        .state = PACKAGE_INSTALLED,
        .name = values[FIELD_PACKAGE],
        .version = values[FIELD_VERSION],
        .section = values[FIELD_SECTION],
        .arch = values[FIELD_ARCH],
        .source = source.size > 0 ? source : values[FIELD_PACKAGE],
        .source_version = version.size > 0 ? version : without_rebuild(values[FIELD_VERSION]),
        .candidate = OFFER_NONE,
        .offers = offer,
    };
    return true;
}

static bool read_status(struct host *host, struct bytes status, struct arena *arena, struct error *err)
{
    struct deb822 lines = deb822_with(status, (struct deb822_fields){field_names, FIELD_COUNT}, false);
    struct offer *offers = ARENA_ARRAY(arena, struct offer, ENDPOINT_PACKAGES_MAX);
    struct deb822_paragraph paragraph;
    bool found;

    host->packages = ARENA_ARRAY(arena, struct package, ENDPOINT_PACKAGES_MAX);
    if (host->packages == NULL || offers == NULL)
        return arena_full(arena, err);
    while (deb822_next(&lines, &paragraph, &found, err)) {
        if (!found)
            return true;
        if (host->package_count == ENDPOINT_PACKAGES_MAX)
            return error_set(err, ERROR_LIMIT, "more than %d packages", ENDPOINT_PACKAGES_MAX);
        size_t number = host->package_count++;
        if (!make_package(&paragraph, &offers[number], &host->packages[number], err))
            return false;
    }
    return false;
}

/* Lines of origin, source, binary, installed version, candidate, bytes. */
static bool read_offers(struct host *host, struct text lines, struct arena *arena, struct error *err)
{
    struct map names = map_with(arena);
    struct text line, fields[5];

    for (uint32_t i = 0; i < host->package_count; i++)
        if (!map_put(&names, host->packages[i].name, i, err))
            return false;
    while (text_cut(&lines, '\n', &line)) {
        for (size_t i = 0; i < 5; i++)
            (void)text_cut(&line, '\t', &fields[i]);
        uint32_t number = map_get(&names, fields[2]);
        if (number == MAP_NONE || !text_equal(host->packages[number].version, fields[3]))
            return error_set(err, ERROR_INPUT, "%.*s is not installed so", TEXT_ARG(fields[2]));
        struct package *package = &host->packages[number];
        bool base = text_equal(fields[0], TEXT("main"));
        package->offers[0] = (struct offer){
            .version = fields[4],
            .source_version = without_rebuild(without_prefix(package, fields[4])),
            .archive = base ? 0 : 1,
            .archives = base                                  ? 1
                        : text_equal(fields[0], TEXT("both")) ? 3
                                                              : 2,
        };
        package->offer_count = 1;
        package->candidate = 0;
    }
    return true;
}

bool endpoint_read(const char *folder, struct arena *arena, struct host *out, struct error *err)
{
    struct host host = {.release = {.name = "debian-12", .order = VERSION_DEB}, .archive_count = 2};
    struct bytes status, offers;

    host.archives = ARENA_ARRAY(arena, struct archive, 2);
    if (host.archives == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < 2; i++)
        host.archives[i] = (struct archive){
            .state = ARCHIVE_VERIFIED, .has_advisories = true, .security = i == 1, .date_us = TIME_ABSENT};
    if (!read_file(folder, "status", arena, &status, err) || !read_status(&host, status, arena, err) ||
        !read_file(folder, "upgradable_by_origin.tsv", arena, &offers, err) ||
        !read_offers(&host, (struct text){(const char *)offers.at, offers.size}, arena, err))
        return false;
    *out = host;
    return true;
}
