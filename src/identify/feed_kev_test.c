#include "base/testing.h"
#include "identify/feed_golden.h"

extern const struct feed feed_kev;

static void golden_files(void **state)
{
    (void)state;
    feed_golden_check(&feed_kev, "feed_kev");
}

/* All rows of the catalogue of 2025-08-25, and as many as it says. */
static void the_real_catalogue(void **state)
{
    char path[512];
    (void)state;

    if (test_shared("kev/known_exploited_vulnerabilities.json", path) == NULL)
        skip();
    struct feed_count count = feed_golden_count(&feed_kev, path);
    assert_int_equal(count.vulnerabilities, 1404);
    assert_int_equal(count.facts.record_count, 1404);
    assert_int_equal(count.facts.skipped_count, 0);
    assert_string_equal(count.facts.version, "2025.08.25");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files),
        cmocka_unit_test(the_real_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
