#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "evaluate/cost.h"
#include "evaluate/window.h"

static int64_t at(const char *time)
{
    struct error err = {0};
    int64_t us = 0;

    assert_done(time, time_parse(text_of(time), &us, &err), &err);
    return us;
}

struct minutes_row {
    const char *name;
    struct cost_terms terms;
    uint32_t weight;
    struct cost_extra extra;
    uint32_t minutes;
};

static const struct minutes_row minutes_rows[] = {
    {"the default", COST_DEFAULT, 1, {0, 0, 0}, 6}, /* 5 + 2 % of 60 */
    {"a reboot", COST_DEFAULT, 1, {1, 0, 0}, 11},
    {"tests", COST_DEFAULT, 1, {0, 2, 0}, 126},
    {"transfer", COST_DEFAULT, 1, {0, 0, 7}, 13},
    {"many users, busy",
     {.users = 100, .downtime_minutes = 5, .restore_minutes = 60, .breaking_percent = 2},
     4,
     {0, 0, 0},
     2120},
    {"nobody",
     {.users = 0, .downtime_minutes = 5, .restore_minutes = 60, .breaking_percent = 2},
     4,
     {0, 0, 0},
     0},
    {"rounded up",
     {.users = 1, .downtime_minutes = 0, .restore_minutes = 50, .breaking_percent = 1},
     1,
     {0, 0, 0},
     1},
    {"more than fits",
     {.users = UINT32_MAX,
      .downtime_minutes = UINT32_MAX,
      .restore_minutes = UINT32_MAX,
      .breaking_percent = 100},
     UINT16_MAX,
     {UINT32_MAX, UINT32_MAX, UINT32_MAX},
     UINT32_MAX},
};

static void cost_is_minutes_of_interrupted_work(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(minutes_rows); i++) {
        const struct minutes_row *row = &minutes_rows[i];
        uint32_t got = cost_minutes(&row->terms, row->weight, &row->extra);
        if (got != row->minutes)
            fail_msg("%s: %u min, expected %u", row->name, got, row->minutes);
    }
    assert_false(cost_is_high(66, 22));
    assert_true(cost_is_high(67, 22));
    assert_true(cost_is_high(1, 0));
    assert_false(cost_is_high(0, 0));
    assert_false(cost_is_high(UINT32_MAX, UINT32_MAX));
}

static void busy_hours_are_of_the_place(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct cost_terms terms = {
        .busy_days = 0x1f, .busy_from_minute = 8 * 60, .busy_to_minute = 18 * 60, .busy_weight = 9};
    char folder[512];
    struct zone north;
    struct error err = {0};
    (void)state;

    (void)snprintf(folder, sizeof(folder), "%s/base/zone", getenv("SUTURE_GOLDEN"));
    assert_done("north", zone_open(folder, TEXT("north"), &arena, &north, &err), &err);
    assert_int_equal(cost_weight(&terms, &north, at("2026-11-23T06:59:59Z")), 1); /* Monday 07:59:59 there */
    assert_int_equal(cost_weight(&terms, &north, at("2026-11-23T07:00:00Z")), 9);
    assert_int_equal(cost_weight(&terms, &north, at("2026-11-23T16:59:59Z")), 9);
    assert_int_equal(cost_weight(&terms, &north, at("2026-11-23T17:00:00Z")), 1);
    assert_int_equal(cost_weight(&terms, &north, at("2026-11-22T10:00:00Z")), 1); /* Sunday */
    assert_int_equal(cost_weight(&terms, &north, at("2026-07-20T06:00:00Z")), 9); /* summer: 08:00 there */
    assert_int_equal(cost_weight(&(struct cost_terms)COST_DEFAULT, &north, at("2026-11-23T10:00:00Z")), 1);
}

struct window_row {
    const char *name;
    struct window window;
    const char *from, *start, *end;
};

#define SAT 0x20
#define SUN 0x40

