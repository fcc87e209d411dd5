#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "format/deb822.h"

static const char *const names[] = {"Package", "Version", "Source", "Description", "Conffiles"};
static const struct deb822_fields fields = {names, COUNT_OF(names)};

static struct bytes golden(struct arena *arena, const char *name)
{
    struct bytes bytes;
    struct error err = {0};
    struct text path = text_format(arena, "%s/deb822/%s", getenv("SUTURE_GOLDEN"), name);

    assert_done(path.at, file_read(path.at, MIB, arena, &bytes, &err), &err);
    return bytes;
}

/* Reads on; fails the test when that fails. */
static bool next(struct deb822 *deb822, struct deb822_paragraph *out)
{
    struct error err = {0};
    bool found;

    assert_done("next", deb822_next(deb822, out, &found, &err), &err);
    return found;
}

static void assert_bytes(struct bytes got, const char *expected)
{
    if (expected == NULL)
        assert_null(got.at);
    else
        assert_text(expected, (struct text){(const char *)got.at, got.size}, expected);
}

static void a_status_is_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct bytes raw = golden(&arena, "status.deb822");
    struct deb822 list = deb822_with(raw, fields, false);
    struct deb822_paragraph got;
    (void)state;

    assert_true(next(&list, &got));
    assert_int_equal(got.line, 1);
    assert_ptr_equal(got.whole.at, raw.at);
    assert_bytes(got.values[0], "expat");
    assert_bytes(got.values[1], "2.5.0-1+deb12u1");
    assert_bytes(got.values[2], NULL);
    assert_bytes(got.values[3], "XML parsing C library\n This is an example of a description.\n .\n"
                                " Version: of a continuation line is no field.");
    assert_bytes(got.values[4], "\n /etc/expat.conf 0123456789abcdef0123456789abcdef\n"
                                " /etc/expat.d/old.conf 0123456789abcdef0123456789abcdef obsolete");
    assert_true(next(&list, &got));
    assert_int_equal(got.line, 18);
    assert_bytes(got.values[0], "hello");
    assert_bytes(got.values[2], "hello-src (1.0-1)");
    assert_bytes(got.values[4], NULL);
    assert_ptr_equal(got.whole.at + got.whole.size + 1, raw.at + raw.size);
    assert_false(next(&list, &got));
    assert_false(next(&list, &got));
}

static void comments_are_passed_over(void **state)
{
    static const char *const source_names[] = {"Types", "URIs", "Suites", "Components", "Signed-By"};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct deb822 list = deb822_with(golden(&arena, "mirror.sources"),
                                     (struct deb822_fields){source_names, COUNT_OF(source_names)}, true);
    struct deb822_paragraph got;
    (void)state;

    assert_true(next(&list, &got));
    assert_int_equal(got.line, 4);
    assert_bytes(got.values[1], "http://mirror.example/debian");
    assert_bytes(got.values[3], "main");
    assert_bytes(got.values[4], "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEXEcE6R\n"
                                " -----END PGP PUBLIC KEY BLOCK-----");
    assert_true(next(&list, &got));
    assert_int_equal(got.line, 16);
    assert_bytes(got.values[0], "deb");
    assert_bytes(got.values[1], "http://mirror.example/debian-security");
    assert_bytes(got.values[4], NULL);
    assert_false(next(&list, &got));
}

static void small_documents(void **state)
{
    static const struct {
        const char *raw;
        const char *package, *version;
        size_t count;
    } rows[] = {
        {"", NULL, NULL, 0},
        {"\n\n\n", NULL, NULL, 0},
        {"Package: a", "a", NULL, 1},
        {"Package:", "", NULL, 1},
        {"Package:\nVersion:2", "", "2", 1},
        {"PACKAGE: a\nvERSION:  \t2 \t\n", "a", "2", 1},
        {"X: 1\n\n\n\nPackage: a\n\n", "a", NULL, 2},
        {"Packages: no\nPackag: no\nVersion-X: no\n", NULL, NULL, 1},
        {"Package: a:b\n", "a:b", NULL, 1},
        {"X: 1\n y\nPackage: a\n\tb \n c\nVersion: 1\n", "a\n\tb \n c", "1", 1},
        {"Package: a\n \n  \nVersion: 1\n", "a\n \n", "1", 1},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct deb822 list = deb822_with(bytes_of_text(text_of(rows[i].raw)), fields, false);
        struct deb822_paragraph got, last = {0};
        size_t count = 0;
        for (; next(&list, &got); count++)
            last = got;
        assert_int_equal(count, rows[i].count);
        assert_bytes(last.values[0], rows[i].package);
        assert_bytes(last.values[1], rows[i].version);
    }
}

static bool read_all(struct deb822 *list, size_t *count, struct error *err)
{
    struct deb822_paragraph got;
    bool found = true;

    for (*count = 0; deb822_next(list, &got, &found, err); ++*count)
        if (!found)
            return true;
    return false;
}

