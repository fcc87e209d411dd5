#include "base/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/floors.h"

#define SUITE TEXT("suite-date")
#define DAY   TIME_DAY_US

static struct floors *empty(struct arena *arena)
{
    struct floors *floors = NULL;
    struct error err = {0};

    assert_done("none", floors_parse(BYTES("suture-floors 1\nend\n"), arena, &floors, &err), &err);
    return floors;
}

static void test_only_rises(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct floors *floors = empty(&arena);
    struct error err = {0};

    (void)state;
    assert_true(floors_get(floors, SUITE, TEXT("a")) == TIME_ABSENT);
    assert_done("raise", floors_raise(floors, SUITE, TEXT("a"), 10 * DAY, &err), &err);
    assert_done("lower", floors_raise(floors, SUITE, TEXT("a"), 9 * DAY, &err), &err);
    assert_done("nothing", floors_raise(floors, SUITE, TEXT("a"), TIME_ABSENT, &err), &err);
    assert_done("another", floors_raise(floors, SUITE, TEXT("b c"), 3 * DAY, &err), &err);
    assert_true(floors_get(floors, SUITE, TEXT("a")) == 10 * DAY);
    assert_true(floors_get(floors, SUITE, TEXT("b c")) == 3 * DAY);
    assert_true(floors_get(floors, TEXT("other"), TEXT("a")) == TIME_ABSENT);
    assert_done("higher", floors_raise(floors, SUITE, TEXT("a"), 11 * DAY, &err), &err);
    assert_true(floors_get(floors, SUITE, TEXT("a")) == 11 * DAY);
}

/* A clock that is behind what somebody has signed is wrong; one that is ahead moves nothing. */
static void test_now(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct floors *floors = empty(&arena);
    struct error err = {0};

    (void)state;
    assert_true(floors_now(floors, 5 * DAY) == 5 * DAY);
    assert_done("raise", floors_raise(floors, FLOORS_SIGNED_TIME, (struct text){0}, 10 * DAY, &err), &err);
    assert_true(floors_now(floors, 5 * DAY) == 10 * DAY);
    assert_true(floors_now(floors, 1000 * DAY) == 1000 * DAY);
    assert_true(floors_get(floors, FLOORS_SIGNED_TIME, (struct text){0}) == 10 * DAY);
}

static void test_refused(void **state)
{
    static const struct {
        const char *file, *text;
    } rows[] = {
        {"behind", "line 2: something behind the end"},
        {"cut", "is cut short"},
        {"cut-newline", "is cut short"},
        {"empty", "does not begin with \"suture-floors 1\", which is what is known here"},
        {"newer", "does not begin with \"suture-floors 1\", which is what is known here"},
        {"no-date", "line 2: \"2026-11-32\" is not a time"},
        {"no-kind", "line 2: \"\" is no kind of floor"},
        {"no-time", "line 2: is no floor"},
        {"order", "line 3: is not behind the one before"},
        {"tab", "line 2: byte 0x09 at 1 is not text"},
        {"twice", "line 3: is not behind the one before"},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text path =
            text_format(&arena, "%s/store/floors/bad/%s", getenv("SUTURE_GOLDEN"), rows[i].file);
        struct floors *floors = NULL;
        struct bytes raw;
        struct error err = {0};
        assert_done(rows[i].file, file_read(path.at, LIMIT_FLOORS_FILE, &arena, &raw, &err), &err);
        assert_false(floors_parse(raw, &arena, &floors, &err));
        assert_failed(rows[i].file, &err, ERROR_INPUT, rows[i].text);
    }
}

/* Every beginning of a good file is refused: none of them is a file with fewer floors. */
static void test_every_prefix_is_refused(void **state)
{
    static const char whole[] = "suture-floors 1\nsigned-time 2026-11-22T00:00:00Z\nend\n";
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct floors *floors = NULL;
    struct error err = {0};

    (void)state;
    for (size_t size = 0; size < sizeof(whole) - 1; size++)
        assert_false(floors_parse((struct bytes){(const uint8_t *)whole, size}, &arena, &floors, &err));
    assert_true(floors_parse(BYTES(whole), &arena, &floors, &err));
}

static void test_kept(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct floors *mine = NULL, *other = NULL, *again = NULL;
    struct error err = {0};
    struct bytes raw;
    struct stat found;
    char folder[64];

    (void)state;
    test_folder(folder);
    char *path = file_path(&arena, folder, "floors");
    assert_done("absent", floors_read(path, &arena, &mine, &err), &err);
    assert_done("nothing rose", floors_write(mine, path, &err), &err);
    assert_false(file_exists(path));

    /* Two that have read the same and raise different ones: neither takes back what the other raised. */
    assert_done("other reads", floors_read(path, &arena, &other, &err), &err);
    assert_done("raise", floors_raise(mine, SUITE, TEXT("u s"), 10 * DAY, &err), &err);
    assert_done("raise", floors_raise(other, SUITE, TEXT("u s"), 20 * DAY, &err), &err);
    assert_done("raise", floors_raise(other, SUITE, TEXT("u t"), 5 * DAY, &err), &err);
    assert_done("write", floors_write(other, path, &err), &err);
    assert_done("write", floors_write(mine, path, &err), &err);
    assert_done("read", floors_read(path, &arena, &again, &err), &err);
    assert_true(floors_get(again, SUITE, TEXT("u s")) == 20 * DAY);
    assert_true(floors_get(again, SUITE, TEXT("u t")) == 5 * DAY);
    assert_done("bytes", file_read(path, MIB, &arena, &raw, &err), &err);
    assert_text(
        "file", (struct text){(const char *)raw.at, raw.size},
        "suture-floors 1\nsuite-date u s 1970-01-21T00:00:00Z\nsuite-date u t 1970-01-06T00:00:00Z\nend\n");
    assert_true(stat(path, &found) == 0 && (found.st_mode & 0777) == 0600);

    assert_int_equal(chmod(path, 0622), 0);
    assert_false(floors_read(path, &arena, &again, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_done("away", file_remove_tree(folder, &err), &err);
}

static void test_what_cannot_be_one(void **state)
{
    static const struct {
        const char *row;
        struct text kind, of;
        const char *text;
    } rows[] = {
        {"no kind", {"", 0}, {"", 0}, "\"\" is no kind of floor"},
        {"two words", {"a b", 3}, {"", 0}, "\"a b\" is no kind of floor"},
        {"the end", {"end", 3}, {"", 0}, "\"end\" is no kind of floor"},
        {"a line's end", {"a", 1}, {"b\nc", 3}, "byte 0x0a at 1 is not text"},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct floors *floors = empty(&arena);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        assert_false(floors_raise(floors, rows[i].kind, rows[i].of, DAY, &err));
        assert_failed(rows[i].row, &err, ERROR_INPUT, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_rises), cmocka_unit_test(test_now),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_every_prefix_is_refused),
        cmocka_unit_test(test_kept),       cmocka_unit_test(test_what_cannot_be_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
