#include "trust/repo_stage.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/repo_objects.h"
#include "trust/tuf_path.h"

/* ---- writing what waits ---- */

static bool put_staged(const char *staged_folder, const char *role, struct bytes raw, struct arena *arena,
                       struct error *err)
{
    const char *path = repo_metadata_path(staged_folder, role, 0, arena);

    return path == NULL ? arena_full(arena, err) : file_replace(path, raw, 0644, err);
}

/* What is staged is also what the open repository has from now on. */
static bool keep_staged(struct repo *repo, const struct tree_role *row, struct bytes raw, struct error *err)
{
    OWN(tuf_metadata_end) struct tuf_metadata metadata = {0};
    struct repo_staged *staged = &repo->staged[row - tree_roles];

    if (!tuf_metadata_parse(raw, TUF_TYPE_UNKNOWN, repo->arena, &metadata, err) ||
        !put_staged(repo->staged_folder, row->name, raw, repo->arena, err))
        return error_at(err, "%s", row->name);
    tuf_metadata_end(&staged->metadata);
    *staged = (struct repo_staged){raw, metadata};
    metadata = (struct tuf_metadata){0};
    return true;
}

static bool stage(struct repo *repo, const struct tree_role *row, struct tuf_draft *draft, int64_t now_us,
                  struct error *err)
{
    const struct tuf_metadata *in_force = repo_in_force(repo, row);
    struct bytes raw;

    draft->says.version = in_force == NULL ? 1 : in_force->version + 1;
    draft->says.expires_us = now_us + row->lasts_us;
    draft->made_us = now_us;
    return tuf_write(draft, repo->arena, &raw, err) && keep_staged(repo, row, raw, err);
}

/* ---- init ---- */

static bool stage_first(const char *staged, const char *role, const struct tuf_draft *draft,
                        struct arena *arena, struct error *err)
{
    struct bytes raw;

    return tuf_write(draft, arena, &raw, err) && put_staged(staged, role, raw, arena, err);
}

/* Roles of people list nothing yet; the server's are made when they are published. */
static bool stage_all(const char *staged, const struct tree_seats *seats, int64_t now_us, struct arena *arena,
                      struct error *err)
{
    struct tuf_draft root = tree_seats_root(seats, now_us), targets;

    if (!tree_seats_targets(seats, now_us, arena, &targets, err) ||
        !stage_first(staged, "root", &root, arena, err) ||
        !stage_first(staged, "targets", &targets, arena, err))
        return false;
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
        const struct tree_role *row = &tree_roles[i];
        struct tuf_draft draft = {
            .says = {.type = TUF_TARGETS, .version = 1, .expires_us = now_us + row->lasts_us},
            .made_us = now_us,
        };
        if (tree_role_is_delegated(row) && !row->online &&
            !stage_first(staged, row->name, &draft, arena, err))
            return false;
    }
    return true;
}

static bool check_empty(const char *folder, struct arena *arena, struct error *err)
{
    struct file_names names;

    if (!file_exists(folder))
        return true;
    if (!file_list(folder, LIMIT_REPO_FILES, arena, &names, err))
        return false;
    return names.count == 0 || error_set(err, ERROR_CONFLICT, "%s: is there already, and not empty", folder);
}

static bool make_folders(const char *folder, struct arena *arena, struct error *err)
{
    static const char *const names[] = {"staged", "objects", "public/targets"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *path = file_path(arena, folder, names[i]);
        if (path == NULL)
            return arena_full(arena, err);
        if (!file_make_folders(path, 0755, err))
            return false;
    }
    return true;
}

/* Without the slashes that it may end with. */
static const char *plain_name(const char *folder, struct arena *arena)
{
    struct text name = text_of(folder);

    while (name.size > 1 && name.at[name.size - 1] == '/')
        name.size--;
    return text_string(arena, name);
}

static bool sync_parent(const char *path, struct arena *arena, struct error *err)
{
    const char *slash = strrchr(path, '/');
    const char *parent = slash == NULL   ? "."
                         : slash == path ? "/"
                                         : text_string(arena, (struct text){path, (size_t)(slash - path)});

    return parent == NULL ? arena_full(arena, err) : file_sync_folder(parent, err);
}

/* Put together beside and renamed: what is interrupted leaves no half of a repository. */
bool repo_init(const char *folder, const struct tree_seats *seats, const char *online, int64_t now_us,
               struct arena *arena, struct error *err)
{
    const char *name = plain_name(folder, arena);
    const char *beside = name == NULL ? NULL : text_format(arena, "%s.new", name).at;
    const char *staged = beside == NULL ? NULL : file_path(arena, beside, "staged");

    if (staged == NULL)
        return arena_full(arena, err);
    if (!tree_seats_check(seats, err) || !check_empty(name, arena, err) || !file_remove_tree(beside, err) ||
        !make_folders(beside, arena, err) || !stage_all(staged, seats, now_us, arena, err) ||
        !repo_write_settings(beside, &online, 1, arena, err))
        return false;
    if (rename(beside, name) != 0)
        return error_system(err, "%s", name);
    return sync_parent(name, arena, err);
}

