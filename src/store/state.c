#include "store/state.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"

#define ROOT_FOLDER     "/var/lib/suture"
#define FORMAT          "suture-state 1\n"
#define GENERATIONS_MAX 1024 /* entries of generations/; there are three when somebody pulled the plug */

bool state_folder(struct arena *arena, const char **out, struct error *err)
{
    const char *named = os_environment("SUTURE_STATE");
    const char *state = os_environment("XDG_STATE_HOME"), *home = os_environment("HOME");
    struct text folder;

    if (named != NULL && named[0] == '/')
        folder = text_format(arena, "%s", named);
    else if (os_is_root())
        folder = text_format(arena, "%s", ROOT_FOLDER);
    else if (state != NULL && state[0] == '/') /* a relative one is to be ignored, says the specification */
        folder = text_format(arena, "%s/suture", state);
    else if (home != NULL && home[0] == '/')
        folder = text_format(arena, "%s/.local/state/suture", home);
    else
        return error_set(err, ERROR_ABSENT, "no folder for Suture's state: HOME is not set");
    if (folder.at == NULL)
        return arena_full(arena, err);
    *out = folder.at;
    return true;
}

static bool check_owner(const char *folder, struct error *err)
{
    struct stat found;

    if (stat(folder, &found) != 0)
        return error_system(err, "%s", folder);
    if (!S_ISDIR(found.st_mode))
        return error_set(err, ERROR_CONFLICT, "%s: is no folder", folder);
    if (found.st_uid != os_owner_believed())
        return error_set(err, ERROR_TRUST, "%s: belongs to user %u, not to user %u who runs this", folder,
                         (unsigned)found.st_uid, (unsigned)geteuid());
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return error_set(err, ERROR_TRUST, "%s: others may write to it; chmod 700 it, or remove it", folder);
    return true;
}

static bool check_format(const char *path, enum state_use use, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(4 * KIB);
    struct bytes got = {0};

    if (use == STATE_WRITE && !file_exists(path))
        return file_replace(path, BYTES(FORMAT), 0600, err);
    if (!file_read(path, sizeof(FORMAT) + 16, &arena, &got, err))
        return false;
    if (got.size != sizeof(FORMAT) - 1 || memcmp(got.at, FORMAT, got.size) != 0)
        return error_set(err, ERROR_INPUT, "%s: \"%.*s\", which this version of Suture does not know", path,
                         (int)(got.size > 0 ? got.size - 1 : 0), (const char *)got.at);
    return true;
}

bool state_open(const char *folder, enum state_use use, struct state *out, struct error *err)
{
    char format[LIMIT_PATH + 1];

    if (snprintf(format, sizeof(format), "%s/format", folder) >= (int)sizeof(format))
        return error_set(err, ERROR_LIMIT, "%.100s...: path of more than %d bytes", folder, LIMIT_PATH);
    if (use == STATE_WRITE && !file_make_folders(folder, 0700, err))
        return false;
    if (!check_owner(folder, err) || !check_format(format, use, err))
        return false;
    *out = (struct state){folder};
    return true;
}

char *state_path(const struct state *state, struct arena *arena, const char *name)
{
    return file_path(arena, state->folder, name);
}

bool state_make_folder(const struct state *state, struct arena *arena, const char *name, const char **out,
                       struct error *err)
{
    const char *path = state_path(state, arena, name);

    if (path == NULL)
        return arena_full(arena, err);
    if (!file_make_folders(path, 0700, err))
        return false;
    *out = path;
    return true;
}

/* ---- generations ---- */

static bool generation_with(const struct state *state, struct arena *arena, uint64_t number,
                            const char *ending, struct generation *out, struct error *err)
{
    struct text folder =
        text_format(arena, "%s/generations/%llu%s", state->folder, (unsigned long long)number, ending);

    if (folder.at == NULL)
        return arena_full(arena, err);
    *out = (struct generation){number, folder.at};
    return true;
}

bool state_current(const struct state *state, struct arena *arena, struct generation *out, struct error *err)
{
    const struct text start = TEXT("generations/");
    char *path = state_path(state, arena, "current");
    char target[64];
    uint64_t number;

    if (path == NULL)
        return arena_full(arena, err);
    ssize_t size = readlink(path, target, sizeof(target));
    if (size < 0 && errno == ENOENT)
        return error_set(err, ERROR_ABSENT, "%s: no advisory data was fetched yet", state->folder);
    if (size < 0)
        return error_system(err, "%s", path);
    struct text link = {target, (size_t)size};
    if (!text_starts(link, start) || !text_to_u64(text_part(link, start.size, SIZE_MAX), &number, err) ||
        number == 0)
        return error_set(err, ERROR_INPUT, "%s: leads to \"%.*s\", which is no generation", path,
                         TEXT_ARG(link));
    return generation_with(state, arena, number, "", out, err);
}

