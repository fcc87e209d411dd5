#include "manager/apt_status.h"

#include <ctype.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

enum field {
    FIELD_PACKAGE,
    FIELD_ARCHITECTURE,
    FIELD_VERSION,
    FIELD_RELATIONS,
    FIELD_COUNT = FIELD_RELATIONS + APT_FIELD_COUNT
};
static const char *const field_names[FIELD_COUNT] = {
    [FIELD_PACKAGE] = "Package",
    [FIELD_ARCHITECTURE] = "Architecture",
    [FIELD_VERSION] = "Version",
    [FIELD_RELATIONS] = APT_RELATIONS_FIELDS,
};

/* The files that make up the database, one after the other; *found is false at the end. */
struct pieces {
    const char *path, *updates;
    struct arena *arena;
    struct file_names names;
    size_t next; /* 0: the status itself */
};

static bool pieces_open(const char *path, const char *updates, struct arena *arena, struct pieces *out,
                        struct error *err)
{
    *out = (struct pieces){.path = path, .updates = updates, .arena = arena};
    return updates == NULL || file_list(updates, LIMIT_DPKG_UPDATES, arena, &out->names, err) ||
           err->kind == ERROR_ABSENT;
}

static bool pieces_next(struct pieces *pieces, struct bytes *raw, bool *found, struct error *err)
{
    *found = true;
    if (pieces->next == 0) {
        pieces->next = 1;
        return file_read(pieces->path, LIMIT_DPKG_STATUS, pieces->arena, raw, err);
    }
    while (pieces->next <= pieces->names.count) {
        const char *name = pieces->names.names[pieces->next++ - 1].at;
        if (!isdigit((unsigned char)name[0]))
            continue;
        const char *path = file_path(pieces->arena, pieces->updates, name);
        if (path == NULL)
            return arena_full(pieces->arena, err);
        return file_read(path, LIMIT_DPKG_STATUS, pieces->arena, raw, err);
    }
    *found = false;
    return true;
}

static struct text text_in(struct bytes value)
{
    return (struct text){(const char *)value.at, value.size};
}

/* The paragraph's package in the status, or SIZE_MAX: it is not installed. */
static size_t find_package(const struct apt_status_request *request, const struct deb822_paragraph *paragraph)
{
    struct text name = text_in(paragraph->values[FIELD_PACKAGE]);
    const struct package *found =
        dpkg_status_find(request->status, name, text_in(paragraph->values[FIELD_ARCHITECTURE]));

    if (found == NULL || !text_equal(found->version, text_in(paragraph->values[FIELD_VERSION])))
        return SIZE_MAX;
    return (size_t)(found - request->status->packages);
}

static bool read_piece(const struct apt_status_request *request, struct bytes raw,
                       struct apt_relations *relations, bool *taken, struct error *err)
{
    struct deb822 deb822 = deb822_with(raw, (struct deb822_fields){field_names, FIELD_COUNT}, false);
    struct deb822_paragraph paragraph;
    bool found;

    for (;;) {
        if (!deb822_next(&deb822, &paragraph, &found, err))
            return false;
        if (!found)
            return true;
        size_t index = find_package(request, &paragraph);
        if (index == SIZE_MAX)
            continue;
        if (!apt_relations_take(paragraph.values + FIELD_RELATIONS, &relations[index], err))
            return error_at(err, "line %zu", paragraph.line);
        taken[index] = true;
    }
}

bool apt_status_relations(const struct apt_status_request *request, struct arena *arena,
                          struct apt_relations *relations, struct digest *digest, struct error *err)
{
    OWN(digester_end) struct digester digester = {0};
    bool *taken = ARENA_ARRAY(arena, bool, request->status->count);
    struct pieces pieces;
    struct bytes raw;
    bool found;

    if (taken == NULL)
        return arena_full(arena, err);
    if (!digester_open(DIGEST_SHA256, &digester, err) ||
        !pieces_open(request->path, request->updates, arena, &pieces, err))
        return false;
    for (;;) {
        if (!pieces_next(&pieces, &raw, &found, err))
            return false;
        if (!found)
            break;
        if (!digester_add(&digester, raw, err))
            return false;
        if (!read_piece(request, raw, relations, taken, err))
            return error_at(err, "%s", request->path);
    }
    for (size_t i = 0; i < request->status->count; i++)
        if (!taken[i])
            return error_set(err, ERROR_CONFLICT, "%s changed while it was read: try again", request->path);
    digester_close(&digester, digest);
    return true;
}

bool apt_status_digest(const char *path, const char *updates, struct digest *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(2 * LIMIT_DPKG_STATUS);
    OWN(digester_end) struct digester digester = {0};
    struct pieces pieces;
    struct bytes raw;
    bool found = true;

    if (!digester_open(DIGEST_SHA256, &digester, err) || !pieces_open(path, updates, &arena, &pieces, err))
        return false;
    while (found) {
        if (!pieces_next(&pieces, &raw, &found, err) || (found && !digester_add(&digester, raw, err)))
            return false;
    }
    digester_close(&digester, out);
    return true;
}