/* ---- add and remove ---- */

static bool check_scope(const struct repo *repo, const struct repo_change *change, struct error *err)
{
    const struct tuf_metadata *targets = repo_latest(repo, tree_role_find(TEXT("targets")));

    for (size_t i = 0; targets != NULL && i < targets->delegation_count; i++) {
        const struct tuf_delegation *delegation = &targets->delegations[i];
        bool delegated = false;
        if (!text_equal(delegation->name, text_of(change->row->name)))
            continue;
        if (!tuf_path_delegated(delegation, change->path, &delegated, err))
            return false;
        return delegated ||
               error_set(err, ERROR_INPUT, "scope: %s does not speak for \"%.*s\", only for %s",
                         change->row->name, TEXT_ARG(text_part(change->path, 0, 60)), change->row->paths[0]);
    }
    return error_set(err, ERROR_INPUT, "scope: %s lists no files", change->row->name);
}

/* The files of the role without the one of this path; *found: it was there. */
static struct tuf_file *other_files(const struct tuf_metadata *base, struct text path, struct arena *arena,
                                    size_t *count, const struct tuf_file **found)
{
    size_t all = base == NULL ? 0 : base->files.count;
    struct tuf_file *files = ARENA_ARRAY(arena, struct tuf_file, all + 1);

    *count = 0;
    *found = NULL;
    for (size_t i = 0; files != NULL && i < all; i++)
        if (text_equal(base->files.at[i].name, path))
            *found = &base->files.at[i];
        else
            files[(*count)++] = base->files.at[i];
    return files;
}

static bool change_files(struct repo *repo, const struct repo_change *change, struct tuf_draft *draft,
                         struct tuf_file *file, struct error *err)
{
    const struct tuf_file *former;
    size_t count;
    struct tuf_file *files = other_files(&draft->says, change->path, repo->arena, &count, &former);
    const bool adds = change->file != NULL || change->raw.at != NULL;

    if (files == NULL)
        return arena_full(repo->arena, err);
    if (!adds && former == NULL)
        return error_set(err, ERROR_ABSENT, "%s lists no \"%.*s\"", change->row->name,
                         TEXT_ARG(text_part(change->path, 0, 60)));
    if (adds) {
        if (change->file != NULL ? !repo_objects_take(repo, change->file, file, err)
                                 : !repo_objects_put(repo, change->raw, file, err))
            return false;
        if (former != NULL && former->length == file->length && tuf_file_same(former, file, DIGEST_SHA256))
            return error_set(err, ERROR_CONFLICT, "%s lists \"%.*s\" already, with these bytes",
                             change->row->name, TEXT_ARG(text_part(change->path, 0, 60)));
        file->name = change->path;
        files[count++] = *file;
    }
    draft->says.files = (struct tuf_files){files, count};
    return true;
}

bool repo_change(struct repo *repo, const struct repo_change *change, struct repo_changed *out,
                 struct error *err)
{
    const struct tuf_metadata *base = repo_latest(repo, change->row);
    struct repo_changed changed = {0};
    struct tuf_draft draft;

    if (!repo_objects_check_path(change->path, err) || !check_scope(repo, change, err))
        return false;
    if (base == NULL && !change->row->online)
        return error_set(err, ERROR_ABSENT, "%s is neither staged nor in force", change->row->name);
    draft = base == NULL ? (struct tuf_draft){.says = {.type = TUF_TARGETS}} : tuf_draft_of(base);
    if (base != NULL && repo->staged[change->row - tree_roles].raw.size > 0)
        changed.lost = base->signature_count;
    draft.proposed_by = change->proposed_by;
    if (!change_files(repo, change, &draft, &changed.file, err) ||
        !stage(repo, change->row, &draft, change->now_us, err))
        return false;
    changed.version = draft.says.version;
    *out = changed;
    return true;
}

bool repo_renew(struct repo *repo, const struct tree_role *row, int64_t now_us, struct error *err)
{
    const struct tuf_metadata *base = repo_latest(repo, row);
    struct tuf_draft draft;

    if (row->online)
        return error_set(err, ERROR_INPUT, "%s is renewed by itself whenever something is published",
                         row->name);
    if (base == NULL)
        return error_set(err, ERROR_ABSENT, "%s is neither staged nor in force", row->name);
    draft = tuf_draft_of(base);
    draft.proposed_by = (struct text){0};
    return stage(repo, row, &draft, now_us, err);
}

/* ---- rotate ---- */

/* Whether what is in force is vouched for by enough of those who may sign for it from now on. */
static bool still_holds(const struct repo *repo, const struct tree_role *row, const struct tuf_role *role,
                        bool *out, struct error *err)
{
    const struct tuf_metadata *in_force = repo_in_force(repo, row);
    struct tuf_signers signers = {0};

    if (in_force != NULL && !tuf_count(role, in_force, repo->arena, &signers, err))
        return error_at(err, "%s", row->name);
    *out = in_force != NULL && signers.count >= role->threshold;
    return true;
}

