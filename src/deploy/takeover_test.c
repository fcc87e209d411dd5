#include "base/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "deploy/takeover.h"

#define UNITS   "/etc/systemd/system"
#define CONTENT "APT::Periodic::Unattended-Upgrade \"0\";\n"

static const struct takeover_wish wishes[] = {
    {TAKEOVER_FOLDER, UNITS "/timers.target.wants", "suture", NULL, {0}, 0, NULL},
    {TAKEOVER_LINK, UNITS "/timers.target.wants/suture.timer", "suture", "../suture.timer", {0}, 0, NULL},
    {TAKEOVER_LINK,
     UNITS "/apt-daily-upgrade.timer",
     "unattended-upgrades",
     "/dev/null",
     {0},
     0,
     "apt-daily-upgrade.timer"},
    {TAKEOVER_LINK, UNITS "/packagekit.service", "PackageKit", "/dev/null", {0}, 0, NULL},
    {TAKEOVER_LINK, UNITS "/masked.timer", "masked", "/dev/null", {0}, 0, "masked.timer"},
    {TAKEOVER_FILE,
     "/etc/apt/apt.conf.d/zz-suture",
     "unattended-upgrades",
     NULL,
     {CONTENT, sizeof(CONTENT) - 1},
     0644,
     NULL},
};

/* systemd as a table: what was asked of it. */
struct asked {
    char text[512];
    bool refuses;
};

static bool note(struct asked *asked, const char *what, const char *unit)
{
    size_t size = strlen(asked->text);

    (void)snprintf(asked->text + size, sizeof(asked->text) - size, "%s%s%s;", what, unit[0] ? " " : "", unit);
    return !asked->refuses;
}
static bool fake_is_active(void *self, const char *unit)
{
    (void)self;
    return strcmp(unit, "apt-daily-upgrade.timer") == 0;
}
static bool fake_reload(void *self, struct error *err)
{
    return note(self, "reload", "") || error_set(err, ERROR_SYSTEM, "no bus");
}
static bool fake_start(void *self, const char *unit, struct error *err)
{
    return note(self, "start", unit) || error_set(err, ERROR_SYSTEM, "no bus");
}
static bool fake_stop(void *self, const char *unit, struct error *err)
{
    return note(self, "stop", unit) || error_set(err, ERROR_SYSTEM, "no bus");
}

struct machine {
    char folder[64], root[80], record[80];
    struct asked asked;
    struct takeover_units units;
    struct takeover_place place;
    int left; /* changes of the disk before the power goes; below 0: it never does */
};

static bool gate(void *self, struct error *err)
{
    struct machine *machine = self;

    if (machine->left == 0)
        return error_set(err, ERROR_SYSTEM, "the power went");
    machine->left--;
    return true;
}

static const char *at(const struct machine *machine, const char *path, char out[256])
{
    (void)snprintf(out, 256, "%s%s", machine->root, path);
    return out;
}

static void put(const struct machine *machine, const char *path, const char *content, mode_t mode)
{
    char whole[256];
    struct error err = {0};

    assert_done(path,
                file_replace_cache(at(machine, path, whole), bytes_of_text(text_of(content)), mode, &err),
                &err);
}

/* A unit of the owner's own stands where a mask goes, a service is a link elsewhere, one is masked already. */
static int begin_test(void **state)
{
    struct machine *machine = calloc(1, sizeof(*machine));
    struct error err = {0};
    char path[256];

    test_folder(machine->folder);
    (void)snprintf(machine->root, sizeof(machine->root), "%s/root", machine->folder);
    (void)snprintf(machine->record, sizeof(machine->record), "%s/takeover", machine->folder);
    assert_done("units", file_make_folders(at(machine, UNITS, path), 0755, &err), &err);
    assert_done("apt", file_make_folders(at(machine, "/etc/apt/apt.conf.d", path), 0755, &err), &err);
    put(machine, UNITS "/apt-daily-upgrade.timer", "[Timer]\nOnCalendar=monthly\n", 0640);
    assert_int_equal(symlink("/opt/packagekit.service", at(machine, UNITS "/packagekit.service", path)), 0);
    assert_int_equal(symlink("/dev/null", at(machine, UNITS "/masked.timer", path)), 0);
    put(machine, "/etc/apt/apt.conf.d/20auto-upgrades", "APT::Periodic::Unattended-Upgrade \"1\";\n", 0644);
    machine->left = -1;
    machine->units =
        (struct takeover_units){&machine->asked, fake_is_active, fake_reload, fake_start, fake_stop};
    machine->place = (struct takeover_place){machine->root, machine->record, &machine->units, gate, machine};
    *state = machine;
    return 0;
}

