#include "trust/signing.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/repo_stage.h"

/* ---- opening ---- */

/* "/x/REPO/staged/policy.json": the role and "/x/REPO". */
static bool split_path(struct signing *signing, const char **folder, struct error *err)
{
    struct text path = text_of(signing->path), name, rest;
    struct text staged = TEXT("/staged/"), suffix = TEXT(".json");
    size_t at = SIZE_MAX;

    for (size_t i = 0; i + staged.size <= path.size; i++)
        if (text_starts(text_part(path, i, SIZE_MAX), staged))
            at = i;
    rest = at == SIZE_MAX ? (struct text){0} : text_part(path, at + staged.size, SIZE_MAX);
    if (at == SIZE_MAX || at == 0 || !text_ends(rest, suffix) || text_find_byte(rest, '/') != SIZE_MAX)
        return error_set(
            err, ERROR_INPUT,
            "lies in no repository's folder staged/: what is signed is judged against what is in "
            "force there, so bring the whole folder");
    name = text_part(rest, 0, rest.size - suffix.size);
    signing->row = tree_role_find(name);
    if (signing->row == NULL)
        return error_set(err, ERROR_INPUT, "\"%.*s\" is no role of the tree",
                         TEXT_ARG(text_part(name, 0, 80)));
    if (signing->row->online)
        return error_set(err, ERROR_INPUT, "%s is the server's: suture repo publish signs it",
                         signing->row->name);
    *folder = text_string(signing->repo.arena, text_part(path, 0, at));
    return *folder != NULL || arena_full(signing->repo.arena, err);
}

bool signing_is_online(const char *path)
{
    struct text name = text_of(path), part, suffix = TEXT(".json");
    const struct tree_role *row;

    while (text_find_byte(name, '/') != SIZE_MAX)
        (void)!text_cut(&name, '/', &part);
    if (!text_ends(name, suffix))
        return false;
    row = tree_role_find(text_part(name, 0, name.size - suffix.size));
    return row != NULL && row->online;
}

static bool hash_first_root(struct signing *signing, struct error *err)
{
    const char *path = repo_metadata_path(signing->repo.metadata, "root", 1, signing->repo.arena);
    struct bytes raw;

    if (path == NULL)
        return arena_full(signing->repo.arena, err);
    if (!file_exists(path))
        return true;
    return file_read(path, LIMIT_TUF_METADATA, signing->repo.arena, &raw, err) &&
           digest_bytes(DIGEST_SHA256, raw, &signing->first_root, err);
}

static bool open_role(struct signing *signing, struct error *err)
{
    const struct tuf_metadata *root;

    if (!repo_weigh(&signing->repo, signing->row, &signing->waiting, err))
        return false;
    signing->metadata = signing->waiting.metadata;
    if (signing->metadata == NULL)
        return error_set(err, ERROR_CONFLICT, "is in force already: nothing is to be signed");
    signing->in_force = repo_in_force(&signing->repo, signing->row);
    root = repo_latest(&signing->repo, &tree_roles[0]);
    signing->solo = root != NULL && tree_is_solo(root);
    return digest_bytes(DIGEST_SHA256, signing->metadata->canonical, &signing->digest, err) &&
           hash_first_root(signing, err);
}

static bool open_all(struct signing *signing, const char *path, struct arena *arena, struct error *err)
{
    OWN(own_memory) char *whole = realpath(path, NULL);
    const char *folder = NULL;

    if (whole == NULL)
        return error_system(err, "open");
    signing->repo.arena = arena;
    signing->path = text_string(arena, text_of(whole));
    if (signing->path == NULL)
        return arena_full(arena, err);
    return split_path(signing, &folder, err) && repo_open(folder, REPO_READ, arena, &signing->repo, err) &&
           open_role(signing, err);
}

