#include "deploy/backup.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/below.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/deb_build.h"
#include "manager/deb_plain.h"
#include "manager/dpkg_status.h"
#include "model/version.h"

#define ROOM_MIN     (16 * MIB) /* beside the packages: conffiles, lists, the manifest */
#define LINKS_MAX    8          /* of a conffile that leads on */
#define SCRATCH_SIZE (256 * MIB)

/* What is being put together; texts and rows in the arena of the call. */
struct backup {
    const struct backup_request *request;
    struct arena *arena;
    struct dpkg_database database;
    int root;
    enum compress_kind packing;
    struct kept_change *changes;
    size_t change_count;
    const struct dpkg_record **records; /* of each change; NULL: dpkg knows nothing of it */
    struct kept_part *parts;
    size_t part_count, part_capacity;
    struct kept_file *files;
    size_t file_count, file_capacity;
    struct backup_result result;
};

/* A package may change its architecture to or from "all"; the one that is here counts. */
static const struct dpkg_record *find_record(const struct dpkg_database *database,
                                             const struct plan_change *change)
{
    const struct dpkg_record *found = dpkg_database_find(database, change->name, change->arch);

    for (size_t i = 0; found == NULL && change->from.size > 0 && i < database->count; i++)
        if (text_equal(database->records[i].name, change->name) &&
            text_equal(database->records[i].version, change->from))
            found = &database->records[i];
    return found;
}

static bool check_record(const struct plan_change *change, const struct dpkg_record *record,
                         struct error *err)
{
    bool installed = record != NULL && text_equal(record->state, TEXT("installed"));

    if (change->kind == CHANGE_NEW)
        return !installed ||
               error_set(err, ERROR_CONFLICT, "%.*s is installed by now", TEXT_ARG(change->name));
    if (!installed)
        return error_set(err, ERROR_CONFLICT, "%.*s is not wholly installed", TEXT_ARG(change->name));
    return text_equal(record->version, change->from) ||
           error_set(err, ERROR_CONFLICT, "%.*s is at %.*s, not at %.*s as the plan found it",
                     TEXT_ARG(change->name), TEXT_ARG(record->version), TEXT_ARG(change->from));
}

static int compare_changes(const void *a, const void *b)
{
    const struct kept_change *one = a, *other = b;
    int order = text_compare(one->name, other->name);

    return order != 0 ? order : text_compare(one->arch, other->arch);
}

static bool take_changes(struct backup *b, struct error *err)
{
    const struct plan *plan = b->request->plan;

    b->changes = ARENA_ARRAY(b->arena, struct kept_change, plan->change_count);
    b->records = ARENA_ARRAY(b->arena, const struct dpkg_record *, plan->change_count);
    if (b->changes == NULL || b->records == NULL)
        return arena_full(b->arena, err);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        const struct dpkg_record *record = find_record(&b->database, change);
        if (!check_record(change, record, err))
            return false;
        b->changes[i] = (struct kept_change){
            .kind = change->kind,
            .group = change->group,
            .name = change->name,
            .arch = record == NULL ? change->arch : record->arch,
            .from = change->from,
            .to = change->to,
            .paragraph = record == NULL ? (struct bytes){0} : record->whole,
        };
    }
    b->change_count = plan->change_count;
    if (b->change_count > 0)
        qsort(b->changes, b->change_count, sizeof(*b->changes), compare_changes);
    for (size_t i = 0; i < b->change_count; i++)
        b->records[i] = dpkg_database_find(&b->database, b->changes[i].name, b->changes[i].arch);
    return true;
}

/* dpkg reads zstd since 1.21.18. */
static enum compress_kind choose_packing(const struct dpkg_database *database)
{
    for (size_t i = 0; i < database->count; i++)
        if (text_equal(database->records[i].name, TEXT("dpkg")))
            return version_compare(VERSION_DEB, database->records[i].version, TEXT("1.21.18")) >= 0
                       ? COMPRESS_ZSTD
                       : COMPRESS_NONE;
    return COMPRESS_NONE;
}

static bool begin(struct backup *b, struct error *err)
{
    if (!dpkg_database_open(b->request->root, b->arena, &b->database, err) || !take_changes(b, err))
        return false;
    b->packing = choose_packing(&b->database);
    return below_open_root(b->request->root, &b->root, err);
}

