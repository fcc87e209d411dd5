#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/generation_bundle.h"

static void write_file(const char *folder, const char *name, const char *content)
{
    char path[160];
    struct error err;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_done(name, file_replace(path, bytes_of_text(text_of(content)), 0600, &err), &err);
}

static void expect_file(const char *folder, const char *name, const char *content, struct arena *arena)
{
    char path[160];
    struct bytes raw;
    struct error err;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_done(name, file_read(path, KIB, arena, &raw, &err), &err);
    assert_true(raw.size == strlen(content) && memcmp(raw.at, content, raw.size) == 0);
}

/* What one state folder has in use is what another has afterwards. */
static void test_from_one_to_another(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    OWN(state_change_end) struct state_change first = {.lock = -1};
    OWN(state_change_end) struct state_change second = {.lock = -1};
    char server[64], machine[64], bundle[96];
    struct state from, to;
    struct generation generation;
    struct error err;

    (void)state;
    test_folder(server);
    test_folder(machine);
    (void)snprintf(bundle, sizeof(bundle), "%s/bundle", server);
    assert_done("from", state_open(server, STATE_WRITE, &from, &err), &err);
    assert_done("to", state_open(machine, STATE_WRITE, &to, &err), &err);
    assert_done("begin", state_change_begin(&from, &arena, &first, &err), &err);
    write_file(first.next.folder, "manifest", "documents");
    write_file(first.next.folder, "facts", "known");
    write_file(first.next.folder, "index/debian-12.index", "twelve");
    write_file(first.next.folder, "index/ubuntu-22.04.index", "");
    write_file(first.next.folder, "feeds/kev", "stays");
    assert_done("commit", state_change_commit(&first, &err), &err);
    assert_done("write", generation_bundle_write(&from, bundle, &err), &err);
    assert_done("begin", state_change_begin(&to, &arena, &second, &err), &err);
    assert_done("read", generation_bundle_read(bundle, &second, &err), &err);
    assert_done("commit", state_change_commit(&second, &err), &err);
    assert_done("current", state_current(&to, &arena, &generation, &err), &err);
    expect_file(generation.folder, "manifest", "documents", &arena);
    expect_file(generation.folder, "facts", "known", &arena);
    expect_file(generation.folder, "index/debian-12.index", "twelve", &arena);
    expect_file(generation.folder, "index/ubuntu-22.04.index", "", &arena);
    char *feed = file_path(&arena, generation.folder, "feeds/kev");
    assert_false(file_exists(feed));
    assert_done("remove", file_remove_tree(server, &err), &err);
    assert_done("remove", file_remove_tree(machine, &err), &err);
}

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        const char *text;
    } rows[] = {
        {"empty", BYTES(""), "bundle: does not begin with SGB1"},
        {"none", BYTES("SGB1\0\0"), "bundle: 0 files, not 1 to 64"},
        {"many", BYTES("SGB1\x41\0"), "bundle: 65 files, not 1 to 64"},
        {"up",
         BYTES("SGB1\x01\0\x0b"
               "../manifest\0\0\0\0\0\0\0\0"),
         "bundle: file 0: \"../manifest\" is no file of a generation"},
        {"inside",
         BYTES("SGB1\x01\0\x10"
               "index/../a.index\0\0\0\0\0\0\0\0"),
         "bundle: file 0: \"index/../a.index\" is no file of a generation"},
        {"feed",
         BYTES("SGB1\x01\0\x09"
               "feeds/kev\0\0\0\0\0\0\0\0"),
         "bundle: file 0: \"feeds/kev\" is no file of a generation"},
        {"twice",
         BYTES("SGB1\x02\0\x05"
               "facts\0\0\0\0\0\0\0\0\x05"
               "facts\0\0\0\0\0\0\0\0"),
         "bundle: file 1: \"facts\" does not come behind the one before"},
        {"short",
         BYTES("SGB1\x01\0\x05"
               "facts\x02\0\0\0\0\0\0\0x"),
         "bundle: its files are not as long as it says"},
        {"long",
         BYTES("SGB1\x01\0\x05"
               "facts\x01\0\0\0\0\0\0\0xy"),
         "bundle: its files are not as long as it says"},
    };
    static struct generation_bundle bundle;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(generation_bundle_parse(rows[i].raw, &bundle, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_from_one_to_another),
                                       cmocka_unit_test(test_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
