#include "base/testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/own.h"

static int make_folder(void **state)
{
    char *path = malloc(64);

    test_folder(path);
    *state = path;
    return 0;
}

static int remove_folder(void **state)
{
    struct error err;
    bool removed = file_remove_tree(*state, &err);

    free(*state);
    return !removed;
}

static void a_file_is_replaced_whole(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    char *path = file_path(&arena, *state, "policy.yaml");
    struct bytes got;
    struct file_names names;
    struct error err;

    assert_done("first", file_replace(path, BYTES("old"), 0600, &err), &err);
    OWN(own_fd) int reading = open(path, O_RDONLY);
    assert_done("second", file_replace(path, BYTES("newer"), 0640, &err), &err);
    assert_done("read", file_read(path, 10, &arena, &got, &err), &err);
    assert_int_equal(got.size, 5);
    assert_memory_equal(got.at, "newer", 6); /* a zero byte stands behind */
    char buffer[10];
    assert_int_equal(read(reading, buffer, sizeof(buffer)),
                     3); /* who had it open reads the old one to its end */
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0640);
    assert_done("list", file_list(*state, 10, &arena, &names, &err), &err);
    assert_int_equal(names.count, 1); /* nothing is left beside it */
}

static void what_is_there_is_never_created_over(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    char *path = file_path(&arena, *state, "1.json");
    struct bytes got;
    struct file_names names;
    struct error err;
    char expected[200];

    assert_done("first", file_create(path, BYTES("old"), 0600, &err), &err);
    assert_false(file_create(path, BYTES("newer"), 0600, &err));
    (void)snprintf(expected, sizeof(expected), "%s: is there already", path);
    assert_failed("second", &err, ERROR_CONFLICT, expected);
    assert_done("read", file_read(path, 10, &arena, &got, &err), &err);
    assert_memory_equal(got.at, "old", 4);
    assert_done("list", file_list(*state, 10, &arena, &names, &err), &err);
    assert_int_equal(names.count, 1); /* nothing is left beside it */
}

static void what_cannot_be_read_is_said(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct bytes got = BYTES("untouched");
    struct file_map map;
    struct error err;
    char expected[200];
    char *path = file_path(&arena, *state, "pipe");

    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(file_read(path, 10, &arena, &got, &err)); /* must not wait for a writer */
    (void)snprintf(expected, sizeof(expected), "%s: is not a file", path);
    assert_failed("pipe", &err, ERROR_INPUT, expected);
    assert_false(file_read(*state, 10, &arena, &got, &err));
    (void)snprintf(expected, sizeof(expected), "%s: is not a file", (char *)*state);
    assert_failed("folder", &err, ERROR_INPUT, expected);
    path = file_path(&arena, *state, "long");
    assert_done("make", file_replace(path, BYTES("12345"), 0600, &err), &err);
    assert_false(file_read(path, 4, &arena, &got, &err));
    (void)snprintf(expected, sizeof(expected), "%s: 5 bytes, more than 4", path);
    assert_failed("long", &err, ERROR_LIMIT, expected);
    assert_false(file_map(path, 4, &map, &err));
    assert_failed("long map", &err, ERROR_LIMIT, expected);
    assert_false(file_read_stream(path, 4, &arena, &got, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_false(file_read("/proc/self/status", 4096, &arena, &got, &err)); /* says that it has 0 bytes */
    assert_failed("proc", &err, ERROR_CONFLICT, "/proc/self/status: changed while it was read");
    assert_false(file_read("/nothing/here", 4, &arena, &got, &err));
    assert_failed("absent", &err, ERROR_ABSENT, "/nothing/here: No such file or directory");
    assert_int_equal(got.size, 9);
}

static void a_map_is_the_file(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    OWN(file_unmap) struct file_map map = {0};
    OWN(file_unmap) struct file_map empty = {0};
    struct file_identity identity;
    struct error err;
    char *path = file_path(&arena, *state, "index");

    assert_done("make", file_replace_cache(path, BYTES("12345"), 0600, &err), &err);
    assert_done("map", file_map(path, 10, &map, &err), &err);
    assert_memory_equal(map.bytes.at, "12345", 5);
    assert_done("identify", file_identify(path, &identity, &err), &err);
    assert_true(file_identity_equal(&identity, &map.identity));
    assert_done("same bytes again", file_replace_cache(path, BYTES("12345"), 0600, &err), &err);
    assert_done("identify", file_identify(path, &identity, &err), &err);
    assert_false(file_identity_equal(&identity, &map.identity)); /* equal content is another file */
    path = file_path(&arena, *state, "empty");
    assert_done("make", file_replace_cache(path, BYTES(""), 0600, &err), &err);
    assert_done("map", file_map(path, 10, &empty, &err), &err);
    assert_int_equal(empty.bytes.size, 0);
}

static void only_ones_own_memory_is_believed(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    OWN(file_unmap) struct file_map map = {0};
    struct error err;
    char *path = file_path(&arena, *state, "memory"), expected[256];

    assert_done("make", file_replace_cache(path, BYTES("12345"), 0600, &err), &err);
    assert_done("map", file_map_own(path, 10, &map, &err), &err);
    assert_memory_equal(map.bytes.at, "12345", 5);
    (void)snprintf(expected, sizeof(expected), "%s: belongs to another user, or others may write it", path);
    static const mode_t modes[] = {0620, 0602, 0666};
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct file_map refused;
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_false(file_map_own(path, 10, &refused, &err));
        assert_failed("writable by others", &err, ERROR_TRUST, expected);
    }
    if (geteuid() != 0) /* only root can give a file away */
        return;
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chown(path, 65534, (gid_t)-1), 0);
    struct file_map refused;
    assert_false(file_map_own(path, 10, &refused, &err));
    assert_failed("another's", &err, ERROR_TRUST, expected);
}

