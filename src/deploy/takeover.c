#include "deploy/takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

/* ---- places ---- */

/* Where a change is below the root, and where what stood there goes. */
struct spot {
    const char *path, *aside, *folder;
};

/* Each folder on the way is one, and no link. *out stays as it is when the last of them is not there. */
static bool check_way(const char *root, struct text path, struct arena *arena, struct error *err)
{
    size_t skip = strcmp(root, "/") == 0 ? 0 : strlen(root);
    struct stat found;

    for (size_t i = skip + 1; i < path.size; i++) {
        if (path.at[i] != '/')
            continue;
        const char *part = text_string(arena, text_part(path, 0, i));
        if (part == NULL)
            return arena_full(arena, err);
        if (lstat(part, &found) != 0)
            return errno == ENOENT || error_system(err, "%s", part);
        if (!S_ISDIR(found.st_mode))
            return error_set(err, ERROR_TRUST, "%s: is no folder of its own; nothing is changed behind it",
                             part);
    }
    return true;
}

static bool find_spot(const struct takeover_place *place, struct text path, struct arena *arena,
                      struct spot *out, struct error *err)
{
    const char *root = strcmp(place->root, "/") == 0 ? "" : place->root;

    if (!takeover_path_check(path, err))
        return false;
    struct text whole = text_format(arena, "%s%.*s", root, TEXT_ARG(path));
    struct text aside = text_format(arena, "%.*s%s", TEXT_ARG(whole), TAKEOVER_ASIDE);
    if (whole.at == NULL || aside.at == NULL)
        return arena_full(arena, err);
    size_t slash = whole.size;
    while (slash > 0 && whole.at[slash - 1] != '/')
        slash--;
    *out = (struct spot){whole.at, aside.at, text_string(arena, text_part(whole, 0, slash - 1))};
    if (out->folder == NULL)
        return arena_full(arena, err);
    return check_way(place->root, whole, arena, err);
}

/* Something has this name, be it a link that leads nowhere. */
static bool is_there(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0;
}

static bool may_change(const struct takeover_place *place, struct error *err)
{
    return place->gate == NULL || place->gate(place->gate_self, err);
}

/* ---- what is there ---- */

enum there { THERE_NOTHING, THERE_OURS, THERE_OTHER };

static bool is_our_file(const char *path, const struct takeover_change *change, struct arena *arena)
{
    struct bytes content;
    struct digest digest;
    struct stat found;
    struct error ignored; /* what cannot be read is not ours */

    return lstat(path, &found) == 0 && S_ISREG(found.st_mode) &&
           file_read(path, LIMIT_TAKEOVER_CONTENT, arena, &content, &ignored) &&
           digest_bytes(DIGEST_SHA256, content, &digest, &ignored) && digest_equal(&digest, &change->digest);
}

static enum there what_is_there(const struct spot *spot, const struct takeover_change *change,
                                struct arena *arena)
{
    struct text target;
    struct error ignored;

    if (!is_there(spot->path))
        return THERE_NOTHING;
    switch (change->kind) {
    case TAKEOVER_FOLDER:
        return file_is_folder(spot->path) ? THERE_OURS : THERE_OTHER;
    case TAKEOVER_LINK:
        return file_link(spot->path, arena, &target, &ignored) && text_equal(target, change->target)
                   ? THERE_OURS
                   : THERE_OTHER;
    case TAKEOVER_FILE:
        return is_our_file(spot->path, change, arena) ? THERE_OURS : THERE_OTHER;
    case TAKEOVER_UNKNOWN:
    case TAKEOVER_KIND_COUNT:
    default:
        return THERE_OTHER;
    }
}

/* ---- the plan ---- */

static bool change_of(const struct takeover_wish *wish, struct takeover_change *out, struct error *err)
{
    struct takeover_change change = {
        .kind = wish->kind, .path = text_of(wish->path), .group = text_of(wish->group), .mode = wish->mode};

    if (wish->kind == TAKEOVER_LINK)
        change.target = text_of(wish->target);
    if (wish->kind == TAKEOVER_FILE &&
        !digest_bytes(DIGEST_SHA256, bytes_of_text(wish->content), &change.digest, err))
        return false;
    *out = change;
    return true;
}

bool takeover_plan(const struct takeover_place *place, const struct takeover_wish *wishes, size_t count,
                   struct arena *arena, struct takeover *out, struct error *err)
{
    struct takeover plan = {.phase = TAKEOVER_TAKING, .by = TEXT("nobody")};

