#include "base/testing.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/journal.h"

#define FIRST  "20261121T030502Z-9f3a61c2"
#define SECOND "20261122T030502Z-00000001"

struct place {
    char folder[64];
    char path[96];
    struct arena arena;
    struct journal journal;
};

static int begin(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    struct error err;

    test_folder(place->folder);
    (void)snprintf(place->path, sizeof(place->path), "%s/journal.db", place->folder);
    place->arena = arena_with(LIMIT_JOURNAL_MEMORY);
    assert_done("open", journal_open(place->path, JOURNAL_WRITE, &place->journal, &err), &err);
    *state = place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;
    struct error err;

    journal_close(&place->journal);
    assert_done("remove", file_remove_tree(place->folder, &err), &err);
    arena_end(&place->arena);
    free(place);
    return 0;
}

static struct run run_of(const char *id)
{
    struct run run = {.kind = RUN_APPLY, .begun_us = 1000, .pid = 7};

    (void)snprintf(run.id, sizeof(run.id), "%s", id);
    (void)snprintf(run.plan, sizeof(run.plan), "%064d", 1);
    return run;
}

static void write_run(struct journal *journal, const char *id)
{
    struct run run = run_of(id);
    struct run_step step = {.kind = STEP_INSTALL,
                            .state = STEP_FAILED,
                            .group = 1,
                            .ended_us = 4000,
                            .note = TEXT("bad: script failed"),
                            .seal = {DIGEST_SHA256, {5, 6}}};
    struct error err;

    assert_done("run", journal_begin_run(journal, &run, &err), &err);
    assert_done("step", journal_begin_step(journal, id, STEP_READY, 0, 2000, &err), &err);
    assert_done("step",
                journal_end_step(journal, id,
                                 &(struct run_step){.kind = STEP_READY, .state = STEP_DONE, .ended_us = 2500},
                                 &err),
                &err);
    assert_done("step", journal_begin_step(journal, id, STEP_INSTALL, 1, 3000, &err), &err);
    assert_done("step", journal_end_step(journal, id, &step, &err), &err);
    assert_done("run", journal_end_run(journal, id, RUN_ROLLED_BACK, TEXT("bad failed"), 5000, &err), &err);
}

static void test_round_trip(void **state)
{
    struct place *place = *state;
    struct run run;
    struct journal_runs runs;
    struct error err;

    assert_false(journal_get_open(&place->journal, &place->arena, &run, &err));
    assert_failed("none", &err, ERROR_ABSENT, "there was no run yet");
    write_run(&place->journal, FIRST);
    struct run second = run_of(SECOND);
    assert_done("second", journal_begin_run(&place->journal, &second, &err), &err);
    journal_close(&place->journal);
    assert_done("again", journal_open(place->path, JOURNAL_READ, &place->journal, &err), &err);
    assert_done("list", journal_list(&place->journal, &place->arena, &runs, &err), &err);
    assert_int_equal(runs.count, 2);
    assert_string_equal(runs.at[0].id, SECOND);
    assert_int_equal(runs.at[0].state, RUN_OPEN);
    assert_int_equal(runs.at[0].pid, 7);
    run = runs.at[1];
    assert_string_equal(run.id, FIRST);
    assert_int_equal(run.state, RUN_ROLLED_BACK);
    assert_text("why", run.why, "bad failed");
    assert_int_equal(run.ended_us, 5000);
    assert_int_equal(run.step_count, 2);
    assert_int_equal(run.steps[0].state, STEP_DONE);
    assert_int_equal(run.steps[0].begun_us, 2000);
    assert_int_equal(run.steps[1].group, 1);
    assert_text("note", run.steps[1].note, "bad: script failed");
    assert_int_equal(run.steps[1].seal.at[1], 6);
    assert_done("open", journal_get_open(&place->journal, &place->arena, &run, &err), &err);
    assert_string_equal(run.id, SECOND);
}

static void test_order_is_kept(void **state)
{
    struct place *place = *state;
    struct journal *journal = &place->journal;
    struct run run = run_of(FIRST), second = run_of(SECOND);
    struct run_step step = {.kind = STEP_FETCH, .state = STEP_DONE, .ended_us = 1};
    struct error err;

    assert_false(journal_begin_step(journal, FIRST, STEP_READY, 0, 1, &err));
    assert_failed("no run", &err, ERROR_ABSENT, "there is no run " FIRST);
    assert_done("begin", journal_begin_run(journal, &run, &err), &err);
    assert_false(journal_begin_run(journal, &second, &err));
    assert_failed("two", &err, ERROR_CONFLICT, "run " FIRST " is open");
    assert_false(journal_end_step(journal, FIRST, &step, &err));
    assert_failed("not begun", &err, ERROR_CONFLICT, "run " FIRST ": fetch has not begun");
    assert_done("stop", journal_end_run(journal, FIRST, RUN_STOPPED, TEXT("asked to"), 2, &err), &err);
    assert_false(journal_begin_step(journal, FIRST, STEP_READY, 0, 1, &err));
    assert_failed("ended", &err, ERROR_CONFLICT, "run " FIRST " is not open");
    assert_done("resume", journal_resume_run(journal, FIRST, 8, 3, &err), &err);
    assert_done("done", journal_end_run(journal, FIRST, RUN_DONE, (struct text){0}, 4, &err), &err);
    assert_false(journal_resume_run(journal, FIRST, 8, 5, &err));
    assert_failed("done", &err, ERROR_CONFLICT, "run " FIRST " has ended: done");
    assert_false(journal_begin_run(journal, &run, &err));
    assert_failed("same name", &err, ERROR_CONFLICT, "there is a run " FIRST);
}

