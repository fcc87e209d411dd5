#include "deploy/restore.h"

#include "base/below.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/dpkg_restore.h"

#define MEMORY       (768 * MIB) /* a store's manifest, dpkg's database, and what is written anew of them */
#define LOCK_WAIT_MS 10000

struct restoring {
    const char *root, *folder;
    int root_fd;
    struct arena *arena;
    struct rollback_store store;
};

/* ---- files ---- */

static bool is_same_owner(const struct kept_file *file, const struct stat *now)
{
    return (now->st_mode & 07777) == file->mode && now->st_uid == file->uid && now->st_gid == file->gid;
}

static struct below_owner owner_of(const struct kept_file *file)
{
    return (struct below_owner){file->mode, file->uid, file->gid, {file->mtime_s, (long)file->mtime_ns}};
}

static bool put_file(struct restoring *r, const struct kept_file *file, const struct stat *now, bool found,
                     struct error *err)
{
    OWN(arena_end) struct arena scratch = arena_with(2 * LIMIT_DEB_CONTROL + MIB);
    struct below_owner owner = owner_of(file);
    struct bytes content;

    if (!rollback_store_read(r->folder, &file->content, &scratch, &content, err))
        return false;
    if (found && S_ISREG(now->st_mode) && is_same_owner(file, now) &&
        (uint64_t)now->st_size == content.size) {
        OWN(own_fd) int fd = -1;
        OWN(file_unmap) struct file_map map = {0};
        if (!below_open_file(r->root_fd, file->path, now, &fd, err) ||
            !file_map_fd(fd, LIMIT_DEB_CONTROL, &map, err))
            return false;
        if (content.size == 0 || memcmp(map.bytes.at, content.at, content.size) == 0)
            return true;
    }
    return below_put_file(r->root_fd, file->path, content, &owner, err);
}

static bool put_link(struct restoring *r, const struct kept_file *file, const struct stat *now, bool found,
                     struct error *err)
{
    struct below_owner owner = owner_of(file);
    struct text target;

    if (found && S_ISLNK(now->st_mode)) {
        if (!below_link(r->root_fd, file->path, r->arena, &target, err))
            return false;
        if (text_equal(target, file->target) && now->st_uid == file->uid && now->st_gid == file->gid)
            return true;
    }
    return below_put_link(r->root_fd, file->path, file->target, &owner, err);
}

static bool put_attribute(struct restoring *r, const struct kept_file *file, bool found, struct error *err)
{
    struct bytes value, there;
    struct error none;

    if (!found)
        return true; /* a script of the old version did not make it again */
    if (!rollback_store_read(r->folder, &file->content, r->arena, &value, err))
        return false;
    if (below_attribute(r->root_fd, file->path, file->target.at, r->arena, &there, &none) &&
        there.size == value.size && memcmp(there.at, value.at, value.size) == 0)
        return true;
    return below_put_attribute(r->root_fd, file->path, file->target.at, value, err);
}

static bool restore_file(struct restoring *r, const struct kept_file *file, struct error *err)
{
    struct stat now;
    bool found;

    if (!below_stat(r->root_fd, file->path, false, &now, &found, err))
        return false;
    if (file->kind == KEPT_ATTRIBUTE)
        return put_attribute(r, file, found, err);
    if (found &&
        S_ISDIR(
            now.st_mode)) /* a listed folder that was not there, or was put in a file's place: no content is lost */
        return true;
    if (file->kind == KEPT_ABSENT)
        return !found || below_remove(r->root_fd, file->path, err);
    return file->kind == KEPT_LINK ? put_link(r, file, &now, found, err)
                                   : put_file(r, file, &now, found, err);
}

static bool restore_files(struct restoring *r, bool conffiles_only, struct error *err)
{
    for (size_t i = 0; i < r->store.file_count; i++)
        if ((r->store.files[i].conffile || !conffiles_only) && !restore_file(r, &r->store.files[i], err))
            return false;
    return true;
}

/* ---- conffiles that only the newer version has ---- */

static bool was_conffile(const struct rollback_store *store, struct text path)
{
    for (size_t i = 0; i < store->file_count; i++)
        if (store->files[i].conffile && text_equal(store->files[i].path, path))
            return true;
    return false;
}

