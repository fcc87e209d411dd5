#include "deploy/rollback.h"

#include "base/below.h"
#include "base/limits.h"
#include "base/own.h"

static bool is_installed(const struct dpkg_record *record)
{
    return record != NULL && text_equal(record->state, TEXT("installed"));
}

static bool is_there(const struct dpkg_record *record)
{
    return record != NULL && !text_equal(record->state, TEXT("not-installed")) &&
           !text_equal(record->state, TEXT("config-files"));
}

/* The package by its old architecture, or the one it has now. */
static const struct dpkg_record *find(const struct dpkg_database *database, const struct kept_change *change)
{
    const struct dpkg_record *found = dpkg_database_find(database, change->name, change->arch);

    for (size_t i = 0; found == NULL && i < database->count; i++)
        if (text_equal(database->records[i].name, change->name) &&
            text_equal(database->records[i].version, change->to))
            found = &database->records[i];
    return found;
}

/* Of a package that was removed with its configuration kept, and of none, there was nothing to bring back. */
static bool is_as_it_was(const struct kept_change *change, const struct dpkg_record *record)
{
    if (change->kind != CHANGE_NEW)
        return is_installed(record) && text_equal(record->version, change->from) &&
               text_equal(record->arch, change->arch);
    return change->paragraph.size == 0 ? record == NULL || text_equal(record->state, TEXT("not-installed"))
                                       : !is_there(record);
}

bool rollback_look(const struct dpkg_database *database, const struct rollback_store *store,
                   struct arena *arena, struct rollback_step **out, struct error *err)
{
    struct rollback_step *steps = ARENA_ARRAY(arena, struct rollback_step, store->change_count);

    if (steps == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < store->change_count; i++) {
        const struct kept_change *change = &store->changes[i];
        const struct dpkg_record *record = find(database, change);
        struct text now = is_there(record) ? record->version : (struct text){0};
        bool old = is_as_it_was(change, record);
        /* The old version that is not whole is no other hand's: a rollback broke off there. */
        bool ours = text_equal(now, change->to) || (change->from.size > 0 && text_equal(now, change->from));
        steps[i] = (struct rollback_step){change, now, old, !old && !ours};
    }
    *out = steps;
    return true;
}

bool rollback_others(const struct dpkg_database *database, const struct rollback_store *store,
                     struct arena *arena, struct text **out, size_t *count, struct error *err)
{
    struct text *names = NULL;
    size_t got = 0, capacity = 0;

    for (size_t i = 0; i < store->package_count; i++) {
        const struct kept_package *was = &store->packages[i];
        const struct dpkg_record *is = dpkg_database_find(database, was->name, was->arch);
        bool there = text_ends(was->status, TEXT(" installed"));
        if (rollback_store_find(store, was->name, was->arch) != NULL ||
            (there == is_installed(is) && (!there || text_equal(was->version, is->version))))
            continue;
        names = arena_grow(arena, names, got, &capacity, got + 1, sizeof(*names));
        if (names == NULL)
            return arena_full(arena, err);
        names[got] = text_format(arena, "%.*s %.*s -> %.*s", TEXT_ARG(was->name),
                                 TEXT_ARG(there ? was->version : TEXT("none")),
                                 TEXT_ARG(is_installed(is) ? is->version : TEXT("none")));
        if (names[got++].at == NULL)
            return arena_full(arena, err);
    }
    *out = names;
    *count = got;
    return true;
}

/* ---- doing it ---- */

struct rolling {
    const struct rollback_request *request;
    struct arena *arena;
    struct rollback_result result;
};

static const struct trusted_artifact *artifact_of(const struct rollback_request *request,
                                                  const struct kept_change *change)
{
    for (size_t i = 0; i < request->artifact_count; i++)
        if (digest_equal(&request->artifacts[i].digest, &change->deb.digest) ||
            digest_equal(&request->artifacts[i].digest, &change->plain.digest))
            return &request->artifacts[i];
    return NULL;
}

/* Room for the whole store in each list: a group is never larger. */
struct group_room {
    struct trusted_artifact *artifacts;
    struct package_key *removals, *purges;
    struct package_group group;
};

#define SCRATCH_SIZE (256 * MIB) /* dpkg's database, and lists of what it has installed */

static bool make_room(size_t count, struct arena *arena, struct group_room *out, struct error *err)
{
    struct group_room room = {
        .artifacts = arena_take_array(arena, count, sizeof(*room.artifacts)),
        .removals = ARENA_ARRAY(arena, struct package_key, count),
        .purges = ARENA_ARRAY(arena, struct package_key, count),
    };

    if (room.artifacts == NULL || room.removals == NULL || room.purges == NULL)
        return arena_full(arena, err);
    room.group = (struct package_group){
        .artifacts = room.artifacts, .removals = room.removals, .purges = room.purges, .rollback = true};
    *out = room;
    return true;
}

static bool add_change(struct rolling *r, struct group_room *room, const struct kept_change *change,
                       const struct dpkg_record *record, struct error *err)
{
    struct package_group *group = &room->group;

    if (change->kind == CHANGE_NEW) {
        struct package_key key = {change->name, record->arch};
        if (change->paragraph.size == 0)
            room->purges[group->purge_count++] = key;
        else
            room->removals[group->removal_count++] = key;
        return true;
    }
    const struct trusted_artifact *artifact = artifact_of(r->request, change);
    if (artifact == NULL)
        return error_set(err, ERROR_ABSENT, "%.*s %.*s: no proved file of it was given",
                         TEXT_ARG(change->name), TEXT_ARG(change->from));
    memcpy(&room->artifacts[group->artifact_count++], artifact, sizeof(*artifact));
    return true;
}

