#include "base/testing.h"

#include "server/admission.h"

#define NOW (INT64_C(1795320000) * TIME_SECOND_US)

static void fill(struct admission *admission, enum route_admission class, unsigned expected)
{
    uint32_t retry_s = 0;
    unsigned got = 0;

    while (got < 1000 && admission_enter(admission, class, NOW, &retry_s))
        got++;
    if (got != expected)
        fail_msg("class %d: %u let in, expected %u", class, got, expected);
    assert_true(retry_s >= 5);
}

/* Inventories fill half of the house, check-ins go on to 85 of 100, and results always find room. */
static void test_worth(void **state)
{
    struct admission admission = admission_with(100, 10);

    (void)state;
    fill(&admission, ADMIT_INVENTORY, 50);
    fill(&admission, ADMIT_CHECKIN, 35);
    fill(&admission, ADMIT_RESULTS, 15);
    fill(&admission, ADMIT_PEOPLE, 256); /* counted for itself */
    assert_int_equal(admission_under_way(&admission), 356);
    admission_leave(&admission, ADMIT_RESULTS);
    fill(&admission, ADMIT_CHECKIN, 0); /* the room is that of results */
    fill(&admission, ADMIT_RESULTS, 1);
    fill(&admission, ADMIT_UNKNOWN, 0);
}

/* A herd comes back as a queue: so many a second, none at the same time, none later than an hour. */
static void test_slots(void **state)
{
    struct admission admission = admission_with(0, 10);
    uint32_t retry_s = 0, in_first_second = 0, last_s = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_false(admission_enter(&admission, ADMIT_RESULTS, NOW, &retry_s));
        assert_true(retry_s >= last_s);
        in_first_second += retry_s == 6;
        last_s = retry_s;
    }
    assert_int_equal(in_first_second, 10);
    assert_int_equal(last_s, 105);
    for (int i = 0; i < 100000; i++) {
        assert_false(admission_enter(&admission, ADMIT_RESULTS, NOW, &retry_s));
        assert_true(retry_s <= 3600);
    }
    /* Much later nobody waits for slots that nobody took. */
    assert_false(admission_enter(&admission, ADMIT_RESULTS, NOW + TIME_DAY_US, &retry_s));
    assert_int_equal(retry_s, 5);
    assert_false(
        admission_enter(&admission, ADMIT_RESULTS, NOW - TIME_DAY_US, &retry_s)); /* the clock was set back */
    assert_int_equal(retry_s, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_worth), cmocka_unit_test(test_slots)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
