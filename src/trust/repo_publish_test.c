#include "trust/repo_testing.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALL  ((1u << FRED) - 1) /* the first five */
#define HOUR TIME_HOUR_US
#define DAY  TIME_DAY_US

static size_t row_of(const char *role)
{
    return (size_t)(tree_role_find(text_of(role)) - tree_roles);
}

static void copy_tree(const char *from, const char *to)
{
    char command[400];

    (void)snprintf(command, sizeof(command), "rm -rf %s && cp -a %s %s", to, from, to);
    assert_int_equal(system(command), 0);
}

static void begin_five(struct repo_place *place)
{
    struct repo_published published;

    repo_test_init(place, 5);
    repo_test_sign(place, NULL, ALL);
    repo_test_published(place, TEST_NOW_US, &published);
}

static bool there(struct repo_place *place, const char *name)
{
    const char *path = text_format(&place->arena, "%s/public/%s", place->repo, name).at;

    return file_exists(path);
}

static void the_first_publishing_needs_every_role(void **state)
{
    struct repo_place *place = *state;
    struct repo_published published;
    struct error err;

    repo_test_init(place, 5);
    repo_test_sign(place, NULL, 1u << ANNA | 1u << BEN);
    assert_false(repo_test_publish(place, TEST_NOW_US, &published, &err));
    assert_failed("two of five", &err, ERROR_TRUST,
                  "threshold: too few signatures yet on root, policy, publishers, release, local");
    assert_false(there(place, "metadata"));
    repo_test_sign(place, NULL, 1u << CARLA | 1u << DAN);
    repo_test_published(place, TEST_NOW_US, &published);
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        assert_int_equal(published.versions[i], 1);
    assert_true(repo_test_whole(place, TEST_NOW_US, &err));
}

/* One signature less than the threshold of any one role keeps it back, and it alone. */
static void each_role_waits_for_its_own_threshold(void **state)
{
    struct repo_place *place = *state;
    struct repo_published published;
    struct error err;

    begin_five(place);
    assert_true(repo_test_change(place, "policy", "policy/policy.yaml", "a", TEST_NOW_US, &err));
    assert_true(repo_test_change(place, "block", "orders/block/1.json", "{}", TEST_NOW_US, &err));
    repo_test_sign(place, "policy", 1u << BEN);
    repo_test_sign(place, "block", 1u << EVE);
    repo_test_published(place, TEST_NOW_US + HOUR, &published);
    assert_int_equal(published.versions[row_of("policy")], 0);
    assert_int_equal(published.versions[row_of("block")], 2);
    repo_test_sign(place, "policy", 1u << BEN); /* the same person again */
    repo_test_published(place, TEST_NOW_US + HOUR, &published);
    assert_int_equal(published.versions[row_of("policy")], 0);
    repo_test_sign(place, "policy", 1u << DAN);
    repo_test_published(place, TEST_NOW_US + HOUR, &published);
    assert_int_equal(published.versions[row_of("policy")], 2);
    assert_int_equal(published.versions[row_of("snapshot")], 3);
    assert_true(repo_test_whole(place, TEST_NOW_US + HOUR, &err));
}