/* By dpkg's own measure, and unless it is a link. */
static bool is_untouched(struct restoring *r, struct text path, struct text hash, bool *out,
                         struct error *err)
{
    OWN(own_fd) int fd = -1;
    OWN(file_unmap) struct file_map map = {0};
    char hex[DIGEST_HEX_MAX + 1];
    struct digest digest;
    struct stat now;
    bool found;

    *out = false;
    if (!below_stat(r->root_fd, path, false, &now, &found, err))
        return false;
    if (!found || !S_ISREG(now.st_mode))
        return true;
    if (!below_open_file(r->root_fd, path, &now, &fd, err) ||
        !file_map_fd(fd, LIMIT_DEB_CONTROL, &map, err) || !digest_bytes(DIGEST_MD5, map.bytes, &digest, err))
        return false;
    digest_hex(&digest, hex);
    *out = text_equal(text_of(hex), hash);
    return true;
}

static bool drop_newer_conffiles(struct restoring *r, const struct dpkg_database *now, struct error *err)
{
    for (size_t i = 0; i < r->store.change_count; i++) {
        const struct kept_change *change = &r->store.changes[i];
        const struct dpkg_record *record = dpkg_database_find(now, change->name, change->arch);
        struct dpkg_conffile *conffiles;
        size_t count;
        if (record == NULL || change->paragraph.size == 0)
            continue;
        if (!dpkg_conffiles_parse(record->conffiles, r->arena, &conffiles, &count, err))
            return error_at(err, "%.*s", TEXT_ARG(change->name));
        for (size_t k = 0; k < count; k++) {
            struct text place = dpkg_database_place(now, change->name, conffiles[k].path);
            bool untouched;
            if (was_conffile(&r->store, place))
                continue;
            if (!is_untouched(r, place, conffiles[k].hash, &untouched, err) ||
                (untouched && !below_remove(r->root_fd, place, err)))
                return false;
        }
    }
    return true;
}

/* ---- what dpkg and apt noted ---- */

static bool restore_parts(struct restoring *r, const struct dpkg_database *now, struct error *err)
{
    for (size_t i = 0; i < r->store.part_count; i++) {
        const struct kept_part *part = &r->store.parts[i];
        struct dpkg_record record;
        struct bytes content;
        if (!dpkg_record_parse(r->store.changes[part->change].paragraph, &record, err) ||
            !rollback_store_read(r->folder, &part->content, r->arena, &content, err) ||
            !dpkg_restore_part(now, &record, part->name, content, (mode_t)part->mode, r->arena, err))
            return error_at(err, "%.*s", TEXT_ARG(r->store.changes[part->change].name));
    }
    return true;
}

static bool restore_notes(struct restoring *r, const struct dpkg_database *now, struct error *err)
{
    struct dpkg_old_record *old = ARENA_ARRAY(r->arena, struct dpkg_old_record, r->store.change_count);
    struct bytes extended = {0};

    if (old == NULL)
        return arena_full(r->arena, err);
    for (size_t i = 0; i < r->store.change_count; i++)
        old[i] = (struct dpkg_old_record){r->store.changes[i].name, r->store.changes[i].arch,
                                          r->store.changes[i].paragraph};
    if (r->store.extended.digest.kind != DIGEST_UNKNOWN &&
        !rollback_store_read(r->folder, &r->store.extended, r->arena, &extended, err))
        return false;
    return dpkg_restore_status(now, old, r->store.change_count, r->arena, err) &&
           restore_parts(r, now, err) &&
           dpkg_restore_marks(r->root, r->store.arch, extended, old, r->store.change_count, r->arena, err);
}

static bool restore_all(struct restoring *r, struct error *err)
{
    OWN(own_fd) int lock = -1;
    struct dpkg_database now;

    return dpkg_restore_lock(r->root, LOCK_WAIT_MS, &lock, err) &&
           dpkg_database_open(r->root, r->arena, &now, err) && drop_newer_conffiles(r, &now, err) &&
           restore_files(r, false, err) && restore_notes(r, &now, err);
}

bool restore_run(const char *root, const char *folder, const struct digest *seal, enum restore_part part,
                 struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MEMORY);
    struct restoring r = {.root = root, .folder = folder, .root_fd = -1, .arena = &arena};

    bool done = rollback_store_open(folder, seal, &arena, &r.store, err) &&
                below_open_root(root, &r.root_fd, err) &&
                (part == RESTORE_CONFFILES ? restore_files(&r, true, err) : restore_all(&r, err));
    own_fd(&r.root_fd);
    return done;
}
