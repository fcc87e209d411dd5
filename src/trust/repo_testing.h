/*
 * What the tests of a repository share: a scratch folder, six persons and two servers with their keys, and signing.
 */
#ifndef TRUST_REPO_TESTING_H
#define TRUST_REPO_TESTING_H

#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/repo_publish.h"
#include "trust/repo_stage.h"
#include "trust/repo_view.h"

#define TEST_NOW_US (INT64_C(1795305600) * TIME_SECOND_US) /* 2026-11-22T00:00:00Z */

enum { ANNA, BEN, CARLA, DAN, EVE, FRED, PERSON_COUNT };

struct repo_place {
    char folder[64];
    char repo[96];
    struct arena arena; /* of the keys; each deed has its own */
    struct signer people[PERSON_COUNT], server[2];
    const struct tuf_key *keys[PERSON_COUNT];
    const char *server_paths[2];
};

static const char *const person_names[PERSON_COUNT] = {"anna", "ben", "carla", "dan", "eve", "fred"};

/* All without passphrases: making one takes half a second. */
static inline void repo_test_key(struct repo_place *place, const char *name, bool online, struct signer *out)
{
    const struct signer_asker nobody = {0};
    const struct signer_wish wish = {.scheme = TUF_ED25519, .person = text_of(name), .online = true};
    const char *path = file_path(&place->arena, place->folder, name);
    struct error err;

    assert_done(name, signer_make_file(path, &wish, &nobody, &place->arena, out, &err), &err);
    out->key.online = online;
}

static inline int repo_test_begin(void **state)
{
    struct repo_place *place = calloc(1, sizeof(*place));

    test_folder(place->folder);
    (void)snprintf(place->repo, sizeof(place->repo), "%s/repo", place->folder);
    place->arena = arena_with(16 * MIB);
    for (size_t i = 0; i < PERSON_COUNT; i++) {
        repo_test_key(place, person_names[i], false, &place->people[i]);
        place->keys[i] = &place->people[i].key;
    }
    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "server" : "server2";
        repo_test_key(place, name, true, &place->server[i]);
        place->server_paths[i] = file_path(&place->arena, place->folder, name);
    }
    *state = place;
    return 0;
}

static inline int repo_test_end(void **state)
{
    struct repo_place *place = *state;
    struct error err;
    bool removed = file_remove_tree(place->folder, &err);

    for (size_t i = 0; i < PERSON_COUNT; i++)
        signer_close(&place->people[i]);
    for (size_t i = 0; i < 2; i++)
        signer_close(&place->server[i]);
    arena_end(&place->arena);
    free(place);
    return !removed;
}

/* The first `count` persons; one alone is solo. */
static inline struct tree_seats repo_test_seats(struct repo_place *place, size_t count, size_t server)
{
    struct tree_people people;
    struct tree_seats seats;
    struct error err;

    assert_done("people", tree_people_of(place->keys, count, &place->arena, &people, &err), &err);
    assert_done("seats",
                tree_seats_fill(&people, &place->server[server].key, count == 1, &place->arena, &seats, &err),
                &err);
    return seats;
}

static inline void repo_test_init(struct repo_place *place, size_t count)
{
    const struct tree_seats seats = repo_test_seats(place, count, 0);
    struct error err;

    assert_done("init",
                repo_init(place->repo, &seats, place->server_paths[0], TEST_NOW_US, &place->arena, &err),
                &err);
}

/* One role. all_seated: who has no seat there fails the test. */
static inline void repo_test_sign_role(struct repo_place *place, struct repo *repo, size_t row,
                                       unsigned persons, bool all_seated, bool only_lacking)
{
    for (size_t k = 0; k < PERSON_COUNT && repo->staged[row].raw.size > 0; k++) {
        struct tuf_signature signature = {.key_id = place->people[k].key.id};
        struct repo_waiting waiting;
        struct error err;
        if ((persons & 1u << k) == 0)
            continue;
        assert_done("weigh", repo_weigh(repo, &tree_roles[row], &waiting, &err), &err);
        if (only_lacking && waiting.enough)
            continue;
        assert_done("sign",
                    signer_sign(&place->people[k], repo->staged[row].metadata.canonical, repo->arena,
                                &signature.value, &err),
                    &err);
        if (!repo_attach(repo, &tree_roles[row], &signature, &err) && all_seated)
            fail_msg("%s: %s", tree_roles[row].name, err.text);
    }
}

/* How the persons are asked: role NULL, all roles, where they are needed. */
static inline void repo_test_sign_as(struct repo_place *place, const char *role, unsigned persons,
                                     bool all_seated, bool only_lacking)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(repo_close) struct repo repo = {.lock = -1};
    struct error err;

    assert_done("open", repo_open(place->repo, REPO_WRITE, &arena, &repo, &err), &err);
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        if (role == NULL || strcmp(role, tree_roles[i].name) == 0)
            repo_test_sign_role(place, &repo, i, persons, all_seated, only_lacking);
}

/* These persons sign what waits of the role; NULL: of every role in which they sit and that has too few. */
static inline void repo_test_sign(struct repo_place *place, const char *role, unsigned persons)
{
    repo_test_sign_as(place, role, persons, role != NULL, role == NULL);
}

/* Those of these persons who sit there. */
static inline void repo_test_sign_some(struct repo_place *place, const char *role, unsigned persons)
{
    repo_test_sign_as(place, role, persons, false, false);
}

static inline bool repo_test_publish(struct repo_place *place, int64_t now_us, struct repo_published *out,
                                     struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(repo_close) struct repo repo = {.lock = -1};
    struct signer *signers = ARENA_ARRAY(&arena, struct signer, REPO_ONLINE_MAX);
    struct repo_publish with = {.signers = signers, .now_us = now_us};

    if (!repo_open(place->repo, REPO_WRITE, &arena, &repo, err))
        return false;
    for (size_t i = 0; i < repo.online_count; i++)
        for (size_t k = 0; k < 2; k++)
            if (strcmp(repo.online[i], place->server_paths[k]) == 0)
                signers[i] = place->server[k];
    with.signer_count = repo.online_count;
    return repo_publish(&repo, &with, out, err);
}

static inline void repo_test_published(struct repo_place *place, int64_t now_us, struct repo_published *out)
{
    struct error err;

    assert_done("publish", repo_test_publish(place, now_us, out, &err), &err);
}

/* content NULL: takes it away. */
static inline bool repo_test_change(struct repo_place *place, const char *role, const char *path,
                                    const char *content, int64_t now_us, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(repo_close) struct repo repo = {.lock = -1};
    const char *file = file_path(&place->arena, place->folder, "content");
    struct repo_change change = {.row = tree_role_find(text_of(role)),
                                 .path = text_of(path),
                                 .file = content == NULL ? NULL : file,
                                 .now_us = now_us};
    struct repo_changed changed;

    if (content != NULL)
        assert_done("content", file_replace(file, bytes_of_text(text_of(content)), 0644, err), err);
    return repo_open(place->repo, REPO_WRITE, &arena, &repo, err) &&
           repo_change(&repo, &change, &changed, err);
}

static inline bool repo_test_whole(struct repo_place *place, int64_t now_us, struct error *why)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(repo_view_end) struct repo_view view = {0};
    const char *metadata = file_path(&arena, place->repo, "public/metadata");
    const char *targets = file_path(&arena, place->repo, "public/targets");
    struct error err;

    assert_done("view", repo_view_read(metadata, targets, now_us, &arena, &view, &err), &err);
    *why = view.why;
    return view.whole;
}

#endif
