#include "drill/follower.h"

#include "base/file.h"
#include "flow/trust_refresh.h"

bool follower_begin(struct small_tree *tree, const char *name, struct bytes root, struct follower *out,
                    struct error *err)
{
    struct arena *arena = tree->run->arena;
    const char *folder = file_path(arena, tree->run->folder, name);
    struct follower follower = {.tree = tree};

    if (folder == NULL)
        return arena_full(arena, err);
    follower.state = file_path(arena, folder, "state");
    follower.served = file_path(arena, folder, "served");
    follower.root = file_path(arena, folder, "root.json");
    if (follower.state == NULL || follower.served == NULL || follower.root == NULL)
        return arena_full(arena, err);
    if (!file_make_folders(follower.state, 0700, err) || !file_replace_cache(follower.root, root, 0644, err))
        return false;
    *out = follower;
    return true;
}

/* Metadata lies beside one another; what has a folder of its own is a target. */
static bool serve(const struct follower *follower, const struct small_file *file, struct error *err)
{
    struct arena *arena = follower->tree->run->arena;
    bool target = text_find_byte(file->name, '/') != SIZE_MAX;
    struct text path = text_format(arena, "%s/%s/%.*s", follower->served, target ? "targets" : "metadata",
                                   TEXT_ARG(file->name));
    char *folder = path.at == NULL ? NULL : text_string(arena, path);

    if (folder == NULL)
        return arena_full(arena, err);
    *strrchr(folder, '/') = 0;
    return file_make_folders(folder, 0755, err) && file_replace_cache(path.at, file->content, 0644, err);
}

bool follower_refresh(const struct follower *follower, struct trust_record *out, struct error *err)
{
    struct arena *arena = follower->tree->run->arena;
    const struct trust_settings settings = {.repository = text_format(arena, "file://%s/", follower->served),
                                            .root = follower->root};
    struct state state;

    if (settings.repository.at == NULL)
        return arena_full(arena, err);
    if (!file_remove_tree(follower->served, err))
        return false;
    for (size_t i = 0; i < follower->tree->file_count; i++)
        if (follower->tree->files[i].content.at != NULL && !serve(follower, &follower->tree->files[i], err))
            return false;
    if (!state_open(follower->state, STATE_WRITE, &state, err))
        return false;
    const struct trust_refresh_request request = {
        .state = &state, .settings = &settings, .now_us = follower->tree->now_us};
    return trust_refresh(&request, arena, out, err);
}

struct text follower_problem(const struct trust_record *record, const char *role)
{
    const struct trust_role *found = trust_record_role(record, text_of(role));

    return record->problem.size > 0 ? record->problem : found == NULL ? TEXT("") : found->problem;
}
