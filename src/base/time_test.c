#include "base/testing.h"

#include "base/own.h"
#include "base/time.h"

struct row {
    bool (*parse)(struct text, int64_t *, struct error *);
    const char *given;
    int64_t seconds; /* since 1970; or -1 with an error */
    const char *text;
};

static const struct row rows[] = {
    {time_parse, "1970-01-01", 0, ""},
    {time_parse, "2026-11-21T07:50:00Z", 1795247400, ""},
    {time_parse, "2026-11-21T07:50", 1795247400, ""},
    {time_parse, "2026-11-21 08:50:00+01:00", 1795247400, ""},
    {time_parse, "2026-11-21t05:50:00-0200", 1795247400, ""},
    {time_parse, "2016-12-31T23:59:60Z", 1483228799, ""},
    {time_parse, "2024-02-29", 1709164800, ""},
    {time_parse, "2023-02-29", -1, "\"2023-02-29\" is not a time"},
    {time_parse, "2026-13-01", -1, "\"2026-13-01\" is not a time"},
    {time_parse, "2026-11-21T24:00", -1, "\"2026-11-21T24:00\" is not a time"},
    {time_parse, "2026-11-21T", -1, "\"2026-11-21T\" is not a time"},
    {time_parse, "2026-11-21T07:50:00Zx", -1, "\"2026-11-21T07:50:00Zx\" is not a time"},
    {time_parse, "2026-11-21T07:50:00+15:00", -1, "\"2026-11-21T07:50:00+15:00\" is not a time"},
    {time_parse, "0001-01-01T14:00:00+14:00", -62135596800, ""},
    {time_parse, "0001-01-01T13:59:59+14:00", -1, "\"0001-01-01T13:59:59+14:00\" is not a time"},
    {time_parse, "9999-12-31T09:59:59-14:00", 253402300799, ""},
    {time_parse, "9999-12-31T10:00:00-14:00", -1, "\"9999-12-31T10:00:00-14:00\" is not a time"},
    {time_parse, "0000-01-01", -1, "\"0000-01-01\" is not a time"},
    {time_parse, "", -1, "\"\" is not a time"},
    {time_parse, "21 Nov 2026", -1, "\"21 Nov 2026\" is not a time"},
    {time_parse_mail, "Sat, 21 Nov 2026 07:50:00 UTC", 1795247400, ""},
    {time_parse_mail, "Sat, 21 Nov 2026 08:50:00 +0100", 1795247400, ""},
    {time_parse_mail, "5 Jan 2026 00:00:00 GMT", 1767571200, ""},
    {time_parse_mail, "Sat, 21 Nov 2026 07:50:00", -1, "\"Sat, 21 Nov 2026 07:50:00\" is not a time"},
    {time_parse_mail, "Sat, 31 Nov 2026 07:50:00 UTC", -1, "\"Sat, 31 Nov 2026 07:50:00 UTC\" is not a time"},
    {time_parse_mail, "Sat, 21 Nov 2026 07:50:00 UTC x", -1,
     "\"Sat, 21 Nov 2026 07:50:00 UTC x\" is not a time"},
    {time_parse_mail, "31 Dec 9999 23:59:59 -0001", -1, "\"31 Dec 9999 23:59:59 -0001\" is not a time"},
    {time_parse_mail, "evil, 5 Jan 2026 00:00:00 GMT", -1, "\"evil, 5 Jan 2026 00:00:00 GMT\" is not a time"},
    {time_parse_day_month, "30 Mar 2023", 1680134400, ""},
    {time_parse_day_month, "30 Mrz 2023", -1, "\"30 Mrz 2023\" is not a time"},
    {time_parse_day_month, "30 Mar 23", -1, "\"30 Mar 23\" is not a time"},
};

static void times_are_parsed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t us = -TIME_SECOND_US;
        struct error err = {0};
        bool done = rows[i].parse(text_of(rows[i].given), &us, &err);
        assert_failed(rows[i].given, &err, done ? ERROR_NONE : ERROR_INPUT, rows[i].text);
        if (us != rows[i].seconds * TIME_SECOND_US)
            fail_msg("%s: %lld", rows[i].given, (long long)us);
    }
}

