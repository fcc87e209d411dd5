#include "base/testing.h"

#include "base/own.h"
#include "manager/apt_list.h"

#define ENTRY "Package: bash\nArchitecture: amd64\nVersion: 5.2-2+b1\nSource: bash (5.2-2)\nSize: 1489\n"

static void lists_are_parsed(void **state)
{
    static const struct {
        const char *name, *raw;
        enum error_kind kind;
        const char *text;
        uint32_t count;
        size_t left; /* bytes of a paragraph that is not whole yet */
    } rows[] = {
        {"empty", "", ERROR_NONE, "", 0, 0},
        {"one", ENTRY "\n", ERROR_NONE, "", 1, 0},
        {"two", ENTRY "\n" ENTRY "\n", ERROR_NONE, "", 2, 0},
        {"one and a half", ENTRY "\nPackage: x", ERROR_NONE, "", 1, 10},
        {"phased", ENTRY "Phased-Update-Percentage: 0\n\n", ERROR_NONE, "", 1, 0},
        {"no size", "Package: a\nArchitecture: all\nVersion: 1\n\n", ERROR_NONE, "", 1, 0},
        {"no version", "Package: a\nArchitecture: all\n\n", ERROR_INPUT,
         "package 1: Package, Version or Architecture is missing", 0, 0},
        {"no architecture", ENTRY "\nPackage: a\nVersion: 1\n\n", ERROR_INPUT,
         "package 2: Package, Version or Architecture is missing", 0, 0},
        {"size is no number", "Package: a\nArchitecture: all\nVersion: 1\nSize: 1k\n\n", ERROR_INPUT,
         "package 1: Size: \"1k\" is not a number", 0, 0},
        {"phased too far", "Package: a\nArchitecture: all\nVersion: 1\nPhased-Update-Percentage: 101\n\n",
         ERROR_INPUT, "package 1: Phased-Update-Percentage is more than 100", 0, 0},
        {"control byte", "Package: a\x1b\nArchitecture: all\nVersion: 1\n\n", ERROR_INPUT,
         "package 1: Package: byte 0x1b at 1 is not text", 0, 0},
        {"no field", "nonsense\n\n", ERROR_INPUT,
         "line 1: \"nonsense\" is neither a field nor the continuation of one", 0, 0},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(TEXT("amd64"));
        struct error err = {0};
        size_t taken = 0;
        bool done = apt_list_add(bytes_of_text(text_of(rows[i].raw)), &builder, &taken, &err);
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
        assert_int_equal(done, rows[i].kind == ERROR_NONE);
        if (!done)
            continue;
        assert_int_equal(builder.count, rows[i].count);
        assert_int_equal(strlen(rows[i].raw) - taken, rows[i].left);
    }
}

/* A list of `count` packages that ends in `end`, in a file of the folder. */
static struct bytes make_list(struct arena *arena, const char *folder, unsigned count, const char *end)
{
    OWN(writer_end) struct writer w = writer_with(16 << 20);
    struct text copy;
    struct bytes all;
    struct error err;

    for (unsigned i = 0; i < count; i++)
        writer_format(&w, "%sPackage: p%u\nArchitecture: amd64\nVersion: 1\nDescription: %0*u\n",
                      i > 0 ? "\n" : "", i, (int)(i % 300), 0);
    writer_string(&w, end);
    assert_done("list", writer_done(&w, &all, &err), &err);
    assert_done("write", file_replace_cache(file_path(arena, folder, "list"), all, 0600, &err), &err);
    copy = text_copy(arena, (struct text){(const char *)all.at, all.size});
    return bytes_of_text(copy);
}

static bool read(struct arena *arena, const char *folder, struct inrelease_file file, uint32_t *count,
                 struct error *err)
{
    OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(TEXT("amd64"));
    struct inrelease inrelease = {.files = &file, .file_count = 1};
    struct apt_list_request request = {file_path(arena, folder, "list"), TEXT("main/Packages"), &inrelease};
    struct file_identity identity;

    bool done = apt_list_read(&request, &builder, &identity, err);
    *count = builder.count;
    return done;
}

static void only_the_list_that_is_meant_is_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 << 20);
    struct inrelease_file file = {.name = TEXT("main/Packages")};
    char folder[64], expected[256];
    struct error err;
    uint32_t count;
    (void)state;

    test_folder(folder);
    struct bytes list = make_list(&arena, folder, 5000, "");
    file.size = list.size;
    assert_done("digest", digest_bytes(DIGEST_SHA256, list, &file.digest, &err), &err);
    assert_done("good", read(&arena, folder, file, &count, &err), &err);
    assert_int_equal(count, 5000); /* the last has no empty line behind it */

    struct inrelease_file other = file;
    other.digest.at[31] ^= 1;
    assert_false(read(&arena, folder, other, &count, &err));
    (void)snprintf(expected, sizeof(expected),
                   "%s/list: its hash is not the one that the InRelease lists (run apt update)", folder);
    assert_failed("hash", &err, ERROR_TRUST, expected);
    other = file;
    other.size++;
    assert_false(read(&arena, folder, other, &count, &err));
    (void)snprintf(expected, sizeof(expected),
                   "%s/list: its size is not the one that the InRelease lists (run apt update)", folder);
    assert_failed("longer", &err, ERROR_TRUST, expected);
    other = file;
    other.size--;
    assert_false(read(&arena, folder, other, &count, &err));
    assert_int_equal(err.kind, ERROR_LIMIT); /* unpacking stops at the size that was signed */
    other = file;
    other.name = TEXT("contrib/Packages");
    assert_false(read(&arena, folder, other, &count, &err));
    (void)snprintf(expected, sizeof(expected), "%s/list: the InRelease does not list it", folder);
    assert_failed("not listed", &err, ERROR_TRUST, expected);
    other = file;
    other.size = (uint64_t)1 << 40;
    assert_false(read(&arena, folder, other, &count, &err));
    (void)snprintf(expected, sizeof(expected), "%s/list: 1099511627776 bytes, more than 536870912", folder);
    assert_failed("huge", &err, ERROR_LIMIT, expected);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

/* Paragraphs around the buffer's size, and ends of every kind. */
static void no_paragraph_is_lost(void **state)
{
    static const char *const ends[] = {"", "\n", "\n\n", "\n\n\n"};
    OWN(arena_end) struct arena arena = arena_with(256 << 20);
    struct inrelease_file file = {.name = TEXT("main/Packages")};
    char folder[64];
    struct error err;
    uint32_t count;
    (void)state;

    test_folder(folder);
    for (unsigned i = 0; i < 40; i++) {
        struct bytes list = make_list(&arena, folder, 600 + i, ends[i % 4]);
        file.size = list.size;
        assert_done("digest", digest_bytes(DIGEST_SHA256, list, &file.digest, &err), &err);
        assert_done("read", read(&arena, folder, file, &count, &err), &err);
        assert_int_equal(count, 600 + i);
    }
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_parsed),
        cmocka_unit_test(only_the_list_that_is_meant_is_read),
        cmocka_unit_test(no_paragraph_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
