#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "deploy/way_back.h"

static const struct run_step steps[] = {
    {.kind = STEP_BACKUP, .state = STEP_DONE, .seal = {.kind = DIGEST_SHA256}},
    {.kind = STEP_INSTALL, .state = STEP_DONE},
};

/* Runs, newest first: a letter each; its id is "run" and its place from the oldest. */
static struct journal_runs runs_of(const char *letters, struct run *at)
{
    size_t count = strlen(letters);

    for (size_t i = 0; i < count; i++) {
        bool of_rollback = strchr("bB", letters[i]) != NULL;
        at[i] = (struct run){.kind = of_rollback ? RUN_ROLLBACK : RUN_APPLY, .steps = steps, .step_count = 2};
        at[i].state = letters[i] == 'o' || letters[i] == 'B' ? RUN_OPEN
                      : letters[i] == 'r'                    ? RUN_ROLLED_BACK
                      : letters[i] == 'x'                    ? RUN_REFUSED
                      : letters[i] == 'f'                    ? RUN_FAILED
                                                             : RUN_DONE;
        if (letters[i] == 'x')
            at[i].step_count = 0;
        (void)snprintf(at[i].id, sizeof(at[i].id), "run%zu", count - i);
        if (of_rollback) /* of the next older one */
            (void)snprintf(at[i].takes_back, sizeof(at[i].takes_back), "run%zu", count - i - 1);
    }
    return (struct journal_runs){at, count};
}

/* d done, f failed, r rolled back by itself, x refused, o open; b is a rollback of the next one, B one that is open. */
static const struct {
    const char *runs, *keep; /* newest first; k keeps, . goes */
} rows[] = {
    {"", ""},
    {"d", "k"},
    {"ddddd", "kkkkk"},
    {"ddddddd", "kkkkk.."},
    {"dfdddd", "kkkkk."},
    {"oddddddd", "kkkkkk.."},   /* an open one is not counted before it has ended */
    {"dddddddo", "kkkkk..k"},   /* and never goes */
    {"ddddddBd", "kkkkk.kk"},   /* nor what an open one takes back */
    {"rrrrrrrrd", "kkkkk...k"}, /* failures push nobody's way back out, and do not pile up */
    {"xxxxxxxdd", "kkkkk..kk"},
    {"dddbdbdddd", "kkkkk..kk."}, /* two were taken back */
};

static void which_stay(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct run at[16];
        bool keep[16];
        char got[17] = "";
        struct journal_runs runs = runs_of(rows[i].runs, at);
        way_back_choose(&runs, keep);
        for (size_t k = 0; k < runs.count; k++)
            got[k] = keep[k] ? 'k' : '.';
        if (strcmp(got, rows[i].keep) != 0)
            fail_msg("%s: %s, expected %s", rows[i].runs, got, rows[i].keep);
    }
}

struct folder {
    struct arena arena;
    char state[64];
};

static int set_up(void **state)
{
    struct folder *f = calloc(1, sizeof(*f));

    f->arena = arena_with(MIB);
    test_folder(f->state);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct folder *f = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(f->state, &err), &err);
    arena_end(&f->arena);
    free(f);
    return 0;
}

static const char *place(struct folder *f, const char *run, const char *name)
{
    return text_format(&f->arena, "%s/runs/%s/%s", f->state, run, name).at;
}

static void put(struct folder *f, const char *run, const char *name)
{
    struct error err = {0};
    const char *path = place(f, run, name);
    struct text folder = text_format(&f->arena, "%.*s", (int)(strrchr(path, '/') - path), path);

    assert_done("folder", file_make_folders(folder.at, 0700, &err), &err);
    assert_done("file", file_replace_cache(path, BYTES("x"), 0600, &err), &err);
}

static void what_goes(void **state)
{
    struct folder *f = *state;
    struct error err = {0};
    struct run at[16];
    struct journal_runs runs = runs_of("dddddddd", at);
    size_t removed;

    for (size_t i = 0; i < runs.count; i++) {
        put(f, at[i].id, "rollback/manifest");
        put(f, at[i].id, "packages/a.deb");
        put(f, at[i].id, "plan.json");
    }
    put(f, "run1", "removing/half"); /* of an interruption */
    assert_done("prune", way_back_prune(f->state, &runs, &f->arena, &removed, &err), &err);
    assert_int_equal(removed, 3);
    for (size_t i = 0; i < runs.count; i++) {
        assert_int_equal(file_exists(place(f, at[i].id, "rollback/manifest")), i < 5);
        assert_int_equal(file_exists(place(f, at[i].id, "packages/a.deb")), i < 5);
        assert_true(file_exists(place(f, at[i].id, "plan.json")));
        assert_false(file_exists(place(f, at[i].id, "removing")));
    }
    assert_done("again", way_back_prune(f->state, &runs, &f->arena, &removed, &err), &err);
    assert_int_equal(removed, 0);
}

/* One that cannot be removed is told, and the others go. */
static void one_that_stays(void **state)
{
    struct folder *f = *state;
    struct error err = {0};
    struct run at[16];
    struct journal_runs runs = runs_of("ddddddd", at);
    size_t removed;

    put(f, "run1", "rollback/manifest");
    const char *deep = place(f, "run2", "removing"), *half = NULL;
    for (size_t i = 0; i < 100; i++) { /* deeper than anything of ours */
        deep = file_path(&f->arena, deep, "d");
        half = i == 50 ? deep : half;
    }
    assert_done("deep", file_make_folders(deep, 0700, &err), &err);
    assert_false(way_back_prune(f->state, &runs, &f->arena, &removed, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_int_equal(removed, 1);
    assert_false(file_exists(place(f, "run1", "rollback")));
    assert_done("the deep half", file_remove_tree(half, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_stay),
        cmocka_unit_test_setup_teardown(what_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_stays, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
