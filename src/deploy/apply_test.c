/*
 * The machine on a made world: packages whose state lies in memory that outlives the process, a journal on disk, and steps
 * and an installer that are tables. Each of their deeds has a number; a test makes deed n fail, or kills the process before
 * or in the middle of deed n, for every n.
 */
#include "base/testing.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "deploy/apply.h"

#define RUN      "20261121T030502Z-9f3a61c2"
#define PACKAGES 4

enum version { ABSENT, OLD, NEW, HALF /* unpacked, not configured */ };

/* What is left when the process is killed. */
struct world {
    enum version packages[PACKAGES];
    bool automatic[PACKAGES];
    bool backup;
    int deeds;          /* done so far */
    int fail_at;        /* this deed fails */
    int kill_at;        /* this deed is not begun */
    int kill_in;        /* this one is left half done, if it can be */
    int stop_at;        /* from this deed on it is asked to stop */
    bool install_fails; /* package 2 has a bad script */
    bool ill_after;
    bool rollback_fails;
    bool confine_fails;
    bool apt_differs;   /* it would make another version of p0 */
    bool executor_dies; /* with deed kill_in, and the supervisor lives on */
    bool dead;
};

static const struct plan_change changes[PACKAGES] = {
    {.kind = CHANGE_UPGRADE,
     .name = {"p0", 2},
     .arch = {"all", 3},
     .from = {"1", 1},
     .to = {"2", 1},
     .group = 0},
    {.kind = CHANGE_NEW,
     .name = {"p1", 2},
     .arch = {"all", 3},
     .to = {"2", 1},
     .group = 1,
     .automatic = true},
    {.kind = CHANGE_UPGRADE,
     .name = {"p2", 2},
     .arch = {"all", 3},
     .from = {"1", 1},
     .to = {"2", 1},
     .group = 1},
    {.kind = CHANGE_REMOVE, .name = {"p3", 2}, .arch = {"all", 3}, .from = {"1", 1}, .group = 2},
};
static const struct plan plan = {.id = "0000000000000000000000000000000000000000000000000000000000000001",
                                 .changes = changes,
                                 .change_count = PACKAGES,
                                 .group_count = 3};
static const enum version before[PACKAGES] = {OLD, ABSENT, OLD, OLD},
                          after[PACKAGES] = {NEW, NEW, NEW, ABSENT};

static bool is_world(const struct world *world, const enum version *versions)
{
    return memcmp(world->packages, versions, sizeof(world->packages)) == 0;
}

/* One deed begins. */
static bool deed(struct world *world, struct error *err)
{
    world->deeds++;
    if (world->dead)
        return error_set(err, ERROR_SYSTEM, "suture-execute ended");
    if (world->deeds == world->kill_at)
        (void)kill(getpid(), SIGKILL);
    return world->deeds != world->fail_at || error_set(err, ERROR_SYSTEM, "deed %d fails", world->deeds);
}

/* In the middle of a deed. */
static bool middle(struct world *world, struct error *err)
{
    if (world->deeds != world->kill_in)
        return true;
    if (!world->executor_dies)
        (void)kill(getpid(), SIGKILL);
    world->dead = true;
    return error_set(err, ERROR_SYSTEM, "suture-execute ended");
}

/* ---- the installer ---- */

static bool world_lock(void *self, uint32_t wait_ms, struct error *err)
{
    (void)wait_ms;
    return deed(self, err);
}

static bool world_audit(void *self, struct arena *arena, struct package_audit *out, struct error *err)
{
    struct world *world = self;
    struct package_leftover *leftovers = ARENA_ARRAY(arena, struct package_leftover, PACKAGES);
    size_t count = 0;

    if (world->dead)
        return error_set(err, ERROR_SYSTEM, "suture-execute ended");
    for (size_t i = 0; i < PACKAGES; i++)
        if (world->packages[i] == HALF)
            leftovers[count++] = (struct package_leftover){.package = {changes[i].name, changes[i].arch}};
    *out = (struct package_audit){leftovers, count};
    return true;
}

static size_t package_of(struct text name)
{
    return (size_t)(name.at[1] - '0');
}

static bool world_repair(void *self, const struct package_group *group, struct arena *arena,
                         struct package_outcome *out, struct error *err)
{
    struct world *world = self;

