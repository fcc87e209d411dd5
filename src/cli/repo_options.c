#include "cli/repo_options.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/own.h"
#include "cli/print_repo.h"
#include "cli/words.h"
#include "trust/public_file.h"

void repo_option_readable(void)
{
    (void)umask(022);
}

enum command_exit repo_option_role(const char *name, const struct tree_role **out, struct error *err)
{
    *out = tree_role_find(text_of(name));
    return *out != NULL
               ? COMMAND_DONE
               : command_wrong(err,
                               "there is no role \"%s\"; there is: root, targets, policy, publishers, "
                               "crisis, block, approval, release, local, mirror, deltas, advisories, plan",
                               name);
}

/* ---- keys of people ---- */

bool repo_option_keys(const char *list, struct arena *arena, const struct tuf_key *const **out, size_t *count,
                      struct error *err)
{
    struct text rest = text_of(list), item;
    size_t key_max = 1, key_count = 0;

    for (size_t i = 0; i < rest.size; i++)
        key_max += rest.at[i] == ',';
    const struct tuf_key **keys = ARENA_ARRAY(arena, const struct tuf_key *, key_max);
    if (keys == NULL)
        return arena_full(arena, err);
    while (text_cut(&rest, ',', &item)) {
        const char *path = text_string(arena, item);
        struct tuf_key *key = ARENA_NEW(arena, struct tuf_key);
        if (path == NULL || key == NULL)
            return arena_full(arena, err);
        if (!public_file_read(path, arena, key, err))
            return false;
        keys[key_count++] = key;
    }
    *out = keys;
    *count = key_count;
    return true;
}

bool repo_option_people(const char *list, struct arena *arena, struct tree_people *out, struct error *err)
{
    const struct tuf_key *const *keys;
    size_t count;

    return repo_option_keys(list, arena, &keys, &count, err) && tree_people_of(keys, count, arena, out, err);
}

/* ---- add and remove ---- */

static void print_changed(struct screen *screen, const struct repo *repo, const struct repo_change *change,
                          const struct repo_changed *changed)
{
    char hex[DIGEST_HEX_MAX + 1];
    struct digest digest;

    screen_line(screen,
                text_format(repo->arena, "%s version %llu %s %.*s.", change->row->name,
                            (unsigned long long)changed->version,
                            change->file == NULL ? "leaves out" : "lists", TEXT_ARG(change->path)),
                COLOUR_HEAD);
    if (change->file != NULL) {
        (void)tuf_file_digest(&changed->file, DIGEST_SHA256, &digest);
        digest_hex(&digest, hex);
        screen_labelled(screen, PRINT_REPO_LABEL, TEXT("sha256"), text_of(hex), COLOUR_PLAIN);
        screen_labelled(screen, PRINT_REPO_LABEL, TEXT("size"), words_size(repo->arena, changed->file.length),
                        COLOUR_PLAIN);
    }
    print_repo_lost(screen, changed->lost, repo->arena);
}

enum command_exit repo_option_change(const struct command_call *call, struct repo_change *change,
                                     const char *proposed_by, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(PRINT_REPO_MAX);
    OWN(repo_close) struct repo repo = {.lock = -1};
    struct screen screen = screen_for_output(&out);
    struct repo_changed changed;

    change->now_us = time_now_us();
    if (proposed_by != NULL &&
        !text_from_bytes(bytes_of_text(text_of(proposed_by)), LIMIT_PERSON, &change->proposed_by, err)) {
        (void)error_at(err, "--by");
        return COMMAND_WRONG_USAGE;
    }
    if (!repo_open(call->arguments[0], REPO_WRITE, call->arena, &repo, err) ||
        !repo_change(&repo, change, &changed, err))
        return COMMAND_FAILED;
    print_changed(&screen, &repo, change, &changed);
    return print_repo_waiting(&screen, &repo, time_now_us(), err) ? print_repo_out(call, &out, err)
                                                                  : COMMAND_FAILED;
}

/* ---- keys of the server ---- */

/* No terminal may be there when a timer publishes: an online key has no passphrase. */
static bool ask_nobody(void *self, const char *what, bool again, char *secret, size_t size, struct error *err)
{
    (void)self;
    (void)again;
    (void)secret;
    (void)size;
    return error_set(err, ERROR_ABSENT, "%s is wanted, and an online key has none: suture key new --online",
                     what);
}

static const char *absolute(const char *path, struct arena *arena, struct error *err)
{
    OWN(own_memory) char *real = realpath(path, NULL);
    const char *copy = real == NULL ? NULL : text_string(arena, text_of(real));

    if (real == NULL)
        (void)error_system(err, "%s", path);
    else if (copy == NULL)
        (void)arena_full(arena, err);
    return copy;
}

bool repo_option_online(const struct command_call *call, const char *given, const char **where,
                        const struct tuf_key **key, struct error *err)
{
    const struct signer_asker nobody = {ask_nobody, NULL};
    OWN(signer_close) struct signer signer = {0};
    struct tuf_key *online = ARENA_NEW(call->arena, struct tuf_key);

    if (online == NULL)
        return arena_full(call->arena, err);
    if (!signer_open(given, &nobody, call->arena, &signer, err))
        return error_at(err, "--online");
    *online = signer.key;
    online->online = true;
    *where = signer_is_token(given) ? given : absolute(given, call->arena, err);
    *key = online;
    return *where != NULL;
}

/* What lies in public/ is served to everybody. */
static bool check_private(const struct repo *repo, const char *path, struct error *err)
{
    const char *public = text_format(repo->arena, "%s/public", repo->folder).at;
    struct error none;

    if (public == NULL)
        return arena_full(repo->arena, err);
    const char *folder = absolute(public, repo->arena, &none), *file = absolute(path, repo->arena, &none);
    if (folder == NULL || file == NULL)
        return true;
    size_t size = strlen(folder);
    return strncmp(folder, file, size) != 0 || file[size] != '/' ||
           error_set(
               err, ERROR_TRUST,
               "%s lies in public/, where everybody can read it: make a new one elsewhere, and suture repo "
               "rotate --online it",
               path);
}

static struct repo_signers signers_take(struct repo_signers *from)
{
    struct repo_signers taken = *from;

    *from = (struct repo_signers){0};
    return taken;
}

bool repo_signers_open(const struct command_call *call, const struct repo *repo, struct repo_signers *out,
                       struct error *err)
{
    const struct signer_asker nobody = {ask_nobody, NULL};
    OWN(repo_signers_end) struct repo_signers signers = {.count = repo->online_count};

    for (size_t i = 0; i < repo->online_count; i++) {
        if (!signer_is_token(repo->online[i]) && !check_private(repo, repo->online[i], err))
            return false;
        signers.opened += signer_open(repo->online[i], &nobody, call->arena, &signers.at[i], &signers.why);
    }
    if (signers.opened == 0) {
        *err = signers.why;
        return error_at(err, "online key");
    }
    *out = signers_take(&signers);
    return true;
}

void repo_signers_end(struct repo_signers *signers)
{
    for (size_t i = 0; i < REPO_ONLINE_MAX; i++)
        if (signers->at[i].state != NULL)
            signer_close(&signers->at[i]);
}