static bool estimate(struct backup *b, uint64_t *out, struct error *err)
{
    uint64_t all = 0, size;

    for (size_t i = 0; i < b->change_count; i++) {
        OWN(arena_end) struct arena scratch = arena_with(SCRATCH_SIZE);
        if (b->changes[i].kind == CHANGE_NEW)
            continue;
        if (!deb_build_estimate(&b->database, b->records[i], &scratch, &size, err))
            return false;
        all += size;
    }
    /* zstd's fastest makes less than half of most packages; of a few, two thirds. */
    *out = ROOM_MIN + (b->packing == COMPRESS_ZSTD ? all / 3 * 2 : all);
    return true;
}

static bool check_room(struct backup *b, struct error *err)
{
    struct statvfs room;
    uint64_t need;

    if (!estimate(b, &need, err))
        return false;
    if (statvfs(b->request->folder, &room) != 0)
        return error_system(err, "%s", b->request->folder);
    uint64_t have = (uint64_t)room.f_bavail * room.f_frsize;
    return have >= need ||
           error_set(err, ERROR_LIMIT, "the way back needs %llu MB in %s, where %llu are free",
                     (unsigned long long)(need / 1000000 + 1), b->request->folder,
                     (unsigned long long)(have / 1000000));
}

/* ---- the set ---- */

static bool take_set(struct backup *b, struct rollback_store *store, struct error *err)
{
    const char *path = file_below(b->arena, b->request->root, "/var/lib/apt/extended_states");
    struct kept_package *packages = ARENA_ARRAY(b->arena, struct kept_package, b->database.count);
    struct dpkg_status status;
    struct bytes extended;

    if (path == NULL || packages == NULL)
        return arena_full(b->arena, err);
    if (!dpkg_status_parse(b->database.status, b->arena, &status, err) ||
        !dpkg_status_mark_automatic(&status, path, b->request->plan->arch, b->arena, err))
        return false;
    for (size_t i = 0; i < b->database.count; i++) {
        const struct dpkg_record *record = &b->database.records[i];
        const struct package *package = dpkg_status_find(&status, record->name, record->arch);
        struct text words = text_format(b->arena, "%.*s %.*s %.*s", TEXT_ARG(record->want),
                                        TEXT_ARG(record->flag), TEXT_ARG(record->state));
        if (words.at == NULL)
            return arena_full(b->arena, err);
        packages[i] = (struct kept_package){record->name, record->arch, record->version, words,
                                            package != NULL && package->automatic};
    }
    store->packages = packages;
    store->package_count = b->database.count;
    if (!file_read(path, LIMIT_DPKG_STATUS, b->arena, &extended, err))
        return err->kind == ERROR_ABSENT;
    return rollback_store_put(b->request->folder, extended, &store->extended, err);
}

/* ---- files ---- */

static bool add_file(struct backup *b, const struct kept_file *file, struct error *err)
{
    struct kept_file *grown =
        arena_grow(b->arena, b->files, b->file_count, &b->file_capacity, b->file_count + 1, sizeof(*grown));

    if (grown == NULL)
        return arena_full(b->arena, err);
    b->files = grown;
    grown[b->file_count++] = *file;
    return true;
}

static bool keep_content(struct backup *b, struct text path, const struct stat *like,
                         struct kept_content *out, struct error *err)
{
    OWN(own_fd) int fd = -1;
    OWN(file_unmap) struct file_map map = {0};

    return below_open_file(b->root, path, like, &fd, err) && file_map_fd(fd, LIMIT_DEB_CONTROL, &map, err) &&
           rollback_store_put(b->request->folder, map.bytes, out, err);
}

/* "/etc/x" that leads to "../y" is at "/etc/../y", which the system finds. */
static struct text led_to(struct text path, struct text target, struct arena *arena)
{
    size_t slash = path.size;

    if (target.size > 0 && target.at[0] == '/')
        return target;
    while (slash > 0 && path.at[slash - 1] != '/')
        slash--;
    return text_format(arena, "%.*s%.*s", (int)slash, path.at, TEXT_ARG(target));
}

