#include "base/testing.h"
#include "identify/feed_golden.h"

extern const struct feed feed_debian_support;

static void golden_files(void **state)
{
    (void)state;
    feed_golden_check(&feed_debian_support, "feed_debian_support");
}

static void the_real_lists(void **state)
{
    static const struct {
        const char *file;
        size_t rows;
    } rows[] = {{"eol/security-support-ended.deb12", 16}, {"eol/security-support-limited", 32}};
    char path[512];
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (test_shared(rows[i].file, path) == NULL)
            skip();
        struct feed_count count = feed_golden_count(&feed_debian_support, path);
        assert_int_equal(count.supports, rows[i].rows);
        assert_int_equal(count.facts.record_count, rows[i].rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files),
        cmocka_unit_test(the_real_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
