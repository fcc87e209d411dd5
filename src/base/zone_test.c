#include "base/testing.h"

#include <time.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/zone.h"

static const char *golden(const char *name, char path[512])
{
    (void)snprintf(path, 512, "%s/base/%s", getenv("SUTURE_GOLDEN"), name);
    return path;
}

static struct zone golden_zone(const char *name, struct arena *arena)
{
    char path[512], inside[128];
    struct bytes file;
    struct zone zone;
    struct error err;

    (void)snprintf(inside, sizeof(inside), "zone/%s", name);
    assert_done(name, file_read(golden(inside, path), LIMIT_ZONE_FILE, arena, &file, &err), &err);
    assert_done(name, zone_parse(file, text_of(name), &zone, &err), &err);
    return zone;
}

static void assert_clock(const char *row, struct civil c, const char *expected)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour,
                   c.minute, c.second);
    assert_text(row, text_of(text), expected);
}

/* Each line of zone.txt is what an independent reader of the same files says. */
static void clocks_agree_with_another_reader(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    char path[512];
    struct bytes file;
    struct text line, words[4];
    struct error err;
    size_t count = 0;
    (void)state;

    assert_done("zone.txt", file_read(golden("zone.txt", path), MIB, &arena, &file, &err), &err);
    for (struct text rest = {(const char *)file.at, file.size}; text_cut(&rest, '\n', &line);) {
        struct text row = line;
        int64_t us;
        if (text_starts(line, TEXT("#")))
            continue;
        for (size_t i = 0; i < 4; i++)
            assert_true(text_cut_word(&line, &words[i]));
        struct zone zone = golden_zone(text_string(&arena, words[0]), &arena);
        assert_true(time_parse(words[1], &us, &err));
        struct civil local = zone_civil(&zone, us);
        const char *name = text_string(&arena, row);
        assert_clock(name, local, text_string(&arena, words[2]));
        assert_text(name, zone_moment(&zone, us).designation, text_string(&arena, words[3]));
        int64_t back = zone_time(&zone, local);
        /* A clock that shows the same twice gives the earlier instant, one hour before. */
        if (back != us && back != us - TIME_HOUR_US)
            fail_msg("%s: comes back as %lld", name, (long long)back);
        count++;
    }
    assert_true(count > 600);
}

struct fit_row {
    const char *zone;
    struct civil local;
    const char *utc;
};

static const struct fit_row fit_rows[] = {
    {"north", {2026, 3, 29, 1, 59, 59}, "2026-03-29T00:59:59"},
    {"north", {2026, 3, 29, 2, 0, 0}, "2026-03-29T01:00:00"},  /* skipped: 03:00 there */
    {"north", {2026, 3, 29, 2, 30, 0}, "2026-03-29T01:00:00"}, /* skipped */
    {"north", {2026, 3, 29, 3, 0, 0}, "2026-03-29T01:00:00"},
    {"north", {2026, 10, 25, 2, 30, 0}, "2026-10-25T00:30:00"}, /* twice: the first */
    {"north", {2026, 10, 25, 3, 0, 0}, "2026-10-25T02:00:00"},
    {"north", {1990, 3, 25, 2, 30, 0}, "1990-03-25T01:00:00"}, /* from the table */
    {"north-fat", {2026, 3, 29, 2, 30, 0}, "2026-03-29T01:00:00"},
    {"north-fat", {2300, 10, 28, 2, 30, 0}, "2300-10-28T00:30:00"},
    {"south", {2026, 10, 4, 2, 15, 0}, "2026-10-03T16:00:00"},
    {"south", {2026, 4, 5, 2, 15, 0}, "2026-04-04T15:15:00"},
    {"skipped", {2011, 12, 30, 12, 0, 0}, "2011-12-30T11:00:00"}, /* a day that never was */
    {"skipped", {2011, 12, 31, 0, 0, 0}, "2011-12-30T11:00:00"},
    {"all-year-summer", {2026, 1, 1, 0, 0, 0}, "2025-12-31T20:00:00"},
};

static void skipped_and_double_clocks_have_one_instant(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    (void)state;

    for (size_t i = 0; i < COUNT_OF(fit_rows); i++) {
        struct zone zone = golden_zone(fit_rows[i].zone, &arena);
        char row[64];
        (void)snprintf(row, sizeof(row), "%s %zu", fit_rows[i].zone, i);
        assert_clock(row, time_civil(zone_time(&zone, fit_rows[i].local)), fit_rows[i].utc);
    }
    struct zone utc = zone_utc();
    assert_clock("UTC", time_civil(zone_time(&utc, (struct civil){2026, 3, 29, 2, 30, 0})),
                 "2026-03-29T02:30:00");
}

struct bad_row {
    const char *name;
    enum error_kind kind;
    const char *text;
};