/* Every file of bad/ fails with the words of the .error file beside it. */
static void broken_documents_are_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct file_names found;
    struct error err = {0};
    size_t count = 0, paragraphs;
    (void)state;

    struct text folder = text_format(&arena, "%s/deb822/bad", getenv("SUTURE_GOLDEN"));
    assert_done("bad", file_list(folder.at, 1000, &arena, &found, &err), &err);
    for (size_t i = 0; i < found.count; i++) {
        if (!text_ends(found.names[i], TEXT(".deb822")))
            continue;
        struct text stem = text_part(found.names[i], 0, found.names[i].size - strlen(".deb822"));
        struct bytes raw = golden(&arena, text_format(&arena, "bad/%.*s.deb822", TEXT_ARG(stem)).at);
        struct bytes expected = golden(&arena, text_format(&arena, "bad/%.*s.error", TEXT_ARG(stem)).at);
        struct deb822 list = deb822_with(raw, fields, false);
        if (read_all(&list, &paragraphs, &err))
            fail_msg("%s: was read", found.names[i].at);
        struct text said = text_format(&arena, "%s: %s\n", error_kind_name(err.kind), err.text);
        assert_text(found.names[i].at, said, (const char *)expected.at);
        count++;
    }
    assert_true(count >= 10);
}

static void a_paragraph_has_a_limit(void **state)
{
    OWN(writer_end) struct writer w = writer_with(2 * LIMIT_PARAGRAPH);
    struct error err = {0};
    size_t count;
    (void)state;

    writer_string(&w, "Package: a\n\nPackage: b\n");
    while (w.size < LIMIT_PARAGRAPH + 11)
        writer_string(&w, " x\n");
    struct deb822 list = deb822_with(writer_bytes(&w), fields, false);
    assert_true(read_all(&list, &count, &err));
    assert_int_equal(count, 2);
    writer_string(&w, " xxxxxx\n");
    list = deb822_with(writer_bytes(&w), fields, false);
    assert_false(read_all(&list, &count, &err));
    assert_failed("long", &err, ERROR_LIMIT, "line 3: a paragraph of more than 4194304 bytes");
}

static void whole_paragraphs_end_in_an_empty_line(void **state)
{
    static const struct {
        const char *raw;
        size_t whole;
    } rows[] = {
        {"", 0},         {"\n", 0},           {"A: 1\n", 0},           {"A: 1\n\n", 6},
        {"\n\n", 2},     {"A: 1\n\nB", 6},    {"A: 1\n\nB: 2\n", 6},   {"A: 1\n\nB: 2\n\n", 12},
        {"\nA: 1\n", 0}, {"A: 1\n\n\n\n", 8}, {"A: 1\n\n\nB: 2\n", 7},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(deb822_whole(bytes_of_text(text_of(rows[i].raw))), rows[i].whole);
}

/* Read in windows of every size, a document says the same as when it is read whole. */
static void windows_change_nothing(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct bytes raw = golden(&arena, "status.deb822");
    (void)state;

    for (size_t window = 1; window <= raw.size; window++) {
        struct deb822 whole = deb822_with(raw, fields, false);
        struct deb822 parts = deb822_with((struct bytes){raw.at, 0}, fields, false);
        struct deb822_paragraph expected, got;
        size_t done = 0, seen = 0;
        while (next(&whole, &expected)) {
            while (!next(&parts, &got)) {
                assert_true(done < raw.size);
                seen = seen + window < raw.size ? seen + window : raw.size;
                struct bytes held = {raw.at + done, seen - done};
                held.size = seen == raw.size ? held.size : deb822_whole(held);
                parts.left = held;
                done += held.size;
            }
            assert_int_equal(got.line, expected.line);
            assert_memory_equal(&got.whole, &expected.whole, sizeof(got.whole));
            assert_memory_equal(got.values, expected.values, fields.count * sizeof(struct bytes));
        }
    }
}

/* A real status has as many paragraphs as lines that begin with "Package:". */
static void a_real_status_is_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DPKG_STATUS);
    struct error err = {0};
    struct bytes raw;
    char path[512];
    (void)state;

    if (test_shared("endpoint-bookworm/status", path) == NULL)
        skip();
    assert_done(path, file_read(path, LIMIT_DPKG_STATUS, &arena, &raw, &err), &err);
    size_t expected = 0, count = 0;
    for (size_t at = 0; at + 9 < raw.size; at++)
        expected += (at == 0 || raw.at[at - 1] == '\n') && memcmp(raw.at + at, "Package: ", 9) == 0;
    struct deb822 list = deb822_with(raw, fields, false);
    struct deb822_paragraph got;
    for (; next(&list, &got); count++) {
        struct text version;
        assert_done(path, text_from_bytes(got.values[1], LIMIT_VERSION, &version, &err), &err);
        assert_true(got.values[0].size > 0 && version.size > 0);
    }
    assert_int_equal(count, expected);
    assert_true(count > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_read),        cmocka_unit_test(comments_are_passed_over),
        cmocka_unit_test(small_documents),         cmocka_unit_test(broken_documents_are_refused),
        cmocka_unit_test(a_paragraph_has_a_limit), cmocka_unit_test(whole_paragraphs_end_in_an_empty_line),
        cmocka_unit_test(windows_change_nothing),  cmocka_unit_test(a_real_status_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
