#include "trust/repo.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/tuf_path.h"

char *repo_metadata_path(const char *folder, const char *role, uint64_t version, struct arena *arena)
{
    struct text name = tuf_path_metadata(text_of(role), version, arena);

    const char *file = name.at == NULL ? NULL : text_string(arena, name);

    return file == NULL ? NULL : file_path(arena, folder, file);
}

static bool read_document(const char *folder, const char *role, uint64_t version, struct arena *arena,
                          struct bytes *out, struct error *err)
{
    const char *path = repo_metadata_path(folder, role, version, arena);

    return path == NULL ? arena_full(arena, err) : file_read(path, LIMIT_TUF_METADATA, arena, out, err);
}

static bool has_document(const char *folder, const char *role, uint64_t version, struct arena *arena)
{
    const char *path = repo_metadata_path(folder, role, version, arena);

    return path != NULL && file_exists(path);
}

/* ---- what is published ---- */

/* Roots from the one after the set's on, until there is none. */
static bool add_roots(struct tuf_trusted *trusted, const char *folder, struct arena *arena, struct error *err)
{
    for (int i = 0; i < LIMIT_REPO_ROOTS; i++) {
        const uint64_t next = tuf_trusted_get(trusted, TEXT("root"))->version + 1;
        struct bytes raw;
        if (!has_document(folder, "root", next, arena))
            return true;
        if (!read_document(folder, "root", next, arena, &raw, err))
            return false;
        if (!tuf_trusted_root(trusted, raw, err))
            return false;
    }
    return error_set(err, ERROR_LIMIT, "%s: more than %d roots", folder, LIMIT_REPO_ROOTS);
}

static bool add_targets(struct tuf_trusted *trusted, const char *folder, struct text role,
                        struct text delegator, struct arena *arena, struct error *err)
{
    const struct tuf_file *listed = tuf_trusted_meta(trusted, role);
    const char *name = text_string(arena, role);
    struct bytes raw;

    if (name == NULL)
        return arena_full(arena, err);
    if (listed == NULL)
        return error_set(err, ERROR_TRUST, "mix-and-match: snapshot does not list %s", name);
    return read_document(folder, name, listed->version, arena, &raw, err) &&
           tuf_trusted_targets(trusted, role, delegator, raw, err);
}

/* The newest version of a role in the folder; 0: none. */
static uint64_t newest_version(const char *folder, const char *role, struct arena *arena)
{
    uint64_t version = 0;
    struct file_names names;
    struct error none;

    if (!file_list(folder, LIMIT_REPO_FILES, arena, &names, &none))
        return 0;
    for (size_t i = 0; i < names.count; i++) {
        struct text rest = names.names[i], number;
        uint64_t found;
        if (text_cut(&rest, '.', &number) && text_to_u64(number, &found, &none) &&
            text_equal(rest, text_format(arena, "%s.json", role)) && found > version)
            version = found;
    }
    return version;
}

/*
 * What somebody has from before is a floor, as the client has it: unless the new root says to forget it, or forgot who
 * signed it.
 */
static bool add_floor(struct tuf_trusted *trusted, const char *former, const char *role, struct arena *arena,
                      struct error *err)
{
    bool timestamp = strcmp(role, "timestamp") == 0, same = false;
    struct error refused;
    struct bytes raw;

    if (former == NULL || tuf_trusted_forgets(trusted))
        return true;
    if (!read_document(former, role, timestamp ? 0 : newest_version(former, role, arena), arena, &raw, err))
        return false;
    bool held = timestamp ? tuf_trusted_timestamp(trusted, raw, true, &same, &refused)
                          : tuf_trusted_snapshot(trusted, raw, true, &refused);
    if (held || refused.kind == ERROR_TRUST)
        return true;
    *err = refused;
    return false;
}

/* From timestamp on. former: the folder that was published before, or NULL. */
static bool add_rest(struct tuf_trusted *trusted, const char *folder, const char *former, struct arena *arena,
                     struct error *err)
{
    struct bytes raw;
    bool same = false;

