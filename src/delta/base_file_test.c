#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"
#include "base/testing.h"
#include "delta/base_file.h"
#include "delta/tree.h"

static struct error err;

static void put_file(const char *folder, const char *name, const char *content, mode_t mode)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_done(name,
                file_replace(path, (struct bytes){(const uint8_t *)content, strlen(content)}, mode, &err),
                &err);
}

static void put_folder(const char *folder, const char *name, mode_t mode)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(mkdir(path, mode), 0);
}

/* bin/x, bin/y -> x, bin-a (which byte order puts before bin/x), empty */
static void make_sample(char folder[64])
{
    char link[256];

    test_folder(folder);
    put_folder(folder, "bin", 0750);
    put_file(folder, "bin/x", "hello", 0755);
    put_file(folder, "bin-a", "other", 0640);
    put_file(folder, "empty", "", 0644);
    (void)snprintf(link, sizeof(link), "%s/bin/y", folder);
    assert_int_equal(symlink("x", link), 0);
}

static const char sample_text[] = "d700 /\0d750 /bin\0f640 /bin-a\0f755 /bin/x\0l /bin/y\0x\0f644 /empty";

static void a_tree_is_a_text_and_back(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 << 20);
    OWN(writer_end) struct writer w = writer_with(4096), again = writer_with(4096);
    struct tree tree, parsed;
    char folder[64];

    (void)state;
    make_sample(folder);
    assert_done("walk", tree_walk(folder, &arena, &tree, &err), &err);
    tree_write(&tree, &w);
    assert_int_equal(w.size, sizeof(sample_text));
    assert_memory_equal(w.at, sample_text, sizeof(sample_text));
    assert_done("parse", tree_parse(writer_bytes(&w), &arena, &parsed, &err), &err);
    tree_write(&parsed, &again);
    assert_int_equal(again.size, w.size);
    assert_memory_equal(again.at, w.at, w.size);
    for (size_t i = 1; i < w.size; i++) /* every prefix that is no list of whole entries */
        if (tree_parse((struct bytes){w.at, i}, &arena, &parsed, &err))
            assert_int_equal(w.at[i - 1], 0);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

static void a_broken_tree_is_refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        const char *text;
    } rows[] = {
        {"nothing", {0}, "folder: has no entries"},
        {"no root", BYTES("f644 /a\0"), "folder: byte 0: no entry, or one that may not stand there"},
        {"letter", BYTES("d755 /\0x644 /a\0"), "folder: byte 7: no entry, or one that may not stand there"},
        {"mode", BYTES("d755 /\0f0644 /a\0"), "folder: byte 7: no entry, or one that may not stand there"},
        {"no mode", BYTES("d755 /\0f /a\0"), "folder: byte 7: no entry, or one that may not stand there"},
        {"up", BYTES("d755 /\0f644 /../a\0"), "folder: byte 7: no entry, or one that may not stand there"},
        {"dot", BYTES("d755 /\0f644 /.\0"), "folder: byte 7: no entry, or one that may not stand there"},
        {"double slash", BYTES("d755 /\0f644 //a\0"),
         "folder: byte 7: no entry, or one that may not stand there"},
        {"relative", BYTES("d755 /\0f644 a\0"), "folder: byte 7: no entry, or one that may not stand there"},
        {"twice", BYTES("d755 /\0f644 /a\0f644 /a\0"),
         "folder: byte 15: no entry, or one that may not stand there"},
        {"order", BYTES("d755 /\0f644 /b\0f644 /a\0"),
         "folder: byte 15: no entry, or one that may not stand there"},
        {"below nothing", BYTES("d755 /\0f644 /a/b\0"),
         "folder: byte 7: no entry, or one that may not stand there"},
        {"below a link", BYTES("d755 /\0l /a\0/etc\0f644 /a/b\0"),
         "folder: byte 17: no entry, or one that may not stand there"},
        {"no target", BYTES("d755 /\0l /a\0"), "folder: byte 7: no entry, or one that may not stand there"},
        {"cut", BYTES("d755 /\0f644 /a"), "folder: byte 7: no entry, or one that may not stand there"},
    };
    struct tree tree;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        assert_false(tree_parse(rows[i].raw, &arena, &tree, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
}

/* The stream of the sample: its text and its files, each with its size. */
static void write_stream(struct writer *w)
{
    static const char *const files[] = {"other", "hello", ""};

    writer_varint(w, sizeof(sample_text));
    writer_put(w, (struct bytes){(const uint8_t *)sample_text, sizeof(sample_text)});
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        writer_varint(w, strlen(files[i]));
        writer_string(w, files[i]);
    }
}

static bool make(const char *folder, struct bytes stream, size_t piece)
{
    OWN(arena_end) struct arena arena = arena_with(16 << 20);
    OWN(tree_maker_end) struct tree_maker *maker = NULL;

    if (!tree_maker_open(folder, &arena, &maker, &err))
        return false;
    for (size_t at = 0; at < stream.size; at += piece) {
        size_t size = stream.size - at < piece ? stream.size - at : piece;
        if (!tree_maker_put(maker, (struct bytes){stream.at + at, size}, &err))
            return false;
    }
    return tree_maker_close(maker, &err);
}

