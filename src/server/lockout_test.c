#include "server/lockout.h"

#include "base/own.h"
#include "base/testing.h"
#include "base/time.h"

#define MEMORY (2 * 1024 * 1024)
#define START  (INT64_C(1800000000) * TIME_SECOND_US)

static int64_t try_from(struct lockout *lockout, const char *user, const char *address, int64_t second)
{
    struct lockout_try attempt = {text_of(user), text_of(address), START + second * TIME_SECOND_US};

    return lockout_begin(lockout, &attempt) / TIME_SECOND_US;
}

static void succeed(struct lockout *lockout, const char *user, const char *address, int64_t second)
{
    struct lockout_try attempt = {text_of(user), text_of(address), START + second * TIME_SECOND_US};

    lockout_succeeded(lockout, &attempt);
}

/* One address that guesses one user's password as fast as it may: how many tries it has. */
static void test_one_guesser(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MEMORY);
    struct lockout *lockout = lockout_make(&arena, 7);
    int tries = 0;

    (void)state;
    assert_non_null(lockout);
    for (int64_t second = 0; second < 24 * 3600; second++)
        for (int burst = 0; burst < 50; burst++)
            tries += try_from(lockout, "admin", "192.0.2.1", second) == 0;
    /* 13 while it doubles (17 minutes), then four an hour */
    assert_in_range(tries, 90, 110);
}

static void test_growth(void **state)
{
    static const struct {
        int64_t second, wait;
    } rows[] = {
        {0, 0}, {0, 0}, {0, 0}, {0, 0}, /* the fourth failure */
        {0, 1}, {1, 0}, {1, 2}, {2, 1}, {3, 0}, {3, 4}, {7, 0}, {8, 7}, {15, 0},
    };
    OWN(arena_end) struct arena arena = arena_with(MEMORY);
    struct lockout *lockout = lockout_make(&arena, 7);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(try_from(lockout, "admin", "192.0.2.1", rows[i].second), rows[i].wait);
    succeed(lockout, "admin", "192.0.2.1", 40);
    assert_int_equal(try_from(lockout, "admin", "192.0.2.1", 40), 0);
    assert_int_equal(try_from(lockout, "admin", "192.0.2.1", 40), 0);
}

/* Ten thousand addresses guess: the user gets in from where they were before at once, from elsewhere after ten seconds. */
static void test_nobody_locks_others_out(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MEMORY);
    struct lockout *lockout = lockout_make(&arena, 7);
    char address[32];

    (void)state;
    assert_int_equal(try_from(lockout, "admin", "198.51.100.7", 0), 0);
    succeed(lockout, "admin", "198.51.100.7", 0);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(address, sizeof(address), "10.0.%d.%d", i / 250, i % 250);
        (void)try_from(lockout, "admin", address, 100 + i / 100);
    }
    assert_int_equal(try_from(lockout, "admin", "198.51.100.7", 111), 0);
    assert_int_equal(try_from(lockout, "admin", "203.0.113.9", 111), 10);
    assert_int_equal(try_from(lockout, "admin", "203.0.113.9", 120), 1);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(address, sizeof(address), "10.1.%d.%d", i / 250, i % 250);
        (void)try_from(lockout, "admin", address, 120);
    }
    assert_int_equal(try_from(lockout, "admin", "203.0.113.9", 121), 0);
    assert_int_equal(try_from(lockout, "other", "203.0.113.9", 121), 0);
}

/* One address tries many names: an office is slowed, never stopped. */
static void test_place(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MEMORY);
    struct lockout *lockout = lockout_make(&arena, 7);
    char user[16];
    int tries = 0;

    (void)state;
    for (int i = 0; i < 3600; i++) {
        (void)snprintf(user, sizeof(user), "user%d", i);
        tries += try_from(lockout, user, "192.0.2.1", i) == 0;
    }
    assert_in_range(tries, 140, 160);
}

/* One IPv6 network is one place; a clock that goes back by a year holds nobody. */
static void test_details(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MEMORY);
    struct lockout *lockout = lockout_make(&arena, 7);
    char address[64];
    int tries = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(address, sizeof(address), "2001:db8:1:2::%x", i);
        tries += try_from(lockout, "admin", address, 0) == 0;
    }
    assert_int_equal(tries, 4);
    assert_int_equal(try_from(lockout, "admin", "2001:db8:1:3::1", 0), 0);
    assert_true(try_from(lockout, "admin", "2001:db8:1:2::1", -365 * 24 * 3600) <= 15 * 60);
    /* Forgotten after a day. */
    assert_int_equal(try_from(lockout, "admin", "2001:db8:1:2::1", 2 * 24 * 3600), 0);
    assert_int_equal(try_from(lockout, "admin", "2001:db8:1:2::1", 2 * 24 * 3600), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_one_guesser),
        cmocka_unit_test(test_nobody_locks_others_out),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_details),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
