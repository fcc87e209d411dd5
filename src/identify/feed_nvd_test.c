#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/feed_golden.h"

extern const struct feed feed_nvd;

static void golden_files(void **state)
{
    (void)state;
    feed_golden_check(&feed_nvd, "feed_nvd");
}

/* As many CVEs as a year has. */
static void a_large_page(void **state)
{
    OWN(writer_end) struct writer w = writer_with(64 * MIB);
    struct feed_count count = {.facts = feed_facts_none()};
    (void)state;

    writer_string(&w,
                  "{\"format\": \"NVD_CVE\", \"version\": \"2.0\", \"timestamp\": \"2026-11-21T07:00:02\", "
                  "\"vulnerabilities\": [");
    for (int i = 0; i < 50000; i++)
        writer_format(&w, "%s{\"cve\": {\"id\": \"CVE-2026-%d\", \"metrics\": {}}}", i > 0 ? "," : "",
                      10000 + i);
    writer_string(&w, "]}");
    feed_golden_count_bytes(&feed_nvd, writer_bytes(&w), "", &count);
    assert_int_equal(count.vulnerabilities, 50000);
    assert_int_equal(count.facts.record_count, 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files),
        cmocka_unit_test(a_large_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