    if (count > LIMIT_TAKEOVER_CHANGES)
        return error_set(err, ERROR_LIMIT, "%zu changes, more than %d", count, LIMIT_TAKEOVER_CHANGES);
    plan.changes = ARENA_ARRAY(arena, struct takeover_change, count);
    if (plan.changes == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++) {
        struct takeover_change change;
        struct spot spot;
        if (!change_of(&wishes[i], &change, err) || !find_spot(place, change.path, arena, &spot, err))
            return false;
        enum there there = what_is_there(&spot, &change, arena);
        if (there == THERE_OURS)
            continue; /* it is so already, and stays so when the rest is given back */
        if (there == THERE_OTHER && change.kind == TAKEOVER_FOLDER)
            return error_set(err, ERROR_CONFLICT, "%s: is no folder", spot.path);
        if (is_there(spot.aside))
            return error_set(err, ERROR_CONFLICT,
                             "%s: is in the way; it was left there by hand or by a broken record",
                             spot.aside);
        change.aside = there == THERE_OTHER;
        if (wishes[i].unit != NULL && place->units != NULL &&
            place->units->is_active(place->units->self, wishes[i].unit))
            change.unit = text_of(wishes[i].unit);
        plan.changes[plan.change_count++] = change;
    }
    *out = plan;
    return true;
}

/* ---- taking ---- */

static bool make_thing(const struct spot *spot, const struct takeover_change *change, struct text content,
                       struct error *err)
{
    if (change->kind == TAKEOVER_FILE)
        return file_create(spot->path, bytes_of_text(content), change->mode, err);
    if (change->kind == TAKEOVER_FOLDER) {
        if (mkdir(spot->path, 0755) != 0)
            return error_system(err, "%s", spot->path);
    } else {
        char target[LIMIT_TAKEOVER_PATH + 1];
        (void)snprintf(target, sizeof(target), "%.*s", TEXT_ARG(change->target));
        if (symlink(target, spot->path) != 0)
            return error_system(err, "%s", spot->path);
    }
    return file_sync_folder(spot->folder, err);
}

static bool make_change(const struct takeover_place *place, const struct takeover_change *change,
                        struct text content, struct arena *arena, struct error *err)
{
    struct spot spot;

    if (!find_spot(place, change->path, arena, &spot, err))
        return false;
    if (is_there(spot.path) != change->aside)
        return error_set(err, ERROR_CONFLICT, "%s: changed meanwhile", spot.path);
    if (change->aside) {
        if (!may_change(place, err))
            return false;
        if (renameat2(AT_FDCWD, spot.path, AT_FDCWD, spot.aside, RENAME_NOREPLACE) != 0)
            return error_system(err, "%s", spot.path);
        if (!file_sync_folder(spot.folder, err))
            return false;
    }
    return may_change(place, err) && make_thing(&spot, change, content, err);
}

static struct text content_of(const struct takeover_change *change, const struct takeover_wish *wishes,
                              size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(change->path, text_of(wishes[i].path)))
            return wishes[i].content;
    return (struct text){0};
}

/* What no longer starts is stopped too. The first refusal is the one to tell. */
static bool stop_units(const struct takeover_place *place, const struct takeover *plan, struct arena *arena,
                       struct error *err)
{
    if (place->units == NULL)
        return true;
    if (!place->units->reload(place->units->self, err))
        return false;
    for (size_t i = 0; i < plan->change_count; i++) {
        const char *unit = text_string(arena, plan->changes[i].unit);
        if (unit == NULL)
            return arena_full(arena, err);
        if (unit[0] != 0 && !place->units->stop(place->units->self, unit, err))
            return false;
    }
    return true;
}

bool takeover_take(const struct takeover_place *place, const struct takeover *plan,
                   const struct takeover_wish *wishes, size_t count, struct arena *arena, struct error *err)
{
    struct takeover record;

    if (!takeover_read(place->record, arena, &record, err))
        return false;
    if (record.phase != TAKEOVER_NONE)
        return error_set(err, ERROR_CONFLICT, "%s: something is taken over already", place->record);
    record = *plan;
    record.phase = TAKEOVER_TAKING;
    if (!may_change(place, err) || !takeover_replace(place->record, &record, err))
        return false;
    for (size_t i = 0; i < plan->change_count; i++)
        if (!make_change(place, &plan->changes[i], content_of(&plan->changes[i], wishes, count), arena, err))
            return false;
    if (!stop_units(place, plan, arena, err))
        return false;
    record.phase = TAKEOVER_TAKEN;
    return may_change(place, err) && takeover_replace(place->record, &record, err);
}

