#include "base/testing.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/tuf_client.h"
#include "trust/tuf_repository_testing.h"

#define NOW   INT64_C(1795305600000000) /* 2026-11-22T00:00:00Z */
#define LATER "2030-01-01T00:00:00Z"
#define PAST  "2026-11-21T23:59:59Z"

/*
 * The linker leads what would write here (test/meson.build): the call of number `fail_at` fails as on a full disk, and all
 * behind it too, since a process that was killed there does nothing more.
 */
static unsigned calls, fail_at;

static bool fails(void)
{
    calls++;
    if (fail_at == 0 || calls < fail_at)
        return false;
    errno = ENOSPC;
    return true;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return fails() ? -1 : __real_rename(from, to);
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
    return fails() ? -1 : __real_unlink(path);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
    return fails() ? -1 : __real_mkdir(path, mode);
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd; /* a test pulls no plug: what the kernel has is there */
    return fails() ? -1 : 0;
}

ssize_t __real_write(int fd, const void *at, size_t size);
ssize_t __wrap_write(int fd, const void *at, size_t size);
ssize_t __wrap_write(int fd, const void *at, size_t size)
{
    return fails() ? -1 : __real_write(fd, at, size);
}

/* ---- a repository that is served from a table ---- */

struct served {
    char name[96];
    struct bytes raw;
};

struct world {
    struct tuf_test repository;
    struct arena arena;
    char folder[64];
    struct served served[32];
    size_t served_count;
    char asked[512];    /* names, each with a space behind it */
    const char *broken; /* a name that cannot be had */
};

static void serve(struct world *world, const char *name, struct bytes raw)
{
    struct served *at = world->served;

    while (at < world->served + world->served_count && strcmp(at->name, name) != 0)
        at++;
    if (at == world->served + world->served_count)
        world->served_count++;
    assert_true(world->served_count <= COUNT_OF(world->served));
    assert_true(snprintf(at->name, sizeof(at->name), "%s", name) < (int)sizeof(at->name));
    at->raw = raw;
}

static bool find(struct world *world, struct text name, uint64_t limit, struct bytes *out, struct error *err)
{
    size_t size = strlen(world->asked);

    (void)snprintf(world->asked + size, sizeof(world->asked) - size, "%.*s ", TEXT_ARG(name));
    if (world->broken != NULL && text_equal(name, text_of(world->broken)))
        return error_set(err, ERROR_SYSTEM, "the line is cut");
    for (size_t i = 0; i < world->served_count; i++)
        if (text_equal(name, text_of(world->served[i].name))) {
            *out = world->served[i].raw;
            return out->size <= limit || error_set(err, ERROR_LIMIT, "%zu bytes, more than %llu", out->size,
                                                   (unsigned long long)limit);
        }
    return error_set(err, ERROR_ABSENT, "the server answers 404");
}

static bool bring_metadata(void *self, struct text name, uint64_t limit, struct arena *arena,
                           struct bytes *out, struct error *err)
{
    (void)arena;
    return find(self, name, limit, out, err);
}

static bool bring_target(void *self, struct text name, uint64_t limit, const char *path, struct error *err)
{
    struct bytes raw;

    return find(self, name, limit, &raw, err) && file_replace_cache(path, raw, 0644, err);
}

static const struct tuf_test_role roles[4] = {
    {"root", "012", 2, NULL, false},
    {"timestamp", "3", 1, NULL, false},
    {"snapshot", "4", 1, NULL, false},
    {"targets", "5", 1, NULL, false},
};
static const struct tuf_test_role of_targets[] = {{"a", "6", 1, "a/*", false}, {NULL, NULL, 0, NULL, false}};

static void serve_root(struct world *world, unsigned version, const char *snapshot_keys)
{
    const struct tuf_test *r = &world->repository;
    struct tuf_test_role changed[4];
    char name[64];

    memcpy(changed, roles, sizeof(changed));
    changed[2].keys = snapshot_keys;
    (void)snprintf(name, sizeof(name), "%u.root.json", version);
    serve(world, name, tuf_test_sign(r, tuf_test_root(r, version, LATER, changed), "012"));
}

