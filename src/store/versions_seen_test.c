#include "base/testing.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/versions_seen.h"

#define DAY  TIME_DAY_US
#define NOON (INT64_C(20779) * TIME_DAY_US) /* some day; the tests only add to it */

static struct bytes golden(const char *name, struct arena *arena)
{
    struct bytes raw = {0};
    struct error err = {0};
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/store/versions_seen/%s", getenv("SUTURE_GOLDEN"), name);
    assert_done(name, file_read(path, LIMIT_VERSIONS_FILE, arena, &raw, &err), &err);
    return raw;
}

static struct version_seen version(const char *name, uint8_t byte)
{
    struct version_seen made = {.archive = TEXT("Debian bookworm-security"),
                                .name = text_of(name),
                                .arch = TEXT("amd64"),
                                .version = TEXT("1.1"),
                                .digest = {.kind = DIGEST_SHA256}};

    memset(made.digest.at, byte, 32);
    return made;
}

/* Seen together at `clock_us`, in lists of which the latest was signed at `signed_us`. */
static bool see(struct versions_seen *seen, const char *const *names, int64_t clock_us, int64_t signed_us,
                struct arena *arena)
{
    struct versions_seen offered = versions_seen_with();
    struct error err = {0};
    bool changed;

    offered.signed_us = signed_us;
    for (size_t i = 0; names[i] != NULL; i++) {
        struct version_seen one = version(names[i], 7);
        assert_done("add", versions_seen_add(&offered, &one, arena, &err), &err);
    }
    assert_done("merge", versions_seen_merge(seen, &offered, clock_us, arena, &changed, &err), &err);
    return changed;
}

static int64_t first(const struct versions_seen *seen, const char *name)
{
    const struct version_seen one = version(name, 7);

    return versions_seen_first(seen, &one);
}

static const char *const oak[] = {"oak", NULL}, *const both[] = {"oak", "ash", NULL}, *const none[] = {NULL};

static void test_read_and_written(void **state)
{
    static const char *const files[] = {"none", "two"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        OWN(writer_end) struct writer w = writer_with(LIMIT_VERSIONS_FILE);
        struct bytes raw = golden(files[i], &arena);
        struct versions_seen seen;
        struct error err = {0};
        assert_done(files[i], versions_seen_parse(raw, &arena, &seen, &err), &err);
        assert_int_equal(seen.count, i * 2);
        assert_done(files[i], versions_seen_write(&seen, &w, &err), &err);
        assert_int_equal(w.size, raw.size);
        assert_memory_equal(w.at, raw.at, raw.size);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *file;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"control", ERROR_INPUT, "line 3: archive: byte 0x01 at 2 is not text"},
        {"count", ERROR_INPUT, "line 1: \"x\" is not a number"},
        {"cut", ERROR_INPUT, "is cut short"},
        {"cut-at-line", ERROR_INPUT, "is cut short: 1 of 2 versions"},
        {"digest", ERROR_INPUT,
         "line 3: SHA-256: \"zz978112ca1bbdcafac231b39a23dc4da786eff8\" is not hexadecimal"},
        {"empty", ERROR_INPUT, "is empty"},
        {"more", ERROR_INPUT, "line 4: more than the 1 that line 1 says"},
        {"newer", ERROR_INPUT, "line 1: is no list of versions of format 1"},
        {"no-archive", ERROR_INPUT, "line 3: archive is missing"},
        {"no-signed", ERROR_INPUT, "line 2: signed is missing"},
        {"order", ERROR_INPUT, "line 4: is not behind the line before it"},
        {"signed", ERROR_INPUT, "line 2: signed: \"soon\" is not a time"},
        {"time", ERROR_INPUT, "line 3: time: \"long-ago\" is not a time"},
        {"too-many", ERROR_LIMIT, "line 1: more than 20000 versions"},
        {"twice", ERROR_INPUT, "line 4: is not behind the line before it"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct versions_seen seen;
        struct error err = {0};
        char name[64];
        (void)snprintf(name, sizeof(name), "bad/%s", rows[i].file);
        if (versions_seen_parse(golden(name, &arena), &arena, &seen, &err))
            fail_msg("%s: was read", rows[i].file);
        assert_failed(rows[i].file, &err, rows[i].kind, rows[i].text);
    }
}

/* Any prefix of a good file is refused: none of its versions is taken for one that was never seen, or the other way round. */
static void test_every_prefix_fails(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct bytes raw = golden("two", &arena);

    (void)state;
    for (size_t size = 0; size < raw.size; size++) {
        struct versions_seen seen;
        struct error err;
        assert_false(versions_seen_parse((struct bytes){raw.at, size}, &arena, &seen, &err));
    }
}

static void test_first_stays(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct versions_seen seen = versions_seen_with();

    (void)state;
    assert_int_equal(first(&seen, "oak"), TIME_ABSENT);
    assert_true(see(&seen, oak, NOON, NOON - 100, &arena));
    assert_int_equal(first(&seen, "oak"), NOON);
    assert_true(see(&seen, both, NOON + DAY, NOON - 100, &arena));
    assert_false(see(&seen, both, NOON + DAY, NOON - 100, &arena));
    assert_int_equal(first(&seen, "oak"), NOON);
    assert_int_equal(first(&seen, "ash"), NOON + DAY);
    const struct version_seen other = version("oak", 8); /* other bytes under the same number */
    assert_int_equal(versions_seen_first(&seen, &other), TIME_ABSENT);
}

