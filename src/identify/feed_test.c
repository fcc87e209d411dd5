#include "base/limits.h"
#include "base/testing.h"
#include "identify/feed.h"

static void facts_of_documents_are_summed(void **state)
{
    struct feed_facts sum = feed_facts_none();
    const struct feed_facts documents[] = {
        {.generated_us = 2 * TIME_DAY_US, .record_count = 3, .skipped_count = 1},
        {.generated_us = TIME_ABSENT, .record_count = 4, .version = "v2"},
        {.generated_us = TIME_DAY_US, .skipped_count = 5, .complete = true},
    };
    (void)state;

    assert_true(sum.generated_us == TIME_ABSENT);
    for (size_t i = 0; i < COUNT_OF(documents); i++)
        feed_facts_add(&sum, &documents[i]);
    assert_true(sum.generated_us == 2 * TIME_DAY_US);
    assert_int_equal(sum.record_count, 7);
    assert_int_equal(sum.skipped_count, 6);
    assert_string_equal(sum.version, "v2");
    assert_true(sum.complete);
}

static void severities_are_words(void **state)
{
    const struct {
        struct text word;
        enum severity expected;
    } rows[] = {
        {TEXT("high**"), SEVERITY_HIGH},
        {TEXT("Important"), SEVERITY_HIGH},
        {TEXT("MODERATE"), SEVERITY_MEDIUM},
        {TEXT("negligible"), SEVERITY_LOW},
        {TEXT("Critical"), SEVERITY_CRITICAL},
        {TEXT("untriaged"), SEVERITY_UNKNOWN},
        {TEXT("not yet assigned"), SEVERITY_UNKNOWN},
        {TEXT("**"), SEVERITY_UNKNOWN},
        {TEXT(""), SEVERITY_UNKNOWN},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (feed_severity(rows[i].word) != rows[i].expected)
            fail_msg("%.*s: %d", TEXT_ARG(rows[i].word), (int)feed_severity(rows[i].word));
}

static void starts_are_looked_through(void **state)
{
    const struct {
        const char *document;
        size_t depth;
        const char *name;
        bool expected;
    } rows[] = {
        {"{\"id\": 1}", 1, "id", true},
        {"{\"id\": 1}", 2, "id", false},
        {" \n{ \"a\" : { \"CVE-2024-1\" :", 2, "CVE-", true},
        {"{\"a\": [{\"id\": 1}]}", 3, "id", true},
        {"{\"a\": {}, \"id\"\n:", 1, "id", true},
        {"{\"a\": \"id\", \"b\": 1}", 1, "id", false},
        {"{\"a\": \"\\\"id\\\": {\", \"b\": 1}", 2, "id", false},
        {"{\"a\\\"id\": 1}", 1, "id", false},
        {"{\"a\": \"never ends, \\\"id\\\":", 1, "id", false},
        {"{\"id\"", 1, "id", false},
        {"}}}{\"id\":", 1, "id", true},
        {"", 1, "id", false},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes start = bytes_of_text(text_of(rows[i].document));
        if (feed_start_has(start, rows[i].depth, rows[i].name) != rows[i].expected)
            fail_msg("%s", rows[i].document);
    }
}

static void notes_are_cut_between_characters(void **state)
{
    char long_note[LIMIT_NOTE + 8];
    (void)state;

    memset(long_note, 'a', sizeof(long_note));
    memcpy(long_note + LIMIT_NOTE - 1, "\xc3\xa9\xc3\xa9", 4);
    assert_int_equal(feed_note((struct text){long_note, sizeof(long_note)}).size, LIMIT_NOTE - 1);
    memcpy(long_note + LIMIT_NOTE - 2, "\xc3\xa9\xc3\xa9", 4);
    assert_int_equal(feed_note((struct text){long_note, sizeof(long_note)}).size, LIMIT_NOTE);
    assert_int_equal(feed_note(TEXT("short")).size, 5);
}

static void names_are_cut_at_slashes(void **state)
{
    (void)state;
    assert_text("path", feed_base_name(TEXT("/usr/share/a.csv")), "a.csv");
    assert_text("name", feed_base_name(TEXT("a.csv")), "a.csv");
    assert_text("folder", feed_base_name(TEXT("a/")), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_of_documents_are_summed), cmocka_unit_test(severities_are_words),
        cmocka_unit_test(starts_are_looked_through),     cmocka_unit_test(notes_are_cut_between_characters),
        cmocka_unit_test(names_are_cut_at_slashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