/* What is at the path now, and what it leads to when it is a link. */
static bool keep_path(struct backup *b, uint32_t change, struct text path, struct error *err)
{
    for (size_t links = 0; links < LINKS_MAX; links++) {
        struct kept_file file = {.change = change, .kind = KEPT_ABSENT, .conffile = true, .path = path};
        struct stat like;
        bool found;
        if (!below_stat(b->root, path, false, &like, &found, err))
            return false;
        if (found && !S_ISREG(like.st_mode) && !S_ISLNK(like.st_mode))
            return true; /* a folder or device in a conffile's place: dpkg leaves it alone, and so do we */
        if (found) {
            file.kind = S_ISLNK(like.st_mode) ? KEPT_LINK : KEPT_FILE;
            file.mode = like.st_mode & 07777;
            file.uid = like.st_uid;
            file.gid = like.st_gid;
            file.mtime_s = like.st_mtim.tv_sec;
            file.mtime_ns = (uint32_t)like.st_mtim.tv_nsec;
        }
        if ((file.kind == KEPT_FILE && !keep_content(b, path, &like, &file.content, err)) ||
            (file.kind == KEPT_LINK && !below_link(b->root, path, b->arena, &file.target, err)) ||
            !add_file(b, &file, err))
            return error_at(err, "%.*s", TEXT_ARG(path));
        if (file.kind != KEPT_LINK)
            return true;
        path = led_to(path, file.target, b->arena);
        if (path.at == NULL)
            return arena_full(b->arena, err);
    }
    return true;
}

static bool keep_conffiles(struct backup *b, uint32_t change, struct error *err)
{
    static const char *const beside[] = {"", ".dpkg-dist", ".dpkg-old", ".dpkg-new", ".dpkg-bak"};
    const struct dpkg_record *record = b->records[change];
    struct dpkg_conffile *conffiles;
    size_t count;

    if (!dpkg_conffiles_parse(record->conffiles, b->arena, &conffiles, &count, err))
        return error_at(err, "%.*s", TEXT_ARG(record->name));
    for (size_t i = 0; i < count; i++) {
        struct text place = dpkg_database_place(&b->database, record->name, conffiles[i].path);
        for (size_t k = 0; k < sizeof(beside) / sizeof(beside[0]); k++) {
            struct text path = text_format(b->arena, "%.*s%s", TEXT_ARG(place), beside[k]);
            if (path.at == NULL)
                return arena_full(b->arena, err);
            if (!keep_path(b, change, path, err))
                return false;
        }
        b->result.conffiles++;
    }
    return true;
}

static bool keep_part(struct backup *b, uint32_t change, struct text name, struct error *err)
{
    OWN(arena_end) struct arena scratch = arena_with(LIMIT_DEB_CONTROL + MIB);
    struct kept_part part = {.change = change, .name = name, .mode = 0644};
    struct stat like;
    struct bytes content;
    const char *path, *string = text_string(&scratch, name);

    if (string == NULL)
        return arena_full(&scratch, err);
    if (!dpkg_database_part_path(&b->database, b->records[change], string, &scratch, &path, err) ||
        !file_read(path, LIMIT_DEB_CONTROL, &scratch, &content, err) ||
        !rollback_store_put(b->request->folder, content, &part.content, err))
        return false;
    if (stat(path, &like) == 0)
        part.mode = like.st_mode & 07777;
    struct kept_part *grown =
        arena_grow(b->arena, b->parts, b->part_count, &b->part_capacity, b->part_count + 1, sizeof(*grown));
    if (grown == NULL)
        return arena_full(b->arena, err);
    b->parts = grown;
    grown[b->part_count++] = part;
    return true;
}