/* Everything at this version; "a/file" is "content". */
static void publish(struct world *world, unsigned version, const char *expires, const char *snapshot_key)
{
    const struct tuf_test *r = &world->repository;
    const char *target = tuf_test_target(r, "a/file", BYTES("content"));
    char name[64], digest[DIGEST_HEX_MAX + 1], files[256];
    struct digest hash;
    struct error err = {0};

    (void)snprintf(name, sizeof(name), "%u.targets.json", version);
    serve(world, name, tuf_test_sign(r, tuf_test_targets(r, version, LATER, "", of_targets), "5"));
    (void)snprintf(name, sizeof(name), "%u.a.json", version);
    serve(world, name, tuf_test_sign(r, tuf_test_targets(r, version, LATER, target, NULL), "6"));
    (void)snprintf(files, sizeof(files), "%s,%s", tuf_test_file(r, "targets.json", version),
                   tuf_test_file(r, "a.json", version));
    (void)snprintf(name, sizeof(name), "%u.snapshot.json", version);
    serve(world, name, tuf_test_sign(r, tuf_test_files(r, "snapshot", version, LATER, files), snapshot_key));
    const char *file = tuf_test_file(r, "snapshot.json", version);
    serve(world, "timestamp.json",
          tuf_test_sign(r, tuf_test_files(r, "timestamp", version, expires, file), "3"));
    assert_done("hash", digest_bytes(DIGEST_SHA256, BYTES("content"), &hash, &err), &err);
    digest_hex(&hash, digest);
    serve(world, text_format(&world->arena, "a/%s.file", digest).at, BYTES("content"));
}

static void world_end(struct world *world)
{
    struct error err;

    (void)!file_remove_tree(world->folder, &err);
    arena_end(&world->arena);
}

static void world_begin(struct world *world)
{
    struct error err = {0};

    calls = fail_at = 0;
    world->arena = arena_with(64 * MIB);
    test_folder(world->folder);
    tuf_test_begin(&world->repository, &world->arena);
    serve_root(world, 1, "4");
    publish(world, 1, LATER, "4");
    assert_done("init", tuf_client_init(world->folder, world->served[0].raw, &world->arena, &err), &err);
}

static bool refresh(struct world *world, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_TUF_MEMORY);
    OWN(tuf_client_end)
    struct tuf_client client = {.folder = world->folder,
                                .bringer = {bring_metadata, bring_target, world},
                                .now_us = NOW,
                                .arena = &arena};

    world->asked[0] = 0;
    return tuf_client_refresh(&client, err);
}

/* The version that is kept, as a reader has it; 0: none that holds. */
static unsigned kept(struct world *world, const char *role)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_TUF_MEMORY);
    OWN(tuf_client_end) struct tuf_client client = {.folder = world->folder, .arena = &arena};
    struct error err = {0};

    assert_done("open", tuf_client_open(&client, &err), &err);
    const struct tuf_metadata *metadata = tuf_trusted_get(client.trusted, text_of(role));
    return metadata == NULL ? 0 : (unsigned)metadata->version;
}

static void assert_kept(struct world *world, const char *row, unsigned root, unsigned timestamp,
                        unsigned snapshot, unsigned targets)
{
    char got[64], expected[64];

    (void)snprintf(got, sizeof(got), "%u %u %u %u", kept(world, "root"), kept(world, "timestamp"),
                   kept(world, "snapshot"), kept(world, "targets"));
    (void)snprintf(expected, sizeof(expected), "%u %u %u %u", root, timestamp, snapshot, targets);
    if (strcmp(got, expected) != 0)
        fail_msg("%s: root, timestamp, snapshot, targets %s, expected %s", row, got, expected);
}

/* ---- tests ---- */

static void test_asks_no_more_than_needed(void **state)
{
    OWN(world_end) struct world world = {0};
    struct error err = {0};

    (void)state;
    world_begin(&world);
    assert_done("first", refresh(&world, &err), &err);
    assert_string_equal(world.asked, "2.root.json timestamp.json 1.snapshot.json 1.targets.json ");
    assert_done("no news", refresh(&world, &err), &err);
    assert_string_equal(world.asked, "2.root.json timestamp.json ");
    serve_root(&world, 2, "4");
    serve_root(&world, 3, "4");
    publish(&world, 2, LATER, "4");
    assert_done("news", refresh(&world, &err), &err);
    assert_string_equal(world.asked,
                        "2.root.json 3.root.json 4.root.json timestamp.json 2.snapshot.json 2.targets.json ");
    assert_kept(&world, "all", 3, 2, 2, 2);
    for (unsigned i = 1; i <= 3; i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/root_history/%u.root.json", world.folder, i);
        assert_true(file_exists(path));
    }
}

