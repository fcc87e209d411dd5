#include "base/testing.h"

#include "base/own.h"
#include "identify/os_release.h"

static void systems_are_named(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        const char *release, *short_name, *failure;
    } rows[] = {
        {"bookworm", BYTES("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n"),
         "debian-12", "Debian 12", ""},
        {"plain and single quotes", BYTES("# a comment\n\nID='ubuntu'\nVERSION_ID=22.04"), "ubuntu-22.04",
         "Ubuntu 22.04", ""},
        {"sid has no number", BYTES("ID=debian\nPRETTY_NAME=\"Debian sid\"\n"), "", "Debian sid", ""},
        {"backslashes", BYTES("ID=debian\nPRETTY_NAME=\"a \\\"b\\\" \\$c\"\n"), "", "a \"b\" $c", ""},
        {"no id", BYTES("VERSION_ID=12\n"), "", "", "ID is missing"},
        {"open quote", BYTES("ID=\"debian\n"), "", "", "line 1: ID: quotes do not match"},
        {"quote inside", BYTES("ID=\"deb\"ian\"\n"), "", "", "line 1: ID: quotes do not match"},
        {"no assignment", BYTES("ID=debian\nhello\n"), "", "", "line 2: is no NAME=value"},
        {"control byte", BYTES("ID=deb\x1bian\n"), "", "", "line 1: ID: byte 0x1b at 3 is not text"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(100000);
        struct os_release got = {0};
        struct error err = {0};
        if (!os_release_parse(rows[i].raw, &arena, &got, &err)) {
            assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].failure);
            continue;
        }
        assert_text(rows[i].name, text_of(rows[i].failure), "");
        assert_text(rows[i].name, text_of(got.release.name), rows[i].release);
        assert_text(rows[i].name, got.name, rows[i].short_name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(systems_are_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
