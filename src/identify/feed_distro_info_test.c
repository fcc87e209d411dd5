#include "base/testing.h"
#include "identify/feed_golden.h"

extern const struct feed feed_distro_info;

static void golden_files(void **state)
{
    (void)state;
    feed_golden_check(&feed_distro_info, "feed_distro_info");
}

/* Debian's six releases before 3.0 have numbers that are no names here; four of its rows have no date. */
static void the_real_tables(void **state)
{
    static const struct {
        const char *file;
        size_t rows, records;
    } rows[] = {{"eol/debian.csv", 22, 12}, {"eol/ubuntu.csv", 45, 45}};
    char path[512];
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (test_shared(rows[i].file, path) == NULL)
            skip();
        struct feed_count count = feed_golden_count(&feed_distro_info, path);
        assert_int_equal(count.facts.record_count, rows[i].records);
        assert_int_equal(count.facts.record_count + count.facts.skipped_count, rows[i].rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files),
        cmocka_unit_test(the_real_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