static int end_test(void **state)
{
    struct machine *machine = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(machine->folder, &err), &err);
    free(machine);
    return 0;
}

/* All of a tree: kinds, permissions, inodes, times, contents. */
static void describe(const char *path, struct writer *w)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct file_names names;
    struct text target;
    struct stat found;
    struct error err = {0};

    assert_int_equal(lstat(path, &found), 0);
    writer_format(w, "%s %o", path, (unsigned)found.st_mode);
    if (S_ISLNK(found.st_mode)) {
        assert_done("link", file_link(path, &arena, &target, &err), &err);
        writer_format(w, " -> %.*s", TEXT_ARG(target));
    }
    if (!S_ISDIR(found.st_mode)) {
        writer_format(w, " %llu %lld.%09ld\n", (unsigned long long)found.st_ino,
                      (long long)found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
        return;
    }
    writer_string(w, "\n");
    assert_done("list", file_list(path, 100, &arena, &names, &err), &err);
    for (size_t i = 0; i < names.count; i++) {
        char below[512];
        (void)snprintf(below, sizeof(below), "%s/%.*s", path, TEXT_ARG(names.names[i]));
        describe(below, w);
    }
}

static void assert_tree(const char *row, const struct machine *machine, const struct writer *expected)
{
    OWN(writer_end) struct writer now = writer_with(MIB);

    describe(machine->folder, &now);
    if (now.size != expected->size || memcmp(now.at, expected->at, now.size) != 0)
        fail_msg("%s:\n%.*s\nexpected\n%.*s", row, (int)now.size, (const char *)now.at, (int)expected->size,
                 (const char *)expected->at);
}

static bool take(struct machine *machine, struct arena *arena, struct error *err)
{
    struct takeover plan;

    if (!takeover_plan(&machine->place, wishes, COUNT_OF(wishes), arena, &plan, err))
        return false;
    plan.by = TEXT("root");
    plan.begun_us = 0;
    return takeover_take(&machine->place, &plan, wishes, COUNT_OF(wishes), arena, err);
}

static void test_plan_changes_nothing(void **state)
{
    struct machine *machine = *state;
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer before = writer_with(MIB);
    struct takeover plan;
    struct error err = {0};

    describe(machine->folder, &before);
    assert_done("plan", takeover_plan(&machine->place, wishes, COUNT_OF(wishes), &arena, &plan, &err), &err);
    assert_tree("plan", machine, &before);
    assert_int_equal(plan.change_count, COUNT_OF(wishes) - 1); /* one is masked already */
    assert_false(plan.changes[0].aside);
    assert_true(plan.changes[2].aside);
    assert_text("unit", plan.changes[2].unit, "apt-daily-upgrade.timer");
    assert_true(plan.changes[3].aside);
    assert_int_equal(plan.changes[3].unit.size, 0);
    assert_string_equal(machine->asked.text, "");
}

