#include "trust/tuf_client.h"

#include <assert.h>
#include <stdio.h>

#include "base/control.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/tuf_path.h"

#define HISTORY   "root_history"
#define FILE_MODE 0644 /* public anyway; who reads between refreshes may be another user */

#define ROOT      TEXT("root")
#define TIMESTAMP TEXT("timestamp")
#define SNAPSHOT  TEXT("snapshot")
#define TARGETS   TEXT("targets")

/* ---- the folder ---- */

static const char *path_of(const struct tuf_client *client, struct text name)
{
    const struct text path = text_format(client->arena, "%s/%.*s", client->folder, TEXT_ARG(name));

    return path.at;
}

/* Where it may be parsed in place; what came goes with the arena that it came in, so that it is not there twice. */
static bool hold(const struct tuf_client *client, struct bytes raw, struct bytes *out, struct error *err)
{
    uint8_t *at = arena_take(client->arena, raw.size + JSON_PADDING);

    if (at == NULL)
        return arena_full(client->arena, err);
    memcpy(at, raw.at, raw.size);
    *out = (struct bytes){at, raw.size};
    return true;
}

/* What lies here and cannot be used is as if it were not there; only what the system refuses is a failure. */
static bool read_kept(const struct tuf_client *client, struct text role, size_t limit, struct bytes *out,
                      bool *there, struct error *err)
{
    OWN(arena_end) struct arena scratch = arena_with(client->arena->limit);
    struct bytes raw;
    const struct text name = tuf_path_metadata(role, 0, client->arena);
    const char *path = name.at == NULL ? NULL : path_of(client, name);

    if (path == NULL)
        return arena_full(client->arena, err);
    *there = file_read(path, limit, &scratch, &raw, err);
    if (*there)
        return hold(client, raw, out, err);
    const bool refused = err->kind == ERROR_SYSTEM;
    if (!refused)
        *err = (struct error){0};
    return !refused;
}

static bool keep(const struct tuf_client *client, struct text role, struct bytes raw, struct error *err)
{
    const struct text name = tuf_path_metadata(role, 0, client->arena);
    const char *path = name.at == NULL ? NULL : path_of(client, name);

    return path == NULL ? arena_full(client->arena, err) : file_replace(path, raw, FILE_MODE, err);
}

static bool keep_root(const struct tuf_client *client, uint64_t version, struct bytes raw, struct error *err)
{
    const char *folder = path_of(client, TEXT(HISTORY));
    const struct text name = tuf_path_metadata(ROOT, version, client->arena);
    const char *path = folder == NULL || name.at == NULL ? NULL : file_path(client->arena, folder, name.at);

    if (path == NULL)
        return arena_full(client->arena, err);
    return file_make_folders(folder, 0755, err) && file_replace(path, raw, FILE_MODE, err) &&
           keep(client, ROOT, raw, err);
}

static bool drop(const struct tuf_client *client, struct text role, struct error *err)
{
    const struct text name = tuf_path_metadata(role, 0, client->arena);
    const char *path = name.at == NULL ? NULL : path_of(client, name);

    return path == NULL ? arena_full(client->arena, err) : file_remove(path, err);
}

static bool take_lock(struct tuf_client *client, struct error *err)
{
    const char *path = path_of(client, TEXT("lock"));
    int fd = -1;

    if (client->lock != 0)
        return true;
    if (path == NULL)
        return arena_full(client->arena, err);
    if (!file_lock(path, &fd, err))
        return false;
    client->lock = fd;
    return true;
}

/* ---- fetching ---- */

static bool bring(const struct tuf_client *client, struct text role, uint64_t version, uint64_t limit,
                  struct bytes *out, struct error *err)
{
    OWN(arena_end) struct arena scratch = arena_with(client->arena->limit);
    const struct text name = tuf_path_metadata(role, version, client->arena);
    struct bytes raw;

    if (name.at == NULL)
        return arena_full(client->arena, err);
    const uint64_t asked = control_holds(CONTROL_TUF_ENDLESS) ? limit : LIMIT_TUF_MEMORY / 2;
    if (client->bringer.metadata(client->bringer.self, name, asked, &scratch, &raw, err))
        return hold(client, raw, out, err);
    if (err->kind != ERROR_LIMIT)
        return false;
    return error_at(err, "endless-data: %.*s", TEXT_ARG(name));
}

static bool is_consistent(const struct tuf_client *client)
{
    return tuf_trusted_get(client->trusted, ROOT)->consistent_snapshot;
}