static void fractions_are_kept_to_microseconds(void **state)
{
    OWN(writer_end) struct writer w = writer_with(100);
    struct error err;
    int64_t us;
    (void)state;

    assert_true(time_parse(TEXT("2026-11-21T07:50:00.1234567Z"), &us, &err));
    time_write(&w, us);
    assert_text("fraction", (struct text){(const char *)w.at, w.size}, "2026-11-21T07:50:00.123456Z");
}

/* Every day of 800 years there and back, in order, so that no rule of leap years is missed. */
static void every_day_comes_back(void **state)
{
    struct civil c = {.year = 1600, .month = 1, .day = 1};
    int64_t us = time_from_civil(c);
    int32_t weekday = civil_weekday(c);
    (void)state;

    assert_int_equal(weekday, 5); /* a Saturday */
    for (; c.year < 2400; us += TIME_DAY_US, weekday = (weekday + 1) % 7) {
        struct civil back = time_civil(us);
        if (back.year != c.year || back.month != c.month || back.day != c.day || time_from_civil(c) != us ||
            civil_weekday(c) != weekday)
            fail_msg("%d-%d-%d", c.year, c.month, c.day);
        if (++c.day > civil_days_in_month(c.year, c.month)) {
            c.day = 1;
            c.month++;
        }
        if (c.month > 12) {
            c.month = 1;
            c.year++;
        }
    }
    struct civil before = time_civil(-1);
    assert_int_equal(before.year, 1969);
    assert_int_equal(before.second, 59);
}

static void months_are_clamped(void **state)
{
    static const struct {
        struct civil from;
        int32_t months;
        struct civil to;
    } months[] = {
        {{.year = 2026, .month = 1, .day = 31}, 1, {.year = 2026, .month = 2, .day = 28}},
        {{.year = 2024, .month = 1, .day = 31}, 1, {.year = 2024, .month = 2, .day = 29}},
        {{.year = 2026, .month = 11, .day = 30}, 3, {.year = 2027, .month = 2, .day = 28}},
        {{.year = 2026, .month = 3, .day = 31}, -1, {.year = 2026, .month = 2, .day = 28}},
        {{.year = 2026, .month = 1, .day = 15}, -1, {.year = 2025, .month = 12, .day = 15}},
        {{.year = 9999, .month = 12, .day = 31}, 3, {.year = 9999, .month = 12, .day = 31}},
        {{.year = 9999, .month = 11, .day = 30}, INT32_MAX, {.year = 9999, .month = 12, .day = 30}},
        {{.year = 1, .month = 2, .day = 3}, -14, {.year = 1, .month = 1, .day = 3}},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(months); i++) {
        struct civil got = civil_add_months(months[i].from, months[i].months);
        assert_int_equal(got.year * 10000 + got.month * 100 + got.day,
                         months[i].to.year * 10000 + months[i].to.month * 100 + months[i].to.day);
    }
}

/* A feed's date of 9999 and a deadline of some months must not lead to a time that nobody can read. */
static void times_out_of_range_are_shown_as_the_nearest(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } far[] = {
        {INT64_MAX, "9999-12-31T23:59:59.999999Z"},
        {INT64_C(253402300800) * TIME_SECOND_US, "9999-12-31T23:59:59.999999Z"},
        {INT64_C(253402300799) * TIME_SECOND_US, "9999-12-31T23:59:59Z"},
        {INT64_C(-62135596800) * TIME_SECOND_US, "0001-01-01T00:00:00Z"},
        {INT64_MIN + 1, "0001-01-01T00:00:00Z"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(far); i++) {
        OWN(writer_end) struct writer w = writer_with(100);
        assert_true(civil_valid(time_civil(far[i].us)));
        time_write(&w, far[i].us);
        assert_text(far[i].text, (struct text){(const char *)w.at, w.size}, far[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_parsed),
        cmocka_unit_test(fractions_are_kept_to_microseconds),
        cmocka_unit_test(every_day_comes_back),
        cmocka_unit_test(months_are_clamped),
        cmocka_unit_test(times_out_of_range_are_shown_as_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
