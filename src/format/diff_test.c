#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "format/diff.h"

static void test_rows(void **state)
{
    static const struct {
        const char *name, *before, *after, *expected;
    } rows[] = {
        {"equal", "a\nb\n", "a\nb\n", ""},
        {"both empty", "", "", ""},
        {"new", "", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
        {"gone", "a\n", "", "@@ -1,1 +0,0 @@\n-a\n"},
        {"one line", "a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
        {"at the end", "1\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n6\n", "@@ -3,3 +3,4 @@\n 3\n 4\n 5\n+6\n"},
        {"moved", "a\nb\nc\n", "b\nc\na\n", "@@ -1,3 +1,3 @@\n-a\n b\n c\n+a\n"},
        {"two hunks", "a\n1\n2\n3\n4\n5\n6\n7\n8\nb\n", "x\n1\n2\n3\n4\n5\n6\n7\n8\ny\n",
         "@@ -1,4 +1,4 @@\n-a\n+x\n 1\n 2\n 3\n@@ -7,4 +7,4 @@\n 6\n 7\n 8\n-b\n+y\n"},
        {"one hunk of two", "a\n1\n2\n3\nb\n", "x\n1\n2\n3\ny\n",
         "@@ -1,5 +1,5 @@\n-a\n+x\n 1\n 2\n 3\n-b\n+y\n"},
        {"escape sequences", "a\n", "\x1b[31mred\x07\n", "@@ -1,1 +1,1 @@\n-a\n+?[31mred?\n"},
        {"no newline at the end", "a", "a\nb", "@@ -1,1 +1,2 @@\n a\n+b\n"},
    };
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer w = writer_with(64 * KIB);
        assert_done(rows[i].name,
                    diff_write(bytes_of_text(text_of(rows[i].before)), bytes_of_text(text_of(rows[i].after)),
                               &w, &err),
                    &err);
        assert_text(rows[i].name, (struct text){(const char *)w.at, w.size}, rows[i].expected);
    }
}

/* Too long to be compared by pieces, and too long to be shown: still bounded, and said. */
static void test_bounded(void **state)
{
    OWN(writer_end) struct writer before = writer_with(MIB), after = writer_with(MIB), w = writer_with(MIB);
    struct error err = {0};

    (void)state;
    for (int i = 0; i < 5000; i++) {
        writer_format(&before, "old %d\n", i);
        writer_format(&after, "new %d\n", i);
    }
    assert_done("long", diff_write(writer_bytes(&before), writer_bytes(&after), &w, &err), &err);
    struct text shown = {(const char *)w.at, w.size};
    assert_true(text_starts(shown, TEXT("@@ -1,5000 +1,5000 @@\n-old 0\n")));
    assert_true(text_ends(shown, TEXT("(9800 more lines)\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_bounded)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