    if (!add_floor(trusted, former, "timestamp", arena, err) ||
        !read_document(folder, "timestamp", 0, arena, &raw, err) ||
        !tuf_trusted_timestamp(trusted, raw, false, &same, err) ||
        !add_floor(trusted, former, "snapshot", arena, err))
        return false;
    const struct tuf_file *snapshot = tuf_trusted_meta(trusted, TEXT("snapshot"));
    if (!read_document(folder, "snapshot", snapshot->version, arena, &raw, err) ||
        !tuf_trusted_snapshot(trusted, raw, false, err) ||
        !add_targets(trusted, folder, TEXT("targets"), TEXT("root"), arena, err))
        return false;
    const struct tuf_metadata *targets = tuf_trusted_get(trusted, TEXT("targets"));
    for (size_t i = 0; i < targets->delegation_count; i++)
        if (!add_targets(trusted, folder, targets->delegations[i].name, TEXT("targets"), arena, err))
            return false;
    return true;
}

bool repo_read_metadata(const char *folder, int64_t now_us, struct arena *arena, struct tuf_trusted **out,
                        struct error *err)
{
    OWN(tuf_trusted_end) struct tuf_trusted *trusted = NULL;
    struct bytes raw;

    if (!read_document(folder, "root", 1, arena, &raw, err) ||
        !tuf_trusted_begin(raw, now_us, arena, &trusted, err) || !add_roots(trusted, folder, arena, err) ||
        !tuf_trusted_roots_done(trusted, err) || !add_rest(trusted, folder, NULL, arena, err))
        return false;
    *out = trusted;
    trusted = NULL;
    return true;
}

bool repo_check_update(const char *former, const char *folder, int64_t now_us, struct arena *arena,
                       struct error *err)
{
    OWN(tuf_trusted_end) struct tuf_trusted *trusted = NULL;
    uint64_t root = newest_version(former, "root", arena);
    struct bytes raw;

    return read_document(former, "root", root, arena, &raw, err) &&
           tuf_trusted_begin(raw, now_us, arena, &trusted, err) && add_roots(trusted, folder, arena, err) &&
           tuf_trusted_roots_done(trusted, err) && add_rest(trusted, folder, former, arena, err);
}

/* ---- what waits ---- */

const struct tuf_metadata *repo_in_force(const struct repo *repo, const struct tree_role *row)
{
    return repo->published == NULL ? NULL : tuf_trusted_get(repo->published, text_of(row->name));
}

static const struct tuf_metadata *latest_named(const struct repo *repo, const char *name)
{
    return repo_latest(repo, tree_role_find(text_of(name)));
}

const struct tuf_metadata *repo_latest(const struct repo *repo, const struct tree_role *row)
{
    const struct repo_staged *staged = &repo->staged[row - tree_roles];

    return staged->raw.size > 0 ? &staged->metadata : repo_in_force(repo, row);
}

static enum tuf_type type_of(const struct tree_role *row)
{
    static const enum tuf_type top[] = {TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS};

    return tree_role_is_delegated(row) ? TUF_TARGETS : top[row - tree_roles];
}

static struct tuf_role role_by(const struct tuf_metadata *root, const struct tuf_metadata *targets,
                               const struct tree_role *row)
{
    if (!tree_role_is_delegated(row))
        return root == NULL ? (struct tuf_role){0} : root->roles[type_of(row)];
    for (size_t i = 0; targets != NULL && i < targets->delegation_count; i++)
        if (text_equal(targets->delegations[i].name, text_of(row->name)))
            return targets->delegations[i].role;
    return (struct tuf_role){0};
}

struct tuf_role repo_role(const struct repo *repo, const struct tree_role *row)
{
    return role_by(latest_named(repo, "root"), latest_named(repo, "targets"), row);
}

/* Who may sign the role by what is in force. key_count 0: nobody yet. */
static struct tuf_role role_in_force(const struct repo *repo, const struct tree_role *row)
{
    const struct tuf_metadata *root = repo_in_force(repo, tree_role_find(TEXT("root")));
    const struct tuf_metadata *targets = repo_in_force(repo, tree_role_find(TEXT("targets")));

    return role_by(root, targets, row);
}

static bool weigh_present(const struct repo *repo, struct repo_waiting *waiting, struct error *err)
{
    const struct tuf_role role = role_in_force(repo, waiting->row);
    struct tuf_signers signers = {0};

    if (!waiting->enough || waiting->metadata->type == TUF_ROOT || role.key_count == 0)
        return true;
    if (!tuf_count(&role, waiting->metadata, repo->arena, &signers, err))
        return error_at(err, "%s", waiting->row->name);
    waiting->held = signers.count < role.threshold;
    return true;
}

