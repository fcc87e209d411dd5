#include "base/testing.h"

#include "base/bytes.h"
#include "base/own.h"

static void only_text_becomes_text(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        size_t limit;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"plain", BYTES("openssl"), 10, ERROR_NONE, ""},
        {"empty", BYTES(""), 0, ERROR_NONE, ""},
        {"umlaut, euro, emoji", BYTES("\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"), 10, ERROR_NONE, ""},
        {"too long", BYTES("openssl"), 6, ERROR_LIMIT, "7 bytes, more than 6"},
        {"bell", BYTES("a\x07"), 9, ERROR_INPUT, "byte 0x07 at 1 is not text"},
        {"NUL", BYTES("a\0b"), 9, ERROR_INPUT, "byte 0x00 at 1 is not text"},
        {"newline", BYTES("a\nb"), 9, ERROR_INPUT, "byte 0x0a at 1 is not text"},
        {"delete", BYTES("\x7f"), 9, ERROR_INPUT, "byte 0x7f at 0 is not text"},
        {"C1 control", BYTES("\xc2\x9b"), 9, ERROR_INPUT, "byte 0xc2 at 0 is not text"},
        {"lone continuation", BYTES("a\x80"), 9, ERROR_INPUT, "byte 0x80 at 1 is not text"},
        {"overlong slash", BYTES("\xc0\xaf"), 9, ERROR_INPUT, "byte 0xc0 at 0 is not text"},
        {"overlong in three", BYTES("\xe0\x80\xaf"), 9, ERROR_INPUT, "byte 0xe0 at 0 is not text"},
        {"overlong in four", BYTES("\xf0\x8f\xbf\xbf"), 9, ERROR_INPUT, "byte 0xf0 at 0 is not text"},
        {"surrogate", BYTES("\xed\xa0\x80"), 9, ERROR_INPUT, "byte 0xed at 0 is not text"},
        {"past U+10FFFF", BYTES("\xf4\x90\x80\x80"), 9, ERROR_INPUT, "byte 0xf4 at 0 is not text"},
        {"cut short", BYTES("ab\xe2\x82"), 9, ERROR_INPUT, "byte 0xe2 at 2 is not text"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text got = TEXT("untouched");
        struct error err = {0};
        bool done = text_from_bytes(rows[i].raw, rows[i].limit, &got, &err);
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
        assert_int_equal(done, rows[i].kind == ERROR_NONE);
        if (!done)
            assert_text(rows[i].name, got, "untouched");
        else
            assert_int_equal(got.size, rows[i].raw.size);
    }
}

static void lines_may_hold_newlines(void **state)
{
    struct text got;
    struct error err;
    (void)state;

    assert_true(text_from_lines(BYTES("a\n\tb"), 9, &got, &err));
    assert_false(text_from_lines(BYTES("a\rb"), 9, &got, &err));
    assert_failed("return", &err, ERROR_INPUT, "byte 0x0d at 1 is not text");
}

static void texts_are_cut(void **state)
{
    struct text rest = TEXT("a,,b,"), item;
    const char *const expected[] = {"a", "", "b"};
    size_t count = 0;
    (void)state;

    while (text_cut(&rest, ',', &item))
        assert_text("cut", item, expected[count++]);
    assert_int_equal(count, 3);
    rest = TEXT("  deb\thttp://a \n x ");
    const char *const words[] = {"deb", "http://a", "x"};
    for (count = 0; text_cut_word(&rest, &item); count++)
        assert_text("word", item, words[count]);
    assert_int_equal(count, 3);
    assert_text("part past the end", text_part(TEXT("abc"), 5, 2), "");
    assert_text("part", text_part(TEXT("abc"), 1, SIZE_MAX), "bc");
    assert_text("part of nothing", text_part((struct text){0}, 0, 1), "");
    assert_text("trim", text_trim(TEXT(" \t a b ")), "a b");
    assert_int_equal(text_find(TEXT("abcabd"), TEXT("abd")), 3);
    assert_int_equal(text_find(TEXT(""), TEXT("a")), SIZE_MAX);
    assert_true(text_starts(TEXT("abc"), TEXT("ab")) && !text_starts(TEXT("a"), TEXT("ab")));
    assert_true(text_ends(TEXT("abc"), TEXT("bc")) && !text_ends(TEXT("c"), TEXT("bc")));
    assert_true(text_equal_caseless(TEXT("Package"), TEXT("pACKAGE")));
    assert_true(text_compare(TEXT("a"), TEXT("ab")) < 0 && text_compare(TEXT("b"), TEXT("ab")) > 0);
    assert_true(text_compare(TEXT("a\xff"), TEXT("ab")) > 0);
}

static void numbers_are_whole_and_fit(void **state)
{
    static const struct {
        const char *given;
        enum error_kind kind;
        uint64_t value;
        const char *text;
    } rows[] = {
        {"0", ERROR_NONE, 0, ""},
        {"18446744073709551615", ERROR_NONE, UINT64_MAX, ""},
        {"18446744073709551616", ERROR_LIMIT, 0, "18446744073709551616 is too large a number"},
        {"", ERROR_INPUT, 0, "nothing where a number is due"},
        {"-1", ERROR_INPUT, 0, "\"-1\" is not a number"},
        {"1 ", ERROR_INPUT, 0, "\"1 \" is not a number"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t value = 0;
        struct error err = {0};
        (void)!text_to_u64(text_of(rows[i].given), &value, &err);
        assert_failed(rows[i].given, &err, rows[i].kind, rows[i].text);
        assert_true(value == rows[i].value);
    }
}

static void hexadecimal_is_exact(void **state)
{
    uint8_t out[2] = {0};
    struct error err;
    (void)state;

    assert_true(text_to_hex(TEXT("aBc0"), out, 2, &err));
    assert_int_equal(out[0] << 8 | out[1], 0xabc0);
    assert_false(text_to_hex(TEXT("abc"), out, 2, &err));
    assert_failed("odd", &err, ERROR_INPUT, "3 hexadecimal digits where 4 are due");
    assert_false(text_to_hex(TEXT("abcg"), out, 2, &err));
    assert_failed("letter", &err, ERROR_INPUT, "\"abcg\" is not hexadecimal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_text_becomes_text), cmocka_unit_test(lines_may_hold_newlines),
        cmocka_unit_test(texts_are_cut),          cmocka_unit_test(numbers_are_whole_and_fit),
        cmocka_unit_test(hexadecimal_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
