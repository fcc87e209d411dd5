#include "base/testing.h"

#include "base/own.h"
#include "base/visible.h"

static const struct {
    const char *name, *raw, *shown, *lines, *refused;
} rows[] = {
    {"plain", "deb 1.2~rc1-3 [amd64] <x>", "deb 1.2~rc1-3 [amd64] <x>", "deb 1.2~rc1-3 [amd64] <x>", NULL},
    {"letters of all scripts", "Zo\xc3\xab \xce\xb1\xe4\xb8\xad\xf0\x9f\x98\x80",
     "Zo\xc3\xab \xce\xb1\xe4\xb8\xad\xf0\x9f\x98\x80", "Zo\xc3\xab \xce\xb1\xe4\xb8\xad\xf0\x9f\x98\x80",
     NULL},
    {"right-to-left override",
     "a\xe2\x80\xae"
     "b",
     "a<U+202E>b", "a<U+202E>b", "has a character that does not show or turns the text: <U+202E> at 1"},
    {"isolate", "\xe2\x81\xa6x", "<U+2066>x", "<U+2066>x",
     "has a character that does not show or turns the text: <U+2066> at 0"},
    {"no width", "pay\xe2\x80\x8bpal", "pay<U+200B>pal", "pay<U+200B>pal",
     "has a character that does not show or turns the text: <U+200B> at 3"},
    {"escape", "\x1b[2Jx", "<U+001B>[2Jx", "<U+001B>[2Jx",
     "has a character that does not show or turns the text: <U+001B> at 0"},
    {"C1", "\xc2\x9bx", "<U+009B>x", "<U+009B>x",
     "has a character that does not show or turns the text: <U+009B> at 0"},
    {"line and tab", "a\n\tb\r", "a<U+000A><U+0009>b<U+000D>", "a\n\tb<U+000D>",
     "has a character that does not show or turns the text: <U+000A> at 1"},
    {"tag", "\xf3\xa0\x81\x81", "<U+E0041>", "<U+E0041>",
     "has a character that does not show or turns the text: <U+E0041> at 0"},
    {"no UTF-8", "a\xff\xc3", "a<0xff><0xc3>", "a<0xff><0xc3>", "byte 0xff at 1 is not text"},
    {"overlong", "\xc0\x8a", "<0xc0><0x8a>", "<0xc0><0x8a>", "byte 0xc0 at 0 is not text"},
    {"surrogate", "\xed\xa0\x80", "<0xed><0xa0><0x80>", "<0xed><0xa0><0x80>", "byte 0xed at 0 is not text"},
};

static void what_hides_is_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer shown = writer_with(1024), lines = writer_with(1024);
        struct text raw = text_of(rows[i].raw);
        struct error err;
        visible_put(&shown, bytes_of_text(raw));
        assert_text(rows[i].name, (struct text){(const char *)shown.at, shown.size}, rows[i].shown);
        visible_put_lines(&lines, bytes_of_text(raw));
        assert_text(rows[i].name, (struct text){(const char *)lines.at, lines.size}, rows[i].lines);
        if (rows[i].refused == NULL) {
            assert_done(rows[i].name, visible_check(raw, &err), &err);
            continue;
        }
        assert_false(visible_check(raw, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].refused);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_hides_is_shown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
