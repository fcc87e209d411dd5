/* On a btrfs of its own, in a file: needs root, mkfs.btrfs and a loop device, and says so where one is missing. */
#include "base/testing.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/subvolume.h"
#include "deploy/way_back.h"

struct disk {
    struct arena arena;
    char folder[64];
    bool mounted;
};

static const char *at(struct disk *d, const char *path)
{
    return file_path(&d->arena, d->folder, path);
}

static bool shell(struct disk *d, const char *command)
{
    const char *const argv[] = {"/bin/sh", "-c",
                                text_format(&d->arena, "cd %s && (%s)", d->folder, command).at, NULL};
    const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
    const struct child_command words = {
        .argv = argv, .environment = environment, .timeout_ms = 60000, .output_limit = MIB};
    struct child_result result;
    struct error err = {0};

    return child_run(&words, &d->arena, &result, &err) && result.status == 0;
}

/* What is mounted here is seen by nobody else, and gone with this process. */
static const char *missing(struct disk *d)
{
    if (geteuid() != 0)
        return "not root";
    if (!shell(d, "command -v mkfs.btrfs"))
        return "no mkfs.btrfs here";
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return "no mount namespace of its own";
    if (!shell(d, "truncate -s 200M image && mkfs.btrfs -q image && mkdir top && mount -o loop image top"))
        return "no loop device or no btrfs in this kernel";
    d->mounted = true;
    return NULL;
}

static int set_up(void **state)
{
    struct disk *d = calloc(1, sizeof(*d));

    d->arena = arena_with(8 * MIB);
    test_folder(d->folder);
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    struct disk *d = *state;
    struct error err = {0};

    if (d->mounted)
        assert_int_equal(umount(at(d, "top")), 0);
    assert_done("remove", file_remove_tree(d->folder, &err), &err);
    arena_end(&d->arena);
    free(d);
    return 0;
}

static void put(struct disk *d, const char *path, const char *text)
{
    struct error err = {0};

    assert_done(path, file_replace(at(d, path), bytes_of_text(text_of(text)), 0644, &err), &err);
}

static void assert_holds(struct disk *d, const char *path, const char *text)
{
    struct error err = {0};
    struct bytes got;

    assert_done(path, file_read(at(d, path), KIB, &d->arena, &got, &err), &err);
    assert_text(path, (struct text){(const char *)got.at, got.size}, text);
}

/* Runs that are done and could be taken back, newest first: run7 ... run1. */
static struct journal_runs seven_runs(struct run at[7])
{
    static const struct run_step steps[] = {
        {.kind = STEP_BACKUP, .state = STEP_DONE, .seal = {.kind = DIGEST_SHA256}},
        {.kind = STEP_INSTALL, .state = STEP_DONE},
    };

    for (size_t i = 0; i < 7; i++) {
        at[i] = (struct run){.kind = RUN_APPLY, .state = RUN_DONE, .steps = steps, .step_count = 2};
        (void)snprintf(at[i].id, sizeof(at[i].id), "run%zu", 7 - i);
    }
    return (struct journal_runs){at, 7};
}

static void there_and_gone(void **state)
{
    struct disk *d = *state;
    const char *why = missing(d);
    struct error err = {0};
    struct run runs[7];
    struct journal_runs list = seven_runs(runs);
    size_t removed;

    if (why != NULL) {
        print_message("skipped: %s\n", why);
        skip();
    }
    for (size_t i = 0; i < list.count; i++) {
        struct text folder = text_format(&d->arena, "top/state/runs/%s", runs[i].id);
        assert_done("folder", file_make_folders(at(d, folder.at), 0700, &err), &err);
    }
    put(d, "top/program", "old");
    struct text told = way_back_snapshot(at(d, "top"), at(d, "top/state/runs/run1"), &d->arena);
    assert_text("told", told,
                text_format(&d->arena, "snapshot %s", at(d, "top/state/runs/run1/snapshot")).at);
    put(d, "top/program", "new");
    assert_holds(d, "top/state/runs/run1/snapshot/program", "old");

    /* Nobody writes to it. */
    const char *inside = at(d, "top/state/runs/run1/snapshot/program");
    assert_false(file_replace(inside, BYTES("x"), 0644, &err));
    assert_int_equal(chmod(inside, 0600), -1);
    assert_int_equal(errno, EROFS);

    /* A second attempt of the same run takes its place. */
    told = way_back_snapshot(at(d, "top"), at(d, "top/state/runs/run1"), &d->arena);
    assert_true(text_starts(told, TEXT("snapshot ")));
    assert_holds(d, "top/state/runs/run1/snapshot/program", "new");

    (void)way_back_snapshot(at(d, "top"), at(d, "top/state/runs/run7"), &d->arena);
    assert_done("prune", way_back_prune_snapshots(at(d, "top/state"), &list, &d->arena, &removed, &err),
                &err);
    assert_int_equal(removed, 1);
    assert_false(file_exists(at(d, "top/state/runs/run1/snapshot")));
    assert_holds(d, "top/state/runs/run7/snapshot/program", "new");
    assert_done("again", way_back_prune_snapshots(at(d, "top/state"), &list, &d->arena, &removed, &err),
                &err);
    assert_int_equal(removed, 0);
}

static void why_there_is_none(void **state)
{
    struct disk *d = *state;
    const char *why = missing(d);

    if (why != NULL) {
        print_message("skipped: %s\n", why);
        skip();
    }
    assert_true(shell(d, "mkdir top/plain elsewhere"));
    assert_text("elsewhere", way_back_snapshot(at(d, "top"), at(d, "elsewhere"), &d->arena),
                text_format(&d->arena, "no snapshot: %s is on another file system than %s",
                            at(d, "elsewhere"), at(d, "top"))
                    .at);
    assert_int_equal(way_back_snapshot(at(d, "top/plain"), at(d, "top"), &d->arena).size, 0);
}

static void of_no_btrfs(void **state)
{
    struct disk *d = *state;

    assert_int_equal(way_back_snapshot("/proc", d->folder, &d->arena).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(there_and_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(why_there_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_no_btrfs, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