static void signatures_of_others_are_not_attached(void **state)
{
    struct repo_place *place = *state;
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(repo_close) struct repo repo = {.lock = -1};
    const struct tree_role *policy = tree_role_find(TEXT("policy"));
    struct tuf_signature signature = {.key_id = place->people[ANNA].key.id};
    struct error err;

    repo_test_init(place, 5);
    assert_done("open", repo_open(place->repo, REPO_WRITE, &arena, &repo, &err), &err);
    assert_done("sign",
                signer_sign(&place->people[ANNA], repo.staged[row_of("policy")].metadata.canonical, &arena,
                            &signature.value, &err),
                &err);
    assert_false(repo_attach(&repo, policy, &signature, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_memory_equal(err.text, "wrong-signature: key ", 21);
    signature.key_id = place->people[BEN].key.id; /* and not in another's name either */
    assert_false(repo_attach(&repo, policy, &signature, &err));
    assert_failed("another's", &err, ERROR_TRUST,
                  "wrong-signature: that of ben is not over policy version 1 as it waits here");
}

/* ---- dates ---- */

static void publishing_alone_renews_what_the_server_signs(void **state)
{
    struct repo_place *place = *state;
    struct repo_published published;
    struct error err;

    begin_five(place);
    repo_test_published(place, TEST_NOW_US + 6 * DAY, &published);
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        assert_int_equal(published.versions[i], strcmp(tree_roles[i].name, "timestamp") == 0 ? 2 : 0);
    /* Past the half of two weeks. */
    repo_test_published(place, TEST_NOW_US + 7 * DAY + HOUR, &published);
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        assert_int_equal(published.versions[i] > 0, tree_roles[i].online);
    assert_true(repo_test_whole(place, TEST_NOW_US + 14 * DAY, &err));
    assert_false(repo_test_whole(place, TEST_NOW_US + 14 * DAY + 2 * HOUR, &err));
    assert_failed("a week without a server", &err, ERROR_TRUST,
                  "freeze: timestamp version 3 expired at 2026-12-06T01:00:00Z");
    /* And goes on as if nothing had been. */
    repo_test_published(place, TEST_NOW_US + 40 * DAY, &published);
    assert_true(repo_test_whole(place, TEST_NOW_US + 40 * DAY, &err));
}

/* What expired of people keeps nothing from staying fresh but itself. */
static void an_expired_role_of_people_holds_up_nothing_else(void **state)
{
    struct repo_place *place = *state;
    static const char *const names[] = {"crisis", "block", "approval"};
    struct repo_published published;
    struct error err;

    begin_five(place);
    repo_test_published(place, TEST_NOW_US + 91 * DAY, &published);
    assert_int_equal(published.versions[row_of("timestamp")], 2);
    assert_false(repo_test_whole(place, TEST_NOW_US + 91 * DAY, &err));
    assert_failed("crisis", &err, ERROR_TRUST, "freeze: crisis version 1 expired at 2027-02-20T00:00:00Z");
    {
        OWN(arena_end) struct arena arena = arena_with(64 * MIB);
        OWN(repo_close) struct repo repo = {.lock = -1};
        assert_done("open", repo_open(place->repo, REPO_WRITE, &arena, &repo, &err), &err);
        for (size_t i = 0; i < COUNT_OF(names); i++)
            assert_done(names[i],
                        repo_renew(&repo, tree_role_find(text_of(names[i])), TEST_NOW_US + 91 * DAY, &err),
                        &err);
    }
    repo_test_sign(place, NULL, ALL);
    repo_test_published(place, TEST_NOW_US + 91 * DAY, &published);
    assert_int_equal(published.versions[row_of("crisis")], 2);
    assert_true(repo_test_whole(place, TEST_NOW_US + 91 * DAY, &err));
}

static void what_nobody_needs_goes_after_a_day(void **state)
{
    struct repo_place *place = *state;
    struct repo_published published;
    struct error err;

    begin_five(place);
    assert_true(repo_test_change(place, "plan", "plan/1.json", "{}", TEST_NOW_US, &err));
    repo_test_published(place, TEST_NOW_US + HOUR, &published);
    assert_true(repo_test_change(place, "plan", "plan/1.json", NULL, TEST_NOW_US, &err));
    repo_test_published(place, TEST_NOW_US + 2 * HOUR, &published);
    assert_true(there(place, "metadata/2.plan.json") && there(place, "metadata/2.snapshot.json"));
    assert_true(
        there(place, "targets/plan/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.1.json"));
    repo_test_published(place, TEST_NOW_US + 27 * HOUR, &published);
    assert_false(there(place, "metadata/2.plan.json") || there(place, "metadata/2.snapshot.json"));
    assert_false(there(place, "targets/plan"));
    assert_true(there(place, "metadata/3.plan.json") && there(place, "metadata/1.root.json"));
    assert_true(repo_test_whole(place, TEST_NOW_US + 27 * HOUR, &err));
}

/* ---- rotations ---- */

static void rotate(struct repo_place *place, const struct tree_seats *seats, const char *online)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(repo_close) struct repo repo = {.lock = -1};
    struct error err;
    size_t lost;

    assert_done("open", repo_open(place->repo, REPO_WRITE, &arena, &repo, &err), &err);
    assert_done("rotate", repo_rotate(&repo, seats, online, TEST_NOW_US, &lost, &err), &err);
}

/* In whatever order people sign, it is solo and whole until all is there, and then it is not solo and whole. */
static void one_person_grows_to_five(void **state)
{
    struct repo_place *place = *state;
    struct repo_published published;
    struct error err;

    repo_test_init(place, 1);
    repo_test_sign(place, NULL, 1u << ANNA);
    repo_test_published(place, TEST_NOW_US, &published);
    const struct tree_seats five = repo_test_seats(place, 5, 0);
    rotate(place, &five, NULL);
    for (unsigned person = 0; person < EVE; person++) {
        repo_test_published(place, TEST_NOW_US, &published);
        assert_int_equal(published.versions[row_of("root")], 0);
        assert_int_equal(published.versions[row_of("targets")], 0);
        assert_int_equal(published.versions[row_of("policy")],
                         0); /* anna alone could, by the seats in force */
        assert_true(repo_test_whole(place, TEST_NOW_US, &err));
        repo_test_sign(place, NULL, 1u << person);
    }
    repo_test_published(place, TEST_NOW_US, &published);
    assert_int_equal(published.versions[row_of("root")], 2);
    assert_int_equal(published.versions[row_of("targets")], 2);
    assert_true(repo_test_whole(place, TEST_NOW_US, &err));
}

/* All that targets is to delegate to is signed, and targets only as the old root asks: it would lock the new root out. */
static void targets_wait_for_the_seats_to_come(void **state)
{
    struct repo_place *place = *state;
    struct repo_published published;
    struct error err;

    repo_test_init(place, 1);
    repo_test_sign(place, NULL, 1u << ANNA);
    repo_test_published(place, TEST_NOW_US, &published);
    const struct tree_seats five = repo_test_seats(place, 5, 0);
    rotate(place, &five, NULL);
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        if (tree_role_is_delegated(&tree_roles[i]) && !tree_roles[i].online)
            repo_test_sign_some(place, tree_roles[i].name, ALL);
    repo_test_sign(place, "targets", 1u << ANNA);
    repo_test_published(place, TEST_NOW_US, &published);
    assert_int_equal(published.versions[row_of("targets")], 0);
    repo_test_sign(place, "targets", 1u << BEN);
    repo_test_sign(place, "root", 1u << ANNA | 1u << DAN | 1u << EVE);
    repo_test_published(place, TEST_NOW_US, &published);
    assert_int_equal(published.versions[row_of("targets")], 2);
    assert_int_equal(published.versions[row_of("root")], 2);
    assert_true(repo_test_whole(place, TEST_NOW_US, &err));
}

/* A lost key: the new root counts by the old seats and by the new. The thief of it cannot keep his. */
static void a_new_root_needs_old_and_new(void **state)
{
    static const struct {
        const char *name;
        unsigned persons;
        bool enough;
    } rows[] = {
        {"two of the old", 1u << FRED | 1u << ANNA | 1u << DAN, false},
        {"two of the new", 1u << CARLA | 1u << ANNA | 1u << DAN, false},
        {"both", 1u << FRED | 1u << CARLA | 1u << ANNA | 1u << DAN, true},
        {"both at once", 1u << EVE | 1u << ANNA | 1u << DAN, true},
    };
    struct repo_place *place = *state;
    const struct tree_person fred = {TEXT("fred"), &place->keys[FRED], 1};
    struct error err;

    begin_five(place);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tree_seats seats = repo_test_seats(place, 5, 0);
        const char *before = file_path(&place->arena, place->folder, "before");
        struct repo_published published;
        copy_tree(place->repo, before);
        assert_true(tree_seats_replace(&seats, TEXT("carla"), &fred, &place->arena, &err));
        rotate(place, &seats, NULL);
        for (size_t row = 1; row < TREE_ROLE_COUNT; row++)
            repo_test_sign_some(place, tree_roles[row].name, ALL | 1u << FRED);
        repo_test_sign_some(place, "root", rows[i].persons);
        assert_done(rows[i].name, repo_test_publish(place, TEST_NOW_US, &published, &err), &err);
        assert_int_equal(published.versions[row_of("root")], rows[i].enough ? 2 : 0);
        assert_true(repo_test_whole(place, TEST_NOW_US, &err));
        copy_tree(before, place->repo);
    }
}