/* A file that another one lists: under its version where snapshots are consistent, and no longer than is said of it. */
static bool bring_listed(const struct tuf_client *client, struct text role, const struct tuf_file *listed,
                         uint64_t limit, struct bytes *out, struct error *err)
{
    if (listed->length_known && listed->length < limit)
        limit = listed->length > 0 ? listed->length : 1;
    return bring(client, role, is_consistent(client) ? listed->version : 0, limit, out, err);
}

/* ---- roots ---- */

static bool open_root(struct tuf_client *client, int64_t now_us, struct error *err)
{
    const char *path = path_of(client, TEXT("root.json"));
    struct bytes raw;

    assert(client->trusted == NULL);
    if (path == NULL)
        return arena_full(client->arena, err);
    if (!file_read(path, LIMIT_TUF_ROOT, client->arena, &raw, err))
        return false;
    if (!tuf_trusted_begin(raw, now_us, client->arena, &client->trusted, err))
        return error_at(err, "%s", path);
    tuf_trusted_in_place(client->trusted);
    return true;
}

/*
 * The floors go before the root that takes them back is kept: whoever stops us between the two has won nothing, since
 * the next refresh passes the same root again.
 */
static bool pass_root(struct tuf_client *client, uint64_t version, struct bytes raw, struct error *err)
{
    if (!tuf_trusted_root(client->trusted, raw, err))
        return false;
    if (tuf_trusted_forgets(client->trusted) &&
        (!drop(client, TIMESTAMP, err) || !drop(client, SNAPSHOT, err)))
        return false;
    return keep_root(client, version, raw, err);
}

static bool pass_roots(struct tuf_client *client, struct error *err)
{
    for (unsigned i = 0; i < LIMIT_TUF_ROOTS; i++) {
        const uint64_t version = tuf_trusted_get(client->trusted, ROOT)->version + 1;
        struct bytes raw;
        if (!bring(client, ROOT, version, LIMIT_TUF_ROOT, &raw, err)) {
            if (err->kind != ERROR_ABSENT)
                return false;
            *err = (struct error){0};
            break;
        }
        if (!pass_root(client, version, raw, err))
            return false;
    }
    return tuf_trusted_roots_done(client->trusted, err);
}

/* ---- timestamp, snapshot, targets ---- */

static bool refresh_timestamp(struct tuf_client *client, struct error *err)
{
    struct bytes raw;
    struct error ignored;
    bool there, same;

    if (!read_kept(client, TIMESTAMP, LIMIT_TUF_TIMESTAMP, &raw, &there, err))
        return false;
    if (there)
        (void)!tuf_trusted_timestamp(client->trusted, raw, true, &same, &ignored); /* then it is no floor */
    return bring(client, TIMESTAMP, 0, LIMIT_TUF_TIMESTAMP, &raw, err) &&
           tuf_trusted_timestamp(client->trusted, raw, false, &same, err) &&
           (same || keep(client, TIMESTAMP, raw, err));
}

static bool refresh_snapshot(struct tuf_client *client, struct error *err)
{
    struct bytes raw;
    struct error ignored;
    bool there;

    if (!read_kept(client, SNAPSHOT, LIMIT_TUF_SNAPSHOT, &raw, &there, err))
        return false;
    if (there)
        (void)!tuf_trusted_snapshot(client->trusted, raw, true, &ignored);
    if (tuf_trusted_current(client->trusted))
        return true;
    return bring_listed(client, SNAPSHOT, tuf_trusted_meta(client->trusted, SNAPSHOT), LIMIT_TUF_SNAPSHOT,
                        &raw, err) &&
           tuf_trusted_snapshot(client->trusted, raw, false, err) && keep(client, SNAPSHOT, raw, err);
}

static bool fetch_role(struct tuf_client *client, struct text role, struct text delegator, struct error *err)
{
    const struct tuf_file *listed = tuf_trusted_meta(client->trusted, role);
    struct bytes raw;

    if (listed == NULL)
        return error_set(err, ERROR_TRUST, "mix-and-match: snapshot does not list %.*s", TEXT_ARG(role));
    return bring_listed(client, role, listed, LIMIT_TUF_TARGETS, &raw, err) &&
           tuf_trusted_targets(client->trusted, role, delegator, raw, err) && keep(client, role, raw, err);
}

bool tuf_client_role(struct tuf_client *client, struct text role, struct text delegator,
                     const struct tuf_metadata **out, struct error *err)
{
    struct bytes raw;
    struct error ignored;
    bool there, held;

    if (!tuf_trusted_holds(client->trusted, role, delegator, &held, err))
        return false;
    if (!held && !read_kept(client, role, LIMIT_TUF_TARGETS, &raw, &there, err))
        return false;
    /* What is kept is judged by the keys that its delegator gives it now. */
    if (!held && there)
        held = tuf_trusted_targets(client->trusted, role, delegator, raw, &ignored);
    if (!held && !client->offline && !fetch_role(client, role, delegator, err))
        return false;
    *out = tuf_trusted_get(client->trusted, role);
    return true;
}

