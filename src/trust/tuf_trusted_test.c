#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "trust/tuf_repository_testing.h"
#include "trust/tuf_trusted.h"

#define NOW   INT64_C(1795305600000000) /* 2026-11-22T00:00:00Z */
#define LATER "2030-01-01T00:00:00Z"
#define PAST  "2026-11-21T23:59:59Z"

/* Keys: 0 to 2 root's (two of three), 3 timestamp's, 4 snapshot's, 5 targets'; 6 to 9 for whoever needs some. */
static const struct tuf_test_role roles[4] = {
    {"root", "012", 2, NULL, false},
    {"timestamp", "3", 1, NULL, false},
    {"snapshot", "4", 1, NULL, false},
    {"targets", "5", 1, NULL, false},
};

struct world {
    struct tuf_test repository;
    struct arena arena;
    struct tuf_trusted *trusted;
};

static void world_end(struct world *world)
{
    tuf_trusted_end(&world->trusted);
    arena_end(&world->arena);
}

static struct bytes root(struct world *world, unsigned version, const char *expires, const char *keys)
{
    return tuf_test_sign(&world->repository, tuf_test_root(&world->repository, version, expires, roles),
                         keys);
}

static void begin(struct world *world, int64_t now_us)
{
    struct error err = {0};

    world->arena = arena_with(64 * MIB);
    tuf_test_begin(&world->repository, &world->arena);
    assert_done("begin",
                tuf_trusted_begin(root(world, 1, LATER, "01"), now_us, &world->arena, &world->trusted, &err),
                &err);
}

static struct bytes timestamp(struct world *world, unsigned version, const char *expires, unsigned snapshot)
{
    const struct tuf_test *r = &world->repository;
    const char *file = tuf_test_file(r, "snapshot.json", snapshot);

    return tuf_test_sign(r, tuf_test_files(r, "timestamp", version, expires, file), "3");
}

static struct bytes snapshot(struct world *world, unsigned version, const char *expires, const char *files)
{
    return tuf_test_sign(&world->repository,
                         tuf_test_files(&world->repository, "snapshot", version, expires, files), "4");
}

static struct bytes targets(struct world *world, unsigned version, const char *expires, const char *keys,
                            const struct tuf_test_role *delegations)
{
    return tuf_test_sign(&world->repository,
                         tuf_test_targets(&world->repository, version, expires, "", delegations), keys);
}

/* timestamp 5 and snapshot 7, which lists these. */
static void go_on_to_snapshot(struct world *world, const char *files)
{
    struct error err = {0};
    bool same = true;

    assert_done("timestamp",
                tuf_trusted_timestamp(world->trusted, timestamp(world, 5, LATER, 7), false, &same, &err),
                &err);
    assert_false(same);
    assert_done("snapshot",
                tuf_trusted_snapshot(world->trusted, snapshot(world, 7, LATER, files), false, &err), &err);
}

/* ---- roots ---- */