static void the_server_gets_another_key(void **state)
{
    struct repo_place *place = *state;
    struct tree_seats seats = repo_test_seats(place, 5, 0);
    struct repo_published published;
    struct error err;

    begin_five(place);
    assert_true(tree_seats_put_online(&seats, &place->server[1].key, &place->arena, &err));
    rotate(place, &seats, place->server_paths[1]);
    repo_test_published(place, TEST_NOW_US + HOUR, &published); /* with the old one, meanwhile */
    assert_int_equal(published.versions[row_of("timestamp")], 2);
    repo_test_sign(place, NULL, ALL);
    repo_test_published(place, TEST_NOW_US + HOUR, &published);
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        if (tree_roles[i].online && published.versions[i] == 0)
            fail_msg("%s: still signed with the old key", tree_roles[i].name);
    assert_true(repo_test_whole(place, TEST_NOW_US + HOUR, &err));
    place->server[0].key.id = TEXT("lost");
    repo_test_published(place, TEST_NOW_US + 2 * HOUR, &published);
    assert_int_equal(published.versions[row_of("timestamp")], 4);
}

/* ---- interrupted ---- */

/*
 * Every call that changes something on the disk is counted, and the process ends before the one that is asked for, as it
 * does when the power goes.
 */
static int calls_left = -1;

