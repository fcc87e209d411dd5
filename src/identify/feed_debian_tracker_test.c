#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/feed_golden.h"

extern const struct feed feed_debian_tracker;

static void golden_files(void **state)
{
    (void)state;
    feed_golden_check(&feed_debian_tracker, "feed_debian_tracker");
}

/* The tracker's form of the changes between two states of a real machine: every issue is resolved. */
static void a_real_machine(void **state)
{
    char path[512];
    (void)state;

    if (test_shared("endpoint-bookworm/debian-tracker.json", path) == NULL)
        skip();
    struct feed_count count = feed_golden_count(&feed_debian_tracker, path);
    assert_int_equal(count.advisories, 2183);
    assert_int_equal(count.of_status[ADVISORY_FIXED], 2183);
    assert_int_equal(count.facts.record_count, 2183);
    assert_int_equal(count.facts.skipped_count, 0);
    assert_true(count.facts.generated_us == TIME_ABSENT);
    assert_false(count.facts.complete);
}

static void only_many_sources_are_complete(void **state)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct feed_count count = {.facts = feed_facts_none()};
    (void)state;

    for (size_t sources = FEED_COMPLETE_SOURCES - 1; sources <= FEED_COMPLETE_SOURCES; sources++) {
        writer_clear(&w);
        writer_string(&w, "{");
        for (size_t i = 0; i < sources; i++)
            writer_format(&w, "%s\"source%zu\": {}", i > 0 ? ", " : "", i);
        writer_string(&w, "}");
        count.facts = feed_facts_none();
        feed_golden_count_bytes(&feed_debian_tracker, writer_bytes(&w), "", &count);
        assert_int_equal(count.facts.complete, sources == FEED_COMPLETE_SOURCES);
    }
}

/* More releases than are kept: the table begins anew, and none is taken for another. */
static void more_releases_than_are_kept(void **state)
{
    static const char *const names[] = {"bookworm", "nonesuch"};
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct feed_count count = {.facts = feed_facts_none()};
    (void)state;

    writer_string(&w, "{\"s\": {");
    for (int issue = 0; issue < 3; issue++) {
        writer_format(&w, "%s\"CVE-2026-100%d\": {\"releases\": {", issue > 0 ? ", " : "", issue);
        for (int i = 0; i < 40; i++)
            writer_format(&w, "\"%s%d\": {\"status\": \"open\"}, ", names[1], i);
        writer_format(&w, "\"%s\": {\"status\": \"open\"}}}", names[0]);
    }
    writer_string(&w, "}}");
    feed_golden_count_bytes(&feed_debian_tracker, writer_bytes(&w), "", &count);
    assert_int_equal(count.advisories, 3);
    assert_int_equal(count.of_status[ADVISORY_OPEN], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files),
        cmocka_unit_test(a_real_machine),
        cmocka_unit_test(only_many_sources_are_complete),
        cmocka_unit_test(more_releases_than_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
