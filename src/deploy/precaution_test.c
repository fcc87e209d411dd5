#include "base/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "deploy/precaution.h"

#define DAY "2026-11-21T"

static void answers_are_read(void **state)
{
    static const struct {
        const char *row;
        enum backup_kind kind;
        const char *answer, *time; /* NULL: fails */
        const char *error;
    } rows[] = {
        {"restic", BACKUP_RESTIC,
         "[{\"time\":\"2026-11-20T03:00:01.123456789+01:00\",\"id\":\"a\"},{\"time\":\"" DAY
         "03:00:01+01:00\"}]",
         DAY "02:00:01Z", ""},
        {"restic, none", BACKUP_RESTIC, "[]", NULL, "it knows of no backup"},
        {"restic, null", BACKUP_RESTIC, "null", NULL, "the answer: is no list of snapshots"},
        {"restic, words", BACKUP_RESTIC, "[1]", NULL, "the answer: element 0 is no object"},
        {"borg info", BACKUP_BORG,
         "{\"archives\":[{\"end\":\"" DAY "03:10:00.000000\",\"start\":\"" DAY
         "03:00:00.000000\"}],\"repository\":{}}",
         DAY "03:10:00Z", ""},
        {"borg list", BACKUP_BORG,
         "{\"archives\":[{\"start\":\"2026-11-20T03:00:00.000000\"},{\"start\":\"" DAY "03:00:00.000000\"}]}",
         DAY "03:00:00Z", ""},
        {"borg, none", BACKUP_BORG, "{\"archives\":[]}", NULL, "it knows of no backup"},
        {"borg, other", BACKUP_BORG, "{}", NULL, "the answer: has no list of archives"},
        {"command", BACKUP_COMMAND, DAY "03:00:00Z\nmore\n", DAY "03:00:00Z", ""},
        {"command, local", BACKUP_COMMAND, " " DAY "03:00:00\n", DAY "03:00:00Z", ""},
        {"command, nothing", BACKUP_COMMAND, "\n", NULL, "it knows of no backup"},
        {"command, words", BACKUP_COMMAND, "yesterday\n", NULL, NULL},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        int64_t got, expected;
        bool done =
            precaution_backup_time(rows[i].kind, bytes_of_text(text_of(rows[i].answer)), &arena, &got, &err);
        if (rows[i].time == NULL) {
            assert_false(done);
            if (rows[i].error != NULL)
                assert_string_equal(err.text, rows[i].error);
            continue;
        }
        assert_done(rows[i].row, done, &err);
        assert_done("time", time_parse(text_of(rows[i].time), &expected, &err), &err);
        assert_int_equal(got, expected);
    }
}

static struct text make_script(const char *folder, const char *name, const char *body, struct arena *arena)
{
    struct text path = text_format(arena, "%s/%s", folder, name);
    struct text content = text_format(arena, "#!/bin/sh\n%s\n", body);
    struct error err = {0};

    assert_done(path.at, file_replace_cache(path.at, bytes_of_text(content), 0755, &err), &err);
    return path;
}

static void precautions_are_taken(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct error err = {0};
    struct text note;
    char folder[64];
    int64_t now;
    (void)state;

    test_folder(folder);
    assert_done("now", time_parse(TEXT(DAY "12:00:00Z"), &now, &err), &err);
    struct precaution_hook hooks[2] = {
        {make_script(folder, "dump", text_format(&arena, "echo \"$TZ $1\" > %s/dumped", folder).at, &arena),
         60000},
        {make_script(folder, "fail", "echo busy >&2; exit 3", &arena), 60000},
    };
    hooks[0].command = text_format(&arena, "%.*s  now", TEXT_ARG(hooks[0].command));
    struct precautions p = {
        .hooks = hooks, .hook_count = 1, .backup = BACKUP_COMMAND, .backup_age_max_us = 24 * TIME_HOUR_US};
    p.backup_command = make_script(folder, "last", "echo " DAY "03:00:00Z", &arena);
    assert_done("take", precaution_take(&p, now, &arena, &note, &err), &err);
    assert_text("note", note, "the last backup is 9 hours old; 1 hooks ran");
    struct bytes said;
    assert_done("ran", file_read(text_format(&arena, "%s/dumped", folder).at, 100, &arena, &said, &err),
                &err);
    assert_text("ran", (struct text){(const char *)said.at, said.size}, "UTC now\n");

    /* A backup that is too old is seen before any hook runs. */
    assert_int_equal(unlink(text_format(&arena, "%s/dumped", folder).at), 0);
    assert_false(precaution_take(&p, now + 2 * TIME_DAY_US, &arena, &note, &err));
    assert_failed("old", &err, ERROR_CONFLICT,
                  "backup (command): the last backup is 57 hours old, the policy allows 24");
    assert_false(file_exists(text_format(&arena, "%s/dumped", folder).at));
    assert_false(precaution_take(&p, now - 2 * TIME_DAY_US, &arena, &note, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);

    p.backup = BACKUP_NONE;
    p.hook_count = 2;
    assert_false(precaution_take(&p, now, &arena, &note, &err));
    struct text expected = text_format(&arena, "hook 2: %s/fail: ended with 3: busy", folder);
    assert_failed("hook", &err, ERROR_CONFLICT, expected.at);
    hooks[1].command = make_script(folder, "slow", "exec sleep 60", &arena);
    hooks[1].limit_ms = 50;
    assert_false(precaution_take(&p, now, &arena, &note, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    hooks[1].command = TEXT("relative");
    assert_false(precaution_take(&p, now, &arena, &note, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(precautions_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