/* All but the one in use: the one before it, and what an interrupted writer left. */
static bool remove_leftovers(const struct state_change *change, const char *generations, struct error *err)
{
    struct file_names names;
    char keep[24];

    (void)snprintf(keep, sizeof(keep), "%llu", (unsigned long long)change->former.number);
    if (!file_list(generations, GENERATIONS_MAX, change->arena, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        if (text_equal(names.names[i], text_of(keep)))
            continue;
        char *path = file_path(change->arena, generations, names.names[i].at);
        if (path == NULL)
            return arena_full(change->arena, err);
        if (!file_remove_tree(path, err))
            return error_at(err, "%s", generations);
    }
    return true;
}

static bool make_next(struct state_change *change, struct error *err)
{
    static const char *const inside[] = {"feeds", "index"};
    const char *generations;

    if (!state_make_folder(change->state, change->arena, "generations", &generations, err) ||
        !remove_leftovers(change, generations, err) ||
        !generation_with(change->state, change->arena, change->former.number + 1, ".new", &change->next,
                         err) ||
        !file_make_folders(change->next.folder, 0700, err))
        return false;
    for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++) {
        char *path = file_path(change->arena, change->next.folder, inside[i]);
        if (path == NULL)
            return arena_full(change->arena, err);
        if (!file_make_folders(path, 0700, err))
            return false;
    }
    return true;
}

bool state_change_begin(const struct state *state, struct arena *arena, struct state_change *out,
                        struct error *err)
{
    OWN(state_change_end)
    struct state_change change = {.state = state, .arena = arena, .lock = -1, .begun = true};
    struct error absent = {0};
    const char *lock = state_path(state, arena, "lock");

    if (lock == NULL)
        return arena_full(arena, err);
    if (!file_lock(lock, &change.lock, err))
        return false;
    if (!state_current(state, arena, &change.former, &absent) && absent.kind != ERROR_ABSENT) {
        *err = absent;
        return false;
    }
    if (!make_next(&change, err))
        return false;
    *out = change;
    out->lock = fd_take(&change.lock);
    change.begun = false; /* it is the caller's now */
    return true;
}

static bool copy_file(const char *from, const char *to, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    return file_map(from, LIMIT_STATE_FILE, &map, err) && file_replace(to, map.bytes, 0600, err);
}

bool state_change_keep(struct state_change *change, const char *name, struct error *err)
{
    char *from = file_path(change->arena, change->former.folder, name);
    char *to = file_path(change->arena, change->next.folder, name);

    if (from == NULL || to == NULL)
        return arena_full(change->arena, err);
    if (link(from, to) == 0)
        return true;
    /* Some file systems know no second name for a file. */
    if (errno == EPERM || errno == EMLINK || errno == ENOTSUP)
        return copy_file(from, to, err);
    return error_system(err, "%s", from);
}

/* ---- commit ---- */

static bool sync_new(struct state_change *change, struct error *err)
{
    static const char *const folders[] = {"feeds", "index", ""};

    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        char *path = file_path(change->arena, change->next.folder, folders[i]);
        if (path == NULL)
            return arena_full(change->arena, err);
        if (!file_sync_folder(path, err))
            return false;
    }
    return true;
}

static bool name_new(struct state_change *change, struct error *err)
{
    struct generation named;

    if (!generation_with(change->state, change->arena, change->next.number, "", &named, err))
        return false;
    if (rename(change->next.folder, named.folder) != 0)
        return error_system(err, "%s", named.folder);
    change->next = named;
    return true;
}

static bool sync_name(struct state_change *change, struct error *err)
{
    char *path = state_path(change->state, change->arena, "generations");

    return path == NULL ? arena_full(change->arena, err) : file_sync_folder(path, err);
}

static bool make_link(struct state_change *change, struct error *err)
{
    char *beside = state_path(change->state, change->arena, "current.new");
    char target[64];

    if (beside == NULL)
        return arena_full(change->arena, err);
    (void)snprintf(target, sizeof(target), "generations/%llu", (unsigned long long)change->next.number);
    if (unlink(beside) != 0 && errno != ENOENT)
        return error_system(err, "%s", beside);
    return symlink(target, beside) == 0 || error_system(err, "%s", beside);
}

static bool switch_link(struct state_change *change, struct error *err)
{
    char *beside = state_path(change->state, change->arena, "current.new");
    char *current = state_path(change->state, change->arena, "current");

    if (beside == NULL || current == NULL)
        return arena_full(change->arena, err);
    if (rename(beside, current) != 0)
        return error_system(err, "%s", current);
    change->begun = false; /* nothing is thrown away any more */
    return true;
}

static bool sync_switch(struct state_change *change, struct error *err)
{
    return file_sync_folder(change->state->folder, err);
}

bool state_change_step(struct state_change *change, enum state_step step, struct error *err)
{
    static bool (*const steps[STATE_STEP_COUNT])(struct state_change *, struct error *) = {
        [STATE_STEP_SYNC] = sync_new,       [STATE_STEP_NAME] = name_new,
        [STATE_STEP_SYNC_NAME] = sync_name, [STATE_STEP_LINK] = make_link,
        [STATE_STEP_SWITCH] = switch_link,  [STATE_STEP_SYNC_SWITCH] = sync_switch,
    };

    return steps[step](change, err);
}

bool state_change_commit(struct state_change *change, struct error *err)
{
    for (int step = STATE_STEP_SYNC; step < STATE_STEP_COUNT; step++)
        if (!state_change_step(change, (enum state_step)step, err))
            return false;
    return true;
}

void state_change_end(struct state_change *change)
{
    struct error ignored;

    /* What cannot be removed now the next writer removes. */
    if (change->begun && change->next.folder != NULL)
        (void)!file_remove_tree(change->next.folder, &ignored);
    own_fd(&change->lock);
    change->begun = false;
}