/* Its list; of a package that is not installed, all that dpkg had left of it. */
static bool keep_parts(struct backup *b, uint32_t change, struct error *err)
{
    struct text *parts;
    size_t count;

    if (!dpkg_database_parts(&b->database, b->records[change], b->arena, &parts, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if ((b->changes[change].kind == CHANGE_NEW || text_equal(parts[i], TEXT("list"))) &&
            !keep_part(b, change, parts[i], err))
            return false;
    return true;
}

static bool keep_attributes(struct backup *b, uint32_t change, struct text path, struct error *err)
{
    struct text place = dpkg_database_place(&b->database, b->records[change]->name, path);
    struct bytes names, value;

    if (!below_attributes(b->root, place, b->arena, &names, err))
        return false;
    for (size_t at = 0; at < names.size; at += strlen((const char *)names.at + at) + 1) {
        struct kept_file file = {.change = change, .kind = KEPT_ATTRIBUTE, .path = place};
        const char *name = (const char *)names.at + at;
        if (!text_from_bytes(bytes_of_text(text_of(name)), LIMIT_PATH, &file.target, err) ||
            !below_attribute(b->root, place, name, b->arena, &value, err) ||
            !rollback_store_put(b->request->folder, value, &file.content, err) || !add_file(b, &file, err))
            return false;
        b->result.attributes++;
    }
    return true;
}

/* ---- packages ---- */

static bool is_conffile(const struct backup *b, uint32_t change, struct text path)
{
    for (size_t i = b->file_count; i-- > 0 && b->files[i].change == change;)
        if (b->files[i].conffile && text_equal(b->files[i].path, path))
            return true;
    return false;
}

/* What could not be unpacked again stays as it is kept now: that is no failure. */
static bool note_plain(struct kept_change *kept, const char *path, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    struct kept_content plain = {0};
    struct error why = {0};

    if (!file_map(path, LIMIT_DEB_FILE, &map, err))
        return false;
    if (deb_plain_digest(map.bytes, &plain.size, &plain.digest, &why))
        kept->plain = plain;
    return true;
}

static bool keep_package(struct backup *b, uint32_t change, struct error *err)
{
    const char *path = file_path(b->arena, b->request->folder, "new.deb");
    struct kept_change *kept = &b->changes[change];
    struct deb_built built;

    if (path == NULL)
        return arena_full(b->arena, err);
    if (!deb_build(&b->database, b->records[change], b->packing, path, b->arena, &built, err))
        return false;
    kept->deb = (struct kept_content){built.digest, built.size};
    kept->origin = KEPT_REBUILT;
    if (!note_plain(kept, path, err) || !rollback_store_take_deb(b->request->folder, path, &kept->deb, err))
        return false;
    for (size_t i = 0; i < built.absent_count; i++) {
        struct text place = dpkg_database_place(&b->database, kept->name, built.absent[i]);
        struct kept_file file = {.change = change, .kind = KEPT_ABSENT, .path = place};
        if (!is_conffile(b, change, place) && !add_file(b, &file, err))
            return false;
        b->result.absent++;
    }
    for (size_t i = 0; i < built.attributed_count; i++)
        if (!keep_attributes(b, change, built.attributed[i], err))
            return false;
    b->result.rebuilt++;
    b->result.size += built.size;
    return true;
}

static bool keep_all(struct backup *b, struct error *err)
{
    struct rollback_store store = {
        .made_us = b->request->now_us,
        .run = b->request->run,
        .plan = text_of(b->request->plan->id),
        .arch = b->request->plan->arch,
    };

    if (!take_set(b, &store, err))
        return false;
    for (uint32_t i = 0; i < b->change_count; i++) {
        if (b->records[i] == NULL)
            continue;
        if (!keep_conffiles(b, i, err) || !keep_parts(b, i, err) ||
            (b->changes[i].kind != CHANGE_NEW && !keep_package(b, i, err)))
            return error_at(err, "%.*s", TEXT_ARG(b->changes[i].name));
    }
    store.changes = b->changes;
    store.change_count = b->change_count;
    store.parts = b->parts;
    store.part_count = b->part_count;
    store.files = b->files;
    store.file_count = b->file_count;
    return rollback_store_seal(b->request->folder, &store, &b->result.seal, err);
}

bool backup_estimate(const struct backup_request *request, struct arena *arena, uint64_t *out,
                     struct error *err)
{
    struct backup b = {.request = request, .arena = arena, .root = -1};
    bool done = begin(&b, err) && estimate(&b, out, err);

    own_fd(&b.root);
    return done;
}

bool backup_make(const struct backup_request *request, struct arena *arena, struct backup_result *out,
                 struct error *err)
{
    struct backup b = {.request = request, .arena = arena, .root = -1};
    struct error ignored;

    bool done = begin(&b, err) && rollback_store_begin(request->folder, err) && check_room(&b, err) &&
                keep_all(&b, err);
    own_fd(&b.root);
    if (!done && !file_remove_tree(request->folder, &ignored))
        return error_at(err, "the way back cannot be made, and %s not removed", request->folder);
    if (!done)
        return error_at(err, "the way back cannot be made");
    *out = b.result;
    return true;
}