/* A clock far back does not make a version old, one far ahead ends no wait, and neither outlasts the mending. */
static void test_clock_jumps(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct versions_seen seen = versions_seen_with();
    const int64_t years = 5 * 365 * DAY;

    (void)state;
    assert_int_equal(versions_seen_now(&seen, NOON), TIME_ABSENT); /* nothing was ever signed */
    assert_true(see(&seen, none, NOON, NOON, &arena));
    assert_true(see(&seen, oak, NOON - years, NOON, &arena));
    assert_int_equal(first(&seen, "oak"), NOON);
    assert_int_equal(versions_seen_now(&seen, NOON - years), NOON - years);
    assert_int_equal(versions_seen_now(&seen, NOON + years), NOON);

    assert_true(see(&seen, both, NOON + years, NOON, &arena));
    assert_int_equal(first(&seen, "ash"), NOON + years);
    assert_int_equal(first(&seen, "oak"), NOON); /* never raised */
    assert_true(see(&seen, both, NOON + DAY, NOON + DAY, &arena));
    assert_int_equal(first(&seen, "ash"), NOON + DAY);
    assert_int_equal(first(&seen, "oak"), NOON);
}

/* An archive that signs for the future is no witness, and the date that is kept only rises. */
static void test_signed_dates(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct versions_seen seen = versions_seen_with();

    (void)state;
    (void)see(&seen, none, NOON, NOON + 400 * DAY, &arena);
    assert_int_equal(seen.signed_us, TIME_ABSENT);
    (void)see(&seen, none, NOON, NOON - 2 * DAY, &arena);
    (void)see(&seen, none, NOON, NOON - 9 * DAY, &arena);
    assert_int_equal(seen.signed_us, NOON - 2 * DAY);
    assert_int_equal(versions_seen_now(&seen, NOON), NOON - 2 * DAY);
}

static void test_bounded(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct versions_seen seen = versions_seen_with();
    struct version_seen one = version("oak", 7);
    struct error err = {0};
    bool changed;

    (void)state;
    (void)see(&seen, both, NOON, NOON, &arena);
    assert_false(see(&seen, oak, NOON + VERSIONS_SEEN_KEEP_US, NOON, &arena));
    assert_true(see(&seen, oak, NOON + VERSIONS_SEEN_KEEP_US + TIME_SECOND_US, NOON, &arena));
    assert_int_equal(seen.count, 1); /* ash is not offered any more; oak is, and stays as old as it is */
    assert_int_equal(first(&seen, "oak"), NOON);

    struct versions_seen many = versions_seen_with();
    for (size_t i = 0; i < LIMIT_VERSIONS_SEEN; i++) {
        one.version = text_format(&arena, "%zu", i);
        assert_done("add", versions_seen_add(&many, &one, &arena, &err), &err);
        assert_done("add twice", versions_seen_add(&many, &one, &arena, &err), &err);
    }
    assert_done("merge", versions_seen_merge(&seen, &many, NOON + 9 * DAY, &arena, &changed, &err), &err);
    assert_int_equal(seen.count, LIMIT_VERSIONS_SEEN);
    assert_int_equal(first(&seen, "oak"), TIME_ABSENT); /* the oldest went: it would wait again */
}

static void test_unwritable(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct versions_seen seen = versions_seen_with(), offered = versions_seen_with();
    struct version_seen one = version("o ak", 7);
    struct error err = {0};
    bool changed;

    (void)state;
    assert_done("add", versions_seen_add(&offered, &one, &arena, &err), &err);
    assert_false(versions_seen_merge(&seen, &offered, NOON, &arena, &changed, &err));
    assert_failed("merge", &err, ERROR_INPUT,
                  "o ak 1.1 of \"Debian bookworm-security\" is no version with a SHA-256");
}

static void test_file(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct versions_seen seen;
    struct error err = {0};
    char folder[64], path[80];

    (void)state;
    test_folder(folder);
    (void)snprintf(path, sizeof(path), "%s/" VERSIONS_SEEN_FILE, folder);
    assert_done("none", versions_seen_read(path, &arena, &seen, &err), &err);
    assert_int_equal(seen.count, 0);
    assert_done("replace", file_replace(path, golden("two", &arena), 0600, &err), &err);
    assert_done("read", versions_seen_read(path, &arena, &seen, &err), &err);
    assert_int_equal(seen.count, 2);
    assert_int_equal(chmod(path, 0622), 0);
    assert_false(versions_seen_read(path, &arena, &seen, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_done("clean", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_and_written),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_every_prefix_fails),
        cmocka_unit_test(test_first_stays),
        cmocka_unit_test(test_clock_jumps),
        cmocka_unit_test(test_signed_dates),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_unwritable),
        cmocka_unit_test(test_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