bool tuf_client_refresh(struct tuf_client *client, struct error *err)
{
    const struct tuf_metadata *targets;

    return take_lock(client, err) && open_root(client, client->now_us, err) && pass_roots(client, err) &&
           refresh_timestamp(client, err) && refresh_snapshot(client, err) &&
           tuf_client_role(client, TARGETS, ROOT, &targets, err);
}

/* ---- reading what is kept ---- */

bool tuf_client_open(struct tuf_client *client, struct error *err)
{
    const struct tuf_metadata *targets;
    struct bytes raw;
    struct error ignored;
    bool there, same;

    client->offline = true;
    if (!open_root(client, TIME_ABSENT, err) ||
        !read_kept(client, TIMESTAMP, LIMIT_TUF_TIMESTAMP, &raw, &there, err))
        return false;
    if (there)
        (void)!tuf_trusted_timestamp(client->trusted, raw, true, &same, &ignored);
    if (!read_kept(client, SNAPSHOT, LIMIT_TUF_SNAPSHOT, &raw, &there, err))
        return false;
    if (there)
        (void)!tuf_trusted_snapshot(client->trusted, raw, true, &ignored);
    return tuf_client_role(client, TARGETS, ROOT, &targets, err);
}

void tuf_client_end(struct tuf_client *client)
{
    int lock = client->lock == 0 ? -1 : client->lock;

    tuf_trusted_end(&client->trusted);
    own_fd(&lock);
    client->lock = 0;
}

/* ---- the first root ---- */

static bool is_passed(const struct tuf_client *client, uint64_t version, struct bytes root, struct error *err)
{
    const struct text name = tuf_path_metadata(ROOT, version, client->arena);
    const struct text path =
        text_format(client->arena, "%s/" HISTORY "/%.*s", client->folder, TEXT_ARG(name));
    struct bytes kept;

    if (name.at == NULL || path.at == NULL)
        return arena_full(client->arena, err);
    if (!file_read(path.at, LIMIT_TUF_ROOT, client->arena, &kept, err)) {
        if (err->kind != ERROR_ABSENT)
            return false;
        kept = (struct bytes){0};
    }
    return (kept.size > 0 && kept.size == root.size && memcmp(kept.at, root.at, root.size) == 0) ||
           error_set(err, ERROR_CONFLICT, "%s: another root is pinned here already", client->folder);
}

bool tuf_client_init(const char *folder, struct bytes root, struct arena *arena, struct error *err)
{
    OWN(tuf_client_end) struct tuf_client client = {.folder = folder, .arena = arena};
    const char *path = path_of(&client, TEXT("root.json"));

    if (path == NULL)
        return arena_full(arena, err);
    if (!tuf_trusted_begin(root, TIME_ABSENT, arena, &client.trusted, err))
        return false;
    const uint64_t version = tuf_trusted_get(client.trusted, ROOT)->version;
    if (!file_make_folders(folder, 0755, err) || !take_lock(&client, err))
        return false;
    return file_exists(path) ? is_passed(&client, version, root, err)
                             : keep_root(&client, version, root, err);
}

/* ---- targets ---- */

/* One search: roles still to be asked, the next one last, and those that were. */
struct search {
    struct {
        struct text role, delegator;
    } waiting[LIMIT_TUF_ROLES];
    size_t waiting_count;
    struct text asked[LIMIT_TUF_ROLES];
    size_t asked_count;
};

static bool was_asked(const struct search *search, struct text role)
{
    for (size_t i = 0; i < search->asked_count; i++)
        if (text_equal(search->asked[i], role))
            return true;
    return false;
}

static bool add_waiting(struct search *search, struct text role, struct text delegator, struct error *err)
{
    if (search->waiting_count + search->asked_count >= LIMIT_TUF_ROLES)
        return error_set(err, ERROR_LIMIT, "endless-data: more than %d roles may speak for one path",
                         LIMIT_TUF_ROLES);
    search->waiting[search->waiting_count].role = role;
    search->waiting[search->waiting_count++].delegator = delegator;
    return true;
}

/* Those that speak for the path, the first on top; behind a terminating one nobody else is asked. */
static bool add_delegations(struct search *search, const struct tuf_metadata *metadata, struct text role,
                            struct text path, struct error *err)
{
    bool speaks = false, last = false;
    size_t end = 0;

