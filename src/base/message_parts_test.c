#include "base/testing.h"

#include "base/message_parts.h"
#include "base/own.h"

static void test_texts(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        size_t limit;
        bool lines, good;
    } rows[] = {
        {"a text", BYTES("\x03oak"), 3, false, true},
        {"an empty one", BYTES("\x00"), 3, false, true},
        {"too long", BYTES("\x04oaks"), 3, false, false},
        {"cut short", BYTES("\x03oa"), 3, false, false},
        {"no text", BYTES("\x01\x07"), 3, false, false},
        {"a line in a text", BYTES("\x02x\n"), 3, false, false},
        {"lines", BYTES("\x02x\n"), 3, true, true},
        {"lines that are none", BYTES("\x01\x07"), 3, true, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer w = writer_with(64);
        struct reader r = reader_with(rows[i].raw);
        struct text got =
            rows[i].lines ? message_take_lines(&r, rows[i].limit) : message_take_text(&r, rows[i].limit);
        struct error err = {0};
        if (message_whole(&r, "it", &err) != rows[i].good)
            fail_msg("%s: %s", rows[i].name, err.text);
        message_put_text(&w, got);
        if (rows[i].good && (w.size != rows[i].raw.size || memcmp(w.at, rows[i].raw.at, w.size) != 0))
            fail_msg("%s: written otherwise", rows[i].name);
    }
}

/* A count is held against what is left before anything is made for it. */
static void test_counts(void **state)
{
    static const struct {
        struct bytes raw;
        size_t count;
        const char *text;
    } rows[] = {
        {BYTES("\x02\x01\x01\x01\x01"), 2, "it: is broken at byte 1"}, /* the four bytes are not read */
        {BYTES("\x03\x01\x01\x01\x01"), 0, "it: is broken at byte"},
        {BYTES("\x09"), 0, "it: is broken at byte"},
        {BYTES(""), 0, "it: is broken at byte 0"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct reader r = reader_with(rows[i].raw);
        struct error err = {0};
        assert_int_equal(message_take_count(&r, 8, 2), rows[i].count);
        assert_false(message_whole(&r, "it", &err));
        if (strncmp(err.text, rows[i].text, strlen(rows[i].text)) != 0)
            fail_msg("row %zu: %s", i, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
