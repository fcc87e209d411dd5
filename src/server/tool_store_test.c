/* The commands of an operator, as they are typed: what they say, refuse and leave behind. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "server/tool.h"
#include "store/fleet_keep.h"
#include "store/fleet_read.h"
#include "store/fleet_testing.h"

extern const struct tool tool_store_copy, tool_backup, tool_restore, tool_quarantine;

/* Two folders of data: `old` has a fleet, `new` nothing. */
struct world {
    char folder[64];
    char old[96], new[96], old_store[128], new_store[128], backup[96];
    char said[4096];
};

static void world_begin(struct world *world)
{
    struct error err = {0};
    char path[160];

    test_folder(world->folder);
    (void)snprintf(world->old, sizeof(world->old), "%s/old", world->folder);
    (void)snprintf(world->new, sizeof(world->new), "%s/new", world->folder);
    (void)snprintf(world->backup, sizeof(world->backup), "%s/backup", world->folder);
    (void)snprintf(world->old_store, sizeof(world->old_store), "sqlite:%s/store/fleet.db", world->old);
    (void)snprintf(world->new_store, sizeof(world->new_store), "sqlite:%s/store/fleet.db", world->new);
    static const char *const folders[] = {"keys", "front", "store", "repo/public", "content"};
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", world->old, folders[i]);
        assert_done("folder", file_make_folders(path, 0700, &err), &err);
    }
    (void)snprintf(path, sizeof(path), "%s/keys/ca.key", world->old);
    assert_done("key", file_replace(path, BYTES("secret"), 0600, &err), &err);
    struct fleet_store *store = fleet_testing_open(world->old_store);
    int64_t hid = fleet_testing_host(store, 1);
    const struct fleet_write seen = {.kind = FLEET_WRITE_SEEN,
                                     .seen = {.hid = hid, .seen = {.counter = 1, .seen_us = time_now_us()}}};
    (void)fleet_testing_done(store, &seen);
    fleet_store_close(&store);
}

static void world_end(struct world *world)
{
    struct error err = {0};

    assert_done("folder", file_remove_tree(world->folder, &err), &err);
}

/* What it printed is in world->said. */
static bool run(struct world *world, const struct tool *tool, bool old, const char *first, const char *second,
                struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    const char *const arguments[] = {first, second};
    const struct server_settings settings = {.data = old ? world->old : world->new,
                                             .store = old ? world->old_store : world->new_store,
                                             .repository = ""};
    struct tool_call call = {.settings = &settings,
                             .arguments = arguments,
                             .argument_count = (size_t)(first != NULL) + (second != NULL),
                             .arena = &arena};

    memset(world->said, 0, sizeof(world->said));
    call.out = fmemopen(world->said, sizeof(world->said) - 1, "w");
    assert_non_null(call.out);
    bool done = tool->run(&call, err);
    (void)fclose(call.out);
    return done;
}

static void assert_said(const struct world *world, const char *part)
{
    if (strstr(world->said, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, world->said);
}

static void test_store_copy(void **state)
{
    OWN(world_end) struct world world = {0};
    char to[160], lock[160];
    struct error err = {0};
    int fd = -1;

    (void)state;
    world_begin(&world);
    (void)snprintf(to, sizeof(to), "sqlite:%s/moved.db", world.folder);
    assert_done("copy", run(&world, &tool_store_copy, true, world.old_store, to, &err), &err);
    assert_said(&world, "copied, and compared: ");
    assert_said(&world, "next: set \"store\" in the settings");
    assert_false(run(&world, &tool_store_copy, true, world.old_store, to, &err));
    assert_failed("twice", &err, ERROR_CONFLICT, "to: there is something in it already: it must be empty");
    (void)snprintf(lock, sizeof(lock), "%s/front/lock", world.old);
    assert_done("lock", file_lock(lock, &fd, &err), &err);
    assert_false(run(&world, &tool_store_copy, true, world.old_store, to, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    assert_non_null(strstr(err.text, "stop it first"));
    (void)close(fd);
    assert_false(run(&world, &tool_store_copy, true, world.new_store, to, &err));
    assert_int_equal(err.kind, ERROR_ABSENT);
}

static void test_backup_and_restore(void **state)
{
    OWN(world_end) struct world world = {0};
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct fleet_store_options reading = {.read_only = true};
    struct fleet_state now;
    struct fleet_host host;
    struct bytes key;
    char path[160];
    struct error err = {0};

    (void)state;
    world_begin(&world);
    (void)snprintf(path, sizeof(path), "%s/", world.backup);
    assert_done("backup", run(&world, &tool_backup, true, path, NULL, &err), &err);
    assert_said(&world, "the server's keys are in it");
    assert_false(run(&world, &tool_backup, true, path, NULL, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    (void)snprintf(path, sizeof(path), "%s/content", world.backup);
    assert_false(file_exists(path));

    assert_done("quarantine", run(&world, &tool_quarantine, true, NULL, NULL, &err), &err);
    assert_string_equal(world.said, "not in quarantine\n");
    assert_false(run(&world, &tool_restore, true, world.backup, NULL, &err)); /* where one is already */
    assert_int_equal(err.kind, ERROR_CONFLICT);
    assert_done("restore", run(&world, &tool_restore, false, world.backup, NULL, &err), &err);
    assert_said(&world, "It is in quarantine");
    (void)snprintf(path, sizeof(path), "%s/keys/ca.key", world.new);
    assert_done("key", file_read(path, MIB, &arena, &key, &err), &err);
    assert_true(key.size == 6);
    assert_done("open", fleet_store_open(world.new_store, &reading, &store, &err), &err);
    assert_done("state", fleet_store_state(store, &now, &err), &err);
    assert_true(now.quarantine);
    assert_done("host",
                fleet_store_host_by_id(store,
                                       (const uint8_t[16]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                                       &arena, &host, &err),
                &err);

    assert_done("quarantine", run(&world, &tool_quarantine, false, NULL, NULL, &err), &err);
    assert_said(&world,
                "in quarantine: 0 machines have reported since the restore, 1 that lived then have not\n");
    assert_false(run(&world, &tool_quarantine, false, "stop", NULL, &err));
    assert_failed("word", &err, ERROR_INPUT, "usage: sutured quarantine [end]");
    assert_done("end", run(&world, &tool_quarantine, false, "end", NULL, &err), &err);
    assert_done("state", fleet_store_state(store, &now, &err), &err);
    assert_true(!now.quarantine && now.restored_us != 0);
}

static void test_backup_file(void **state)
{
    OWN(world_end) struct world world = {0};
    char path[160];
    struct error err = {0};

    (void)state;
    world_begin(&world);
    (void)snprintf(path, sizeof(path), "%s/one.db", world.folder);
    assert_done("backup", run(&world, &tool_backup, true, path, NULL, &err), &err);
    assert_said(&world, "the database alone");
    assert_done("restore", run(&world, &tool_restore, false, path, NULL, &err), &err);
    (void)snprintf(path, sizeof(path), "%s/keys", world.new);
    assert_false(file_exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_copy),
        cmocka_unit_test(test_backup_and_restore),
        cmocka_unit_test(test_backup_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
