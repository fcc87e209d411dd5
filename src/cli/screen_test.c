#include "base/testing.h"

#include "base/own.h"
#include "cli/screen.h"
#include "cli/words.h"

static const struct screen_column columns[] = {
    {"WHEN", 6, 11, false},
    {"WHY", 8, 40, false},
    {"FETCH", 6, 8, true},
    {"AFTER", 0, 20, false},
};

static const struct text cells[] = {
    TEXT("late 16 d"), TEXT("9.8 critical · 31 CVEs"),
    TEXT("0.3 MB"),    TEXT("restart ssh"),
    TEXT("Mon"),       TEXT("höher"),
    TEXT("119 MB"),    TEXT("-"),
};

static void assert_screen(unsigned width, const char *expected)
{
    OWN(writer_end) struct writer w = writer_with(10000);
    struct screen screen = {.out = &w, .width = width};
    struct screen_table table = screen_table_with(&screen, columns, COUNT_OF(columns), cells, 2);

    screen_head(&screen, &table);
    screen_row(&screen, &table, cells, COLOUR_BAD);
    screen_row(&screen, &table, cells + 4, COLOUR_PLAIN);
    assert_text("screen", (struct text){(const char *)w.at, w.size}, expected);
}

static void a_table_fits_its_screen(void **state)
{
    (void)state;
    assert_screen(100, " WHEN       WHY                      FETCH  AFTER\n"
                       " late 16 d  9.8 critical · 31 CVEs  0.3 MB  restart ssh\n"
                       " Mon        höher                   119 MB  -\n");
    assert_screen(50, " WHEN       WHY                      FETCH\n"
                      " late 16 d  9.8 critical · 31 CVEs  0.3 MB\n"
                      " Mon        höher                   119 MB\n");
    assert_screen(32, " WHEN       WHY            FETCH\n"
                      " late 16 d  9.8 critica…  0.3 MB\n"
                      " Mon        höher         119 MB\n");
}

static void text_wraps_under_itself(void **state)
{
    OWN(writer_end) struct writer w = writer_with(10000);
    struct screen screen = {.out = &w, .width = 40};
    (void)state;

    screen_labelled(&screen, 8, TEXT("(!) data"), TEXT("tracker 6 h, KEV 1 d · STALE EPSS 9 d"), COLOUR_WARN);
    assert_text("wrapped", (struct text){(const char *)w.at, w.size},
                " (!) data  tracker 6 h, KEV 1 d · STALE\n"
                "           EPSS 9 d\n");
}

static void colour_is_ended_on_each_line(void **state)
{
    OWN(writer_end) struct writer w = writer_with(10000);
    struct screen screen = {.out = &w, .width = 80, .colour = true};
    (void)state;

    screen_line(&screen, TEXT("UP TO DATE"), COLOUR_GOOD);
    assert_text("colour", (struct text){(const char *)w.at, w.size}, "\033[32mUP TO DATE\n\033[0m");
}

static void versions_are_shown_by_what_differs(void **state)
{
    static const struct {
        const char *installed, *candidate, *shown;
    } rows[] = {
        {"2.5.0-1+deb12u1", "2.5.0-1+deb12u5", "u5"},
        {"3.0.19-1~deb12u2", "3.0.22-1~deb12u2", ".22"},
        {"17.0.19+10-1~deb12u2", "17.0.21+5-1~deb12u1", ".21"},
        {"1:9.2p1-2+deb12u9", "1:9.2p1-2+deb12u10", "u10"},
        {"6.1.187-1", "6.1.192-2", ".192"},
        {"1.0", "2.0", "2.0"},
        {"1.0", "1.0+b1", "+b1"},
        {"2.6.1", "2.6.2", ".2"},
        {"1.0", "1.0", "1.0"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_text(rows[i].candidate, words_version(text_of(rows[i].installed), text_of(rows[i].candidate)),
                    rows[i].shown);
}

static void numbers_are_people_s(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(100000);
    struct zone utc = zone_utc();
    int64_t now_us = 0;
    struct error err;
    (void)state;

    assert_true(time_parse(TEXT("2026-11-21T07:50:00Z"), &now_us, &err));
    assert_text("B", words_size(&arena, 999), "999 B");
    assert_text("kB", words_size(&arena, 18224), "18 kB");
    assert_text("tenths", words_size(&arena, 306756), "0.3 MB");
    assert_text("MB", words_size(&arena, 188100000), "188 MB");
    assert_text("GB", words_size(&arena, UINT64_C(13000000000)), "13 GB");
    assert_text("minutes", words_age(&arena, now_us - 40 * TIME_MINUTE_US, now_us), "40 min");
    assert_text("hours", words_age(&arena, now_us - 47 * TIME_HOUR_US, now_us), "47 h");
    assert_text("days", words_age(&arena, now_us - 9 * TIME_DAY_US, now_us), "9 d");
    assert_text("future", words_age(&arena, now_us + TIME_DAY_US, now_us), "now");
    assert_text("moment", words_moment(&arena, &utc, now_us), "Sat 21 Nov 2026 07:50");
    assert_text("weekday", words_weekday(&arena, &utc, now_us + 2 * TIME_DAY_US, now_us), "Mon 23 Nov");
    assert_text("today", words_weekday(&arena, &utc, now_us + TIME_HOUR_US, now_us), "today");
    assert_text("tomorrow", words_weekday(&arena, &utc, now_us + 17 * TIME_HOUR_US, now_us), "tomorrow");
    assert_text("day", words_day(&arena, &utc, now_us + 12 * TIME_DAY_US, now_us), "3 Dec");
    assert_text("other year", words_day(&arena, &utc, now_us + 180 * TIME_DAY_US, now_us), "20 May 2027");
    assert_text("one", words_count(&arena, 1, "CVE", "CVEs"), "1 CVE");
    assert_text("many", words_count(&arena, 31, "CVE", "CVEs"), "31 CVEs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_fits_its_screen),      cmocka_unit_test(text_wraps_under_itself),
        cmocka_unit_test(colour_is_ended_on_each_line), cmocka_unit_test(versions_are_shown_by_what_differs),
        cmocka_unit_test(numbers_are_people_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
