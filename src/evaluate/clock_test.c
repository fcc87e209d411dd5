#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "evaluate/clock.h"

static int64_t at(const char *time)
{
    struct error err = {0};
    int64_t us = 0;

    assert_done(time, time_parse(text_of(time), &us, &err), &err);
    return us;
}

static void assert_time(const char *row, int64_t us, const char *expected)
{
    OWN(writer_end) struct writer w = writer_with(64);

    if (us == TIME_ABSENT)
        writer_string(&w, "absent");
    else
        time_write(&w, us);
    assert_text(row, (struct text){(const char *)w.at, w.size}, expected);
}

struct word_row {
    const char *given;
    struct duration duration;
    const char *text; /* of the error; empty: good */
};

static const struct word_row word_rows[] = {
    {"48 hours", {48, DURATION_HOURS}, ""},
    {"1 hour", {1, DURATION_HOURS}, ""},
    {"3 days", {3, DURATION_DAYS}, ""},
    {"0 days", {0, DURATION_DAYS}, ""},
    {"2 weeks", {2, DURATION_WEEKS}, ""},
    {"1 month", {1, DURATION_MONTHS}, ""},
    {"next upgrade", {0, DURATION_NEXT_UPGRADE}, ""},
    {"3", {0}, "\"3\" is no time span like \"48 hours\", \"3 days\", \"1 month\""},
    {"days", {0}, "\"days\" is no time span like \"48 hours\", \"3 days\", \"1 month\""},
    {"3 dayz", {0}, "\"3 dayz\" is no time span like \"48 hours\", \"3 days\", \"1 month\""},
    {"3 days more", {0}, "\"3 days more\" is no time span like \"48 hours\", \"3 days\", \"1 month\""},
    {"-3 days", {0}, "\"-3 days\" is no time span like \"48 hours\", \"3 days\", \"1 month\""},
    {"10000 days", {0}, "\"10000 days\" is no time span like \"48 hours\", \"3 days\", \"1 month\""},
    {"1 year", {0}, "\"1 year\" is no time span like \"48 hours\", \"3 days\", \"1 month\""},
};

static void durations_are_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(word_rows); i++) {
        OWN(writer_end) struct writer w = writer_with(64);
        struct duration got = {0};
        struct error err = {0};
        bool done = duration_parse(text_of(word_rows[i].given), &got, &err);
        assert_failed(word_rows[i].given, &err, done ? ERROR_NONE : ERROR_INPUT, word_rows[i].text);
        assert_int_equal(got.count, word_rows[i].duration.count);
        assert_int_equal(got.unit, word_rows[i].duration.unit);
        if (!done)
            continue;
        duration_write(&w, got);
        assert_text(word_rows[i].given, (struct text){(const char *)w.at, w.size}, word_rows[i].given);
    }
}

struct add_row {
    const char *zone; /* NULL: UTC; else a golden zone with summer time, one hour east in winter */
    const char *clock, *duration, *due;
};

static const struct add_row add_rows[] = {
    {NULL, "2026-11-21T10:00:00Z", "48 hours", "2026-11-23T10:00:00Z"},
    {NULL, "2026-11-21T10:00:00Z", "14 days", "2026-12-05T10:00:00Z"},
    {NULL, "2026-11-21", "2 weeks", "2026-12-05T00:00:00Z"},
    {NULL, "2026-01-31", "1 month", "2026-02-28T00:00:00Z"},
    {NULL, "2024-01-31", "1 month", "2024-02-29T00:00:00Z"},
    {NULL, "2026-08-31", "6 months", "2027-02-28T00:00:00Z"},
    {NULL, "2026-11-30", "3 months", "2027-02-28T00:00:00Z"},
    {NULL, "2026-11-21T10:00:00.000007Z", "1 month", "2026-12-21T10:00:00.000007Z"},
    {"north", "2026-03-28T01:30:00Z", "24 hours", "2026-03-29T01:30:00Z"}, /* exact time, across the change */
    {"north", "2026-02-28T23:30:00Z", "1 month", "2026-03-31T22:30:00Z"},  /* 1 March there, 1 April then */
    {"north", "2026-02-28T01:30:00Z", "1 month", "2026-03-28T01:30:00Z"},
    {"north", "2026-02-28T01:30:00Z", "2 months", "2026-04-28T00:30:00Z"}, /* 02:30 there on both days */
    {"north", "2026-01-29T01:30:00Z", "2 months", "2026-03-29T01:00:00Z"}, /* 02:30 does not exist: 03:00 */
    {"north", "2026-09-25T00:30:00Z", "1 month", "2026-10-25T00:30:00Z"},  /* 02:30 comes twice: the first */
    {"north", "2026-01-30T23:30:00Z", "1 month",
     "2026-02-27T23:30:00Z"}, /* 31 January there: clamped to 28 */
};