static void count_call(void)
{
    if (calls_left == 0)
        _exit(77);
    if (calls_left > 0)
        calls_left--;
}

/* The write that gets one bit wrong, as disks and memory do; -1: none. */
static int writes_left = -1;

static bool write_goes_wrong(void)
{
    return writes_left >= 0 && writes_left-- == 0;
}

#define COUNTED(type, name, parameters, arguments)                                                           \
    type __real_##name parameters;                                                                           \
    type __wrap_##name parameters;                                                                           \
    type __wrap_##name parameters                                                                            \
    {                                                                                                        \
        count_call();                                                                                        \
        return __real_##name arguments;                                                                      \
    }

COUNTED(int, rename, (const char *from, const char *to), (from, to))
COUNTED(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
        (a, from, b, to, flags))
COUNTED(int, link, (const char *from, const char *to), (from, to))
COUNTED(int, unlink, (const char *path), (path))
COUNTED(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
COUNTED(int, rmdir, (const char *path), (path))
COUNTED(int, mkdir, (const char *path, mode_t mode), (path, mode))
COUNTED(int, mkostemp64, (char *path, int flags), (path, flags))

ssize_t __real_write(int fd, const void *at, size_t size);
ssize_t __wrap_write(int fd, const void *at, size_t size);
ssize_t __wrap_write(int fd, const void *at, size_t size)
{
    count_call();
    if (!write_goes_wrong())
        return __real_write(fd, at, size);
    uint8_t *wrong = malloc(size + 1);
    assert_non_null(wrong);
    memcpy(wrong, at, size);
    wrong[size / 2] ^= 1;
    ssize_t done = __real_write(fd, wrong, size);
    free(wrong);
    return done;
}

/* Not done: what ends here is a process, and the disk keeps what it has. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    count_call();
    return 0;
}

/* Whether publishing came to its end before that many calls. */
static bool publish_interrupted(struct repo_place *place, int calls)
{
    struct repo_published published;
    struct error err;
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        calls_left = calls;
        _exit(repo_test_publish(place, TEST_NOW_US + HOUR, &published, &err) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77));
    return WEXITSTATUS(status) == 0;
}

/* A machine that knew the state before, and one that is new, believe what they find, whichever of both it is. */
static void check_both(struct repo_place *place, const char *before)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    const char *former = file_path(&arena, before, "public/metadata");
    const char *now = file_path(&arena, place->repo, "public/metadata");
    struct error err;

    if (!repo_test_whole(place, TEST_NOW_US + HOUR, &err))
        fail_msg("a new machine: %s", err.text);
    assert_done("a known machine", repo_check_update(former, now, TEST_NOW_US + HOUR, &arena, &err), &err);
}

