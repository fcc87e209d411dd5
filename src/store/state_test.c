#include "base/testing.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/state.h"

struct place {
    char folder[64];
    char state_folder[80];
    struct arena arena;
    struct state state;
};

static int begin_test(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    struct error err = {0};

    test_folder(place->folder);
    (void)snprintf(place->state_folder, sizeof(place->state_folder), "%s/a/suture", place->folder);
    place->arena = arena_with(MIB);
    assert_done("open", state_open(place->state_folder, STATE_WRITE, &place->state, &err), &err);
    *state = place;
    return 0;
}

static int end_test(void **state)
{
    struct place *place = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(place->folder, &err), &err);
    arena_end(&place->arena);
    free(place);
    return 0;
}

static const char *path_of(struct place *place, const char *name)
{
    return state_path(&place->state, &place->arena, name);
}

/* Begins a change and writes one file into it. */
static void begin_with(struct place *place, const char *content, struct state_change *change)
{
    struct error err = {0};

    assert_done("begin", state_change_begin(&place->state, &place->arena, change, &err), &err);
    const char *path = file_path(&place->arena, change->next.folder, "feeds/kev");
    assert_done("write", file_replace(path, bytes_of_text(text_of(content)), 0600, &err), &err);
}

static void commit_with(struct place *place, const char *content)
{
    OWN(state_change_end) struct state_change change = {.lock = -1};
    struct error err = {0};

    begin_with(place, content, &change);
    assert_done("commit", state_change_commit(&change, &err), &err);
}

/* The content in use is this one, whole, and nothing else is in the way. */
static void assert_current(const char *row, struct place *place, uint64_t number, const char *content)
{
    struct generation current = {0};
    struct bytes got = {0};
    struct error err = {0};

    assert_done(row, state_current(&place->state, &place->arena, &current, &err), &err);
    assert_int_equal(current.number, number);
    assert_done(
        row, file_read(file_path(&place->arena, current.folder, "feeds/kev"), 100, &place->arena, &got, &err),
        &err);
    assert_text(row, (struct text){(const char *)got.at, got.size}, content);
}

static void assert_generations(const char *row, struct place *place, size_t count)
{
    struct file_names names = {0};
    struct error err = {0};

    assert_done(row, file_list(path_of(place, "generations"), 10, &place->arena, &names, &err), &err);
    assert_int_equal(names.count, count);
}

static void test_generations(void **state)
{
    struct place *place = *state;
    struct generation current;
    struct error err = {0};
    char expected[128];

    assert_false(state_current(&place->state, &place->arena, &current, &err));
    (void)snprintf(expected, sizeof(expected), "%s: no advisory data was fetched yet", place->state_folder);
    assert_failed("none", &err, ERROR_ABSENT, expected);
    commit_with(place, "first");
    assert_current("first", place, 1, "first");
    commit_with(place, "second");
    assert_current("second", place, 2, "second");
    assert_generations("second", place, 2); /* who followed the link just before still finds the first */
    commit_with(place, "third");
    assert_generations("third", place, 2);
}

static void test_thrown_away(void **state)
{
    struct place *place = *state;

    commit_with(place, "first");
    {
        OWN(state_change_end) struct state_change change = {.lock = -1};
        begin_with(place, "never", &change);
        assert_generations("making", place, 2);
    }
    assert_current("thrown away", place, 1, "first");
    assert_generations("thrown away", place, 1);
}

static void test_keep(void **state)
{
    struct place *place = *state;
    OWN(state_change_end) struct state_change change = {.lock = -1};
    struct error err = {0};

    commit_with(place, "first");
    assert_done("begin", state_change_begin(&place->state, &place->arena, &change, &err), &err);
    assert_done("keep", state_change_keep(&change, "feeds/kev", &err), &err);
    assert_false(state_change_keep(&change, "feeds/epss", &err));
    assert_int_equal(err.kind, ERROR_ABSENT);
    assert_done("commit", state_change_commit(&change, &err), &err);
    assert_current("kept", place, 2, "first");
}

static void test_one_writer(void **state)
{
    struct place *place = *state;
    OWN(state_change_end) struct state_change change = {.lock = -1};
    struct state_change second;
    struct error err = {0};
    char expected[128];

    begin_with(place, "first", &change);
    assert_false(state_change_begin(&place->state, &place->arena, &second, &err));
    (void)snprintf(expected, sizeof(expected), "%s/lock: held by process %d", place->state_folder,
                   (int)getpid());
    assert_failed("lock", &err, ERROR_CONFLICT, expected);
    /* The one at work is not disturbed. */
    assert_done("commit", state_change_commit(&change, &err), &err);
    assert_current("first", place, 1, "first");
}

/* A reader that mapped a file keeps it when the generation goes. */
static void test_reader_keeps_its_files(void **state)
{
    struct place *place = *state;
    OWN(file_unmap) struct file_map map = {0};
    struct generation current;
    struct error err = {0};

    commit_with(place, "first");
    assert_done("current", state_current(&place->state, &place->arena, &current, &err), &err);
    assert_done("map", file_map(file_path(&place->arena, current.folder, "feeds/kev"), 100, &map, &err),
                &err);
    commit_with(place, "second");
    assert_true(file_exists(current.folder));
    commit_with(place, "third");
    assert_false(file_exists(current.folder));
    assert_memory_equal(map.bytes.at, "first", 5);
}

