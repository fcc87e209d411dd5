/*
 * sutured store copy: a fleet moves from one database to another. sutured backup and restore: all that a server needs to be itself
 * again. sutured quarantine: what a restored one waits for.
 */
#include <stdio.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "server/first_start.h"
#include "server/tool.h"
#include "store/fleet_keep.h"
#include "store/fleet_read.h"
#include "store/fleet_write.h"

#define COPY_TIME_MS (60 * 60 * 1000) /* keys and a repository: some megabytes, on whatever disk */

/* ---- what they share ---- */

/* Held, no sutured works in the folder of data; one that is not there yet is held by nobody. */
static bool hold(const struct tool_call *call, int *lock, struct error *err)
{
    struct server_paths paths;

    if (!server_paths_of(call->settings, call->arena, &paths, err))
        return false;
    const char *path = file_path(call->arena, paths.front, "lock");
    if (path == NULL)
        return arena_full(call->arena, err);
    if (!file_is_folder(paths.front) || file_lock(path, lock, err))
        return true;
    return error_at(err, "sutured works in %s: stop it first", call->settings->data);
}

static void say_copied(const struct tool_call *call, const char *what, const struct fleet_copied *copied)
{
    char hex[65];

    for (size_t i = 0; i < sizeof(copied->digest); i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", copied->digest[i]);
    fprintf(call->out, "%s: %llu rows of %llu tables, sha256:%s\n", what, (unsigned long long)copied->rows,
            (unsigned long long)copied->tables, hex);
}

/* ---- store copy ---- */

static bool copy(const struct tool_call *call, struct error *err)
{
    OWN(fleet_store_close) struct fleet_store *from = NULL;
    OWN(fleet_store_close) struct fleet_store *to = NULL;
    OWN(own_fd) int lock = -1;
    const struct fleet_store_options old = {.now_us = time_now_us()},
                                     new = {.make = true, .now_us = old.now_us};
    struct fleet_copied copied;

    if (!hold(call, &lock, err))
        return false;
    if (!fleet_store_open(call->arguments[0], &old, &from, err))
        return error_at(err, "from");
    if (!fleet_store_open(call->arguments[1], &new, &to, err) || !fleet_store_copy(from, to, &copied, err))
        return error_at(err, "to");
    say_copied(call, "copied, and compared", &copied);
    fprintf(call->out, "next: set \"store\" in the settings to where it is now, and start sutured; the old "
                       "one is not changed\n");
    return true;
}

const struct tool tool_store_copy = {
    .name = "store copy",
    .arguments = "FROM TO",
    .help = "all of a fleet into another, empty database",
    .argument_min = 2,
    .argument_max = 2,
    .run = copy,
};

/* ---- backup ---- */

/* What of the folder of data cannot be made again. */
static const char *const kept[] = {"keys", "front", "ca.pem", "repo", "first-person"};
#define KEPT (sizeof(kept) / sizeof(*kept))

static bool copy_tree(const struct tool_call *call, const char *from, const char *to, struct error *err)
{
    const char *const argv[] = {"/usr/bin/cp", "--archive", "--no-target-directory", "--", from, to, NULL};
    const struct child_command command = {.argv = argv, .timeout_ms = COPY_TIME_MS, .output_limit = 64 * KIB};
    struct child_result result;

    if (!child_run(&command, call->arena, &result, err))
        return error_at(err, "%s", from);
    return result.status == 0 || error_set(err, ERROR_SYSTEM, "%s: %.*s", from, (int)result.errors.size,
                                           (const char *)result.errors.at);
}

/* What of it is in `from`, into `to`. */
static bool copy_kept(const struct tool_call *call, const char *from, const char *to, struct error *err)
{
    for (size_t i = 0; i < KEPT; i++) {
        const char *source = file_path(call->arena, from, kept[i]),
                   *target = file_path(call->arena, to, kept[i]);
        if (source == NULL || target == NULL)
            return arena_full(call->arena, err);
        if (file_exists(source) && !copy_tree(call, source, target, err))
            return false;
    }
    return true;
}

static bool is_folder_name(const char *path)
{
    size_t size = strlen(path);

    return (size > 0 && path[size - 1] == '/') || file_is_folder(path);
}

/* A folder that is empty, or is made. */
static bool take_folder(const struct tool_call *call, const char *path, struct error *err)
{
    struct file_names names;

    if (!file_make_folders(path, 0700, err) || !file_list(path, 16, call->arena, &names, err))
        return false;
    return names.count == 0 ||
           error_set(err, ERROR_CONFLICT, "%s: there is something in it: each backup has a folder of its own",
                     path);
}

static bool backup(const struct tool_call *call, struct error *err)
{
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    const struct fleet_store_options options = {.read_only = true, .now_us = time_now_us()};
    const char *path = call->arguments[0];
    struct fleet_copied copied;

    if (!fleet_store_open(call->settings->store, &options, &store, err))
        return false;
    if (is_folder_name(path)) {
        if (!take_folder(call, path, err) || !copy_kept(call, call->settings->data, path, err))
            return false;
        path = file_path(call->arena, path, "fleet.db");
        if (path == NULL)
            return arena_full(call->arena, err);
    }
    if (!fleet_store_backup(store, path, options.now_us, &copied, err))
        return false;
    say_copied(call, path, &copied);
    fprintf(call->out, is_folder_name(call->arguments[0])
                           ? "the server's keys are in it: keep it as you keep them\n"
                           : "the database alone; \"sutured backup FOLDER/\" also takes the keys, without "
                             "which no agent knows the server\n");
    return true;
}

const struct tool tool_backup = {
    .name = "backup",
    .arguments = "FILE|FOLDER/",
    .help = "the database as one file, or that and the keys in a folder; while sutured works",
    .argument_min = 1,
    .argument_max = 1,
    .run = backup,
};

/* ---- restore ---- */

/* Nothing of what the backup has is in the folder of data. */
static bool check_kept(const struct tool_call *call, struct error *err)
{
    for (size_t i = 0; i < KEPT; i++) {
        const char *target = file_path(call->arena, call->settings->data, kept[i]);
        if (target == NULL)
            return arena_full(call->arena, err);
        if (file_exists(target))
            return error_set(err, ERROR_CONFLICT,
                             "%s is there already: move the old folder of data away first", target);
    }
    return true;
}

static bool restore_database(const struct tool_call *call, const char *path, struct error *err)
{
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    const struct fleet_store_options options = {.make = true, .now_us = time_now_us()};
    struct server_paths paths;
    struct fleet_copied copied;

    if (!server_paths_of(call->settings, call->arena, &paths, err) ||
        !file_make_folders(paths.store, 0700, err) ||
        !fleet_store_open(call->settings->store, &options, &store, err) ||
        !fleet_store_restore(path, store, options.now_us, &copied, err))
        return false;
    say_copied(call, "restored", &copied);
    return true;
}

/* The database before the keys: a start between the two finds that it is another fleet's, and stops. */
static bool restore_folder(const struct tool_call *call, const char *folder, struct error *err)
{
    const char *database = file_path(call->arena, folder, "fleet.db");

    if (database == NULL)
        return arena_full(call->arena, err);
    return check_kept(call, err) && restore_database(call, database, err) &&
           copy_kept(call, folder, call->settings->data, err);
}

static bool restore(const struct tool_call *call, struct error *err)
{
    OWN(own_fd) int lock = -1;
    const char *path = call->arguments[0];

    if (!hold(call, &lock, err) ||
        !(file_is_folder(path) ? restore_folder(call, path, err) : restore_database(call, path, err)))
        return false;
    fprintf(
        call->out,
        "It is in quarantine: nothing new is handed out until the machines have said what they hold already\n"
        "(sutured quarantine). Enrolment and API tokens were revoked. Look through the users and the "
        "revoked\n"
        "machines: what was changed behind the backup is not known here.\n");
    return true;
}

const struct tool tool_restore = {
    .name = "restore",
    .arguments = "FILE|FOLDER",
    .help = "a backup into an empty database, which is then in quarantine",
    .argument_min = 1,
    .argument_max = 1,
    .run = restore,
};

/* ---- quarantine ---- */

static bool end_quarantine(struct fleet_store *store, int64_t now_us, struct error *err)
{
    const struct fleet_audit audit = {.at_us = now_us,
                                      .actor = TEXT("sutured"),
                                      .deed = TEXT("quarantine.end"),
                                      .detail = TEXT("{\"by\":\"command\"}")};
    const struct fleet_write write = {.kind = FLEET_WRITE_QUARANTINE_END, .audit = &audit};
    struct fleet_result result;

    return fleet_store_write(store, &write, 1, &result, err) &&
           (result.outcome == FLEET_OUTCOME_DONE || error_set(err, ERROR_CONFLICT, "%s", result.why));
}

static bool quarantine(const struct tool_call *call, struct error *err)
{
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    bool end = call->argument_count == 1;
    const struct fleet_store_options options = {.read_only = !end, .now_us = time_now_us()};
    struct fleet_state state;
    struct fleet_awaited awaited;

    if (end && strcmp(call->arguments[0], "end") != 0)
        return error_set(err, ERROR_INPUT, "usage: sutured quarantine [end]");
    if (!fleet_store_open(call->settings->store, &options, &store, err) ||
        !fleet_store_state(store, &state, err))
        return false;
    if (!state.quarantine) {
        fprintf(call->out, "not in quarantine\n");
        return true;
    }
    if (end && !end_quarantine(store, options.now_us, err))
        return false;
    if (!fleet_store_awaited(store, &awaited, err))
        return false;
    fprintf(call->out, "%s: %llu machines have reported since the restore, %llu that lived then have not\n",
            end ? "ended" : "in quarantine", (unsigned long long)awaited.reported,
            (unsigned long long)awaited.awaited);
    fprintf(call->out, "plan: %llu here, %llu reported; advisories: %llu here, %llu reported\n",
            (unsigned long long)state.highest[FLEET_GENERATION_PLAN],
            (unsigned long long)state.reported[FLEET_GENERATION_PLAN],
            (unsigned long long)state.highest[FLEET_GENERATION_INDEX],
            (unsigned long long)state.reported[FLEET_GENERATION_INDEX]);
    return true;
}

const struct tool tool_quarantine = {
    .name = "quarantine",
    .arguments = "[end]",
    .help = "what a restored server still waits for; or no longer to wait",
    .argument_max = 1,
    .run = quarantine,
};