static void test_taken_and_given_back(void **state)
{
    struct machine *machine = *state;
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer before = writer_with(MIB);
    struct takeover_report report;
    struct text target;
    struct bytes content;
    struct error err = {0};
    char path[256];

    describe(machine->folder, &before);
    assert_done("take", take(machine, &arena, &err), &err);
    assert_done("mask", file_link(at(machine, UNITS "/apt-daily-upgrade.timer", path), &arena, &target, &err),
                &err);
    assert_text("mask", target, "/dev/null");
    assert_done(
        "wants",
        file_link(at(machine, UNITS "/timers.target.wants/suture.timer", path), &arena, &target, &err), &err);
    assert_text("wants", target, "../suture.timer");
    assert_done("apt",
                file_read(at(machine, "/etc/apt/apt.conf.d/zz-suture", path), 1000, &arena, &content, &err),
                &err);
    assert_int_equal(content.size, sizeof(CONTENT) - 1);
    assert_string_equal(machine->asked.text, "reload;stop apt-daily-upgrade.timer;");
    assert_false(take(machine, &arena, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);

    machine->asked.text[0] = 0;
    assert_done("give", takeover_give(&machine->place, &arena, &report, &err), &err);
    assert_int_equal(report.phase, TAKEOVER_TAKEN);
    for (size_t i = 0; i < report.count; i++)
        assert_int_equal(report.given[i].outcome, TAKEOVER_RETURNED);
    assert_string_equal(machine->asked.text, "reload;start apt-daily-upgrade.timer;");
    assert_tree("given back", machine, &before);
    assert_done("give nothing", takeover_give(&machine->place, &arena, &report, &err), &err);
    assert_int_equal(report.phase, TAKEOVER_NONE);
}

/* The power goes before every change of taking, and before every change of giving back after that. */
static void test_the_power_goes_at_every_step(void **state)
{
    struct machine *machine = *state;
    OWN(writer_end) struct writer before = writer_with(MIB);
    bool taken = false, given = false;
    unsigned runs = 0;

    describe(machine->folder, &before);
    for (int take_at = 0; !taken; take_at++) {
        given = false;
        for (int give_at = 0; !given; give_at++, runs++) {
            OWN(arena_end) struct arena arena = arena_with(4 * MIB);
            struct takeover_report report;
            struct error err = {0};
            machine->left = take_at;
            taken = take(machine, &arena, &err);
            machine->left = give_at;
            given = takeover_give(&machine->place, &arena, &report, &err);
            machine->left = -1;
            if (!given)
                assert_done("again", takeover_give(&machine->place, &arena, &report, &err), &err);
            for (size_t i = 0; i < report.count; i++)
                if (report.given[i].outcome != TAKEOVER_RETURNED)
                    fail_msg("take %d give %d: %.*s: outcome %d", take_at, give_at,
                             TEXT_ARG(report.given[i].change.path), (int)report.given[i].outcome);
            char row[64];
            (void)snprintf(row, sizeof(row), "take %d give %d", take_at, give_at);
            assert_tree(row, machine, &before);
        }
    }
    assert_true(runs > 60);
}

static void test_what_somebody_changed_is_left(void **state)
{
    struct machine *machine = *state;
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct takeover_report report;
    struct text target;
    struct error err = {0};
    char path[256], other[256];

    assert_done("take", take(machine, &arena, &err), &err);
    put(machine, "/etc/apt/apt.conf.d/zz-suture", "APT::Periodic::Enable \"0\";\n", 0644); /* edited */
    assert_int_equal(unlink(at(machine, UNITS "/apt-daily-upgrade.timer", path)),
                     0);                                                         /* unmasked: comes back */
    assert_int_equal(unlink(at(machine, UNITS "/packagekit.service", path)), 0); /* and put anew */
    put(machine, UNITS "/packagekit.service", "[Service]\n", 0644);
    put(machine, UNITS "/timers.target.wants/other.timer", "x", 0644);
    assert_done("give", takeover_give(&machine->place, &arena, &report, &err), &err);
    assert_int_equal(report.count, 5);
    assert_int_equal(report.given[0].outcome, TAKEOVER_IN_USE);
    assert_int_equal(report.given[1].outcome, TAKEOVER_RETURNED);
    assert_int_equal(report.given[2].outcome, TAKEOVER_RETURNED);
    assert_int_equal(report.given[3].outcome, TAKEOVER_CHANGED);
    assert_int_equal(report.given[4].outcome, TAKEOVER_CHANGED);
    assert_true(file_exists(at(machine, UNITS "/apt-daily-upgrade.timer", path)));
    assert_true(file_exists(at(machine, "/etc/apt/apt.conf.d/zz-suture", path)));
    assert_true(file_exists(at(machine, UNITS "/timers.target.wants/other.timer", path)));
    /* What stood there before is not thrown away. */
    assert_done(
        "aside",
        file_link(at(machine, UNITS "/packagekit.service" TAKEOVER_ASIDE, other), &arena, &target, &err),
        &err);
    assert_text("aside", target, "/opt/packagekit.service");
    assert_false(file_exists(machine->record));
    assert_false(take(machine, &arena, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
}

static void test_what_was_aside_is_gone(void **state)
{
    struct machine *machine = *state;
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct takeover_report report;
    struct error err = {0};
    char path[256];

    assert_done("take", take(machine, &arena, &err), &err);
    assert_int_equal(unlink(at(machine, UNITS "/apt-daily-upgrade.timer" TAKEOVER_ASIDE, path)), 0);
    assert_done("give", takeover_give(&machine->place, &arena, &report, &err), &err);
    assert_int_equal(report.given[2].outcome, TAKEOVER_LOST);
}

static void test_a_link_on_the_way_leads_nowhere(void **state)
{
    struct machine *machine = *state;
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct takeover plan;
    struct error err = {0};
    char path[256], expected[512], outside[256];

    (void)snprintf(outside, sizeof(outside), "%s/outside", machine->folder);
    assert_done("outside", file_make_folders(outside, 0755, &err), &err);
    assert_done("remove", file_remove_tree(at(machine, "/etc/apt/apt.conf.d", path), &err), &err);
    assert_int_equal(symlink(outside, path), 0);
    assert_false(takeover_plan(&machine->place, wishes, COUNT_OF(wishes), &arena, &plan, &err));
    (void)snprintf(expected, sizeof(expected), "%s: is no folder of its own; nothing is changed behind it",
                   path);
    assert_failed("link", &err, ERROR_TRUST, expected);
}

/* Between the plan, which a person has read, and the deed. */
static void test_changed_since_the_plan(void **state)
{
    struct machine *machine = *state;
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer before = writer_with(MIB);
    struct takeover_report report;
    struct takeover plan;
    struct error err = {0};

    assert_done("plan", takeover_plan(&machine->place, wishes, COUNT_OF(wishes), &arena, &plan, &err), &err);
    plan.by = TEXT("root");
    put(machine, "/etc/apt/apt.conf.d/zz-suture", "mine\n", 0644);
    describe(machine->folder, &before);
    assert_false(takeover_take(&machine->place, &plan, wishes, COUNT_OF(wishes), &arena, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    assert_done("give", takeover_give(&machine->place, &arena, &report, &err), &err);
    assert_int_equal(report.phase, TAKEOVER_TAKING);
    assert_int_equal(report.given[4].outcome, TAKEOVER_CHANGED);
    assert_tree("as it was", machine, &before);
}

static void test_systemd_refuses(void **state)
{
    struct machine *machine = *state;
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer before = writer_with(MIB);
    struct takeover_report report;
    struct error err = {0};

    describe(machine->folder, &before);
    machine->asked.refuses = true;
    assert_false(take(machine, &arena, &err));
    assert_failed("take", &err, ERROR_SYSTEM, "no bus");
    assert_done("give", takeover_give(&machine->place, &arena, &report, &err), &err);
    assert_text("trouble", report.unit_trouble, "no bus");
    assert_tree("files are back", machine, &before);
}

static void test_a_broken_record_is_an_error(void **state)
{
    struct machine *machine = *state;
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct takeover_report report;
    struct error err = {0};

    assert_done("write", file_replace(machine->record, BYTES("Format: 1\n"), 0600, &err), &err);
    assert_false(takeover_give(&machine->place, &arena, &report, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_false(take(machine, &arena, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(test_plan_changes_nothing),         TEST(test_taken_and_given_back),
        TEST(test_the_power_goes_at_every_step), TEST(test_what_somebody_changed_is_left),
        TEST(test_what_was_aside_is_gone),       TEST(test_a_link_on_the_way_leads_nowhere),
        TEST(test_changed_since_the_plan),       TEST(test_systemd_refuses),
        TEST(test_a_broken_record_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
