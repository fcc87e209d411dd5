#include "base/testing.h"
#include "identify/feed_golden.h"

extern const struct feed feed_cve5;

static void golden_files(void **state)
{
    (void)state;
    feed_golden_check(&feed_cve5, "feed_cve5");
}

/* What the list's zip brings beside records is passed over; a record under another name is not. */
static void other_files_are_passed_over(void **state)
{
    static const struct {
        const char *name, *document;
        bool read;
    } rows[] = {
        {"cves/deltaLog.json", "[{\"fetchTime\": \"2026-11-21T07:00:00Z\"}]", false},
        {"README.md", "# CVE list", false},
        {"mine.json",
         "{\"dataType\": \"CVE_RECORD\", \"dataVersion\": \"5.0\", \"cveMetadata\": {\"cveId\": "
         "\"CVE-2026-1\", "
         "\"state\": \"PUBLISHED\"}, \"containers\": {\"cna\": {\"providerMetadata\": {\"orgId\": \"1\"}}}}",
         true},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct feed_count count = {.facts = feed_facts_none()};
        feed_golden_count_bytes(&feed_cve5, bytes_of_text(text_of(rows[i].document)), rows[i].name, &count);
        assert_int_equal(count.vulnerabilities, rows[i].read);
        assert_int_equal(count.facts.record_count, rows[i].read);
    }
    feed_golden_check_error(&feed_cve5, BYTES("[]"), "2026/CVE-2026-1.json", "input: cve5: not an object");
    feed_golden_check_error(&feed_cve5, BYTES("[]"), "", "input: cve5: not an object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files),
        cmocka_unit_test(other_files_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
