#include "flow/vendor.h"

#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "flow/config_path.h"
#include "trust/publishers.h"

#define KIND TEXT("suite-date")

bool vendor_publishers_path(const char *path, struct arena *arena, const char **out, struct error *err)
{
    const char *found = path;

    if (found == NULL && !config_path(VENDOR_PUBLISHERS_FILE, arena, &found, err))
        return false;
    *out = found == NULL ? "" : found;
    return true;
}

bool vendor_publishers(const char *path, struct arena *arena, const struct publishers **out,
                       struct error *err)
{
    struct publishers *all = ARENA_NEW(arena, struct publishers);
    struct publishers own;
    struct bytes raw;

    if (all == NULL)
        return arena_full(arena, err);
    if (!vendor_publishers_path(path, arena, &path, err))
        return false;
    *all = publishers_built_in;
    if (path[0] != 0 && (!file_read(path, LIMIT_YAML_FILE, arena, &raw, err) ||
                         !publishers_read(raw, text_of(path), arena, &own, err) ||
                         !publishers_with_own(&own, arena, all, err)))
        return false;
    *out = all;
    return true;
}

/* "http://deb.debian.org/debian/ bookworm"; of another root its path before it. at == NULL: memory is out. */
static struct text name_of(const char *root, struct text uri, struct text suite, struct arena *arena)
{
    bool here = strcmp(root, "/") == 0;

    return text_format(arena, "%s%s%.*s %.*s", here ? "" : root, here ? "" : " ", TEXT_ARG(uri),
                       TEXT_ARG(suite));
}

static int64_t suite_date(const void *self, struct text uri, struct text suite, struct arena *arena)
{
    const struct vendor_floors *floors = self;
    struct text of = name_of(floors->root, uri, suite, arena);

    if (floors->floors == NULL)
        return TIME_ABSENT;
    return of.at == NULL ? INT64_MAX
                         : floors_get(floors->floors, KIND, of); /* without memory nothing is believed */
}

bool vendor_floors_open(const char *state, const char *root, struct arena *arena, struct vendor_floors *out,
                        struct error *err)
{
    const char *path = state == NULL ? "" : file_path(arena, state, "floors");

    if (path == NULL)
        return arena_full(arena, err);
    out->root = root;
    out->door = (struct manager_floors){suite_date, out};
    out->floors = NULL;
    return state == NULL || floors_read(path, arena, &out->floors, err);
}

bool vendor_floors_raise(const char *state, const char *root, const struct vendor_proved *proved,
                         size_t count, struct arena *arena, struct error *err)
{
    const char *path = file_path(arena, state, "floors");
    struct floors *floors;

    if (path == NULL)
        return arena_full(arena, err);
    if (!floors_read(path, arena, &floors, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct text of = name_of(root, proved[i].uri, proved[i].suite, arena);
        if (of.at == NULL)
            return arena_full(arena, err);
        if (!floors_raise(floors, KIND, of, proved[i].date_us, err))
            return false;
    }
    return floors_write(floors, path, err);
}

bool vendor_floors_raise_host(const char *state, const char *root, const struct host *host,
                              struct arena *arena, struct error *err)
{
    struct vendor_proved *proved = ARENA_ARRAY(arena, struct vendor_proved, host->archive_count);
    size_t count = 0;

    if (proved == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < host->archive_count; i++) {
        const struct archive *archive = &host->archives[i];
        if (archive->state == ARCHIVE_VERIFIED && !archive->went_back)
            proved[count++] = (struct vendor_proved){archive->uri, archive->suite, archive->date_us};
    }
    return vendor_floors_raise(state, root, proved, count, arena, err);
}

bool vendor_request(const char *state, const char *publishers, struct vendor_floors *floors,
                    struct arena *arena, struct manager_request *request, struct error *err)
{
    const char *configured,
        *of_root = file_below(arena, request->root, "/etc/suture/" VENDOR_PUBLISHERS_FILE);
    char *lists = NULL;

    if (of_root == NULL)
        return arena_full(arena, err);
    if (!vendor_publishers_path(publishers, arena, &configured, err))
        return false;
    /* Another root has a configuration of its own. */
    if (configured[0] == 0 && strcmp(request->root, "/") != 0 && file_exists(of_root))
        configured = of_root;
    if (!vendor_publishers(configured, arena, &request->publishers, err) ||
        !vendor_floors_open(state, request->root, arena, floors, err))
        return false;
    request->floors = &floors->door;
    if (state == NULL)
        return true;
    request->memory = file_path(arena, state, "verified");
    lists = file_path(arena, state, VENDOR_LISTS);
    if (request->memory == NULL || lists == NULL)
        return arena_full(arena, err);
    request->own_lists = strcmp(request->root, "/") == 0 || file_is_folder(lists) ? lists : NULL;
    return true;
}