static void test_failures(void **state)
{
    static const struct {
        const char *broken, *text;
        unsigned root, timestamp, snapshot, targets;
    } rows[] = {
        {"2.root.json", "the line is cut", 1, 1, 1, 1},
        {"timestamp.json", "the line is cut", 2, 1, 1, 1},
        {"2.snapshot.json", "the line is cut", 2, 2, 1, 1},
        {"2.targets.json", "the line is cut", 2, 2, 2, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(world_end) struct world world = {0};
        struct error err = {0};
        world_begin(&world);
        assert_done("first", refresh(&world, &err), &err);
        serve_root(&world, 2, "4");
        publish(&world, 2, LATER, "4");
        world.broken = rows[i].broken;
        assert_false(refresh(&world, &err));
        assert_failed(rows[i].broken, &err, ERROR_SYSTEM, rows[i].text);
        assert_kept(&world, rows[i].broken, rows[i].root, rows[i].timestamp, rows[i].snapshot,
                    rows[i].targets);
        world.broken = NULL;
        assert_done("again", refresh(&world, &err), &err);
        assert_kept(&world, "again", 2, 2, 2, 2);
    }
}

static void test_too_long(void **state)
{
    OWN(world_end) struct world world = {0};
    struct error err = {0};
    uint8_t *long_one;

    (void)state;
    world_begin(&world);
    long_one = arena_take(&world.arena, LIMIT_TUF_TIMESTAMP + 1);
    assert_non_null(long_one);
    serve(&world, "timestamp.json", (struct bytes){long_one, LIMIT_TUF_TIMESTAMP + 1});
    assert_false(refresh(&world, &err));
    assert_failed("timestamp", &err, ERROR_LIMIT,
                  "endless-data: timestamp.json: 16385 bytes, more than 16384");
    assert_kept(&world, "nothing new", 1, 0, 0, 0);
}

/* Whichever call is the last one before the plug is pulled: what was believed is read, and the next refresh ends well. */
static void test_every_step_may_be_the_last(void **state)
{
    unsigned steps = 0;

    (void)state;
    for (unsigned at = 1; steps == 0 || at <= steps; at++) {
        OWN(world_end) struct world world = {0};
        struct error err = {0};
        char row[32];
        (void)snprintf(row, sizeof(row), "call %u", at);
        world_begin(&world);
        assert_done("first", refresh(&world, &err), &err);
        serve_root(&world, 2, "7"); /* snapshot's key is another: its floor and timestamp's go */
        publish(&world, 2, LATER, "7");
        if (steps == 0) {
            calls = 0;
            assert_done("counted", refresh(&world, &err), &err);
            steps = calls;
            assert_true(steps > 20);
            at = 0;
            continue;
        }
        calls = 0;
        fail_at = at;
        assert_false(refresh(&world, &err));
        fail_at = 0;
        if (strstr(err.text, "No space left on device") == NULL)
            fail_msg("%s: \"%s\"", row, err.text);
        assert_true(kept(&world, "root") >= 1 && kept(&world, "targets") >= 1);
        assert_done(row, refresh(&world, &err), &err);
        assert_kept(&world, row, 2, 2, 2, 2);
    }
}

/* A floor that an attacker raised goes with the key that he had; the next refresh needs nobody's hand. */
static void test_fast_forward_recovery(void **state)
{
    OWN(world_end) struct world world = {0};
    struct error err = {0};

    (void)state;
    world_begin(&world);
    publish(&world, 4000000000U, LATER, "4");
    assert_done("the attacker's", refresh(&world, &err), &err);
    publish(&world, 2, LATER, "4");
    assert_false(refresh(&world, &err));
    assert_failed("still the floor", &err, ERROR_TRUST,
                  "rollback: timestamp version 2, older than 4000000000, which is held");
    serve_root(&world, 2, "7");
    publish(&world, 2, LATER, "7");
    assert_done("recovered", refresh(&world, &err), &err);
    assert_kept(&world, "recovered", 2, 2, 2, 2);
}

static void test_init(void **state)
{
    OWN(world_end) struct world world = {0};
    struct error err = {0};
    char text[160];

    (void)state;
    world_begin(&world);
    const struct bytes first = world.served[0].raw;
    assert_done("the same", tuf_client_init(world.folder, first, &world.arena, &err), &err);
    serve_root(&world, 2, "4");
    assert_done("refresh", refresh(&world, &err), &err);
    assert_done("passed", tuf_client_init(world.folder, first, &world.arena, &err), &err);
    assert_kept(&world, "stays", 2, 1, 1, 1);
    serve_root(&world, 1, "8");
    assert_false(tuf_client_init(world.folder, world.served[0].raw, &world.arena, &err));
    (void)snprintf(text, sizeof(text), "%s: another root is pinned here already", world.folder);
    assert_failed("another", &err, ERROR_CONFLICT, text);
    assert_false(tuf_client_init(world.folder, BYTES("{}"), &world.arena, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
}

/* One who refreshes keeps the others out; a reader is not kept out. */
static void test_one_at_a_time(void **state)
{
    OWN(world_end) struct world world = {0};
    struct error err = {0};
    int lock = -1;

    (void)state;
    world_begin(&world);
    assert_done("lock", file_lock(file_path(&world.arena, world.folder, "lock"), &lock, &err), &err);
    assert_false(refresh(&world, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    assert_string_equal(world.asked, "");
    assert_int_equal(kept(&world, "root"), 1);
    own_fd(&lock);
    assert_done("free", refresh(&world, &err), &err);
}

static void test_download(void **state)
{
    OWN(world_end) struct world world = {0};
    OWN(arena_end) struct arena arena = arena_with(LIMIT_TUF_MEMORY);
    struct error err = {0};
    const struct tuf_file *target = NULL;
    const char *path = NULL;
    struct text by;

    (void)state;
    world_begin(&world);
    OWN(tuf_client_end)
    struct tuf_client client = {.folder = world.folder,
                                .bringer = {bring_metadata, bring_target, &world},
                                .now_us = NOW,
                                .arena = &arena};
    assert_done("refresh", tuf_client_refresh(&client, &err), &err);
    assert_done("nobody's", tuf_client_find(&client, TEXT("b/file"), &target, &by, &err), &err);
    assert_null(target);
    assert_done("found", tuf_client_find(&client, TEXT("a/file"), &target, &by, &err), &err);
    assert_text("by", by, "a");

    const char *dir = file_path(&arena, world.folder, "downloads");
    assert_done("dir", file_make_folders(dir, 0755, &err), &err);
    assert_done("download", tuf_client_download(&client, target, dir, &path, &err), &err);
    assert_non_null(strstr(path, "/downloads/a%2Ffile"));
    world.asked[0] = 0;
    assert_done("again", tuf_client_download(&client, target, dir, &path, &err), &err);
    assert_string_equal(world.asked, "");
    /* Somebody wrote into it: fetched again. And what comes is not what is signed: refused, nothing left. */
    assert_done("damage", file_replace(path, BYTES("CONTENT"), 0644, &err), &err);
    assert_done("mended", tuf_client_download(&client, target, dir, &path, &err), &err);
    assert_done("damage", file_remove(path, &err), &err);
    world.served[world.served_count - 1].raw = BYTES("CONTENT");
    assert_false(tuf_client_download(&client, target, dir, &path, &err));
    assert_failed("other", &err, ERROR_TRUST,
                  "mix-and-match: target a/file is not the file whose hash is signed");
    world.served[world.served_count - 1].raw = BYTES("content and more");
    assert_false(tuf_client_download(&client, target, dir, &path, &err));
    assert_failed("longer", &err, ERROR_LIMIT, "endless-data: a/file: 16 bytes, more than 7");
    struct file_names names;
    assert_done("list", file_list(dir, 10, &arena, &names, &err), &err);
    assert_int_equal(names.count, 0);
}

/* What is kept of a role is judged by the keys that its delegator gives it now. */
static void test_delegator_changed_keys(void **state)
{
    static const struct tuf_test_role other[] = {{"a", "7", 1, "a/*", false}, {NULL, NULL, 0, NULL, false}};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        OWN(world_end) struct world world = {0};
        OWN(arena_end) struct arena arena = arena_with(LIMIT_TUF_MEMORY);
        struct error err = {0};
        const struct tuf_metadata *role = NULL;
        const struct tuf_test *r = &world.repository;
        world_begin(&world);
        {
            OWN(tuf_client_end)
            struct tuf_client client = {.folder = world.folder,
                                        .bringer = {bring_metadata, bring_target, &world},
                                        .now_us = NOW,
                                        .arena = &arena};
            assert_done("refresh", tuf_client_refresh(&client, &err), &err);
            assert_done("role", tuf_client_role(&client, TEXT("a"), TEXT("targets"), &role, &err), &err);
        }
        /* targets 2 gives a another key; the snapshot goes on listing a's version 1, which the old one signed. */
        publish(&world, 2, LATER, "4");
        serve(&world, "2.targets.json", tuf_test_sign(r, tuf_test_targets(r, 2, LATER, "", other), "5"));
        char files[256];
        (void)snprintf(files, sizeof(files), "%s,%s", tuf_test_file(r, "targets.json", 2),
                       tuf_test_file(r, "a.json", 1));
        serve(&world, "2.snapshot.json",
              tuf_test_sign(r, tuf_test_files(r, "snapshot", 2, LATER, files), "4"));
        if (i == 1) /* signed again, under the same version */
            serve(&world, "1.a.json", tuf_test_sign(r, tuf_test_targets(r, 1, LATER, "", NULL), "7"));
        OWN(tuf_client_end)
        struct tuf_client client = {.folder = world.folder,
                                    .bringer = {bring_metadata, bring_target, &world},
                                    .now_us = NOW,
                                    .arena = &arena};
        assert_done("refresh", tuf_client_refresh(&client, &err), &err);
        bool done = tuf_client_role(&client, TEXT("a"), TEXT("targets"), &role, &err);
        assert_int_equal(done, i == 1);
        if (!done)
            assert_int_equal(strncmp(err.text, "threshold: a: 0 of 1 needed signatures", 38), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asks_no_more_than_needed),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_every_step_may_be_the_last),
        cmocka_unit_test(test_fast_forward_recovery),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_download),
        cmocka_unit_test(test_delegator_changed_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