/* The plug is pulled before the first step, and after each. */
static void test_killed(void **state)
{
    struct place *place = *state;
    struct error err = {0};
    uint64_t number = 1;
    char before[16], after[16], row[32];

    commit_with(place, "0");
    for (int steps = 0; steps <= STATE_STEP_COUNT; steps++) {
        int status;
        (void)snprintf(row, sizeof(row), "killed after %d steps", steps);
        (void)snprintf(before, sizeof(before), "%d", steps);
        (void)snprintf(after, sizeof(after), "%d", steps + 1);
        pid_t pid = fork();
        if (pid == 0) {
            struct state_change change = {.lock = -1};
            begin_with(place, "killed", &change);
            for (int step = 0; step < steps; step++)
                if (!state_change_step(&change, (enum state_step)step, &err))
                    _exit(1);
            raise(SIGKILL);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        bool switched = steps > STATE_STEP_SWITCH;
        assert_current(row, place, switched ? number + 1 : number, switched ? "killed" : before);
        commit_with(place, after);
        number += switched ? 2 : 1;
        assert_current(row, place, number, after);
        assert_generations(row, place, 2);
        assert_false(file_exists(path_of(place, "current.new")));
    }
}

/* A step that fails leaves the former generation in use, too. */
static void test_step_fails(void **state)
{
    struct place *place = *state;
    struct error err = {0};

    commit_with(place, "first");
    {
        OWN(state_change_end) struct state_change change = {.lock = -1};
        begin_with(place, "second", &change);
        /* A folder in the place of the link that is to be renamed. */
        assert_int_equal(mkdir(path_of(place, "current.new"), 0700), 0);
        assert_false(state_change_commit(&change, &err));
        assert_int_equal(err.kind, ERROR_SYSTEM);
    }
    assert_current("failed", place, 1, "first");
    assert_int_equal(rmdir(path_of(place, "current.new")), 0);
    commit_with(place, "third");
    assert_current("third", place, 2, "third");
}

static void test_owner(void **state)
{
    struct place *place = *state;
    struct state opened;
    struct error err = {0};
    struct stat found;
    char expected[160];

    assert_int_equal(stat(place->state_folder, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    assert_int_equal(chmod(place->state_folder, 0770), 0);
    assert_false(state_open(place->state_folder, STATE_READ, &opened, &err));
    (void)snprintf(expected, sizeof(expected), "%s: others may write to it; chmod 700 it, or remove it",
                   place->state_folder);
    assert_failed("group", &err, ERROR_TRUST, expected);
    assert_int_equal(chmod(place->state_folder, 0755), 0);
    assert_true(state_open(place->state_folder, STATE_READ, &opened, &err));
    if (geteuid() != 0) {
        print_message("skipped: only root can give a folder away\n");
        return;
    }
    assert_int_equal(chown(place->state_folder, 12345, 0), 0);
    assert_false(state_open(place->state_folder, STATE_WRITE, &opened, &err));
    (void)snprintf(expected, sizeof(expected), "%s: belongs to user 12345, not to user 0 who runs this",
                   place->state_folder);
    assert_failed("owner", &err, ERROR_TRUST, expected);
}

static void test_format(void **state)
{
    struct place *place = *state;
    struct state opened;
    struct error err = {0};
    char expected[160];
    const char *format = path_of(place, "format");

    assert_done("write", file_replace(format, BYTES("suture-state 2\n"), 0600, &err), &err);
    assert_false(state_open(place->state_folder, STATE_WRITE, &opened, &err));
    (void)snprintf(expected, sizeof(expected),
                   "%s/format: \"suture-state 2\", which this version of Suture does not know",
                   place->state_folder);
    assert_failed("newer", &err, ERROR_INPUT, expected);
    assert_false(state_open("/not/there", STATE_READ, &opened, &err));
    assert_failed("absent", &err, ERROR_ABSENT, "/not/there: No such file or directory");
}

static void test_wrong_link(void **state)
{
    static const char *const targets[] = {"generations/../../x", "/etc", "generations/", "generations/0",
                                          "generations/99999999999999999999999"};
    struct place *place = *state;
    struct generation current;
    struct error err = {0};

    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        (void)unlink(path_of(place, "current"));
        assert_int_equal(symlink(targets[i], path_of(place, "current")), 0);
        assert_false(state_current(&place->state, &place->arena, &current, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_non_null(strstr(err.text, "which is no generation"));
    }
}

static void test_where(void **state)
{
    struct place *place = *state;
    const char *folder = NULL;
    struct error err = {0};

    assert_int_equal(setenv("SUTURE_STATE", "/x/named", 1), 0);
    assert_done("named", state_folder(&place->arena, &folder, &err), &err);
    assert_string_equal(folder, "/x/named");
    assert_int_equal(unsetenv("SUTURE_STATE"), 0);
    if (geteuid() == 0) {
        assert_done("root", state_folder(&place->arena, &folder, &err), &err);
        assert_string_equal(folder, "/var/lib/suture");
        return;
    }
    assert_int_equal(setenv("XDG_STATE_HOME", "/x/state", 1), 0);
    assert_done("xdg", state_folder(&place->arena, &folder, &err), &err);
    assert_string_equal(folder, "/x/state/suture");
    assert_int_equal(setenv("XDG_STATE_HOME", "relative", 1), 0);
    assert_int_equal(setenv("HOME", "/home/me", 1), 0);
    assert_done("home", state_folder(&place->arena, &folder, &err), &err);
    assert_string_equal(folder, "/home/me/.local/state/suture");
    assert_int_equal(unsetenv("HOME"), 0);
    assert_false(state_folder(&place->arena, &folder, &err));
    assert_failed("none", &err, ERROR_ABSENT, "no folder for Suture's state: HOME is not set");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(test_generations), TEST(test_thrown_away), TEST(test_keep),  TEST(test_one_writer),
        TEST(test_killed),      TEST(test_step_fails),  TEST(test_owner), TEST(test_reader_keeps_its_files),
        TEST(test_format),      TEST(test_wrong_link),  TEST(test_where),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
