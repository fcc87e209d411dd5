#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/feed_golden.h"

extern const struct feed feed_debian_list;

static void golden_files(void **state)
{
    (void)state;
    feed_golden_check(&feed_debian_list, "feed_debian_list");
}

/* The lists of 2023; the figures were counted by other means. */
static void the_real_lists(void **state)
{
    static const struct {
        const char *file;
        size_t entries, records, advisories;
    } rows[] = {
        {"debian-dsa-dla/DSA-list", 5406, 5303, 6895},
        {"debian-dsa-dla/DLA-list", 3534, 3344, 3349},
        {"debian-dsa-dla/DTSA-list", 208, 207, 208},
    };
    char path[512];
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (test_shared(rows[i].file, path) == NULL)
            skip();
        struct feed_count count = feed_golden_count(&feed_debian_list, path);
        assert_int_equal(count.advisories, rows[i].advisories);
        assert_int_equal(count.facts.record_count, rows[i].records);
        assert_int_equal(count.facts.record_count + count.facts.skipped_count, rows[i].entries);
        assert_true(count.facts.generated_us > 0);
    }
}

static void names_have_a_limit(void **state)
{
    OWN(writer_end) struct writer w = writer_with(4 * MIB);
    (void)state;

    writer_string(&w, "[21 Nov 2026] DSA-6001-1 x - y\n");
    for (int line = 0; line <= LIMIT_ADVISORY_CVES / 1024; line++) {
        writer_string(&w, "\t{");
        for (int i = 0; i < 1024; i++)
            writer_format(&w, "CVE-2026-%d ", 10000 + line * 1024 + i);
        writer_string(&w, "}\n");
    }
    feed_golden_check_error(&feed_debian_list, writer_bytes(&w), "",
                            "limit: debian-list: DSA-6001-1: line 66: more than 65536 vulnerabilities");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files),
        cmocka_unit_test(the_real_lists),
        cmocka_unit_test(names_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