static bool run_group(struct rolling *r, const struct package_group *group, bool *done, struct error *err)
{
    const struct installer *installer = r->request->installer;
    struct package_outcome outcome = {0};

    *done = true;
    if (group->artifact_count == 0 && group->removal_count == 0 && group->purge_count == 0)
        return true;
    if (!installer->install(installer->self, group, r->arena, &outcome, err))
        return false;
    *done = outcome.done;
    if (outcome.done) {
        r->result.installed += group->artifact_count;
        r->result.removed += group->removal_count + group->purge_count;
        return true;
    }
    r->result.failed = outcome.failed;
    r->result.reason = outcome.reason;
    r->result.output = outcome.output;
    return true;
}

/* Those of a group that are not as they were. */
static bool take_back_group(struct rolling *r, uint32_t number, bool *done, struct error *err)
{
    OWN(arena_end) struct arena scratch = arena_with(SCRATCH_SIZE);
    const struct rollback_store *store = r->request->store;
    struct dpkg_database database;
    struct group_room room;

    if (!dpkg_database_open(r->request->root, &scratch, &database, err) ||
        !make_room(store->change_count, &scratch, &room, err))
        return false;
    for (size_t i = 0; i < store->change_count; i++) {
        const struct kept_change *change = &store->changes[i];
        const struct dpkg_record *record = find(&database, change);
        if (change->group != number || is_as_it_was(change, record))
            continue;
        if (!add_change(r, &room, change, record, err))
            return false;
    }
    return run_group(r, &room.group, done, err);
}

static uint32_t last_group(const struct rollback_store *store)
{
    uint32_t last = 0;

    for (size_t i = 0; i < store->change_count; i++)
        last = store->changes[i].group > last ? store->changes[i].group : last;
    return last;
}

static bool was_absent(const struct rollback_store *store, uint32_t change, struct text place)
{
    for (size_t i = 0; i < store->file_count; i++)
        if (store->files[i].change == change &&
            (store->files[i].kind == KEPT_ABSENT || store->files[i].conffile) &&
            text_equal(store->files[i].path, place))
            return true;
    return false;
}

static const struct kept_part *list_of(const struct rollback_store *store, uint32_t change)
{
    for (size_t i = 0; i < store->part_count; i++)
        if (store->parts[i].change == change && text_equal(store->parts[i].name, TEXT("list")))
            return &store->parts[i];
    return NULL;
}

/*
 * Whether a file of the package is not there that was. By the old list: what a newer package that is still installed
 * replaces, dpkg leaves out of an old one and out of its list.
 */
static bool misses_files(struct rolling *r, const struct dpkg_database *database, int root, uint32_t change,
                         bool *out, struct error *err)
{
    OWN(arena_end) struct arena scratch = arena_with(SCRATCH_SIZE);
    const struct rollback_store *store = r->request->store;
    const struct kept_part *list = list_of(store, change);
    struct text rest, line;
    struct bytes raw;
    struct stat now;
    bool found;

    *out = false;
    if (list == NULL)
        return true;
    if (!rollback_store_read(r->request->folder, &list->content, &scratch, &raw, err) ||
        !text_from_lines(raw, LIMIT_DPKG_LIST, &rest, err))
        return error_at(err, "%.*s: its old list", TEXT_ARG(store->changes[change].name));
    while (!*out && text_cut(&rest, '\n', &line)) {
        struct text path = text_copy(&scratch, line);
        struct text place = dpkg_database_place(database, store->changes[change].name, path);
        if (path.at == NULL)
            return arena_full(&scratch, err);
        if (!below_stat(root, place, false, &now, &found, err))
            return false;
        *out = !found && !was_absent(store, change, place);
    }
    return true;
}

static bool fill_gaps(struct rolling *r, bool *done, struct error *err)
{
    OWN(arena_end) struct arena scratch = arena_with(SCRATCH_SIZE);
    const struct rollback_store *store = r->request->store;
    OWN(own_fd) int root = -1;
    struct dpkg_database database;
    struct group_room room;

    if (!dpkg_database_open(r->request->root, &scratch, &database, err) ||
        !make_room(store->change_count, &scratch, &room, err) ||
        !below_open_root(r->request->root, &root, err))
        return false;
    for (uint32_t i = 0; i < store->change_count; i++) {
        bool misses = false;
        if (store->changes[i].kind != CHANGE_NEW && !misses_files(r, &database, root, i, &misses, err))
            return false;
        if (misses && !add_change(r, &room, &store->changes[i], NULL, err))
            return false;
    }
    size_t before = r->result.installed;
    bool ran = run_group(r, &room.group, done, err);
    r->result.installed = before; /* they were counted */
    return ran;
}

bool rollback_run(const struct rollback_request *request, struct arena *arena, struct rollback_result *out,
                  struct error *err)
{
    struct rolling r = {.request = request, .arena = arena};
    const struct installer *installer = request->installer;
    const char *run = text_string(arena, request->store->run);
    bool done = true;

    if (run == NULL)
        return arena_full(arena, err);
    if (!installer->restore(installer->self, run, request->seal, RESTORE_CONFFILES, err))
        return false;
    for (uint32_t group = last_group(request->store) + 1; done && group-- > 0;)
        if (!take_back_group(&r, group, &done, err))
            return false;
    if (done && !fill_gaps(&r, &done, err))
        return false;
    if (done && !installer->restore(installer->self, run, request->seal, RESTORE_ALL, err))
        return false;
    r.result.done = done;
    *out = r.result;
    return true;
}