static void test_first_root(void **state)
{
    OWN(world_end) struct world world = {0};
    struct tuf_trusted *none = NULL;
    struct error err = {0};

    (void)state;
    begin(&world, NOW);
    assert_int_equal(tuf_trusted_get(world.trusted, TEXT("root"))->version, 1);
    assert_null(tuf_trusted_get(world.trusted, TEXT("timestamp")));
    assert_false(tuf_trusted_begin(root(&world, 1, LATER, "0"), NOW, &world.arena, &none, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_int_equal(strncmp(err.text, "threshold: root: 1 of 2 needed signatures; ", 43), 0);
    /* One that has expired is taken: the next one may be good. */
    assert_done("expired", tuf_trusted_begin(root(&world, 1, PAST, "01"), NOW, &world.arena, &none, &err),
                &err);
    assert_false(tuf_trusted_roots_done(none, &err));
    assert_failed("expired", &err, ERROR_TRUST, "freeze: root version 1 expired at 2026-11-21T23:59:59Z");
    tuf_trusted_end(&none);
}

static void test_next_roots(void **state)
{
    static const struct {
        const char *row;
        unsigned version;
        const char *keys, *signers, *text;
    } rows[] = {
        {"the same again", 1, "012", "012", "rollback: root is version 1, version 2 comes next"},
        {"one is left out", 3, "012", "012", "fast-forward: root is version 3, version 2 comes next"},
        {"not of the old ones", 2, "678", "678", "threshold: root: 0 of 2 needed signatures; "},
        {"one of the old ones", 2, "678", "0678", "threshold: root: 1 of 2 needed signatures; "},
        {"one of the new ones", 2, "678", "0126", "threshold: root: 1 of 2 needed signatures; "},
        {"both", 2, "678", "0167", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(world_end) struct world world = {0};
        struct tuf_test_role changed[4];
        struct error err = {0};
        begin(&world, NOW);
        memcpy(changed, roles, sizeof(changed));
        changed[0].keys = rows[i].keys;
        struct bytes raw =
            tuf_test_sign(&world.repository,
                          tuf_test_root(&world.repository, rows[i].version, LATER, changed), rows[i].signers);
        bool done = tuf_trusted_root(world.trusted, raw, &err);
        if (done != (rows[i].text == NULL) ||
            (!done && strncmp(err.text, rows[i].text, strlen(rows[i].text)) != 0))
            fail_msg("%s: %d \"%s\"", rows[i].row, done, err.text);
        assert_int_equal(tuf_trusted_get(world.trusted, TEXT("root"))->version, done ? 2 : 1);
    }
}

/* Only who loses a key may have been an attacker; one more takes nothing back. */
static void test_forgets(void **state)
{
    static const struct {
        const char *row, *timestamp, *snapshot, *targets;
        bool forgets;
    } rows[] = {
        {"nothing changed", "3", "4", "5", false},    {"one more", "36", "47", "5", false},
        {"timestamp's is gone", "6", "4", "5", true}, {"snapshot's is gone", "3", "67", "5", true},
        {"targets' is gone", "3", "4", "6", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(world_end) struct world world = {0};
        struct tuf_test_role changed[4];
        struct error err = {0};
        begin(&world, NOW);
        memcpy(changed, roles, sizeof(changed));
        changed[1].keys = rows[i].timestamp;
        changed[2].keys = rows[i].snapshot;
        changed[3].keys = rows[i].targets;
        struct bytes raw =
            tuf_test_sign(&world.repository, tuf_test_root(&world.repository, 2, LATER, changed), "012");
        assert_done(rows[i].row, tuf_trusted_root(world.trusted, raw, &err), &err);
        assert_int_equal(tuf_trusted_forgets(world.trusted), rows[i].forgets);
    }
}

/* ---- timestamp ---- */

static void test_timestamp(void **state)
{
    static const struct {
        const char *row;
        unsigned version, snapshot;
        const char *expires;
        bool same;
        const char *text; /* NULL: taken */
    } rows[] = {
        {"newer", 6, 7, LATER, false, NULL},
        {"the same version again", 5, 9, LATER, true, NULL},
        {"older", 4, 7, LATER, false, "rollback: timestamp version 4, older than 5, which is held"},
        {"names an older snapshot", 6, 6, LATER, false,
         "rollback: timestamp names snapshot version 6, older than 7, which is held"},
        {"has expired", 6, 7, PAST, false, "freeze: timestamp version 6 expired at 2026-11-21T23:59:59Z"},
        {"expires now", 6, 7, "2026-11-22T00:00:00Z", false,
         "freeze: timestamp version 6 expired at 2026-11-22T00:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(world_end) struct world world = {0};
        struct error err = {0};
        bool same = false;
        begin(&world, NOW);
        assert_done("kept",
                    tuf_trusted_timestamp(world.trusted, timestamp(&world, 5, PAST, 7), true, &same, &err),
                    &err);
        /* The floor had expired: no harm. The same version again would be one that has expired. */
        if (rows[i].same) {
            world_end(&world);
            begin(&world, NOW);
            assert_done(
                "kept",
                tuf_trusted_timestamp(world.trusted, timestamp(&world, 5, LATER, 7), true, &same, &err),
                &err);
        }
        bool done = tuf_trusted_timestamp(
            world.trusted, timestamp(&world, rows[i].version, rows[i].expires, rows[i].snapshot), false,
            &same, &err);
        if (rows[i].text != NULL) {
            assert_false(done);
            assert_failed(rows[i].row, &err, ERROR_TRUST, rows[i].text);
        } else {
            assert_done(rows[i].row, done, &err);
            assert_int_equal(same, rows[i].same);
        }
        assert_int_equal(tuf_trusted_get(world.trusted, TEXT("timestamp"))->version,
                         done && !same ? rows[i].version : 5);
        assert_int_equal(tuf_trusted_meta(world.trusted, TEXT("snapshot"))->version, 7);
    }
}

/* A server that goes on serving what is held does not keep it from expiring. */
static void test_kept_timestamp_expires(void **state)
{
    OWN(world_end) struct world world = {0};
    struct error err = {0};
    bool same;

    (void)state;
    begin(&world, NOW);
    const struct bytes old = timestamp(&world, 5, PAST, 7);
    assert_done("kept", tuf_trusted_timestamp(world.trusted, old, true, &same, &err), &err);
    assert_false(tuf_trusted_timestamp(world.trusted, old, false, &same, &err));
    assert_failed("again", &err, ERROR_TRUST, "freeze: timestamp version 5 expired at 2026-11-21T23:59:59Z");
}

/* ---- snapshot ---- */

static void test_snapshot(void **state)
{
    static const struct {
        const char *row;
        unsigned held, version; /* held 0: none */
        const char *expires, *files, *text;
    } rows[] = {
        {"the one that is named", 0, 7, LATER, "\"targets.json\":{\"version\":3}", NULL},
        {"another version", 0, 8, LATER, "\"targets.json\":{\"version\":3}",
         "mix-and-match: snapshot is version 8, timestamp names 7"},
        {"has expired", 0, 7, PAST, "\"targets.json\":{\"version\":3}",
         "freeze: snapshot version 7 expired at 2026-11-21T23:59:59Z"},
        {"newer than the floor", 6, 7, LATER, "\"targets.json\":{\"version\":4},\"a.json\":{\"version\":2}",
         NULL},
        {"a role is older", 6, 7, LATER, "\"targets.json\":{\"version\":3},\"a.json\":{\"version\":1}",
         "rollback: snapshot lists a.json version 1, older than 2, which is held"},
        {"a role is gone", 6, 7, LATER, "\"targets.json\":{\"version\":3}",
         "rollback: snapshot version 7 no longer lists a.json"},
        {"older than the floor", 9, 7, LATER, "\"targets.json\":{\"version\":3},\"a.json\":{\"version\":2}",
         "rollback: snapshot version 7, older than 9, which is held"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(world_end) struct world world = {0};
        struct error err = {0};
        bool same;
        begin(&world, NOW);
        assert_done("timestamp",
                    tuf_trusted_timestamp(world.trusted, timestamp(&world, 5, LATER, 7), false, &same, &err),
                    &err);
        if (rows[i].held > 0)
            assert_done(
                "kept",
                tuf_trusted_snapshot(world.trusted,
                                     snapshot(&world, rows[i].held, PAST,
                                              "\"a.json\":{\"version\":2},\"targets.json\":{\"version\":3}"),
                                     true, &err),
                &err);
        assert_false(tuf_trusted_current(world.trusted));
        bool done = tuf_trusted_snapshot(
            world.trusted, snapshot(&world, rows[i].version, rows[i].expires, rows[i].files), false, &err);
        if (rows[i].text != NULL) {
            assert_false(done);
            assert_failed(rows[i].row, &err, ERROR_TRUST, rows[i].text);
        } else {
            assert_done(rows[i].row, done, &err);
        }
        assert_int_equal(tuf_trusted_current(world.trusted), done);
    }
}

/* A hash that the timestamp gives holds for what comes; what is kept is only asked whether it is that one. */
static void test_snapshot_by_hash(void **state)
{
    OWN(world_end) struct world world = {0};
    const struct tuf_test *r = &world.repository;
    struct error err = {0};
    bool same;

    (void)state;
    begin(&world, NOW);
    const struct bytes wanted = snapshot(&world, 7, LATER, "\"targets.json\":{\"version\":3}");
    const struct bytes other = snapshot(&world, 7, LATER, "\"targets.json\":{\"version\":4}");
    const char *file = tuf_test_file_of(r, "snapshot.json", 7, wanted);
    assert_done("timestamp",
                tuf_trusted_timestamp(world.trusted,
                                      tuf_test_sign(r, tuf_test_files(r, "timestamp", 5, LATER, file), "3"),
                                      false, &same, &err),
                &err);
    assert_false(tuf_trusted_snapshot(world.trusted, other, false, &err));
    assert_failed("other", &err, ERROR_TRUST,
                  "mix-and-match: snapshot is not the file whose length and hash timestamp has");
    assert_done("kept", tuf_trusted_snapshot(world.trusted, wanted, true, &err), &err);
    assert_true(tuf_trusted_current(world.trusted));
}

/* ---- targets and roles ---- */

static void test_targets(void **state)
{
    static const struct tuf_test_role delegated[] = {{"a", "67", 2, "a/*", false},
                                                     {NULL, NULL, 0, NULL, false}};
    static const struct {
        const char *row, *name;
        unsigned version;
        const char *expires, *keys, *text;
    } rows[] = {
        {"all is well", "a", 2, LATER, "67", NULL},
        {"one of two", "a", 2, LATER, "6", "threshold: a: 1 of 2 needed signatures; "},
        {"of targets' key", "a", 2, LATER, "56", "threshold: a: 1 of 2 needed signatures; "},
        {"another version", "a", 1, LATER, "67", "mix-and-match: a is version 1, snapshot names 2"},
        {"has expired", "a", 2, PAST, "67", "freeze: a version 2 expired at 2026-11-21T23:59:59Z"},
        {"nobody delegates it", "b", 2, LATER, "67", "scope: targets does not delegate b"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(world_end) struct world world = {0};
        struct error err = {0};
        begin(&world, NOW);
        go_on_to_snapshot(&world, "\"targets.json\":{\"version\":3},\"a.json\":{\"version\":2}");
        assert_done("targets",
                    tuf_trusted_targets(world.trusted, TEXT("targets"), TEXT("root"),
                                        targets(&world, 3, LATER, "5", delegated), &err),
                    &err);
        assert_int_equal(tuf_trusted_role(world.trusted, TEXT("a")).threshold, 2);
        bool done =
            tuf_trusted_targets(world.trusted, text_of(rows[i].name), TEXT("targets"),
                                targets(&world, rows[i].version, rows[i].expires, rows[i].keys, NULL), &err);
        if (done != (rows[i].text == NULL) ||
            (!done && strncmp(err.text, rows[i].text, strlen(rows[i].text)) != 0))
            fail_msg("%s: %d \"%s\"", rows[i].row, done, err.text);
        assert_int_equal(tuf_trusted_get(world.trusted, text_of(rows[i].name)) != NULL, done);
    }
}

/* What is not even JSON is told by its hash: nobody has parsed it. */
static void test_hash_before_parse(void **state)
{
    static const char *const others[] = {"", "{", "no JSON", "[[[[[[[["};
    OWN(world_end) struct world world = {0};
    struct error err = {0};

    (void)state;
    begin(&world, NOW);
    const struct bytes wanted = targets(&world, 3, LATER, "5", NULL);
    go_on_to_snapshot(&world, tuf_test_file_of(&world.repository, "targets.json", 3, wanted));
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_false(tuf_trusted_targets(world.trusted, TEXT("targets"), TEXT("root"),
                                         bytes_of_text(text_of(others[i])), &err));
        assert_failed(others[i], &err, ERROR_TRUST,
                      "mix-and-match: targets is not the file whose length and hash snapshot has");
    }
    assert_done("wanted", tuf_trusted_targets(world.trusted, TEXT("targets"), TEXT("root"), wanted, &err),
                &err);
}

static void test_unlisted(void **state)
{
    OWN(world_end) struct world world = {0};
    struct error err = {0};

    (void)state;
    begin(&world, NOW);
    go_on_to_snapshot(&world, "\"a.json\":{\"version\":2}");
    assert_false(tuf_trusted_targets(world.trusted, TEXT("targets"), TEXT("root"),
                                     targets(&world, 3, LATER, "5", NULL), &err));
    assert_failed("targets", &err, ERROR_TRUST, "mix-and-match: snapshot version 7 does not list targets");
}

/* a and b both name c: a by key 8, b by key 9. Who was verified for the one is not used for the other. */
static void test_diamond(void **state)
{
    static const struct tuf_test_role both[] = {
        {"a", "6", 1, NULL, false}, {"b", "7", 1, NULL, false}, {NULL, NULL, 0, NULL, false}};
    static const struct tuf_test_role of_a[] = {{"c", "8", 1, NULL, false}, {NULL, NULL, 0, NULL, false}};
    static const struct tuf_test_role of_b[] = {{"c", "9", 1, NULL, false}, {NULL, NULL, 0, NULL, false}};
    OWN(world_end) struct world world = {0};
    struct error err = {0};
    bool held = true;

    (void)state;
    begin(&world, NOW);
    go_on_to_snapshot(&world, "\"targets.json\":{\"version\":1},\"a.json\":{\"version\":1},"
                              "\"b.json\":{\"version\":1},\"c.json\":{\"version\":1}");
    struct tuf_trusted *t = world.trusted;
    assert_done(
        "targets",
        tuf_trusted_targets(t, TEXT("targets"), TEXT("root"), targets(&world, 1, LATER, "5", both), &err),
        &err);
    assert_done(
        "a", tuf_trusted_targets(t, TEXT("a"), TEXT("targets"), targets(&world, 1, LATER, "6", of_a), &err),
        &err);
    assert_done(
        "b", tuf_trusted_targets(t, TEXT("b"), TEXT("targets"), targets(&world, 1, LATER, "7", of_b), &err),
        &err);
    assert_done("not yet", tuf_trusted_holds(t, TEXT("c"), TEXT("b"), &held, &err), &err);
    assert_false(held);
    assert_done(
        "c", tuf_trusted_targets(t, TEXT("c"), TEXT("a"), targets(&world, 1, LATER, "89", NULL), &err), &err);
    assert_done("for a", tuf_trusted_holds(t, TEXT("c"), TEXT("a"), &held, &err), &err);
    assert_true(held);
    assert_false(tuf_trusted_holds(t, TEXT("c"), TEXT("b"), &held, &err));
    assert_failed("for b", &err, ERROR_TRUST, "scope: c is delegated by a and, with other keys, by b");
}

/* ---- reading ---- */

/* What is kept is read when it has expired, without a timestamp, and when the snapshot names a newer one. */
static void test_reading(void **state)
{
    OWN(world_end) struct world world = {0};
    struct error err = {0};

    (void)state;
    begin(&world, TIME_ABSENT);
    assert_done("roots", tuf_trusted_roots_done(world.trusted, &err), &err);
    assert_done("snapshot",
                tuf_trusted_snapshot(
                    world.trusted, snapshot(&world, 7, PAST, "\"targets.json\":{\"version\":4}"), true, &err),
                &err);
    assert_false(tuf_trusted_targets(world.trusted, TEXT("targets"), TEXT("root"),
                                     targets(&world, 3, PAST, "6", NULL), &err));
    assert_int_equal(err.kind, ERROR_TRUST); /* whoever signed it, it is not who may */
    assert_false(tuf_trusted_targets(world.trusted, TEXT("targets"), TEXT("root"),
                                     targets(&world, 5, PAST, "5", NULL), &err));
    assert_failed("newer", &err, ERROR_TRUST, "mix-and-match: targets is version 5, snapshot names 4");
    assert_done("older",
                tuf_trusted_targets(world.trusted, TEXT("targets"), TEXT("root"),
                                    targets(&world, 3, PAST, "5", NULL), &err),
                &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_root),
        cmocka_unit_test(test_next_roots),
        cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_timestamp),
        cmocka_unit_test(test_kept_timestamp_expires),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_snapshot_by_hash),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_hash_before_parse),
        cmocka_unit_test(test_unlisted),
        cmocka_unit_test(test_diamond),
        cmocka_unit_test(test_reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
