#include "trust/repo_view.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/repo_objects.h"

const char *repo_age_name(enum repo_age age)
{
    static const char *const names[REPO_AGE_COUNT] = {
        [REPO_AGE_UNKNOWN] = "unknown", [REPO_AGE_GOOD] = "good",       [REPO_AGE_SOON] = "expires-soon",
        [REPO_AGE_STALE] = "stale",     [REPO_AGE_EXPIRED] = "expired",
    };

    return names[age];
}

static enum repo_age age_of(const struct repo_view_role *role, int64_t now_us)
{
    if (role->metadata->expires_us <= now_us)
        return REPO_AGE_EXPIRED;
    if (role->row == NULL)
        return REPO_AGE_GOOD;
    if (role->row->stale_us > 0 && role->made_us != TIME_ABSENT &&
        now_us - role->made_us > role->row->stale_us)
        return REPO_AGE_STALE;
    return !role->row->online && role->metadata->expires_us - now_us < REPO_SOON_US ? REPO_AGE_SOON
                                                                                    : REPO_AGE_GOOD;
}

static bool look_at(struct repo_view *view, struct text name, const struct tuf_role *role, int64_t now_us,
                    struct arena *arena, struct error *err)
{
    const struct tuf_metadata *metadata = tuf_trusted_get(view->read, name);
    struct repo_view_role *seen = &view->roles[view->role_count];

    if (metadata == NULL)
        return true;
    *seen = (struct repo_view_role){.name = name,
                                    .row = tree_role_find(name),
                                    .metadata = metadata,
                                    .role = *role,
                                    .made_us = tree_made_us(metadata)};
    seen->age = age_of(seen, now_us);
    for (size_t i = 0; i < metadata->files.count && metadata->type == TUF_TARGETS; i++) {
        view->file_count++;
        view->file_bytes += metadata->files.at[i].length;
    }
    view->role_count++;
    return tuf_count(role, metadata, arena, &seen->signers, err) || error_at(err, "%.*s", TEXT_ARG(name));
}

static bool look_at_all(struct repo_view *view, int64_t now_us, struct arena *arena, struct error *err)
{
    static const enum tuf_type top[] = {TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS};
    const struct tuf_metadata *root = tuf_trusted_get(view->read, TEXT("root"));
    const struct tuf_metadata *targets = tuf_trusted_get(view->read, TEXT("targets"));

    view->roles =
        ARENA_ARRAY(arena, struct repo_view_role, sizeof(top) / sizeof(*top) + targets->delegation_count);
    if (view->roles == NULL)
        return arena_full(arena, err);
    view->solo = tree_is_solo(root);
    for (size_t i = 0; i < sizeof(top) / sizeof(*top); i++)
        if (!look_at(view, text_of(tuf_type_name(top[i])), &root->roles[top[i]], now_us, arena, err))
            return false;
    for (size_t i = 0; i < targets->delegation_count; i++)
        if (!look_at(view, targets->delegations[i].name, &targets->delegations[i].role, now_us, arena, err))
            return false;
    return true;
}

static bool believe(const struct repo_view *view, const char *metadata, const char *targets, int64_t now_us,
                    struct arena *arena, struct error *err)
{
    OWN(tuf_trusted_end) struct tuf_trusted *fresh = NULL;

    if (!repo_read_metadata(metadata, now_us, arena, &fresh, err))
        return false;
    for (size_t i = 0; i < view->role_count; i++)
        if (view->roles[i].metadata->type == TUF_TARGETS &&
            !repo_objects_verify(targets, view->roles[i].metadata, arena, err))
            return error_at(err, "%.*s", TEXT_ARG(view->roles[i].name));
    return true;
}

static bool digest_first_root(const char *metadata, struct arena *arena, struct digest *out,
                              struct error *err)
{
    const char *path = repo_metadata_path(metadata, "root", 1, arena);
    struct bytes raw;

    return path == NULL ? arena_full(arena, err)
                        : file_read(path, LIMIT_TUF_METADATA, arena, &raw, err) &&
                              digest_bytes(DIGEST_SHA256, raw, out, err);
}

bool repo_view_read(const char *metadata, const char *targets, int64_t now_us, struct arena *arena,
                    struct repo_view *out, struct error *err)
{
    OWN(repo_view_end) struct repo_view view = {0};

    if (!digest_first_root(metadata, arena, &view.first_root, err))
        return false;
    if (repo_read_metadata(metadata, TIME_ABSENT, arena, &view.read, &view.why)) {
        if (!look_at_all(&view, now_us, arena, err))
            return false;
        view.whole = believe(&view, metadata, targets, now_us, arena, &view.why);
    }
    *out = view;
    view = (struct repo_view){0};
    return true;
}

void repo_view_end(struct repo_view *view)
{
    tuf_trusted_end(&view->read);
}
