#include "manager/apt_scope.h"

#include "base/control.h"
#include "model/version.h"

struct apt_scope apt_scope_with(const struct apt_archive *archives, size_t count)
{
    struct apt_scope scope = {.archives = archives, .count = count};

    for (size_t i = 0; i < count; i++)
        scope.described = scope.described || (archives[i].believed && archives[i].publisher != NULL);
    return scope;
}

static bool owns(const struct apt_archive *archive, const struct apt_record *record)
{
    return archive->publisher != NULL && publisher_owns(archive->publisher, record->name, record->source);
}

/* Whether this archive has the package as its own; *newer: what is installed is newer than all of it there. */
static bool has_own(const struct apt_archive *archive, struct text name, struct text installed, bool *newer)
{
    struct apt_table_walk walk = apt_table_find(&archive->table, name);
    struct apt_record record;
    bool found = false;

    while (apt_table_next(&walk, &record)) {
        if (!text_equal(record.name, name) || !owns(archive, &record))
            continue;
        found = true;
        *newer = *newer && installed.size > 0 && version_compare(VERSION_DEB, installed, record.version) > 0;
    }
    return found;
}

/* The described publisher that owns it here; NULL: none, or what is installed came from elsewhere before. */
static const struct publisher *find_owner(const struct apt_scope *scope, struct text name,
                                          struct text installed)
{
    const struct publisher *owner = NULL;
    bool newer = true;

    for (size_t i = 0; i < scope->count; i++)
        if (scope->archives[i].believed && scope->archives[i].publisher != NULL &&
            has_own(&scope->archives[i], name, installed, &newer) && owner == NULL)
            owner = scope->archives[i].publisher;
    return newer ? NULL : owner;
}

bool apt_scope_judge(const struct apt_scope *scope, const struct apt_archive *archive,
                     const struct apt_record *record, struct text installed, struct arena *arena,
                     struct text *why)
{
    *why = (struct text){0};
    if (!scope->described || owns(archive, record) || !control_holds(CONTROL_PACKAGE_SCOPE))
        return true;
    if (archive->publisher != NULL) {
        *why = text_format(arena, "%s may not own %.*s", archive->publisher->title, TEXT_ARG(record->name));
        return why->at != NULL;
    }
    const struct publisher *owner = find_owner(scope, record->name, installed);
    if (owner == NULL)
        return true;
    *why = text_format(arena, "%s owns %.*s, an unknown publisher may not", owner->title,
                       TEXT_ARG(record->name));
    return why->at != NULL;
}
