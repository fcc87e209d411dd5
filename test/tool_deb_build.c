/*
 * Rebuilds the .debs of installed packages, for tests on real systems.
 *
 *     tool_deb_build ROOT FOLDER [NAME...]      all that are wholly installed, or those named; FOLDER/NAME_ARCH.deb
 *
 * Prints a line for each: name, arch, version, size of the file, paths that are absent, paths with attributes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "manager/deb_build.h"

static bool is_wanted(const struct dpkg_record *record, int count, char **names)
{
    if (!text_equal(record->state, text_of("installed")))
        return false;
    for (int i = 0; i < count; i++)
        if (text_equal(record->name, text_of(names[i])))
            return true;
    return count == 0;
}

static bool build_one(const struct dpkg_database *database, const struct dpkg_record *record,
                      const char *folder, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64u << 20);
    struct deb_built built;
    char path[4096];

    snprintf(path, sizeof path, "%s/%.*s_%.*s.deb", folder, TEXT_ARG(record->name), TEXT_ARG(record->arch));
    if (!deb_build(database, record, COMPRESS_ZSTD, path, &arena, &built, err))
        return error_at(err, "%.*s", TEXT_ARG(record->name));
    printf("%.*s\t%.*s\t%.*s\t%" PRIu64 "\t%zu\t%zu\n", TEXT_ARG(record->name), TEXT_ARG(record->arch),
           TEXT_ARG(record->version), built.size, built.absent_count, built.attributed_count);
    return true;
}

int main(int count, char **arguments)
{
    OWN(arena_end) struct arena arena = arena_with(256u << 20);
    struct dpkg_database database;
    struct error err = {0};

    if (count < 3)
        return 2;
    if (!dpkg_database_open(arguments[1], &arena, &database, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    for (size_t i = 0; i < database.count; i++)
        if (is_wanted(&database.records[i], count - 3, arguments + 3) &&
            !build_one(&database, &database.records[i], arguments[2], &err)) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
    return 0;
}