static void months_are_of_the_calendar_there(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    char folder[512];
    (void)state;

    (void)snprintf(folder, sizeof(folder), "%s/base/zone", getenv("SUTURE_GOLDEN"));
    for (size_t i = 0; i < COUNT_OF(add_rows); i++) {
        struct zone zone = zone_utc();
        struct duration duration;
        struct error err = {0};
        if (add_rows[i].zone != NULL)
            assert_done("zone", zone_open(folder, text_of(add_rows[i].zone), &arena, &zone, &err), &err);
        assert_done("duration", duration_parse(text_of(add_rows[i].duration), &duration, &err), &err);
        char row[128];
        (void)snprintf(row, sizeof(row), "%s + %s", add_rows[i].clock, add_rows[i].duration);
        assert_time(row, duration_add(duration, at(add_rows[i].clock), &zone), add_rows[i].due);
    }
}

struct fix_row {
    const char *name;
    const char *advisory, *changelog, *archive; /* NULL: absent */
    const char *used;
    enum clock_origin origin;
};

static const struct fix_row fix_rows[] = {
    {"advisory first", "2026-11-03", "2026-11-02", "2026-11-01", "2026-11-03T00:00:00Z",
     CLOCK_ORIGIN_ADVISORY},
    {"then changelog", NULL, "2026-11-02", "2026-11-01", "2026-11-02T00:00:00Z", CLOCK_ORIGIN_CHANGELOG},
    {"then archive", NULL, NULL, "2026-11-01", "2026-11-01T00:00:00Z", CLOCK_ORIGIN_ARCHIVE},
    {"then detection", NULL, NULL, NULL, "2026-11-20T00:00:00Z", CLOCK_ORIGIN_DETECTED},
};

static struct clock_times times_with(const char *detected)
{
    struct clock_times times;

    for (size_t i = 0; i < CLOCK_COUNT; i++)
        times.at[i] = TIME_ABSENT;
    times.at[CLOCK_DETECTED] = at(detected);
    times.fix_origin = CLOCK_ORIGIN_UNKNOWN;
    times.fix_exists = true;
    return times;
}

static void the_fix_was_available_when_the_best_source_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fix_rows); i++) {
        const struct fix_row *row = &fix_rows[i];
        struct clock_times times = times_with("2026-11-20");
        clock_put_fix(&times, row->advisory == NULL ? TIME_ABSENT : at(row->advisory),
                      row->changelog == NULL ? TIME_ABSENT : at(row->changelog),
                      row->archive == NULL ? TIME_ABSENT : at(row->archive));
        assert_time(row->name, times.at[CLOCK_FIX_AVAILABLE], row->used);
        assert_int_equal(times.fix_origin, row->origin);
    }
}

struct choose_row {
    const char *name;
    uint8_t clocks[CLOCKS_MAX];
    size_t count;
    const char *kev, *fix; /* NULL: absent */
    bool fix_exists;
    enum clock used;
    bool assumed;
    const char *time;
};

