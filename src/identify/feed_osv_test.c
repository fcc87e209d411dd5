#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/feed_golden.h"

extern const struct feed feed_osv;

static void golden_files(void **state)
{
    (void)state;
    feed_golden_check(&feed_osv, "feed_osv");
}

/* 5,680 errata: 1,197 of them name no CVE and are of bugs or enhancements, 37 of modules are for two streams. */
static void all_of_almalinux(void **state)
{
    char path[512];
    (void)state;

    if (test_shared("almalinux-osv/advisories.tar.zst", path) == NULL)
        skip();
    struct feed_count count = feed_golden_count_archive(&feed_osv, path, ".json");
    assert_int_equal(count.facts.record_count, 4483);
    assert_int_equal(count.facts.record_count + count.facts.skipped_count, 5680);
    assert_int_equal(count.of_status[ADVISORY_FIXED], count.advisories);
    assert_int_equal(count.advisories, 65624);
}

/* 17 are withdrawn; ranges of several pairs give a statement each. */
static void all_of_go(void **state)
{
    char path[512];
    (void)state;

    if (test_shared("govulndb/osv.tar.zst", path) == NULL)
        skip();
    struct feed_count count = feed_golden_count_archive(&feed_osv, path, ".json");
    assert_int_equal(count.facts.record_count, 4274);
    assert_int_equal(count.facts.skipped_count, 17);
    assert_int_equal(count.advisories, 7560);
    assert_int_equal(count.of_status[ADVISORY_FIXED] + count.of_status[ADVISORY_OPEN], 7560);
}

/* Records as Ubuntu, AlmaLinux, Rocky and Bitnami publish them; three of them are withdrawn, one is of bug fixes. */
static void records_of_many_vendors(void **state)
{
    static const char *const folders[] = {"ubuntu/test-fixtures/osv", "alma/test-fixtures/osv",
                                          "rocky/test-fixtures/osv", "bitnami/test-fixtures/vulndb"};
    char path[512];
    size_t records = 0, skipped = 0, scores = 0;
    (void)state;

    if (test_shared("vunnel-fixtures/fixtures.tar.zst", path) == NULL)
        skip();
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        struct feed_count count = feed_golden_count_archive(&feed_osv, path, folders[i]);
        records += count.facts.record_count;
        skipped += count.facts.skipped_count;
        scores += count.vulnerabilities;
    }
    assert_int_equal(records, 15);
    assert_int_equal(skipped, 4);
    assert_int_equal(scores, 6);
}

static void packages_have_a_limit(void **state)
{
    OWN(writer_end) struct writer w = writer_with(16 * MIB);
    (void)state;

    writer_string(&w, "{\"id\": \"GHSA-1\", \"affected\": [");
    for (int i = 0; i <= LIMIT_ADVISORY_AFFECTED; i++)
        writer_string(&w, i > 0 ? ", {}" : "{}");
    writer_string(&w, "]}");
    feed_golden_check_error(&feed_osv, writer_bytes(&w), "GHSA-1.json",
                            "limit: osv: GHSA-1: affected: 65537 packages, more than 65536");
}

static void names_have_a_limit(void **state)
{
    OWN(writer_end) struct writer w = writer_with(16 * MIB);
    (void)state;

    writer_string(&w, "{\"id\": \"ALSA-1\", \"related\": [");
    for (int i = 0; i <= LIMIT_ADVISORY_CVES; i++)
        writer_format(&w, "%s\"CVE-2026-%d\"", i > 0 ? ", " : "", 10000 + i);
    writer_string(&w, "]}");
    feed_golden_check_error(&feed_osv, writer_bytes(&w), "ALSA-1.json",
                            "limit: osv: ALSA-1: related: more than 65536 vulnerabilities");
}

/* What a folder has beside records; a record is read under any name. */
static void other_files_are_passed_over(void **state)
{
    static const struct {
        const char *name, *document;
        bool read;
    } rows[] = {
        {"README.md", "# advisories", false},
        {"LICENSE", "Permission is hereby granted", false},
        {"record.txt",
         "{\"id\": \"GHSA-1\", \"affected\": [{\"package\": {\"ecosystem\": \"npm\", \"name\": \"x\"}}]}",
         true},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct feed_count count = {.facts = feed_facts_none()};
        feed_golden_count_bytes(&feed_osv, bytes_of_text(text_of(rows[i].document)), rows[i].name, &count);
        assert_int_equal(count.advisories, rows[i].read);
        assert_int_equal(count.facts.record_count, rows[i].read);
    }
    feed_golden_check_error(&feed_osv, BYTES("# advisories"), "",
                            "input: osv: line 1, column 1: unexpected #");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files),
        cmocka_unit_test(all_of_almalinux),
        cmocka_unit_test(all_of_go),
        cmocka_unit_test(records_of_many_vendors),
        cmocka_unit_test(packages_have_a_limit),
        cmocka_unit_test(names_have_a_limit),
        cmocka_unit_test(other_files_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