static const struct window_row window_rows[] = {
    {"later today",
     {WINDOW_EVERY_DAY, 180, 240},
     "2026-11-23T00:30:00Z",
     "2026-11-23T02:00:00Z",
     "2026-11-23T06:00:00Z"},
    {"open now",
     {WINDOW_EVERY_DAY, 180, 240},
     "2026-11-23T05:59:59Z",
     "2026-11-23T02:00:00Z",
     "2026-11-23T06:00:00Z"},
    {"just over",
     {WINDOW_EVERY_DAY, 180, 240},
     "2026-11-23T06:00:00Z",
     "2026-11-24T02:00:00Z",
     "2026-11-24T06:00:00Z"},
    {"on Saturday", {SAT, 180, 240}, "2026-11-23T08:30:00Z", "2026-11-28T02:00:00Z", "2026-11-28T06:00:00Z"},
    {"over midnight, open since yesterday",
     {SAT, 22 * 60, 480},
     "2026-11-29T03:00:00Z",
     "2026-11-28T21:00:00Z",
     "2026-11-29T05:00:00Z"},
    {"its start does not exist: the first instant that does, and its whole length",
     {SUN, 150, 60},
     "2026-03-28T12:00:00Z",
     "2026-03-29T01:00:00Z",
     "2026-03-29T02:00:00Z"},
    {"its start comes twice: the first",
     {SUN, 150, 60},
     "2026-10-24T12:00:00Z",
     "2026-10-25T00:30:00Z",
     "2026-10-25T01:30:00Z"},
    {"no window is left in the years that are reckoned with: now",
     {WINDOW_EVERY_DAY, 180, 240},
     "9999-12-31T23:00:00Z",
     "9999-12-31T23:00:00Z",
     "9999-12-31T23:00:00Z"},
};

static void windows_are_wall_time(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    char folder[512];
    struct zone north;
    struct error err = {0};
    (void)state;

    (void)snprintf(folder, sizeof(folder), "%s/base/zone", getenv("SUTURE_GOLDEN"));
    assert_done("north", zone_open(folder, TEXT("north"), &arena, &north, &err), &err);
    for (size_t i = 0; i < COUNT_OF(window_rows); i++) {
        const struct window_row *row = &window_rows[i];
        struct window_span got = window_after(&row->window, &north, at(row->from));
        if (got.start_us != at(row->start) || got.end_us != at(row->end))
            fail_msg("%s: starts %lld", row->name, (long long)(got.start_us / TIME_SECOND_US));
    }
}

static void only_what_fits_starts(void **state)
{
    const struct window nightly = {WINDOW_EVERY_DAY, 180, 240};
    static const struct {
        const char *at;
        int64_t needs_us;
        bool fits;
        const char *start;
    } rows[] = {
        {"2026-11-23T02:59:59Z", TIME_MINUTE_US, false, "2026-11-23T03:00:00Z"},
        {"2026-11-23T03:00:00Z", TIME_MINUTE_US, true, "2026-11-23T03:00:00Z"},
        {"2026-11-23T03:00:00Z", 4 * TIME_HOUR_US, true, "2026-11-23T03:00:00Z"},
        {"2026-11-23T03:00:01Z", 4 * TIME_HOUR_US, false, "2026-11-24T03:00:00Z"},
        {"2026-11-23T06:50:00Z", 10 * TIME_MINUTE_US, true, "2026-11-23T03:00:00Z"},
        {"2026-11-23T06:50:01Z", 10 * TIME_MINUTE_US, false, "2026-11-24T03:00:00Z"},
        {"2026-11-23T07:00:00Z", 0, false, "2026-11-24T03:00:00Z"},
        {"9999-12-31T23:59:59Z", 0, false, "9999-12-31T23:59:59Z"},
    };
    const struct zone utc = zone_utc();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct window_span span;
        bool fits = window_fits(&nightly, &utc, at(rows[i].at), rows[i].needs_us, &span);
        if (fits != rows[i].fits || span.start_us != at(rows[i].start))
            fail_msg("%s: %d, starts %lld", rows[i].at, fits, (long long)(span.start_us / TIME_SECOND_US));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cost_is_minutes_of_interrupted_work),
        cmocka_unit_test(busy_hours_are_of_the_place),
        cmocka_unit_test(windows_are_wall_time),
        cmocka_unit_test(only_what_fits_starts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