    (void)arena;
    if (!deed(world, err))
        return false;
    /* Only the files of the run mend it. */
    for (size_t i = 0; i < group->artifact_count; i++)
        if (world->packages[package_of(group->artifacts[i].name)] == HALF)
            world->packages[package_of(group->artifacts[i].name)] = NEW;
    *out = (struct package_outcome){.done = true};
    for (size_t i = 0; i < PACKAGES; i++)
        if (world->packages[i] == HALF)
            *out = (struct package_outcome){.failed = changes[i].name, .reason = TEXT("is unpacked")};
    return true;
}

static bool world_simulate(void *self, const struct package_group *group, struct arena *arena,
                           struct package_changes *out, struct error *err)
{
    struct world *world = self;
    struct package_change *found = ARENA_ARRAY(arena, struct package_change, PACKAGES);
    size_t count = 0;

    if (!deed(world, err))
        return false;
    for (size_t i = 0; i < PACKAGES; i++) {
        bool named = false;
        for (size_t k = 0; k < group->artifact_count; k++)
            named = named || package_of(group->artifacts[k].name) == i;
        for (size_t k = 0; k < group->removal_count; k++)
            named = named || package_of(group->removals[k].name) == i;
        if (named && world->packages[i] != after[i])
            found[count++] = (struct package_change){changes[i].kind,
                                                     {changes[i].name, changes[i].arch},
                                                     changes[i].from,
                                                     changes[i].to,
                                                     (uint32_t)i};
    }
    if (world->apt_differs && count > 0)
        found[0].to = TEXT("3");
    *out = (struct package_changes){found, count};
    return true;
}

static bool world_rehearse(void *self, const struct package_group *group, struct arena *arena,
                           struct package_outcome *out, struct error *err)
{
    struct world *world = self;

    (void)group, (void)arena;
    if (!deed(world, err))
        return false;
    *out = world->install_fails
               ? (struct package_outcome){.failed = TEXT("p2"), .reason = TEXT("script failed")}
               : (struct package_outcome){.done = true};
    return true;
}

static bool world_install(void *self, const struct package_group *group, struct arena *arena,
                          struct package_outcome *out, struct error *err)
{
    struct world *world = self;

    (void)arena;
    if (!deed(world, err))
        return false;
    for (size_t i = 0; i < group->removal_count; i++)
        world->packages[package_of(group->removals[i].name)] = ABSENT;
    for (size_t i = 0; i < group->artifact_count; i++)
        world->packages[package_of(group->artifacts[i].name)] = HALF;
    if (!middle(world, err))
        return false;
    *out = (struct package_outcome){.done = true};
    for (size_t i = 0; i < group->artifact_count; i++) {
        size_t package = package_of(group->artifacts[i].name);
        if (package == 2 && world->install_fails)
            *out = (struct package_outcome){.failed = TEXT("p2"), .reason = TEXT("script failed")};
        else
            world->packages[package] = NEW;
    }
    return true;
}

static bool world_mark(void *self, const struct package_mark *marks, size_t count, struct error *err)
{
    struct world *world = self;

    if (!deed(world, err))
        return false;
    for (size_t i = 0; i < count; i++)
        world->automatic[package_of(marks[i].package.name)] = marks[i].automatic;
    return true;
}

/* ---- the steps ---- */

static bool plain(void *self, const struct apply_view *view, struct arena *arena, struct apply_note *out,
                  struct error *err)
{
    (void)view, (void)arena, (void)out;
    return deed(self, err);
}

static bool world_prove(void *self, const struct apply_view *view, struct arena *arena,
                        struct trusted_artifact *out, struct apply_note *note, struct error *err)
{
    (void)arena, (void)note;
    if (!deed(self, err))
        return false;
    for (size_t i = 0; i < PACKAGES; i++)
        if (view->plan->changes[i].kind != CHANGE_REMOVE)
            out[i] = (struct trusted_artifact){.basis = TRUST_ARCHIVE, .name = view->plan->changes[i].name};
    return true;
}

static bool world_backup(void *self, const struct apply_view *view, struct arena *arena,
                         struct apply_note *out, struct error *err)
{
    struct world *world = self;