bool repo_weigh(const struct repo *repo, const struct tree_role *row, struct repo_waiting *out,
                struct error *err)
{
    struct repo_waiting waiting = {.row = row};
    const struct tuf_metadata *in_force = repo_in_force(repo, row);

    if (repo->staged[row - tree_roles].raw.size > 0) {
        waiting.metadata = &repo->staged[row - tree_roles].metadata;
        waiting.asked[waiting.asked_count++].role = repo_role(repo, row);
    }
    if (waiting.metadata != NULL && waiting.metadata->type == TUF_ROOT && in_force != NULL &&
        !tree_seats_same(&in_force->roles[TUF_ROOT], &waiting.metadata->roles[TUF_ROOT]))
        waiting.asked[waiting.asked_count++].role = in_force->roles[TUF_ROOT];
    waiting.enough = waiting.metadata != NULL;
    for (size_t i = 0; i < waiting.asked_count; i++) {
        const struct tuf_role role = waiting.asked[i].role;
        if (!tuf_count(&role, waiting.metadata, repo->arena, &waiting.asked[i].signers, err) ||
            !tuf_count_others(&role, waiting.metadata, repo->arena, &waiting.asked[i].role, err))
            return error_at(err, "%s", row->name);
        waiting.enough = waiting.enough && waiting.asked[i].role.key_count > 0 &&
                         waiting.asked[i].signers.count >= waiting.asked[i].role.threshold;
    }
    if (!weigh_present(repo, &waiting, err))
        return false;
    *out = waiting;
    return true;
}

bool repo_lacks_version(const struct repo *repo, const struct tree_role *row, bool *out, struct error *err)
{
    const struct tuf_metadata *in_force = repo_in_force(repo, row);
    const struct tuf_role role = repo_role(repo, row);
    struct tuf_signers signers = {0};

    if (repo->staged[row - tree_roles].raw.size > 0 || row->online || in_force == NULL ||
        in_force->type == TUF_ROOT) {
        *out = false;
        return true;
    }
    if (!tuf_count(&role, in_force, repo->arena, &signers, err))
        return error_at(err, "%s", row->name);
    *out = signers.count < role.threshold;
    return true;
}

/* ---- opening ---- */

static bool name_folders(struct repo *repo, const char *folder, struct error *err)
{
    struct arena *arena = repo->arena;

    repo->folder = text_string(arena, text_of(folder));
    repo->staged_folder = file_path(arena, folder, "staged");
    repo->objects = file_path(arena, folder, "objects");
    repo->metadata = file_path(arena, folder, "public/metadata");
    repo->targets = file_path(arena, folder, "public/targets");
    repo->next = file_path(arena, folder, "next");
    return (repo->folder != NULL && repo->staged_folder != NULL && repo->objects != NULL &&
            repo->metadata != NULL && repo->targets != NULL && repo->next != NULL) ||
           arena_full(arena, err);
}

static bool parse_settings(struct repo *repo, struct bytes raw, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct json online;
    struct text schema, where;

    if (!json_parse(raw, LIMIT_REPO_SETTINGS, &document, err) ||
        !json_get_text(json_root(&document), "schema", true, LIMIT_TUF_WORD, &schema, err))
        return false;
    if (!text_equal(schema, TEXT(REPO_SCHEMA)))
        return error_set(err, ERROR_INPUT, "is of the kind \"%.*s\", and this version knows " REPO_SCHEMA,
                         TEXT_ARG(schema));
    if (!json_get_array(json_root(&document), "online", true, &online, err))
        return false;
    if (json_count(online) == 0 || json_count(online) > REPO_ONLINE_MAX)
        return error_set(err, ERROR_INPUT, "online has %zu keys, not 1 to %d", json_count(online),
                         REPO_ONLINE_MAX);
    for (struct json_walk walk = json_walk_with(online); json_walk_next(&walk);) {
        if (!json_as_text(walk.value, LIMIT_PATH, &where, err))
            return error_at(err, "online");
        repo->online[repo->online_count] = text_string(repo->arena, where);
        if (repo->online[repo->online_count++] == NULL)
            return arena_full(repo->arena, err);
    }
    return true;
}