static const struct bad_row bad_rows[] = {
    {"empty", ERROR_INPUT, "not a time zone file: byte 0 does not begin \"TZif\""},
    {"magic", ERROR_INPUT, "not a time zone file: byte 0 does not begin \"TZif\""},
    {"version", ERROR_INPUT, "version 0x39 of time zone files is not known"},
    {"cut-tables", ERROR_INPUT, "ends in the middle of its tables"},
    {"cut-footer", ERROR_INPUT, "ends in the middle of its footer"},
    {"no-footer", ERROR_INPUT, "ends without its footer"},
    {"footer-rubbish", ERROR_INPUT, "footer \"ONE-1TWO,M13.1.0,M1.1.0\" is not a rule of time zones"},
    {"footer-half", ERROR_INPUT, "footer \"ONE-1TWO\" is not a rule of time zones"},
    {"footer-escape", ERROR_INPUT, "footer: byte 0x1b at 2 is not text"},
    {"footer-long", ERROR_LIMIT, "footer: 302 bytes, more than 128"},
    {"leap", ERROR_INPUT, "counts leap seconds; use the zone without \"right/\""},
    {"order", ERROR_INPUT, "change 1 is not later than the one before"},
    {"type", ERROR_INPUT, "change 0 names type 2 of 2"},
    {"offset", ERROR_INPUT, "type 0: 100000 seconds from Greenwich cannot be"},
    {"designation", ERROR_INPUT, "type 0: its designation is not in the file"},
    {"designation-control", ERROR_INPUT, "type 0: its designation: byte 0x1b at 0 is not text"},
    {"designation-open", ERROR_INPUT, "type 0: its designation is not in the file"},
    {"huge", ERROR_INPUT, "ends in the middle of its tables"},
    {"no-type", ERROR_INPUT, "0 types and 4 bytes of designations cannot be"},
    {"flags", ERROR_INPUT, "flags of 1 and 0 types of 2"},
};

static void broken_files_are_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    (void)state;

    for (size_t i = 0; i < COUNT_OF(bad_rows); i++) {
        char path[512], inside[128];
        struct bytes file;
        struct zone zone = {.name = "untouched"};
        struct error err = {0};
        (void)snprintf(inside, sizeof(inside), "zone/bad/%s", bad_rows[i].name);
        assert_done(inside, file_read(golden(inside, path), LIMIT_ZONE_FILE, &arena, &file, &err), &err);
        assert_false(zone_parse(file, TEXT("bad"), &zone, &err));
        assert_failed(bad_rows[i].name, &err, bad_rows[i].kind, bad_rows[i].text);
        assert_string_equal(zone.name, "untouched");
    }
}

static void every_prefix_of_a_good_file_is_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    char path[512];
    struct bytes file;
    struct zone zone;
    struct error err;
    (void)state;

    assert_true(file_read(golden("zone/south", path), LIMIT_ZONE_FILE, &arena, &file, &err));
    for (size_t size = 0; size < file.size; size++)
        assert_false(zone_parse((struct bytes){file.at, size}, TEXT("south"), &zone, &err));
}

struct name_row {
    const char *name;
    enum error_kind kind;
    const char *text;
};

static const struct name_row name_rows[] = {
    {"", ERROR_INPUT, "\"\" is not a name of a time zone"},
    {"/etc/passwd", ERROR_INPUT, "\"/etc/passwd\" is not a name of a time zone"},
    {"../zone/north", ERROR_INPUT, "\"../zone/north\" is not a name of a time zone"},
    {"bad/../north", ERROR_INPUT, "\"bad/../north\" is not a name of a time zone"},
    {"north ", ERROR_INPUT, "\"north \" is not a name of a time zone"},
    {"Europe/Nowhere", ERROR_ABSENT, "no time zone \"Europe/Nowhere\" below FOLDER"},
};

static void names_stay_below_their_folder(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    char folder[512];
    struct zone zone;
    struct error err = {0};
    (void)state;

    (void)golden("zone", folder);
    for (size_t i = 0; i < COUNT_OF(name_rows); i++) {
        char expected[700];
        bool done = zone_open(folder, text_of(name_rows[i].name), &arena, &zone, &err);
        (void)snprintf(expected, sizeof(expected), "%s", name_rows[i].text);
        char *place = strstr(expected, "FOLDER");
        if (place != NULL)
            (void)snprintf(place, sizeof(expected) - (size_t)(place - expected), "%s", folder);
        assert_failed(name_rows[i].name, &err, done ? ERROR_NONE : name_rows[i].kind, expected);
    }
    assert_done("north", zone_open(folder, TEXT("north"), &arena, &zone, &err), &err);
    assert_string_equal(zone.name, "north");
    assert_done("UTC", zone_open("/nowhere", TEXT("UTC"), &arena, &zone, &err), &err);
    assert_int_equal(zone_moment(&zone, 0).offset_s, 0);
}

/* The system's own zones against the system's own library, hour by hour around the changes of many years. */
static void systems_zones_agree_with_its_library(void **state)
{
    static const char *const names[] = {"Europe/Amsterdam", "America/New_York",  "Australia/Lord_Howe",
                                        "Asia/Kolkata",     "Africa/Casablanca", "Europe/Dublin",
                                        "America/Sao_Paulo"};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct error err;
    struct zone zone;
    (void)state;

    if (!file_is_folder(ZONE_FOLDER)) {
        print_message("skipped: %s is not here\n", ZONE_FOLDER);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_done(names[i], zone_open(ZONE_FOLDER, text_of(names[i]), &arena, &zone, &err), &err);
        assert_int_equal(setenv("TZ", names[i], 1), 0);
        tzset();
        for (int64_t hour = -600000; hour<1200000; hour += hour> 480000 && hour < 500000 ? 1 : 37) {
            time_t s = hour * 3600;
            struct tm tm;
            struct zone_moment moment = zone_moment(&zone, s * TIME_SECOND_US);
            if (localtime_r(&s, &tm) == NULL || tm.tm_gmtoff != moment.offset_s ||
                (tm.tm_isdst > 0) != moment.dst)
                fail_msg("%s at %lld: %d s, expected %ld", names[i], (long long)s, moment.offset_s,
                         tm.tm_gmtoff);
        }
    }
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_agree_with_another_reader),
        cmocka_unit_test(skipped_and_double_clocks_have_one_instant),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(every_prefix_of_a_good_file_is_refused),
        cmocka_unit_test(names_stay_below_their_folder),
        cmocka_unit_test(systems_zones_agree_with_its_library),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
