#include "server/first_repository.h"

#include <stdio.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "trust/repo_publish.h"
#include "trust/repo_stage.h"

#define PERSON           "first-person"
#define PASSPHRASE_BYTES 12

/* What is made, step by step. OWN(end_work). */
struct work {
    struct arena arena;
    const struct server_paths *paths;
    int64_t now_us;
    char passphrase[2 * PASSPHRASE_BYTES + 1];
    const char *online_path;
    struct signer online, person;
};

static void end_work(struct work *work)
{
    signer_close(&work->online);
    signer_close(&work->person);
    explicit_bzero(work->passphrase, sizeof(work->passphrase));
    arena_end(&work->arena);
}

static bool give_passphrase(void *self, const char *what, bool again, char *secret, size_t size,
                            struct error *err)
{
    const struct work *work = self;

    (void)what;
    (void)again;
    (void)err;
    (void)snprintf(secret, size, "%s", work->passphrase);
    return true;
}

/* Nobody is at a keyboard: the passphrase lies in a file of its own, so that the key is no use without it when it is moved. */
static bool make_person(struct work *work, struct error *err)
{
    const struct signer_asker asker = {give_passphrase, work};
    const struct signer_wish wish = {.scheme = TUF_ED25519, .person = TEXT(PERSON), .duty = TEXT("all")};
    const char *path = file_path(&work->arena, work->paths->first_person, "person.key");
    const char *note = file_path(&work->arena, work->paths->first_person, "passphrase");
    uint8_t random[PASSPHRASE_BYTES];

    os_random(random, sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++)
        (void)snprintf(work->passphrase + 2 * i, 3, "%02x", random[i]);
    if (path == NULL || note == NULL)
        return arena_full(&work->arena, err);
    return file_remove_tree(work->paths->first_person, err) &&
           file_make_folders(work->paths->first_person, 0700, err) &&
           file_replace(note, bytes_of_text(text_of(work->passphrase)), 0600, err) &&
           signer_make_file(path, &wish, &asker, &work->arena, &work->person, err);
}

static bool make_online(struct work *work, struct error *err)
{
    const struct signer_asker nobody = {give_passphrase, work};
    const struct signer_wish wish = {.scheme = TUF_ED25519, .person = TEXT("server"), .online = true};
    struct text public_path;

    work->online_path = file_path(&work->arena, work->paths->keys, "online.key");
    if (work->online_path == NULL)
        return arena_full(&work->arena, err);
    public_path = text_format(&work->arena, "%s" SIGNER_PUBLIC_SUFFIX, work->online_path);
    if (public_path.at == NULL)
        return arena_full(&work->arena, err);
    if (!file_remove(work->online_path, err) || !file_remove(public_path.at, err) ||
        !signer_make_file(work->online_path, &wish, &nobody, &work->arena, &work->online, err))
        return false;
    work->online.key.online = true;
    return true;
}

static bool stage(struct work *work, struct error *err)
{
    const struct tuf_key *keys[] = {&work->person.key};
    struct tree_people people;
    struct tree_seats seats;

    return tree_people_of(keys, 1, &work->arena, &people, err) &&
           tree_seats_fill(&people, &work->online.key, true, &work->arena, &seats, err) &&
           repo_init(work->paths->repository, &seats, work->online_path, work->now_us, &work->arena, err);
}

static bool sign_role(struct work *work, struct repo *repo, const struct tree_role *row, struct error *err)
{
    struct tuf_signature signature = {.key_id = work->person.key.id};
    const struct repo_staged *staged = &repo->staged[row - tree_roles];
    struct repo_waiting waiting;

    if (staged->raw.size == 0)
        return true;
    if (!repo_weigh(repo, row, &waiting, err))
        return false;
    return waiting.enough ||
           (signer_sign(&work->person, staged->metadata.canonical, repo->arena, &signature.value, err) &&
            repo_attach(repo, row, &signature, err));
}

static bool publish(struct work *work, struct error *err)
{
    OWN(repo_close) struct repo repo = {.lock = -1};
    const struct repo_publish with = {.signers = &work->online, .signer_count = 1, .now_us = work->now_us};
    struct repo_published published;

    if (!repo_open(work->paths->repository, REPO_WRITE, &work->arena, &repo, err))
        return false;
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        if (!sign_role(work, &repo, &tree_roles[i], err))
            return error_at(err, "%s", tree_roles[i].name);
    return repo_publish(&repo, &with, &published, err);
}

bool first_repository_make(const struct server_paths *paths, int64_t now_us, struct error *err)
{
    OWN(end_work) struct work work = {.arena = arena_with(64 * MIB), .paths = paths, .now_us = now_us};

    return (file_remove_tree(paths->repository, err) && make_person(&work, err) && make_online(&work, err) &&
            stage(&work, err) && publish(&work, err)) ||
           error_at(err, "making the repository");
}