static const struct choose_row choose_rows[] = {
    {"the first",
     {CLOCK_KEV_ADDED, CLOCK_FIX_AVAILABLE},
     2,
     "2026-11-02",
     "2026-11-03",
     true,
     CLOCK_KEV_ADDED,
     false,
     "2026-11-02T00:00:00Z"},
    {"the second",
     {CLOCK_KEV_ADDED, CLOCK_FIX_AVAILABLE},
     2,
     NULL,
     "2026-11-03",
     true,
     CLOCK_FIX_AVAILABLE,
     true,
     "2026-11-03T00:00:00Z"},
    {"at last the detection",
     {CLOCK_KEV_ADDED},
     1,
     NULL,
     "2026-11-03",
     true,
     CLOCK_DETECTED,
     true,
     "2026-11-20T00:00:00Z"},
    {"detection by rule",
     {CLOCK_DETECTED},
     1,
     NULL,
     NULL,
     true,
     CLOCK_DETECTED,
     false,
     "2026-11-20T00:00:00Z"},
    {"no fix: not begun", {CLOCK_FIX_AVAILABLE}, 1, NULL, NULL, false, CLOCK_FIX_AVAILABLE, false, "absent"},
    {"no fix, but exploited",
     {CLOCK_KEV_ADDED, CLOCK_FIX_AVAILABLE},
     2,
     "2026-11-02",
     NULL,
     false,
     CLOCK_KEV_ADDED,
     false,
     "2026-11-02T00:00:00Z"},
    {"no fix, no date of the catalogue",
     {CLOCK_KEV_ADDED, CLOCK_FIX_AVAILABLE},
     2,
     NULL,
     NULL,
     false,
     CLOCK_DETECTED,
     true,
     "2026-11-20T00:00:00Z"},
};

static void clocks_fall_back_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(choose_rows); i++) {
        const struct choose_row *row = &choose_rows[i];
        struct clock_times times = times_with("2026-11-20");
        times.fix_exists = row->fix_exists;
        if (row->kev != NULL)
            times.at[CLOCK_KEV_ADDED] = at(row->kev);
        clock_put_fix(&times, row->fix == NULL ? TIME_ABSENT : at(row->fix), TIME_ABSENT, TIME_ABSENT);
        struct clock_choice choice = clock_choose(row->clocks, row->count, &times);
        assert_time(row->name, choice.us, row->time);
        assert_int_equal(choice.clock, row->used);
        if (choice.assumed != row->assumed)
            fail_msg("%s: assumed %d", row->name, choice.assumed);
    }
}

/* The fix's own clock, but nobody dated the fix: the detection stands in and is marked. */
static void an_undated_fix_is_assumed(void **state)
{
    static const uint8_t clocks[] = {CLOCK_FIX_AVAILABLE};
    struct clock_times times = times_with("2026-11-20");
    (void)state;

    clock_put_fix(&times, TIME_ABSENT, TIME_ABSENT, TIME_ABSENT);
    struct clock_choice choice = clock_choose(clocks, 1, &times);
    assert_int_equal(choice.clock, CLOCK_FIX_AVAILABLE);
    assert_int_equal(choice.origin, CLOCK_ORIGIN_DETECTED);
    assert_true(choice.assumed);
}

static void clocks_have_names(void **state)
{
    (void)state;
    assert_int_equal(clock_find(TEXT("kev_added")), CLOCK_KEV_ADDED);
    assert_int_equal(clock_find(TEXT("fix_available")), CLOCK_FIX_AVAILABLE);
    assert_int_equal(clock_find(TEXT("unknown")), CLOCK_UNKNOWN);
    assert_int_equal(clock_find(TEXT("fix")), CLOCK_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_words),
        cmocka_unit_test(months_are_of_the_calendar_there),
        cmocka_unit_test(the_fix_was_available_when_the_best_source_says),
        cmocka_unit_test(clocks_fall_back_in_order),
        cmocka_unit_test(an_undated_fix_is_assumed),
        cmocka_unit_test(clocks_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
