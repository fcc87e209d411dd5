#include "base/testing.h"

#include "acquire/lanes.h"

#define NOON (INT64_C(20779) * TIME_DAY_US)
#define HOUR TIME_HOUR_US
#define DAY  TIME_DAY_US

static void test_table(void **state)
{
    static const struct {
        const char *lane;
        int64_t alone_us, fleet_us, approved_us;
    } rows[] = {
        {"functional", 7 * DAY, 7 * DAY, 7 * DAY},   {"security", 0, 24 * HOUR, 24 * HOUR},
        {"exploited", 0, 24 * HOUR, 4 * HOUR},       {"crisis", 0, 0, 0},
        {"no such lane", 7 * DAY, 7 * DAY, 7 * DAY},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct lane_terms terms = {false, LANE_FUNCTIONAL_WAIT_US};
        enum lane lane = lane_find(text_of(rows[i].lane));
        assert_int_equal(lane_wait_us(lane, &terms, false), rows[i].alone_us);
        assert_int_equal(lane_wait_us(lane, &terms, true), rows[i].alone_us);
        terms.fleet = true;
        assert_int_equal(lane_wait_us(lane, &terms, false), rows[i].fleet_us);
        assert_int_equal(lane_wait_us(lane, &terms, true), rows[i].approved_us);
        if (lane != LANE_UNKNOWN)
            assert_string_equal(lane_name(lane), rows[i].lane);
    }
}

/* The policy changes the functional lane alone, and not beyond its bounds. */
static void test_policy(void **state)
{
    static const struct {
        int64_t said_us, waits_us;
    } rows[] = {{-1, 0},
                {0, 0},
                {3 * HOUR, 3 * HOUR},
                {90 * DAY, 90 * DAY},
                {91 * DAY, 90 * DAY},
                {INT64_MAX, 90 * DAY}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct lane_terms terms = {true, rows[i].said_us};
        assert_int_equal(lane_wait_us(LANE_FUNCTIONAL, &terms, false), rows[i].waits_us);
        assert_int_equal(lane_wait_us(LANE_UNKNOWN, &terms, false), rows[i].waits_us);
        assert_int_equal(lane_wait_us(LANE_SECURITY, &terms, false), 24 * HOUR);
    }
}

static void test_waits(void **state)
{
    static const struct {
        const char *name;
        enum lane lane;
        int64_t first_us, now_us, until_us;
        bool waits;
    } rows[] = {
        {"never seen", LANE_FUNCTIONAL, TIME_ABSENT, NOON, NOON + 7 * DAY, true},
        {"nothing signed", LANE_FUNCTIONAL, NOON - 9 * DAY, TIME_ABSENT, NOON - 2 * DAY, true},
        {"a moment too early", LANE_FUNCTIONAL, NOON - 7 * DAY + 1, NOON, NOON + 1, true},
        {"waited", LANE_FUNCTIONAL, NOON - 7 * DAY, NOON, NOON, false},
        {"seen in the future", LANE_FUNCTIONAL, NOON + DAY, NOON, NOON + 8 * DAY, true},
        {"not judged", LANE_UNKNOWN, NOON - 6 * DAY, NOON, NOON + DAY, true},
        {"security", LANE_SECURITY, TIME_ABSENT, TIME_ABSENT, NOON, false},
        {"crisis", LANE_CRISIS, TIME_ABSENT, NOON, NOON, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct lane_terms terms = {false, LANE_FUNCTIONAL_WAIT_US};
        const struct lane_seen seen = {rows[i].first_us, rows[i].now_us, NOON};
        int64_t until_us;
        bool waits = lane_waits(rows[i].lane, &terms, &seen, false, &until_us);
        if (waits != rows[i].waits || until_us != rows[i].until_us)
            fail_msg("%s: %d until %lld", rows[i].name, waits, (long long)until_us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