bool repo_write_settings(const char *folder, const char *const *online, size_t count, struct arena *arena,
                         struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_REPO_SETTINGS);
    struct json_writer j = json_writer_with(&w, true);
    const char *path = file_path(arena, folder, "repository.json");
    struct bytes raw;

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, REPO_SCHEMA);
    json_name(&j, "online");
    json_open_array(&j);
    for (size_t i = 0; i < count; i++)
        json_put_string(&j, online[i]);
    json_close_array(&j);
    json_close_object(&j);
    writer_byte(&w, '\n');
    if (path == NULL)
        return arena_full(arena, err);
    return writer_done(&w, &raw, err) && file_replace(path, raw, 0644, err);
}

static bool read_settings(struct repo *repo, struct error *err)
{
    const char *path = file_path(repo->arena, repo->folder, "repository.json");
    struct bytes raw;

    if (path == NULL)
        return arena_full(repo->arena, err);
    if (!file_exists(path))
        return error_set(err, ERROR_ABSENT, "%s: is no repository of Suture: suture repo init makes one",
                         repo->folder);
    return file_read(path, LIMIT_REPO_SETTINGS, repo->arena, &raw, err) &&
           (parse_settings(repo, raw, err) || error_at(err, "%s", path));
}

/* What is staged is always of the version after the one in force. The server's roles get their date when they are published. */
static bool is_in_force(const struct tuf_metadata *staged, const struct tuf_metadata *in_force, bool online)
{
    if (in_force == NULL || staged->version != in_force->version)
        return false;
    return online || (staged->canonical.size == in_force->canonical.size &&
                      memcmp(staged->canonical.at, in_force->canonical.at, in_force->canonical.size) == 0);
}

/* A staged file that is in force already was left by a publishing that did not come to its end. */
static bool settle_staged(struct repo *repo, size_t row, const char *path, struct error *err)
{
    const struct tuf_metadata *in_force = repo_in_force(repo, &tree_roles[row]);
    struct repo_staged *staged = &repo->staged[row];
    uint64_t due = in_force == NULL ? 1 : in_force->version + 1;

    if (is_in_force(&staged->metadata, in_force, tree_roles[row].online)) {
        tuf_metadata_end(&staged->metadata);
        *staged = (struct repo_staged){0};
        return repo->lock < 0 || file_remove(path, err);
    }
    if (staged->metadata.version != due)
        return error_set(err, ERROR_CONFLICT,
                         "%s: is version %llu, and version %llu comes next: it was overtaken; remove it and "
                         "stage the change again",
                         path, (unsigned long long)staged->metadata.version, (unsigned long long)due);
    return true;
}

static bool read_staged(struct repo *repo, size_t row, struct error *err)
{
    const char *path = repo_metadata_path(repo->staged_folder, tree_roles[row].name, 0, repo->arena);
    struct repo_staged *staged = &repo->staged[row];

    if (path == NULL)
        return arena_full(repo->arena, err);
    if (!file_exists(path))
        return true;
    if (!file_read(path, LIMIT_TUF_METADATA, repo->arena, &staged->raw, err))
        return false;
    if (!tuf_metadata_parse(staged->raw, type_of(&tree_roles[row]), repo->arena, &staged->metadata, err))
        return error_at(err, "%s", path);
    return settle_staged(repo, row, path, err);
}

bool repo_open(const char *folder, enum repo_use use, struct arena *arena, struct repo *out,
               struct error *err)
{
    OWN(repo_close) struct repo repo = {.arena = arena, .lock = -1};
    const char *lock = file_path(arena, folder, "lock");

    if (lock == NULL)
        return arena_full(arena, err);
    if (!name_folders(&repo, folder, err) || !read_settings(&repo, err) ||
        (use == REPO_WRITE && !file_lock(lock, &repo.lock, err)))
        return false;
    if (file_exists(repo.metadata) &&
        !repo_read_metadata(repo.metadata, TIME_ABSENT, arena, &repo.published, err))
        return error_at(err, "%s", repo.metadata);
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        if (!read_staged(&repo, i, err))
            return false;
    *out = repo;
    repo = (struct repo){.lock = -1};
    return true;
}

void repo_close(struct repo *repo)
{
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        tuf_metadata_end(&repo->staged[i].metadata);
    tuf_trusted_end(&repo->published);
    own_fd(&repo->lock);
}