    for (; end < metadata->delegation_count && !last; end++) {
        if (!tuf_path_delegated(&metadata->delegations[end], path, &speaks, err))
            return false;
        last = speaks && metadata->delegations[end].terminating;
    }
    if (last)
        search->waiting_count = 0;
    while (end-- > 0) {
        if (!tuf_path_delegated(&metadata->delegations[end], path, &speaks, err) ||
            (speaks && !add_waiting(search, metadata->delegations[end].name, role, err)))
            return false;
    }
    return true;
}

static bool ask_next(struct tuf_client *client, struct search *search, struct text path,
                     const struct tuf_file **out, struct text *by, struct error *err)
{
    const struct text role = search->waiting[--search->waiting_count].role;
    const struct text delegator = search->waiting[search->waiting_count].delegator;
    const struct tuf_metadata *metadata = NULL;

    /* Asked again it has nothing new to say; but whoever names it with other keys is not passed over. */
    if (!tuf_client_role(client, role, delegator, &metadata, err))
        return false;
    if (was_asked(search, role) || metadata == NULL)
        return true;
    search->asked[search->asked_count++] = role;
    const struct tuf_file *found = tuf_files_find(&metadata->files, path);
    if (found == NULL)
        return add_delegations(search, metadata, role, path, err);
    *out = found;
    *by = role;
    return true;
}

bool tuf_client_find(struct tuf_client *client, struct text path, const struct tuf_file **out,
                     struct text *by, struct error *err)
{
    struct search search = {.waiting_count = 0};
    const struct tuf_file *found = NULL;
    struct text speaker = {0};

    assert(client->trusted != NULL);
    if (!add_waiting(&search, TARGETS, ROOT, err))
        return false;
    while (found == NULL && search.waiting_count > 0)
        if (!ask_next(client, &search, path, &found, &speaker, err))
            return false;
    *out = found;
    if (by != NULL)
        *by = speaker;
    return true;
}

static bool has_digest(struct bytes raw, const struct tuf_file *file, enum digest_kind kind, bool *good,
                       struct error *err)
{
    struct digest wanted, got;

    if (!tuf_file_digest(file, kind, &wanted))
        return true;
    if (!digest_bytes(kind, raw, &got, err))
        return false;
    *good = *good && digest_equal(&got, &wanted);
    return true;
}

/* Whether the file is there and is the target. */
static bool is_target(const char *path, const struct tuf_file *target, bool *good, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    *good = false;
    if (!file_map(path, target->length, &map, err)) {
        const bool other = err->kind == ERROR_ABSENT || err->kind == ERROR_LIMIT || err->kind == ERROR_INPUT;
        if (other)
            *err = (struct error){0};
        return other;
    }
    *good = map.bytes.size == target->length;
    return has_digest(map.bytes, target, DIGEST_SHA256, good, err) &&
           has_digest(map.bytes, target, DIGEST_SHA512, good, err);
}

static bool fetch_target(const struct tuf_client *client, const struct tuf_file *target, const char *part,
                         struct error *err)
{
    struct digest hash;
    bool good =
        tuf_file_digest(target, DIGEST_SHA256, &hash) || tuf_file_digest(target, DIGEST_SHA512, &hash);

    assert(good); /* a target has one of the two */
    const struct text name =
        tuf_path_target(target->name, is_consistent(client) ? &hash : NULL, client->arena);
    if (name.at == NULL)
        return arena_full(client->arena, err);
    if (!client->bringer.target(client->bringer.self, name, target->length > 0 ? target->length : 1, part,
                                err))
        return err->kind == ERROR_LIMIT ? error_at(err, "endless-data: %.*s", TEXT_ARG(target->name)) : false;
    if (!is_target(part, target, &good, err))
        return false;
    return good || !control_holds(CONTROL_TUF_TARGET_HASH) ||
           error_set(err, ERROR_TRUST, "mix-and-match: target %.*s is not the file whose hash is signed",
                     TEXT_ARG(target->name));
}

bool tuf_client_download(struct tuf_client *client, const struct tuf_file *target, const char *dir,
                         const char **path, struct error *err)
{
    const struct text name = tuf_path_download(target->name, client->arena);
    const char *whole = name.at == NULL ? NULL : file_path(client->arena, dir, name.at);
    const char *part = file_path(client->arena, dir, ".download.part");
    bool good;

    assert(client->trusted != NULL && !client->offline);
    if (whole == NULL || part == NULL)
        return arena_full(client->arena, err);
    if (!is_target(whole, target, &good, err))
        return false;
    if (!good && !fetch_target(client, target, part, err)) {
        struct error ignored;
        (void)!file_remove(part, &ignored);
        return false;
    }
    if (!good && rename(part, whole) != 0)
        return error_system(err, "%s", whole);
    *path = whole;
    return true;
}
