#include "base/testing.h"

#include <errno.h>

#include "base/error.h"

static void text_is_made_printable(void **state)
{
    static const struct {
        const char *name, *given, *expected;
    } rows[] = {
        {"plain", "expat: fixed", "expat: fixed"},
        {"umlaut", "f\xc3\xbcr", "f\xc3\xbcr"},
        {"escape sequence", "a\x1b[31mred", "a?[31mred"},
        {"newline", "a\nb", "a?b"},
        {"broken UTF-8", "a\xff\xc3z", "a??z"},
        {"C1 control",
         "a\xc2\x9b"
         "31m",
         "a??31m"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err;
        assert_false(error_set(&err, ERROR_INPUT, "%s", rows[i].given));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].expected);
    }
}

static void context_goes_in_front(void **state)
{
    struct error err;
    (void)state;

    assert_false(error_set(&err, ERROR_INPUT, "byte 0x07 at 0 is not text"));
    assert_false(error_at(&err, "id"));
    assert_false(error_at(&err, "%s: %s", "osv", "GHSA-1"));
    assert_failed("chain", &err, ERROR_INPUT, "osv: GHSA-1: id: byte 0x07 at 0 is not text");
}

static void the_cause_stays_when_the_text_is_full(void **state)
{
    struct error err;
    char expected[sizeof(err.text)];
    (void)state;

    memset(expected, 'x', sizeof(expected));
    expected[200] = 0;
    assert_false(error_set(&err, ERROR_LIMIT, "%s", expected));
    assert_false(error_at(&err, "%.*s", 60, expected));
    assert_failed("full", &err, ERROR_LIMIT, expected);
}

static void errno_becomes_a_kind(void **state)
{
    struct error err;
    (void)state;

    errno = ENOENT;
    assert_false(error_system(&err, "/etc/nothing"));
    assert_failed("absent", &err, ERROR_ABSENT, "/etc/nothing: No such file or directory");
    errno = EACCES;
    assert_false(error_system(&err, "/etc/shadow"));
    assert_failed("refused", &err, ERROR_SYSTEM, "/etc/shadow: Permission denied");

    char path[400], expected[sizeof(err.text)];
    memset(path, 'x', sizeof(path));
    memcpy(path + 219, "\u00e9", sizeof("\u00e9") - 1); /* where it is cut */
    errno = EACCES;
    assert_false(error_system(&err, "%.*s", (int)sizeof(path), path));
    (void)snprintf(expected, sizeof(expected), "%.219s: Permission denied", path);
    assert_failed("long path", &err, ERROR_SYSTEM, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_made_printable),
        cmocka_unit_test(context_goes_in_front),
        cmocka_unit_test(the_cause_stays_when_the_text_is_full),
        cmocka_unit_test(errno_becomes_a_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
