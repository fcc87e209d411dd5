#include "base/testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/cache.h"
#include "base/file.h"
#include "base/limits.h"

struct place {
    char folder[64];
    char from[80];
    char below[80];
    struct arena arena;
    struct cache cache;
};

static int begin_test(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    struct error err = {0};

    test_folder(p->folder);
    (void)snprintf(p->from, sizeof(p->from), "%s/from", p->folder);
    (void)snprintf(p->below, sizeof(p->below), "%s/cache", p->folder);
    p->arena = arena_with(4 * MIB);
    assert_done("open", cache_open(p->below, CACHE_PACKAGES, &p->cache, &err), &err);
    *state = p;
    return 0;
}

static int end_test(void **state)
{
    struct place *p = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(p->folder, &err), &err);
    arena_end(&p->arena);
    free(p);
    return 0;
}

static struct cache_item item_of(const char *content)
{
    struct cache_item item = {.size = strlen(content)};
    struct error err = {0};

    assert_done("digest", digest_bytes(DIGEST_SHA256, bytes_of_text(text_of(content)), &item.digest, &err),
                &err);
    return item;
}

static void put(const char *path, const char *content)
{
    struct error err = {0};

    assert_done("write", file_replace_cache(path, bytes_of_text(text_of(content)), 0600, &err), &err);
}

static const char *take(struct place *p, const char *content)
{
    struct cache_item item = item_of(content);
    struct error err = {0};
    const char *path = NULL;

    put(p->from, content);
    assert_done("take", cache_take(&p->cache, &item, p->from, &p->arena, &path, &err), &err);
    return path;
}

static const char *find(struct place *p, const char *content)
{
    struct cache_item item = item_of(content);
    struct error err = {0};
    const char *path = "never";

    assert_done("find", cache_find(&p->cache, &item, &p->arena, &path, &err), &err);
    return path;
}

static size_t count_files(struct place *p)
{
    struct file_names names;
    struct error err = {0};

    assert_done("list", file_list(p->below, 1000, &p->arena, &names, &err), &err);
    return names.count;
}

static void test_take_and_find(void **state)
{
    struct place *p = *state;
    struct stat found;

    assert_null(find(p, "package"));
    const char *path = take(p, "package");
    assert_string_equal(find(p, "package"), path);
    char hex[DIGEST_HEX_MAX + 1], expected[300];
    struct cache_item item = item_of("package");
    digest_hex(&item.digest, hex);
    (void)snprintf(expected, sizeof(expected), "%s/%s.deb", p->below, hex);
    assert_string_equal(path, expected);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_string_equal(take(p, "package"), path); /* again is no error */
    assert_int_equal(count_files(p), 1);
}

static void test_wrong_file(void **state)
{
    static const struct {
        const char *content;
        const char *text;
    } rows[] = {
        {"packagf", "does not have the SHA-256 that it should have"},
        {"pack", "has 4 bytes, should have 7"},
        {"package and more", "has 16 bytes, should have 7"},
    };
    struct place *p = *state;
    struct cache_item item = item_of("package");
    char expected[240];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        const char *path = NULL;
        put(p->from, rows[i].content);
        assert_false(cache_take(&p->cache, &item, p->from, &p->arena, &path, &err));
        (void)snprintf(expected, sizeof(expected), "%s: %s", p->from, rows[i].text);
        assert_failed(rows[i].content, &err, ERROR_TRUST, expected);
        assert_null(path);
        assert_int_equal(count_files(p), 0);
    }
}

/* A file that changed on disk is no package any more, and does not stand in the way of the next copy. */
static void test_broken_on_disk(void **state)
{
    struct place *p = *state;
    const char *path = take(p, "package");

    put(path, "packagf");
    assert_null(find(p, "package"));
    assert_int_equal(count_files(p), 0);
    (void)take(p, "package");
    put(path, "");
    assert_null(find(p, "package"));
    (void)take(p, "package");
    put(path, "package and more");
    assert_null(find(p, "package"));
}

static void test_links(void **state)
{
    struct place *p = *state;
    struct cache_item item = item_of("package");
    struct error err = {0};
    char aside[80];
    const char *path = NULL;
    struct text target;

    (void)snprintf(aside, sizeof(aside), "%s/aside", p->folder);
    put(aside, "package");
    assert_int_equal(symlink(aside, p->from), 0);
    assert_done("from", cache_take(&p->cache, &item, p->from, &p->arena, &path, &err), &err);
    assert_true(file_link(path, &p->arena, &target, &err) == false); /* what is kept is a file */
    assert_int_equal(unlink(p->from), 0);
    assert_int_equal(mkfifo(p->from, 0600), 0);
    assert_false(cache_take(&p->cache, &item, p->from, &p->arena, &path, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_int_equal(unlink(p->from), 0);
    path = take(p, "package");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(aside, path), 0);
    assert_null(find(p, "package"));
    assert_true(file_exists(aside));
}

static void set_used(const char *path, time_t when)
{
    const struct timespec times[2] = {{when, 0}, {when, 0}};

    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_trim(void **state)
{
    struct place *p = *state;
    struct error err = {0};
    const char *a = take(p, "aaaaaaaaaa"), *b = take(p, "bbbbbbbbbb"), *c = take(p, "cccccccccc");
    struct cache_item kept = item_of("aaaaaaaaaa");
    char leftover[200];

    set_used(a, 1000);
    set_used(b, 3000);
    set_used(c, 2000);
    (void)snprintf(leftover, sizeof(leftover), "%s.new", b);
    put(leftover, "half");
    struct cache_keep keep = {&kept, 1};
    assert_done("nothing to do", cache_trim(&p->cache, 30, keep, &p->arena, &err), &err);
    assert_true(file_exists(a) && file_exists(b) && file_exists(c) && !file_exists(leftover));
    assert_done("oldest", cache_trim(&p->cache, 29, keep, &p->arena, &err), &err);
    assert_true(file_exists(a) && file_exists(b) && !file_exists(c));
    assert_done("wanted stays", cache_trim(&p->cache, 0, keep, &p->arena, &err), &err);
    assert_true(file_exists(a) && !file_exists(b));
    (void)take(p, "cccccccccc");
    set_used(c, 1);
    assert_non_null(find(p, "cccccccccc")); /* used: young again */
    assert_done("used", cache_trim(&p->cache, 10, (struct cache_keep){0}, &p->arena, &err), &err);
    assert_true(!file_exists(a) && file_exists(c));
}

static void test_drop(void **state)
{
    struct place *p = *state;
    struct error err = {0};
    struct cache_item item = {.size = 3};

    assert_non_null(take(p, "one"));
    assert_done("digest", digest_bytes(DIGEST_SHA256, BYTES("one"), &item.digest, &err), &err);
    for (int i = 0; i < 2; i++) { /* not there is no error */
        assert_done("drop", cache_drop(&p->cache, &item, &p->arena, &err), &err);
        assert_null(find(p, "one"));
    }
}

static void test_folder_of_others(void **state)
{
    struct place *p = *state;
    struct error err = {0};
    char expected[240];

    assert_int_equal(chmod(p->below, 0777), 0);
    assert_false(cache_open(p->below, CACHE_PACKAGES, &p->cache, &err));
    (void)snprintf(expected, sizeof(expected), "cache: %s: others may write to it", p->below);
    assert_failed("folder", &err, ERROR_TRUST, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_take_and_find, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_wrong_file, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_broken_on_disk, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_links, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_trim, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_drop, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_folder_of_others, begin_test, end_test),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
