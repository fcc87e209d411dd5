#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "flow/delta_settings.h"

#define KEY "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"

static void test_good(void **state)
{
    static const struct {
        const char *raw, *source;
        enum choice_use use;
        bool metered;
    } rows[] = {
        {"source: https://deltas.example/debian\nkey: " KEY "\n", "https://deltas.example/debian/",
         CHOICE_AUTO, false},
        {"source: file:///srv/deltas/\nkey: " KEY "\nuse: always\nmetered: yes\n", "file:///srv/deltas/",
         CHOICE_ALWAYS, true},
        {"source: http://x\nkey: " KEY "\nuse: never\n", "http://x/", CHOICE_NEVER, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct delta_settings settings = {0};
        struct error err = {0};
        char hex[PUBLIC_KEY_HEX_SIZE + 1];
        assert_done(rows[i].raw,
                    delta_settings_parse(bytes_of_text(text_of(rows[i].raw)), TEXT("deltas.yaml"), &arena,
                                         &settings, &err),
                    &err);
        assert_text(rows[i].raw, settings.source, rows[i].source);
        assert_true(settings.use == rows[i].use && settings.metered == rows[i].metered);
        public_key_hex(&settings.key, hex);
        assert_true(settings.has_key);
        assert_string_equal(hex, KEY);
    }
}

/* On a machine that obeys a repository its role deltas may be the one that says which keys are believed. */
static void test_without_a_key(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct delta_settings settings = {.has_key = true};
    struct error err = {0};

    (void)state;
    assert_done(
        "parse",
        delta_settings_parse(BYTES("source: http://x\n"), TEXT("deltas.yaml"), &arena, &settings, &err),
        &err);
    assert_false(settings.has_key);
}

static void test_refused(void **state)
{
    static const struct {
        const char *raw, *text;
    } rows[] = {
        {"sources: x\n", "deltas.yaml:1:1: unknown key \"sources\"; did you mean \"source\"?"},
        {"source: ftp://x\nkey: " KEY "\n",
         "deltas.yaml:1:9: \"ftp://x\" does not begin with https://, http:// or file:///"},
        {"source: http://x\nkey: 12\n", "deltas.yaml:2:6: \"12\" is no key: it has 64 hexadecimal digits"},
        {"source: http://x\nkey: " KEY "\nuse: sometimes\n", NULL},
        {"key: " KEY "\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct delta_settings settings;
        struct error err = {0};
        if (delta_settings_parse(bytes_of_text(text_of(rows[i].raw)), TEXT("deltas.yaml"), &arena, &settings,
                                 &err))
            fail_msg("%s: was read", rows[i].raw);
        if (rows[i].text != NULL)
            assert_failed(rows[i].raw, &err, ERROR_INPUT, rows[i].text);
        else
            print_message("%s\n", err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_without_a_key),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