    (void)view, (void)arena;
    if (!deed(world, err))
        return false;
    if (!is_world(world, before))
        return error_set(err, ERROR_CONFLICT, "backup of a changed world");
    world->backup = true;
    out->seal = (struct digest){DIGEST_SHA256, {1}};
    return true;
}

static bool world_health_after(void *self, const struct apply_view *view, struct arena *arena,
                               struct apply_note *out, struct error *err)
{
    struct world *world = self;

    (void)view, (void)arena, (void)out;
    return deed(world, err) &&
           (!world->ill_after || error_set(err, ERROR_CONFLICT, "web: was well and is ill"));
}

static bool world_rollback(void *self, const struct apply_view *view, struct arena *arena,
                           struct apply_note *out, struct error *err)
{
    struct world *world = self;

    (void)view, (void)arena, (void)out;
    if (!deed(world, err))
        return false;
    if (!world->backup || world->rollback_fails)
        return error_set(err, ERROR_ABSENT, "no old package");
    world->packages[0] = before[0];
    if (!middle(world, err))
        return false;
    memcpy(world->packages, before, sizeof(before));
    return true;
}

static bool world_confine(void *self, struct error *err)
{
    const struct world *world = self;

    return !world->confine_fails || error_set(err, ERROR_SYSTEM, "rights cannot be given up");
}

static bool world_stop(void *self)
{
    const struct world *world = self;

    return world->stop_at > 0 && world->deeds >= world->stop_at;
}

static int64_t world_now(void *self)
{
    (void)self;
    return 1000;
}

/* ---- one call of suture apply ---- */

struct place {
    char folder[64];
    char journal[96];
    struct world *world;
    bool rehearse;
};

static bool call(struct place *place, struct arena *arena, struct apply_result *out, struct error *err)
{
    struct world *world = place->world;
    const struct installer installer = {.self = world,
                                        .lock = world_lock,
                                        .audit = world_audit,
                                        .repair = world_repair,
                                        .simulate = world_simulate,
                                        .rehearse = world_rehearse,
                                        .install = world_install,
                                        .mark = world_mark};
    const struct apply_steps steps = {.self = world,
                                      .ready = plain,
                                      .fetch = plain,
                                      .prove = world_prove,
                                      .backup = world_backup,
                                      .health_before = plain,
                                      .health_after = world_health_after,
                                      .rollback = world_rollback,
                                      .verify = plain,
                                      .seal = plain,
                                      .confine = world_confine,
                                      .stop = world_stop,
                                      .now_us = world_now};
    OWN(journal_close) struct journal journal = {0};
    struct apply_request request = {.plan = &plan,
                                    .run = RUN,
                                    .pid = 1,
                                    .journal = &journal,
                                    .installer = &installer,
                                    .steps = &steps,
                                    .rehearse = place->rehearse};
    struct run run;

    world->deeds = 0;
    world->dead = false;
    if (!journal_open(place->journal, JOURNAL_WRITE, &journal, err))
        return false;
    if (journal_get(&journal, RUN, arena, &run, err))
        return apply_resume(&request, &run, arena, out, err);
    return apply_run(&request, arena, out, err);
}