/* ---- giving back ---- */

static bool give_folder(const struct takeover_place *place, const struct spot *spot,
                        enum takeover_outcome *outcome, struct error *err)
{
    if (!may_change(place, err))
        return false;
    if (rmdir(spot->path) == 0)
        return file_sync_folder(spot->folder, err);
    if (errno == ENOTEMPTY || errno == EEXIST)
        *outcome = TAKEOVER_IN_USE;
    else if (errno == ENOTDIR)
        *outcome = TAKEOVER_CHANGED;
    else if (errno != ENOENT)
        return error_system(err, "%s", spot->path);
    return true;
}

/* Nothing stands there now: what stood there before comes back. */
static bool put_back(const struct takeover_place *place, const struct spot *spot,
                     const struct takeover_change *change, enum takeover_outcome *outcome, struct error *err)
{
    if (!is_there(spot->aside)) {
        *outcome = change->aside ? TAKEOVER_LOST : TAKEOVER_RETURNED;
        return true;
    }
    if (!may_change(place, err))
        return false;
    if (renameat2(AT_FDCWD, spot->aside, AT_FDCWD, spot->path, RENAME_NOREPLACE) != 0)
        return error_system(err, "%s", spot->path);
    return file_sync_folder(spot->folder, err);
}

static bool give_change(const struct takeover_place *place, const struct takeover_change *change,
                        struct arena *arena, enum takeover_outcome *outcome, struct error *err)
{
    struct spot spot;

    *outcome = TAKEOVER_RETURNED;
    if (!find_spot(place, change->path, arena, &spot, err))
        return false;
    if (change->kind == TAKEOVER_FOLDER)
        return give_folder(place, &spot, outcome, err);
    enum there there = what_is_there(&spot, change, arena);
    if (there == THERE_OTHER) {
        /* Without anything aside it is what stood there before: it was not moved yet, or is back already. */
        if (!change->aside || is_there(spot.aside))
            *outcome = TAKEOVER_CHANGED;
        return true;
    }
    if (there == THERE_OURS) {
        if (!may_change(place, err))
            return false;
        if (unlink(spot.path) != 0)
            return error_system(err, "%s", spot.path);
        if (!file_sync_folder(spot.folder, err))
            return false;
    }
    return put_back(place, &spot, change, outcome, err);
}

/* The files are back; that systemd refuses a unit does not undo that, it is told. */
static void start_units(const struct takeover_place *place, const struct takeover *record,
                        struct arena *arena, struct text *trouble)
{
    struct error why = {0};
    bool done = place->units == NULL || place->units->reload(place->units->self, &why);

    for (size_t i = 0; place->units != NULL && done && i < record->change_count; i++) {
        const char *unit = text_string(arena, record->changes[i].unit);
        done = unit != NULL && (unit[0] == 0 || place->units->start(place->units->self, unit, &why));
    }
    *trouble = done ? (struct text){0} : text_format(arena, "%s", why.text[0] ? why.text : "out of memory");
}

bool takeover_give(const struct takeover_place *place, struct arena *arena, struct takeover_report *out,
                   struct error *err)
{
    struct takeover_report report = {0};
    struct takeover record;

    if (!takeover_read(place->record, arena, &record, err))
        return false;
    report.phase = record.phase;
    report.count = record.change_count;
    struct takeover_given *given = ARENA_ARRAY(arena, struct takeover_given, record.change_count);
    if (given == NULL)
        return arena_full(arena, err);
    if (record.phase == TAKEOVER_NONE) {
        *out = report;
        return true;
    }
    record.phase = TAKEOVER_GIVING;
    if (!may_change(place, err) || !takeover_replace(place->record, &record, err))
        return false;
    for (size_t i = record.change_count; i-- > 0;) {
        given[i].change = record.changes[i];
        if (!give_change(place, &record.changes[i], arena, &given[i].outcome, err))
            return false;
    }
    start_units(place, &record, arena, &report.unit_trouble);
    report.given = given;
    *out = report;
    return may_change(place, err) && takeover_remove(place->record, err);
}
