#include "base/testing.h"

#include "agent/pace.h"
#include "base/time.h"

#define HOSTS 100000

/* Numbers that look random and are the same each time. */
static uint64_t dice(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state ^ (*state >> 29);
}

static struct pace host_of(uint64_t number, int64_t now_us)
{
    struct pace pace = {.now_us = now_us};
    uint64_t seed = number * 7919 + 1;

    for (size_t i = 0; i < sizeof(pace.host); i++)
        pace.host[i] = (uint8_t)(dice(&seed) >> 40);
    pace.random = dice(&seed);
    return pace;
}

static void test_bounds(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        struct pace pace = host_of(i, 1795320000 * TIME_SECOND_US + (int64_t)i * 977);
        uint64_t us = pace_delay_us(&pace, 600);
        assert_true(us >= 300 * TIME_SECOND_US && us <= 975 * TIME_SECOND_US);
        us = pace_retry_us(&pace, 600, 1, 0);
        assert_true(us >= 30 * TIME_SECOND_US && us <= 98 * TIME_SECOND_US);
        us = pace_retry_us(&pace, 600, 1, 120);
        assert_true(us >= 120 * TIME_SECOND_US && us <= 188 * TIME_SECOND_US);
        us = pace_retry_us(&pace, 600, 1000, 0);
        assert_true(us >= 1800 * (uint64_t)TIME_SECOND_US && us <= 5850 * (uint64_t)TIME_SECOND_US);
        us = pace_pulse_us(&pace);
        assert_true(us >= 55 * TIME_SECOND_US && us <= 65 * TIME_SECOND_US);
        assert_true(pace_wake_us(&pace) < 60 * TIME_SECOND_US);
    }
}

/* All of a fleet fails at one instant; the second in which most come back has little more than the mean. */
static void test_no_herd(void **state)
{
    static unsigned seconds[8000];
    unsigned most = 0;

    (void)state;
    memset(seconds, 0, sizeof(seconds));
    for (uint64_t i = 0; i < HOSTS; i++) {
        struct pace pace = host_of(i, 1795320000 * TIME_SECOND_US);
        seconds[pace_delay_us(&pace, 600) / TIME_SECOND_US]++;
    }
    for (size_t i = 0; i < COUNT_OF(seconds); i++)
        most = seconds[i] > most ? seconds[i] : most;
    print_message("most in one second: %u, mean %u\n", most, HOSTS / 600);
    assert_true(most < HOSTS / 600 * 14 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounds), cmocka_unit_test(test_no_herd)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