/* Rotation of persons and of the server's key, a new target and one that goes, all at once: the most that can go wrong. */
static void an_interruption_at_any_step_leaves_a_whole_repository(void **state)
{
    struct repo_place *place = *state;
    struct tree_seats seats = repo_test_seats(place, 1, 0);
    const struct tree_person fred = {TEXT("fred"), &place->keys[FRED], 1};
    const char *before = file_path(&place->arena, place->folder, "before");
    struct repo_published published;
    struct error err;
    int calls = 0;

    repo_test_init(place, 1); /* one signature each: it is made and verified a thousand times */
    repo_test_sign(place, NULL, 1u << ANNA);
    repo_test_published(place, TEST_NOW_US, &published);
    assert_true(repo_test_change(place, "plan", "plan/1.json", "{}", TEST_NOW_US, &err));
    repo_test_published(place, TEST_NOW_US - 2 * DAY, &published);
    assert_true(repo_test_change(place, "plan", "plan/1.json", NULL, TEST_NOW_US, &err));
    assert_true(repo_test_change(place, "policy", "policy/policy.yaml", "a", TEST_NOW_US, &err));
    assert_true(tree_seats_replace(&seats, TEXT("anna"), &fred, &place->arena, &err));
    assert_true(tree_seats_put_online(&seats, &place->server[1].key, &place->arena, &err));
    rotate(place, &seats, place->server_paths[1]);
    repo_test_sign(place, NULL, 1u << ANNA | 1u << FRED);
    copy_tree(place->repo, before);
    for (bool done = false; !done; calls++) {
        assert_true(calls < 2000);
        copy_tree(before, place->repo);
        done = publish_interrupted(place, calls);
        check_both(place, before);
        /* And whoever runs it again comes to the end, with nothing left over. */
        repo_test_published(place, TEST_NOW_US + HOUR, &published);
        assert_false(there(place, "../next"));
        assert_false(there(place, "../staged/root.json") || there(place, "../staged/policy.json"));
        assert_true(there(place, "metadata/2.root.json"));
    }
    check_both(place, before);
    assert_true(calls > 50); /* it did count */
    print_message("%d steps\n", calls);
}

/* Whatever reached the disk otherwise than it was meant is seen before a machine can see it. */
static void what_was_written_wrong_is_not_published(void **state)
{
    struct repo_place *place = *state;
    struct repo_published published;
    struct error err;
    int at = 0;

    begin_five(place);
    assert_true(repo_test_change(place, "policy", "policy/policy.yaml", "a", TEST_NOW_US, &err));
    repo_test_sign(place, "policy", 1u << BEN | 1u << CARLA);
    for (bool wrong = true; wrong; at++) {
        writes_left = at;
        bool done = repo_test_publish(place, TEST_NOW_US + HOUR, &published, &err);
        wrong = writes_left < 0;
        writes_left = -1;
        assert_int_equal(done, !wrong);
        if (wrong && memcmp(err.text, "not published: ", 15) != 0)
            fail_msg("write %d: %s", at, err.text);
        assert_true(repo_test_whole(place, TEST_NOW_US + HOUR, &err));
        assert_int_equal(there(place, "metadata/2.policy.json"), done);
    }
    assert_true(at > 3); /* policy, snapshot, timestamp */
}

/* Six months in the drawer: its date is signed with it, so it is asked for anew, and holds up nothing. */
static void what_expired_while_it_waited_is_not_published(void **state)
{
    struct repo_place *place = *state;
    struct repo_published published;
    struct error err;

    begin_five(place);
    assert_true(repo_test_change(place, "policy", "policy/policy.yaml", "a", TEST_NOW_US - 170 * DAY, &err));
    repo_test_sign(place, "policy", 1u << BEN | 1u << CARLA);
    repo_test_published(place, TEST_NOW_US + 11 * DAY, &published);
    assert_int_equal(published.versions[row_of("policy")], 0);
    assert_int_equal(published.versions[row_of("timestamp")], 2);
    assert_true(repo_test_whole(place, TEST_NOW_US + 11 * DAY, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define ROW(name) cmocka_unit_test_setup_teardown(name, repo_test_begin, repo_test_end)
        ROW(the_first_publishing_needs_every_role),
        ROW(each_role_waits_for_its_own_threshold),
        ROW(signatures_of_others_are_not_attached),
        ROW(publishing_alone_renews_what_the_server_signs),
        ROW(an_expired_role_of_people_holds_up_nothing_else),
        ROW(what_nobody_needs_goes_after_a_day),
        ROW(one_person_grows_to_five),
        ROW(targets_wait_for_the_seats_to_come),
        ROW(a_new_root_needs_old_and_new),
        ROW(the_server_gets_another_key),
        ROW(what_was_written_wrong_is_not_published),
        ROW(what_expired_while_it_waited_is_not_published),
        ROW(an_interruption_at_any_step_leaves_a_whole_repository),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