static bool same_delegations(const struct tuf_metadata *a, const struct tuf_metadata *b)
{
    if (a->delegation_count != b->delegation_count)
        return false;
    for (size_t i = 0; i < a->delegation_count; i++) {
        const struct tuf_delegation *mine = &a->delegations[i], *other = &b->delegations[i];
        if (!text_equal(mine->name, other->name) || !tree_seats_same(&mine->role, &other->role) ||
            mine->path_count != other->path_count)
            return false;
        for (size_t k = 0; k < mine->path_count; k++)
            if (!text_equal(mine->paths[k], other->paths[k]))
                return false;
    }
    return true;
}

static bool rotate_targets(struct repo *repo, const struct tree_seats *seats, int64_t now_us,
                           struct error *err)
{
    const struct tree_role *row = tree_role_find(TEXT("targets"));
    const struct tuf_metadata *latest = repo_latest(repo, row);
    struct tuf_draft draft;
    bool holds = false;

    if (!tree_seats_targets(seats, now_us, repo->arena, &draft, err) ||
        !still_holds(repo, row, &seats->roles[row - tree_roles], &holds, err))
        return false;
    if (latest != NULL && same_delegations(latest, &draft.says) &&
        (holds || repo->staged[row - tree_roles].raw.size > 0))
        return true;
    return stage(repo, row, &draft, now_us, err);
}

/* A delegated role whose signers of today are not enough tomorrow says the same again, for others to sign. */
static bool rotate_role(struct repo *repo, const struct tree_role *row, const struct tuf_role *role,
                        int64_t now_us, struct error *err)
{
    bool holds = false;

    if (repo->staged[row - tree_roles].raw.size > 0)
        return true;
    return still_holds(repo, row, role, &holds, err) && (holds || repo_renew(repo, row, now_us, err));
}

/* Until the new root is in force the present key goes on signing; publishing then forgets it. */
static bool expect_online(struct repo *repo, const char *online, struct error *err)
{
    for (size_t i = 0; i < repo->online_count; i++)
        if (strcmp(repo->online[i], online) == 0)
            return true;
    if (repo->online_count == REPO_ONLINE_MAX)
        return error_set(err, ERROR_LIMIT, "repository.json: more than %d online keys: publish first",
                         REPO_ONLINE_MAX);
    repo->online[repo->online_count++] = online;
    return repo_write_settings(repo->folder, repo->online, repo->online_count, repo->arena, err);
}

bool repo_rotate(struct repo *repo, const struct tree_seats *seats, const char *online, int64_t now_us,
                 size_t *lost, struct error *err)
{
    const struct tree_role *root = tree_role_find(TEXT("root"));
    struct tuf_draft draft = tree_seats_root(seats, now_us);
    const size_t signatures = repo->staged[root - tree_roles].metadata.signature_count;

    if (!tree_seats_check(seats, err) || (online != NULL && !expect_online(repo, online, err)) ||
        !stage(repo, root, &draft, now_us, err) || !rotate_targets(repo, seats, now_us, err))
        return false;
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        if (tree_role_is_delegated(&tree_roles[i]) && !tree_roles[i].online &&
            !rotate_role(repo, &tree_roles[i], &seats->roles[i], now_us, err))
            return false;
    *lost = signatures;
    return true;
}

/* ---- signatures that come from elsewhere ---- */

static const struct tuf_key *find_key(const struct repo_waiting *waiting, struct text id)
{
    for (size_t i = 0; i < waiting->asked_count; i++)
        for (size_t k = 0; k < waiting->asked[i].role.key_count; k++)
            if (text_equal(waiting->asked[i].role.keys[k]->id, id))
                return waiting->asked[i].role.keys[k];
    return NULL;
}

bool repo_attach(struct repo *repo, const struct tree_role *row, const struct tuf_signature *signature,
                 struct error *err)
{
    const struct repo_staged *staged = &repo->staged[row - tree_roles];
    struct repo_waiting waiting;
    struct bytes raw;

    if (!repo_weigh(repo, row, &waiting, err))
        return false;
    if (waiting.metadata == NULL)
        return error_set(err, ERROR_ABSENT, "%s: nothing waits for signatures", row->name);
    const struct tuf_key *key = find_key(&waiting, signature->key_id);
    if (key == NULL)
        return error_set(err, ERROR_TRUST, "wrong-signature: key %.*s may not sign for %s",
                         TEXT_ARG(text_part(signature->key_id, 0, 16)), row->name);
    if (!tuf_key_verify(key, waiting.metadata->canonical, signature->value, err))
        return error_set(err, ERROR_TRUST,
                         "wrong-signature: that of %.*s is not over %s version %llu as it waits here",
                         TEXT_ARG(key->person), row->name, (unsigned long long)waiting.metadata->version);
    return tuf_write_signature(staged->raw, signature, repo->arena, &raw, err) &&
           keep_staged(repo, row, raw, err);
}