/* In a process of its own: true when it came to its end. */
static bool call_apart(struct place *place)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct arena arena = arena_with(16 * MIB);
        struct apply_result result;
        struct error err;
        _exit(call(place, &arena, &result, &err) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void read_run(struct place *place, struct arena *arena, struct run *out)
{
    OWN(journal_close) struct journal journal = {0};
    struct error err;

    assert_done("journal", journal_open(place->journal, JOURNAL_READ, &journal, &err), &err);
    assert_done("run", journal_get(&journal, RUN, arena, out, &err), &err);
}

static void forget(struct place *place)
{
    struct error err;

    assert_done("remove", file_remove_tree(place->journal, &err), &err);
    *place->world = (struct world){0};
    memcpy(place->world->packages, before, sizeof(before));
}

static int begin(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    /* Thousands of rows that are waited for: in memory, where there is a folder for that. */
    (void)snprintf(place->folder, sizeof(place->folder), "/dev/shm/suture-test-XXXXXX");
    if (mkdtemp(place->folder) == NULL)
        test_folder(place->folder);
    (void)snprintf(place->journal, sizeof(place->journal), "%s/journal.db", place->folder);
    place->world =
        mmap(NULL, sizeof(*place->world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(place->world, MAP_FAILED);
    forget(place);
    *state = place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;
    struct error err;

    assert_done("remove", file_remove_tree(place->folder, &err), &err);
    (void)munmap(place->world, sizeof(*place->world));
    free(place);
    return 0;
}

/* What the journal says is what the world is. */
static void expect_true_report(struct place *place, const char *row)
{
    struct arena arena = arena_with(16 * MIB);
    struct run run;

    read_run(place, &arena, &run);
    bool old = is_world(place->world, before), new = is_world(place->world, after);
    bool fits = run.state == RUN_DONE ? new
                : run.state == RUN_REFUSED || run.state == RUN_ROLLED_BACK
                    ? old
                    : run.state == RUN_FAILED && place->world->rollback_fails;
    if (!fits)
        fail_msg("%s: ends %s, the world is %s", row, run_state_name(run.state),
                 old   ? "old"
                 : new ? "new"
                       : "neither");
    for (size_t i = 0; i < run.step_count; i++)
        if (run.steps[i].state == STEP_BEGUN)
            fail_msg("%s: %s never ended", row, step_kind_name(run.steps[i].kind));
    arena_end(&arena);
}

static void test_goes_well(void **state)
{
    static const char expected[] = "ready fetch prove rehearse backup health-before install install install "
                                   "health-after verify seal ";
    struct place *place = *state;
    struct arena arena = arena_with(16 * MIB);
    struct writer w = writer_with(MIB);
    struct apply_result result;
    struct run run;
    struct error err;

    assert_done("call", call(place, &arena, &result, &err), &err);
    assert_int_equal(result.state, RUN_DONE);
    assert_true(is_world(place->world, after));
    assert_true(place->world->automatic[1]);
    read_run(place, &arena, &run);
    assert_int_equal(run.state, RUN_DONE);
    for (size_t i = 0; i < run.step_count; i++)
        writer_format(&w, "%s ", step_kind_name(run.steps[i].kind));
    assert_text("steps", (struct text){(const char *)w.at, w.size}, expected);
    assert_int_equal(run.steps[3].state, STEP_SKIPPED);
    assert_int_equal(run.steps[4].seal.at[0], 1);
    writer_end(&w);
    arena_end(&arena);
}

static void test_each_deed_fails(void **state)
{
    struct place *place = *state;
    int all = 1;

    for (int n = 0; n <= all; n++) {
        struct arena arena = arena_with(16 * MIB);
        struct apply_result result;
        struct error err;
        char row[32];

        forget(place);
        place->world->fail_at = n;
        (void)snprintf(row, sizeof(row), "deed %d fails", n);
        assert_done(row, call(place, &arena, &result, &err), &err);
        all = n == 0 ? place->world->deeds : all;
        expect_true_report(place, row);
        if (n > 0 && result.state == RUN_DONE)
            assert_true(result.step_problem.size > 0); /* only what is told at the end changes nothing */
        arena_end(&arena);
    }
    assert_true(all >= 16);
}

static void expect_end_after(struct place *place, const char *row)
{
    place->world->kill_at = place->world->kill_in = 0;
    assert_true(call_apart(place));
    expect_true_report(place, row);
}

static void test_killed_at_each_deed(void **state)
{
    struct place *place = *state;

    for (int trouble = 0; trouble < 3; trouble++) {
        for (int n = 1; n < 40; n++) {
            for (int in = 0; in < 2; in++) {
                char row[64];
                forget(place);
                place->world->install_fails = trouble == 1;
                place->world->ill_after = trouble == 2;
                *(in ? &place->world->kill_in : &place->world->kill_at) = n;
                (void)snprintf(row, sizeof(row), "trouble %d, killed %s %d", trouble, in ? "in" : "at", n);
                if (call_apart(place)) {
                    expect_true_report(place, row);
                    continue; /* no such deed, or no middle of it */
                }
                expect_end_after(place, row);
            }
        }
    }
}

/* Killed, and killed again while it recovers. */
static void test_killed_twice(void **state)
{
    struct place *place = *state;

    for (int n = 8; n < 20; n++) {
        for (int second = 1; second < 16; second++) {
            char row[64];
            forget(place);
            place->world->kill_in = n;
            (void)snprintf(row, sizeof(row), "killed in %d and in %d", n, second);
            if (call_apart(place))
                continue;
            place->world->kill_in = second;
            if (!call_apart(place))
                expect_end_after(place, row);
            expect_true_report(place, row);
        }
    }
}

/* suture-execute dies inside dpkg, we do not: what was done is not known, so nothing is decided. */
static void test_executor_dies(void **state)
{
    struct place *place = *state;

    for (int n = 1; n < 30; n++) {
        struct arena arena = arena_with(16 * MIB);
        struct apply_result result;
        struct error err;
        struct run run;

        forget(place);
        place->world->kill_in = n;
        place->world->executor_dies = true;
        if (!call(place, &arena, &result, &err)) {
            read_run(place, &arena, &run);
            assert_int_equal(run.state, RUN_OPEN);
            expect_end_after(place, "executor");
        }
        expect_true_report(place, "executor");
        arena_end(&arena);
    }
}

/* What was made by then is proved like that of any run. */
static void expect_sealed(struct place *place)
{
    struct arena arena = arena_with(16 * MIB);
    struct run run;

    read_run(place, &arena, &run);
    assert_true(run.step_count > 2);
    assert_int_equal(run.steps[run.step_count - 3].kind, STEP_INSTALL);
    assert_int_equal(run.steps[run.step_count - 2].kind, STEP_VERIFY);
    assert_int_equal(run.steps[run.step_count - 1].kind, STEP_SEAL);
    assert_int_equal(run.steps[run.step_count - 1].state, STEP_DONE);
    arena_end(&arena);
}

static void test_stops_between_groups(void **state)
{
    struct place *place = *state;
    int stopped = 0;

    for (int n = 1; n < 30; n++) {
        struct arena arena = arena_with(16 * MIB);
        struct apply_result result;
        struct error err;

        forget(place);
        place->world->stop_at = n;
        assert_done("call", call(place, &arena, &result, &err), &err);
        for (size_t i = 0; i < PACKAGES; i++)
            assert_int_not_equal(place->world->packages[i], HALF);
        if (result.state == RUN_STOPPED) {
            stopped++;
            expect_sealed(place);
            assert_text("why", result.why,
                        place->world->packages[2] == NEW
                            ? "asked to stop; 2 of 3 groups are made, suture apply goes on"
                            : "asked to stop; 1 of 3 groups are made, suture apply goes on");
            place->world->stop_at = 0;
            assert_done("go on", call(place, &arena, &result, &err), &err);
            assert_int_equal(result.state, RUN_DONE);
        }
        expect_true_report(place, "stop");
        arena_end(&arena);
    }
    assert_true(stopped > 1);
}

static void test_ends(void **state)
{
    static const struct {
        const char *name;
        bool install_fails, ill_after, rollback_fails, rehearse;
        enum run_state state;
        const char *why;
    } rows[] = {
        {"script", true, false, false, false, RUN_ROLLED_BACK, "p2: script failed"},
        {"ill", false, true, false, false, RUN_ROLLED_BACK, "web: was well and is ill"},
        {"rehearsed", true, false, false, true, RUN_REFUSED, "p2: script failed"},
        {"no way back", true, false, true, false, RUN_FAILED,
         "p2: script failed; and taking it back failed: no old package"},
    };
    struct place *place = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = arena_with(16 * MIB);
        struct apply_result result;
        struct error err;

        forget(place);
        place->world->install_fails = rows[i].install_fails;
        place->world->ill_after = rows[i].ill_after;
        place->world->rollback_fails = rows[i].rollback_fails;
        place->rehearse = rows[i].rehearse;
        assert_done(rows[i].name, call(place, &arena, &result, &err), &err);
        place->rehearse = false;
        assert_int_equal(result.state, rows[i].state);
        assert_text(rows[i].name, result.why, rows[i].why);
        expect_true_report(place, rows[i].name);
        arena_end(&arena);
    }
}

/* Whoever cannot give up its rights changes nothing with them. */
static void test_not_confined(void **state)
{
    struct place *place = *state;
    struct arena arena = arena_with(16 * MIB);
    struct apply_result result;
    struct error err;

    place->world->confine_fails = true;
    assert_done("call", call(place, &arena, &result, &err), &err);
    assert_int_equal(result.state, RUN_REFUSED);
    assert_text("why", result.why, "rights cannot be given up");
    assert_true(is_world(place->world, before));
    expect_true_report(place, "not confined");
    arena_end(&arena);
}

/* What apt would make of the files is the plan, to the letter, or nothing is done. */
static void test_apt_differs(void **state)
{
    struct place *place = *state;
    struct arena arena = arena_with(16 * MIB);
    struct apply_result result;
    struct error err;

    place->world->apt_differs = true;
    assert_done("call", call(place, &arena, &result, &err), &err);
    assert_int_equal(result.state, RUN_REFUSED);
    assert_text("why", result.why, "apt would make p0 3 of 1, which is not planned");
    assert_true(is_world(place->world, before));
    expect_true_report(place, "apt differs");
    arena_end(&arena);
}

static void test_compare(void **state)
{
    static const struct package_change good[] = {
        {CHANGE_UPGRADE, {{"p0", 2}, {"all", 3}}, {"1", 1}, {"2", 1}, 3},
        {CHANGE_NEW, {{"p1", 2}, {"all", 3}}, {NULL, 0}, {"2", 1}, 1},
        {CHANGE_UPGRADE, {{"p2", 2}, {"all", 3}}, {"1", 1}, {"2", 1}, 2},
        {CHANGE_REMOVE, {{"p3", 2}, {NULL, 0}}, {"1", 1}, {NULL, 0}, 0},
    };
    const struct transaction transaction = {.plan = &plan};
    struct arena arena = arena_with(MIB);
    struct package_change at[PACKAGES + 1];
    const uint32_t *places;
    struct error err;

    (void)state;
    assert_done("good",
                transaction_compare(&transaction, &(struct package_changes){good, 4}, 0, false, &arena,
                                    &places, &err),
                &err);
    assert_int_equal(places[0], 3);
    assert_int_equal(places[3], 0);
    assert_done("the last group",
                transaction_compare(&transaction, &(struct package_changes){good + 3, 1}, 2, false, &arena,
                                    &places, &err),
                &err);
    assert_done("partly",
                transaction_compare(&transaction, &(struct package_changes){good + 1, 2}, 0, true, &arena,
                                    &places, &err),
                &err);
    assert_false(transaction_compare(&transaction, &(struct package_changes){good, 3}, 0, false, &arena,
                                     &places, &err));
    assert_failed("less", &err, ERROR_CONFLICT, "apt would leave p3 as it is, which is planned to change");
    assert_false(transaction_compare(&transaction, &(struct package_changes){good, 4}, 1, false, &arena,
                                     &places, &err));
    assert_failed("an earlier group", &err, ERROR_CONFLICT, "apt would make p0 2 of 1, which is not planned");
    memcpy(at, good, sizeof(good));
    at[2].to = TEXT("3");
    assert_false(
        transaction_compare(&transaction, &(struct package_changes){at, 4}, 0, false, &arena, &places, &err));
    assert_failed("version", &err, ERROR_CONFLICT, "apt would make p2 3 of 1, which is not planned");
    memcpy(at, good, sizeof(good));
    at[4] = (struct package_change){CHANGE_REMOVE, {TEXT("zz"), {NULL, 0}}, TEXT("1"), {NULL, 0}, 9};
    assert_false(
        transaction_compare(&transaction, &(struct package_changes){at, 5}, 0, false, &arena, &places, &err));
    assert_failed("more", &err, ERROR_CONFLICT, "apt would also remove zz");
    arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_goes_well, begin, end),
        cmocka_unit_test_setup_teardown(test_each_deed_fails, begin, end),
        cmocka_unit_test_setup_teardown(test_killed_at_each_deed, begin, end),
        cmocka_unit_test_setup_teardown(test_killed_twice, begin, end),
        cmocka_unit_test_setup_teardown(test_executor_dies, begin, end),
        cmocka_unit_test_setup_teardown(test_stops_between_groups, begin, end),
        cmocka_unit_test_setup_teardown(test_ends, begin, end),
        cmocka_unit_test_setup_teardown(test_not_confined, begin, end),
        cmocka_unit_test_setup_teardown(test_apt_differs, begin, end),
        cmocka_unit_test(test_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