static void a_stream_makes_a_folder(void **state)
{
    static const size_t pieces[] = {1, 3, 4096};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        OWN(arena_end) struct arena arena = arena_with(16 << 20);
        OWN(writer_end) struct writer w = writer_with(4096), made = writer_with(4096);
        struct bytes content;
        struct tree tree;
        char folder[64], path[128];
        test_folder(folder);
        write_stream(&w);
        assert_done("make", make(folder, writer_bytes(&w), pieces[i]), &err);
        assert_done("walk", tree_walk(folder, &arena, &tree, &err), &err);
        tree_write(&tree, &made);
        assert_int_equal(made.size, sizeof(sample_text));
        assert_memory_equal(made.at, sample_text, sizeof(sample_text));
        (void)snprintf(path, sizeof(path), "%s/bin/x", folder);
        assert_done("read", file_read(path, 100, &arena, &content, &err), &err);
        assert_int_equal(content.size, 5);
        assert_memory_equal(content.at, "hello", 5);
        assert_done("remove", file_remove_tree(folder, &err), &err);
    }
}

static void a_broken_stream_makes_none(void **state)
{
    OWN(writer_end) struct writer w = writer_with(4096);
    char folder[64];

    (void)state;
    write_stream(&w);
    for (size_t size = 0; size < w.size; size++) {
        test_folder(folder);
        assert_false(make(folder, (struct bytes){w.at, size}, 7));
        assert_failed("prefix", &err, ERROR_INPUT, "folder: ends before its end");
        assert_done("remove", file_remove_tree(folder, &err), &err);
    }
    writer_byte(&w, 0);
    test_folder(folder);
    assert_false(make(folder, writer_bytes(&w), 7));
    assert_failed("more", &err, ERROR_INPUT, "folder: bytes behind its end");
    assert_false(make(folder, BYTES("\0"), 7));
    assert_failed("no list", &err, ERROR_LIMIT, "folder: a list of 0 bytes");
    assert_false(make(folder, BYTES("\x80\0"), 7));
    assert_failed("long form", &err, ERROR_INPUT, "folder: a size that is no number");
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

static void a_folder_is_a_base(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 << 20);
    OWN(writer_end) struct writer w = writer_with(4096), small = writer_with(3);
    char folder[64], expected[128];
    struct base base;

    (void)state;
    make_sample(folder);
    assert_done("open", base_folder_open(folder, &arena, &base, &err), &err);
    assert_int_equal(base.part_count, 4);
    assert_int_equal(base.kind, BASE_KIND_FOLDER);
    assert_int_equal(base.parts[0].class, BASE_LIST);
    assert_text("second", base.parts[1].name, "/bin-a");
    assert_text("third", base.parts[2].name, "/bin/x");
    assert_done("list", base.read(base.self, 0, &w, &err), &err);
    assert_int_equal(w.size, sizeof(sample_text));
    writer_clear(&w);
    assert_done("file", base.read(base.self, 2, &w, &err), &err);
    assert_int_equal(w.size, 5);
    assert_memory_equal(w.at, "hello", 5);
    assert_false(base.read(base.self, 2, &small, &err));
    (void)snprintf(expected, sizeof(expected), "%s/bin/x: more than 3 bytes", folder);
    assert_failed("small", &err, ERROR_LIMIT, expected);
    put_file(folder, "bin/x", "HELLO", 0755);
    writer_clear(&w);
    assert_false(base.read(base.self, 2, &w, &err));
    (void)snprintf(expected, sizeof(expected), "%s/bin/x: has been changed meanwhile", folder);
    assert_failed("changed", &err, ERROR_CONFLICT, expected);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

static void a_file_is_a_base(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    OWN(writer_end) struct writer w = writer_with(4096);
    char folder[64], path[128];
    struct base base;

    (void)state;
    make_sample(folder);
    (void)snprintf(path, sizeof(path), "%s/bin/x", folder);
    assert_done("open", base_file_open(path, &arena, &base, &err), &err);
    assert_int_equal(base.part_count, 1);
    assert_done("read", base.read(base.self, 0, &w, &err), &err);
    assert_int_equal(w.size, 5);
    (void)snprintf(path, sizeof(path), "%s/bin", folder);
    assert_false(base_file_open(path, &arena, &base, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    (void)snprintf(path, sizeof(path), "%s/none", folder);
    assert_false(base_file_open(path, &arena, &base, &err));
    assert_int_equal(err.kind, ERROR_ABSENT);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_is_a_text_and_back), cmocka_unit_test(a_broken_tree_is_refused),
        cmocka_unit_test(a_stream_makes_a_folder),   cmocka_unit_test(a_broken_stream_makes_none),
        cmocka_unit_test(a_folder_is_a_base),        cmocka_unit_test(a_file_is_a_base),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
