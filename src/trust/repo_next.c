#include "trust/repo_next.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/map.h"

/* ---- what is still asked for ---- */

void repo_history_end(struct repo_history *history)
{
    for (size_t i = 0; i < history->count; i++)
        tuf_metadata_end(&history->at[i]);
    *history = (struct repo_history){0};
}

static bool has_name(const struct repo_history *history, const char *name)
{
    for (size_t i = 0; i < history->count; i++)
        if (strcmp(history->names[i], name) == 0)
            return true;
    return false;
}

static bool make_room(struct repo_history *history, struct arena *arena, struct error *err)
{
    size_t capacity = history->capacity;
    struct tuf_metadata *at =
        arena_grow(arena, history->at, history->count, &capacity, history->count + 1, sizeof(*at));
    capacity = history->capacity;
    const char **names =
        arena_grow(arena, history->names, history->count, &capacity, history->count + 1, sizeof(*names));

    if (at == NULL || names == NULL)
        return arena_full(arena, err);
    history->at = at;
    history->names = names;
    history->capacity = capacity;
    return true;
}

/* One published file of the folder; NULL in *out: it is in the history already, or gone. */
static bool add(const struct repo *repo, struct repo_history *history, const char *role, uint64_t version,
                const struct tuf_metadata **out, struct error *err)
{
    const char *path = repo_metadata_path(repo->metadata, role, version, repo->arena);
    struct bytes raw;

    *out = NULL;
    if (path == NULL)
        return arena_full(repo->arena, err);
    const char *name = strrchr(path, '/') + 1;
    if (has_name(history, name) || !file_exists(path))
        return true;
    if (!make_room(history, repo->arena, err) || !file_read(path, LIMIT_TUF_METADATA, repo->arena, &raw, err))
        return false;
    if (!tuf_metadata_parse(raw, TUF_TYPE_UNKNOWN, repo->arena, &history->at[history->count], err))
        return error_at(err, "%s", path);
    history->names[history->count] = name;
    *out = &history->at[history->count++];
    return true;
}

/* "policy.json" as the snapshot lists it. */
static bool add_listed(const struct repo *repo, struct repo_history *history, const struct tuf_files *listed,
                       struct error *err)
{
    for (size_t i = 0; i < listed->count; i++) {
        const struct tuf_metadata *ignored;
        struct text name = listed->at[i].name;
        const char *role = text_string(repo->arena, text_part(name, 0, name.size - (sizeof(".json") - 1)));
        if (role == NULL)
            return arena_full(repo->arena, err);
        if (!add(repo, history, role, listed->at[i].version, &ignored, err))
            return false;
    }
    return true;
}

/* Back from the newest snapshot that is published; each was in force until the next was made. */
bool repo_next_history(const struct repo *repo, const struct repo_document *snapshot, int64_t since_us,
                       struct repo_history *out, struct error *err)
{
    uint64_t version = snapshot->metadata->version - (snapshot->fresh ? 1 : 0);
    int64_t until_us = snapshot->fresh ? tree_made_us(snapshot->metadata) : INT64_MAX;

    for (; version > 0 && until_us > since_us; version--) {
        const struct tuf_metadata *former;
        if (!add(repo, out, "snapshot", version, &former, err))
            return false;
        if (former == NULL)
            break;
        /* Adding moves the table: what is needed is taken first. */
        const struct tuf_files listed = former->files;
        until_us = tree_made_us(former);
        if (!add_listed(repo, out, &listed, err))
            return false;
    }
    return true;
}

/* ---- building ---- */

/* A second name: what is published is never written to again. */
static bool lay(const struct repo *repo, const char *name, struct error *err)
{
    const char *from = file_path(repo->arena, repo->metadata, name);
    const char *to = file_path(repo->arena, repo->next, name);

    if (from == NULL || to == NULL)
        return arena_full(repo->arena, err);
    return link(from, to) == 0 || errno == EEXIST || error_system(err, "%s", to);
}

static bool lay_roots(const struct repo *repo, struct error *err)
{
    const struct tuf_metadata *root = repo_in_force(repo, &tree_roles[0]);

    for (uint64_t version = 1; root != NULL && version <= root->version; version++) {
        const char *path = repo_metadata_path(repo->metadata, "root", version, repo->arena);
        if (path == NULL)
            return arena_full(repo->arena, err);
        if (!lay(repo, strrchr(path, '/') + 1, err))
            return false;
    }
    return true;
}

static bool put_document(const struct repo *repo, size_t row, const struct repo_document *document,
                         struct error *err)
{
    bool named_once = document->metadata->type == TUF_TIMESTAMP;
    const char *path = repo_metadata_path(repo->next, tree_roles[row].name,
                                          named_once ? 0 : document->metadata->version, repo->arena);

    if (path == NULL)
        return arena_full(repo->arena, err);
    return document->fresh ? file_create(path, document->raw, 0644, err)
                           : lay(repo, strrchr(path, '/') + 1, err);
}

bool repo_next_build(const struct repo *repo, const struct repo_document *documents,
                     const struct repo_history *history, struct error *err)
{
    if (!file_remove_tree(repo->next, err) || !file_make_folders(repo->next, 0755, err) ||
        !lay_roots(repo, err))
        return false;
    for (size_t i = 0; i < history->count; i++)
        if (!lay(repo, history->names[i], err))
            return false;
    for (size_t row = 0; row < TREE_ROLE_COUNT; row++)
        if (documents[row].metadata != NULL && !put_document(repo, row, &documents[row], err))
            return false;
    return file_sync_folder(repo->next, err);
}
