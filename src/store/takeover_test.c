#include "base/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/takeover.h"

static struct bytes golden(const char *name, struct arena *arena)
{
    struct bytes raw = {0};
    struct error err = {0};
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/store/takeover/%s", getenv("SUTURE_GOLDEN"), name);
    assert_done(name, file_read(path, LIMIT_TAKEOVER_FILE, arena, &raw, &err), &err);
    return raw;
}

static void test_read_and_written(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(LIMIT_TAKEOVER_FILE);
    struct bytes raw = golden("all", &arena);
    struct takeover takeover;
    struct error err = {0};

    (void)state;
    assert_done("parse", takeover_parse(raw, &arena, &takeover, &err), &err);
    assert_int_equal(takeover.phase, TAKEOVER_TAKEN);
    assert_text("by", takeover.by, "root (sudo: anna)");
    assert_int_equal(takeover.change_count, 3);
    assert_int_equal(takeover.changes[0].kind, TAKEOVER_FOLDER);
    assert_text("target", takeover.changes[1].target, "/dev/null");
    assert_true(takeover.changes[1].aside);
    assert_text("unit", takeover.changes[1].unit, "apt-daily-upgrade.timer");
    assert_int_equal(takeover.changes[2].mode, 0644);
    takeover_write(&w, &takeover);
    assert_int_equal(w.size, raw.size);
    assert_memory_equal(w.at, raw.at, raw.size);
    assert_done("none", takeover_parse(golden("none", &arena), &arena, &takeover, &err), &err);
    assert_int_equal(takeover.phase, TAKEOVER_TAKING);
    assert_int_equal(takeover.change_count, 0);
}

static void test_refused(void **state)
{
    static const struct {
        const char *file;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"aside", ERROR_INPUT, "line 6: Aside: \"maybe\" is not yes"},
        {"climbs", ERROR_INPUT, "line 6: \"/etc/../systemd/apt-daily-upgrade.timer\" is no plain path"},
        {"digest", ERROR_INPUT,
         "line 6: Sha256: \"9g86d081884c7d659a2feaa0c55ad015a3bf4f1b\" is not "
         "hexadecimal"},
        {"empty", ERROR_INPUT, "is empty"},
        {"empty-part", ERROR_INPUT,
         "line 6: \"/etc/systemd//system/apt-daily-upgrade.timer\" is no plain path"},
        {"kind", ERROR_INPUT, "line 6: Kind: \"device\" is none of folder, link, file"},
        {"mode", ERROR_INPUT, "line 6: Mode: \"666\" is none that is given here"},
        {"mode-setuid", ERROR_INPUT, "line 6: Mode: \"4755\" is none that is given here"},
        {"newer", ERROR_INPUT, "line 1: format \"2\", this version of Suture knows 1"},
        {"no-group", ERROR_INPUT, "line 6: Group is missing"},
        {"no-newline", ERROR_INPUT, "is cut short"},
        {"no-target", ERROR_INPUT, "line 6: Target is missing"},
        {"outside", ERROR_INPUT, "line 6: \"/usr/lib/system/apt-daily-upgrade.timer\" is no path below /etc"},
        {"phase", ERROR_INPUT, "line 1: Phase: \"took\" is none of taking, taken, giving"},
        {"too-many", ERROR_LIMIT, "line 262: more than 64 changes"},
        {"unit", ERROR_INPUT, "line 6: \"--root=/\" is no name of a unit"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct takeover takeover;
        struct error err = {0};
        char name[64];
        (void)snprintf(name, sizeof(name), "bad/%s", rows[i].file);
        if (takeover_parse(golden(name, &arena), &arena, &takeover, &err))
            fail_msg("%s: was read", rows[i].file);
        assert_failed(rows[i].file, &err, rows[i].kind, rows[i].text);
    }
}

static void test_file(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct takeover takeover, again;
    struct error err = {0};
    char folder[64], path[80];

    (void)state;
    test_folder(folder);
    (void)snprintf(path, sizeof(path), "%s/takeover", folder);
    assert_done("none", takeover_read(path, &arena, &again, &err), &err);
    assert_int_equal(again.phase, TAKEOVER_NONE);
    assert_done("parse", takeover_parse(golden("all", &arena), &arena, &takeover, &err), &err);
    assert_done("replace", takeover_replace(path, &takeover, &err), &err);
    assert_done("read", takeover_read(path, &arena, &again, &err), &err);
    assert_int_equal(again.change_count, 3);
    assert_int_equal(chmod(path, 0622), 0);
    assert_false(takeover_read(path, &arena, &again, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_done("remove", takeover_remove(path, &err), &err);
    assert_done("remove again", takeover_remove(path, &err), &err);
    assert_done("clean", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_and_written),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
