#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "flow/feed_settings.h"
#include "identify/feeds.h"

static void test_good(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct feed_settings settings = {0};
    struct error err = {0};

    (void)state;
    assert_done("good",
                feed_settings_parse(BYTES("feeds:\n"
                                          "  - name: debian-tracker\n"
                                          "    url: https://mirror.example/tracker.json\n"
                                          "  - name: epss\n"
                                          "    disabled: yes\n"
                                          "releases: [debian-11, ubuntu-24.04]\n"),
                                    TEXT("feeds.yaml"), &arena, &settings, &err),
                &err);
    assert_int_equal(settings.feed_count, 2);
    const struct feed_setting *tracker = feed_settings_find(&settings, feeds_find(TEXT("debian-tracker")));
    assert_non_null(tracker);
    assert_string_equal(tracker->url, "https://mirror.example/tracker.json");
    assert_false(tracker->disabled);
    const struct feed_setting *epss = feed_settings_find(&settings, feeds_find(TEXT("epss")));
    assert_non_null(epss);
    assert_null(epss->url);
    assert_true(epss->disabled);
    assert_null(feed_settings_find(&settings, feeds_find(TEXT("kev"))));
    assert_int_equal(settings.release_count, 2);
    assert_string_equal(settings.releases[1], "ubuntu-24.04");
}

static void test_refused(void **state)
{
    static const struct {
        const char *raw, *text;
    } rows[] = {
        {"feed:\n  - name: kev\n", "feeds.yaml:1:1: unknown key \"feed\"; did you mean \"feeds\"?"},
        {"feeds:\n  - name: epps\n", "feeds.yaml:2:11: no feed is called \"epps\"; did you mean \"epss\"?"},
        {"feeds:\n  - name: kev\n    off: yes\n", "feeds.yaml:3:5: unknown key \"off\""},
        {"feeds:\n  - name: kev\n    url: //x\n",
         "feeds.yaml:3:10: \"//x\" does not begin with https://, http:// or file:///"},
        {"releases: [../etc]\n", "feeds.yaml:1:12: \"../etc\" is no release such as debian-12"},
        {"releases: [Debian]\n", "feeds.yaml:1:12: \"Debian\" is no release such as debian-12"},
    };
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct feed_settings settings;
        if (feed_settings_parse(bytes_of_text(text_of(rows[i].raw)), TEXT("feeds.yaml"), &arena, &settings,
                                &err))
            fail_msg("%s: was read", rows[i].raw);
        assert_failed(rows[i].raw, &err, ERROR_INPUT, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