static void change(struct place *place, const char *sql)
{
    struct sqlite db = {0};
    struct error err;

    journal_close(&place->journal);
    assert_done("open", sqlite_open(place->path, false, &db, &err), &err);
    assert_done(sql, sqlite_run(&db, sql, &err), &err);
    sqlite_close(&db);
}

static void test_tampered(void **state)
{
    static const struct {
        const char *sql;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"UPDATE event SET note = 'all well' WHERE seq = 5", ERROR_TRUST,
         "row 5 is not as it was written: the journal was changed"},
        {"UPDATE event SET state = 2 WHERE seq = 6", ERROR_TRUST,
         "row 6 is not as it was written: the journal was changed"},
        {"UPDATE event SET seal = zeroblob(32) WHERE seq = 5", ERROR_TRUST,
         "row 5 is not as it was written: the journal was changed"},
        {"DELETE FROM event WHERE seq = 3", ERROR_TRUST,
         "row 4 is not as it was written: the journal was changed"},
        {"DELETE FROM event WHERE seq = 1", ERROR_TRUST,
         "row 2 is not as it was written: the journal was changed"},
        {"INSERT INTO event SELECT seq + 6, what, run, at_us, kind, state, part, pid, plan, takes_back, "
         "note, seal, "
         "chain FROM event WHERE seq = 1",
         ERROR_TRUST, "row 7 is not as it was written: the journal was changed"},
        {"UPDATE event SET what = 99 WHERE seq = 2", ERROR_INPUT, "row 2: is no event"},
        {"UPDATE event SET run = char(27) WHERE seq = 2", ERROR_INPUT, "row 2: byte 0x1b at 0 is not text"},
        {"CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM event; END", ERROR_TRUST,
         "holds more than its table: the journal was changed"},
        {"CREATE TABLE other (a)", ERROR_TRUST, "holds more than its table: the journal was changed"},
        {"PRAGMA user_version = 2", ERROR_INPUT,
         "was written by a newer Suture (version 2, this one knows 1)"},
        {"PRAGMA application_id = 5", ERROR_INPUT, "is no journal of Suture"},
    };
    struct place *place = *state;
    char expected[240];
    struct error err;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (i > 0)
            assert_done("again", journal_open(place->path, JOURNAL_WRITE, &place->journal, &err), &err);
        write_run(&place->journal, FIRST);
        change(place, rows[i].sql);
        assert_false(journal_open(place->path, JOURNAL_WRITE, &place->journal, &err));
        (void)snprintf(expected, sizeof(expected), "%s: %s", place->path, rows[i].text);
        assert_failed(rows[i].sql, &err, rows[i].kind, expected);
        assert_done("remove", file_remove_tree(place->path, &err), &err);
    }
    assert_false(journal_open(place->path, JOURNAL_READ, &place->journal, &err));
    assert_int_equal(err.kind, ERROR_ABSENT);
}

static void test_damaged(void **state)
{
    struct place *place = *state;
    struct bytes raw;
    struct error err;

    write_run(&place->journal, FIRST);
    journal_close(&place->journal);
    assert_done("read", file_read(place->path, MIB, &place->arena, &raw, &err), &err);
    /* Cut at every page and a little beside; never a crash, and never a journal that is believed. */
    for (size_t size = 1; size < raw.size; size += 1023) {
        assert_done("write", file_replace_cache(place->path, (struct bytes){raw.at, size}, 0600, &err), &err);
        assert_false(journal_open(place->path, JOURNAL_READ, &place->journal, &err));
        assert_int_not_equal(err.kind, ERROR_NONE);
    }
}

/* Killed at some instruction: each acknowledged row is there, and the file is whole. */
static void test_killed(void **state)
{
    struct place *place = *state;
    struct journal_runs runs;
    struct error err;
    int ends[2];
    char byte;

    journal_close(&place->journal);
    for (int rounds = 0; rounds < 5; rounds++) {
        int64_t acknowledged = 0;
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct run run = run_of(FIRST);
            run.id[3] = (char)('0' + rounds);
            if (!journal_open(place->path, JOURNAL_WRITE, &place->journal, &err) ||
                !journal_begin_run(&place->journal, &run, &err))
                _exit(1);
            for (int64_t at = 0;
                 journal_begin_step(&place->journal, run.id, STEP_INSTALL, (uint32_t)at, at, &err); at++)
                (void)!write(ends[1], "x", 1);
            _exit(1);
        }
        (void)close(ends[1]);
        while (acknowledged < 3 + 2 * rounds && read(ends[0], &byte, 1) == 1)
            acknowledged++;
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        while (read(ends[0], &byte, 1) == 1)
            acknowledged++;
        (void)close(ends[0]);
        assert_done("open", journal_open(place->path, JOURNAL_WRITE, &place->journal, &err), &err);
        assert_done("list", journal_list(&place->journal, &place->arena, &runs, &err), &err);
        assert_int_equal(runs.count, rounds + 1);
        assert_in_range(runs.at[0].step_count, acknowledged, acknowledged + 1);
        assert_done("end", journal_end_run(&place->journal, runs.at[0].id, RUN_FAILED, TEXT("x"), 1, &err),
                    &err);
        journal_close(&place->journal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, begin, end),
        cmocka_unit_test_setup_teardown(test_order_is_kept, begin, end),
        cmocka_unit_test_setup_teardown(test_tampered, begin, end),
        cmocka_unit_test_setup_teardown(test_damaged, begin, end),
        cmocka_unit_test_setup_teardown(test_killed, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