/* A link goes, what it leads to stays; a folder is none of its business. */
static void a_file_is_removed(void **state)
{
    char path[200], link_path[200];
    struct error err;

    (void)snprintf(path, sizeof(path), "%s/file", (const char *)*state);
    (void)snprintf(link_path, sizeof(link_path), "%s/link", (const char *)*state);
    assert_done("file", file_replace(path, BYTES("x"), 0600, &err), &err);
    assert_int_equal(symlink(path, link_path), 0);
    assert_done("link", file_remove(link_path, &err), &err);
    assert_true(file_exists(path));
    assert_done("file", file_remove(path, &err), &err);
    assert_false(file_exists(path));
    assert_done("nothing there", file_remove(path, &err), &err);
    assert_false(file_remove(*state, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
}

static void trees_are_made_and_removed(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    char *deep = file_path(&arena, *state, "a/b/c"), *top = file_path(&arena, *state, "a");
    char *outside = file_path(&arena, *state, "outside"), *link = file_path(&arena, *state, "a/b/link");
    struct error err;

    assert_done("make", file_make_folders(deep, 0700, &err), &err);
    assert_done("again", file_make_folders(deep, 0700, &err), &err);
    assert_done("file", file_replace(outside, BYTES("kept"), 0600, &err), &err);
    assert_int_equal(symlink(*state, link), 0);
    assert_done("remove", file_remove_tree(top, &err), &err);
    assert_false(file_exists(top));
    assert_true(file_exists(outside)); /* the link was removed, not followed */
    assert_done("nothing there", file_remove_tree(top, &err), &err);
    assert_false(file_make_folders(outside, 0700, &err)); /* a file is in the way */
}

static void folders_are_listed_sorted_and_bounded(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct file_names names = {0};
    struct error err;
    const char *const made[] = {"b", "a", "c"};

    for (size_t i = 0; i < COUNT_OF(made); i++)
        assert_true(file_replace_cache(file_path(&arena, *state, made[i]), BYTES(""), 0600, &err));
    assert_done("list", file_list(*state, 3, &arena, &names, &err), &err);
    assert_int_equal(names.count, 3);
    assert_text("sorted", names.names[0], "a");
    assert_text("sorted", names.names[2], "c");
    assert_false(file_list(*state, 2, &arena, &names, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
}

static void a_lock_is_held_by_one(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    char *path = file_path(&arena, *state, "lock");
    OWN(own_fd) int lock = -1;
    struct error err;
    char expected[200];
    int second = -1;

    assert_done("first", file_lock(path, &lock, &err), &err);
    assert_false(file_lock(path, &second, &err));
    (void)snprintf(expected, sizeof(expected), "%s: held by process %d", path, (int)getpid());
    assert_failed("second", &err, ERROR_CONFLICT, expected);
    own_fd(&lock);
    assert_done("free again", file_lock(path, &second, &err), &err);
    own_fd(&second);
}

static void digests_are_right(void **state)
{
    struct digest whole, pieces;
    struct digester digester = {0};
    struct error err;
    char hex[DIGEST_HEX_MAX + 1];
    (void)state;

    /* FIPS 180-2, appendix B.1 and C.1 */
    assert_done("SHA-256", digest_bytes(DIGEST_SHA256, BYTES("abc"), &whole, &err), &err);
    digest_hex(&whole, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_done("open", digester_open(DIGEST_SHA256, &digester, &err), &err);
    assert_true(digester_add(&digester, BYTES("a"), &err) && digester_add(&digester, BYTES("bc"), &err));
    digester_close(&digester, &pieces);
    digester_end(&digester);
    assert_true(digest_equal(&whole, &pieces));
    pieces.kind = DIGEST_SHA512; /* the same bytes under another name */
    assert_false(digest_equal(&whole, &pieces) || digest_equal(&pieces, &whole));
    assert_done("SHA-512", digest_bytes(DIGEST_SHA512, BYTES("abc"), &whole, &err), &err);
    digest_hex(&whole, hex);
    assert_memory_equal(hex, "ddaf35a193617abacc417349ae204131", 32);
    assert_false(digest_equal(&whole, &pieces));
    assert_true(digest_parse(DIGEST_SHA512, text_of(hex), &pieces, &err) && digest_equal(&whole, &pieces));
    assert_false(digest_parse(DIGEST_SHA256, text_of(hex), &pieces, &err));
}

static void a_link_is_read_and_not_followed(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    char *link = file_path(&arena, *state, "link"), *odd = file_path(&arena, *state, "odd");
    struct text target;
    struct error err;
    char expected[200];

    assert_false(file_link(link, &arena, &target, &err));
    assert_int_equal(err.kind, ERROR_ABSENT);
    assert_int_equal(symlink("/nowhere/at all", link), 0);
    assert_done("link", file_link(link, &arena, &target, &err), &err);
    assert_text("link", target, "/nowhere/at all");
    assert_int_equal(symlink("a\nb", odd), 0);
    assert_false(file_link(odd, &arena, &target, &err));
    (void)snprintf(expected, sizeof(expected), "%s: byte 0x0a at 1 is not text", odd);
    assert_failed("odd", &err, ERROR_INPUT, expected);
    assert_false(file_link(*state, &arena, &target, &err));
    (void)snprintf(expected, sizeof(expected), "%s: is not a link", (const char *)*state);
    assert_failed("folder", &err, ERROR_INPUT, expected);
}

int main(void)
{
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_file_is_replaced_whole),
        IN_A_FOLDER(what_is_there_is_never_created_over),
        IN_A_FOLDER(what_cannot_be_read_is_said),
        IN_A_FOLDER(a_map_is_the_file),
        IN_A_FOLDER(only_ones_own_memory_is_believed),
        IN_A_FOLDER(a_file_is_removed),
        IN_A_FOLDER(trees_are_made_and_removed),
        IN_A_FOLDER(a_link_is_read_and_not_followed),
        IN_A_FOLDER(a_lock_is_held_by_one),
        IN_A_FOLDER(folders_are_listed_sorted_and_bounded),
        cmocka_unit_test(digests_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