bool signing_open(const char *path, struct arena *arena, struct signing *out, struct error *err)
{
    OWN(signing_close) struct signing signing = {.repo = {.lock = -1}};

    if (!open_all(&signing, path, arena, err))
        return error_at(err, "%s", path);
    *out = signing;
    signing = (struct signing){.repo = {.lock = -1}};
    /* What waits lies in the repository's own struct, which has just moved. */
    out->metadata = &out->repo.staged[out->row - tree_roles].metadata;
    out->waiting.metadata = out->metadata;
    return true;
}

void signing_close(struct signing *signing)
{
    repo_close(&signing->repo);
}

/* ---- whose signature counts ---- */

static const struct tuf_key *find_in(const struct tuf_role *role, const struct tuf_key *key)
{
    for (size_t i = 0; i < role->key_count; i++)
        if (tuf_key_same(role->keys[i], key))
            return role->keys[i];
    return NULL;
}

static bool counts_already(const struct tuf_signers *signers, const struct tuf_key *key, bool *same_key)
{
    for (size_t i = 0; i < signers->count; i++) {
        *same_key = tuf_key_same(signers->keys[i], key);
        if (*same_key || (key->person.size > 0 && text_equal(signers->keys[i]->person, key->person)))
            return true;
    }
    return false;
}

bool signing_find_key(const struct signing *signing, const struct tuf_key *key, const struct tuf_key **out,
                      struct error *err)
{
    const struct tuf_key *found = NULL;
    bool same_key = false;

    for (size_t i = 0; i < signing->waiting.asked_count; i++) {
        const struct tuf_key *here = find_in(&signing->waiting.asked[i].role, key);
        found = here != NULL ? here : found;
        /* A new root is asked of the old one's people too: who counts for either of both helps. */
        if (here != NULL && !counts_already(&signing->waiting.asked[i].signers, here, &same_key)) {
            *out = here;
            return true;
        }
    }
    if (found == NULL && key->person.size > 0 && text_equal(key->person, tree_proposed_by(signing->metadata)))
        return error_set(err, ERROR_CONFLICT, "%.*s proposed it: others approve, and this would not count",
                         TEXT_ARG(key->person));
    if (found == NULL)
        return error_set(err, ERROR_TRUST, "key %.*s may not sign for %s", TEXT_ARG(text_part(key->id, 0, 8)),
                         signing->row->name);
    if (same_key)
        return error_set(err, ERROR_CONFLICT, "this key has signed already");
    return error_set(
        err, ERROR_CONFLICT,
        "%.*s has signed already with another key: a second signature of one person does not count",
        TEXT_ARG(found->person));
}

/* ---- signing ---- */

bool signing_make(const struct signing *signing, const struct signer *signer, struct tuf_signature *out,
                  struct error *err)
{
    const struct tuf_key *key = NULL;

    if (!signing_find_key(signing, &signer->key, &key, err))
        return false;
    out->key_id = key->id;
    return signer_sign(signer, signing->metadata->canonical, signing->repo.arena, &out->value, err);
}

static bool same_bytes(struct bytes a, struct bytes b)
{
    return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

bool signing_attach(const struct signing *signing, const struct tuf_signature *signature,
                    struct repo_waiting *after, struct arena *arena, struct error *err)
{
    OWN(repo_close) struct repo repo = {.lock = -1};
    struct repo_waiting waiting;

    if (!repo_open(signing->repo.folder, REPO_WRITE, arena, &repo, err) ||
        !repo_weigh(&repo, signing->row, &waiting, err))
        return false;
    if (waiting.metadata == NULL || !same_bytes(waiting.metadata->canonical, signing->metadata->canonical))
        return error_set(err, ERROR_CONFLICT,
                         "%s: was changed while it was shown; nothing was signed: look at it again",
                         signing->path);
    if (!repo_attach(&repo, signing->row, signature, err) || !repo_weigh(&repo, signing->row, &waiting, err))
        return false;
    waiting.metadata = NULL; /* it goes with the repository; keys stay in the arena */
    *after = waiting;
    return true;
}
