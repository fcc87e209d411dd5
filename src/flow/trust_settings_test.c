#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "flow/trust_settings.h"

static void test_good(void **state)
{
    static const struct {
        const char *raw, *repository, *root, *ca_file;
    } rows[] = {
        {"repository: https://s.example/repo\nroot: trust-root.json\n", "https://s.example/repo/",
         "/etc/suture/trust-root.json", ""},
        {"repository: file:///srv/repo/\nroot: /srv/root.json\nca_file: /etc/ca.pem\n", "file:///srv/repo/",
         "/srv/root.json", "/etc/ca.pem"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct trust_settings settings = {0};
        struct error err = {0};
        assert_done(rows[i].raw,
                    trust_settings_parse(bytes_of_text(text_of(rows[i].raw)), TEXT("trust.yaml"),
                                         "/etc/suture", &arena, &settings, &err),
                    &err);
        assert_text(rows[i].raw, settings.repository, rows[i].repository);
        assert_string_equal(settings.root, rows[i].root);
        assert_text(rows[i].raw, settings.ca_file, rows[i].ca_file);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *raw, *text;
    } rows[] = {
        {"repositories: x\n", "trust.yaml:1:1: unknown key \"repositories\"; did you mean \"repository\"?"},
        {"repository: ftp://x\nroot: r\n",
         "trust.yaml:1:13: \"ftp://x\" does not begin with https://, http:// or file:///"},
        {"repository: http://x\nroot: r\nca_file: ca.pem\n",
         "trust.yaml:3:10: \"ca.pem\" does not begin with /"},
        {"repository: http://x\n", NULL},
        {"root: r\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct trust_settings settings;
        struct error err = {0};
        assert_false(trust_settings_parse(bytes_of_text(text_of(rows[i].raw)), TEXT("trust.yaml"), "/",
                                          &arena, &settings, &err));
        if (rows[i].text != NULL)
            assert_failed(rows[i].raw, &err, ERROR_INPUT, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
