#include "base/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "store/record.h"
#include "store/seen.h"

#define DAY TIME_DAY_US

struct place {
    char folder[64];
    char path[80];
};

static int begin_test(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    test_folder(place->folder);
    (void)snprintf(place->path, sizeof(place->path), "%s/seen", place->folder);
    *state = place;
    return 0;
}

static int end_test(void **state)
{
    struct place *place = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(place->folder, &err), &err);
    free(place);
    return 0;
}

#define ITEM(source, id)                                                                                     \
    {                                                                                                        \
        TEXT(source), TEXT(id), 0                                                                            \
    }

/* One scan: what it looked up, then what it leaves. */
static bool scan(struct place *place, const char *where, struct seen_item *items, size_t count,
                 int64_t now_us)
{
    OWN(seen_close) struct seen seen = {0};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct error err = {0};
    bool changed = false;

    assert_done("open", seen_open(place->path, &seen, &err), &err);
    assert_done("look", seen_look(&seen, text_of(where), items, count, now_us, &arena, &err), &err);
    assert_done("update",
                seen_update(&seen, place->path, text_of(where), items, count, now_us, &changed, &err), &err);
    return changed;
}

static void test_first_seen(void **state)
{
    struct place *place = *state;
    struct seen_item one[] = {ITEM("expat", "CVE-2026-0001")};
    struct seen_item two[] = {ITEM("zlib", "TEMP-1"), ITEM("expat", "CVE-2026-10000"),
                              ITEM("expat", "CVE-2026-0001")};

    assert_true(scan(place, "/", one, 1, 10 * DAY));
    assert_int_equal(one[0].first_us, TIME_ABSENT);
    assert_true(scan(place, "/", two, 3, 20 * DAY));
    assert_int_equal(two[0].first_us, TIME_ABSENT);
    assert_int_equal(two[2].first_us, 10 * DAY);
    assert_false(scan(place, "/", two, 3, 30 * DAY));
    assert_int_equal(two[0].first_us, 20 * DAY);
    assert_int_equal(two[1].first_us, 20 * DAY);
    assert_int_equal(two[2].first_us, 10 * DAY);
}

/* Nothing changed: the file is not touched. */
static void test_unchanged_is_not_written(void **state)
{
    struct place *place = *state;
    struct seen_item items[] = {ITEM("expat", "CVE-2026-0001")};
    struct file_identity before = {0}, after = {0};
    struct error err = {0};

    assert_true(scan(place, "/", items, 1, 10 * DAY));
    assert_done("before", file_identify(place->path, &before, &err), &err);
    assert_false(scan(place, "/", items, 1, 20 * DAY));
    assert_done("after", file_identify(place->path, &after, &err), &err);
    assert_true(file_identity_equal(&before, &after));
    assert_false(scan(place, "/image", NULL, 0, 20 * DAY));
}

/* What comes back within two years has its old date; after that it is new. */
static void test_gone_and_back(void **state)
{
    struct place *place = *state;
    struct seen_item items[] = {ITEM("expat", "CVE-2026-0001"), ITEM("zlib", "CVE-2026-0002")};

    assert_true(scan(place, "/", items, 2, 10 * DAY));
    assert_true(scan(place, "/", items, 1, 20 * DAY));
    assert_false(scan(place, "/", items, 1, 21 * DAY));
    assert_true(scan(place, "/", items, 2, 30 * DAY));
    assert_int_equal(items[1].first_us, 10 * DAY);
    assert_true(scan(place, "/", items, 1, 40 * DAY));
    assert_false(scan(place, "/", items, 1, 40 * DAY + SEEN_KEEP_US));
    assert_true(scan(place, "/", items, 1, 41 * DAY + SEEN_KEEP_US));
    assert_true(scan(place, "/", items, 2, 42 * DAY + SEEN_KEEP_US));
    assert_int_equal(items[1].first_us, TIME_ABSENT);
    assert_int_equal(items[0].first_us, 10 * DAY);
}

static void test_places_apart(void **state)
{
    struct place *place = *state;
    struct seen_item here[] = {ITEM("expat", "CVE-2026-0001")};
    struct seen_item there[] = {ITEM("expat", "CVE-2026-0001")};

    assert_true(scan(place, "/", here, 1, 10 * DAY));
    assert_true(scan(place, "/image", there, 1, 20 * DAY));
    assert_int_equal(there[0].first_us, TIME_ABSENT);
    assert_true(scan(place, "/image", there, 0, 30 * DAY));
    assert_false(scan(place, "/", here, 1, 40 * DAY));
    assert_int_equal(here[0].first_us, 10 * DAY);
}

/* A clock that was ahead must not hide a finding until it is reached. */
static void test_clock_was_ahead(void **state)
{
    struct place *place = *state;
    struct seen_item items[] = {ITEM("expat", "CVE-2026-0001")};

    assert_true(scan(place, "/", items, 1, 9999 * DAY));
    assert_true(scan(place, "/", items, 1, 10 * DAY));
    assert_int_equal(items[0].first_us, 10 * DAY);
    assert_false(scan(place, "/", items, 1, 20 * DAY));
    assert_int_equal(items[0].first_us, 10 * DAY);
}

static void test_many(void **state)
{
    enum { COUNT = 5000 };
    struct place *place = *state;
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct seen_item *items = ARENA_ARRAY(&arena, struct seen_item, COUNT);

    assert_non_null(items);
    for (unsigned i = 0; i < COUNT; i++) /* any order will do */
        items[i] = (struct seen_item){text_format(&arena, "source%u", i * 7919 % 300),
                                      text_format(&arena, "CVE-20%02u-%u", i % 30, 1000 + i * 31), 0};
    assert_true(scan(place, "/", items, COUNT, 10 * DAY));
    assert_false(scan(place, "/", items, COUNT, 20 * DAY));
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(items[i].first_us, 10 * DAY);
    assert_true(scan(place, "/", items, COUNT / 2, 30 * DAY));
    assert_false(scan(place, "/", items, COUNT / 2, 30 * DAY));
}

#define HEAD(version, count, size) "SUTSEEN\0" version "\0\0\0" count "\0\0\0" size "\0\0\0\0\0\0\0"
#define ENTRY(place, source)                                                                                 \
    place "\0\0\0" source "\0\0\0"                                                                           \
          "\1\2\3\4"                                                                                         \
          "\0\0\0\0"                                                                                         \
          "\1\0\0\0\0\0\0\0"                                                                                 \
          "\0\0\0\0\0\0\0\x80"

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        const char *text;
    } rows[] = {
        {"empty", BYTES(""), "is no memory of findings"},
        {"something else", BYTES("Hello, I am a text file of no interest"), "is no memory of findings"},
        {"newer", BYTES(HEAD("\2", "\0", "\0")), "layout 2, this version of Suture knows 1"},
        {"cut short", BYTES(HEAD("\1", "\1", "\0") "abc"), "1 findings and 0 bytes of text in 27 bytes"},
        {"text outside", BYTES(HEAD("\1", "\1", "\3") ENTRY("\0", "\x63") "\1\0/"),
         "memory of findings: entry 0 is broken"},
        {"text runs out", BYTES(HEAD("\1", "\1", "\3") ENTRY("\0", "\0") "\2\0/"),
         "memory of findings: entry 0 is broken"},
    };
    struct place *place = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct seen_item items[] = {ITEM("expat", "CVE-2026-0001")};
        struct seen seen = {0};
        struct error err = {0};
        if (seen_parse(rows[i].raw, &seen, &err) && seen_look(&seen, TEXT("/"), items, 1, DAY, &arena, &err))
            fail_msg("%s: was read", rows[i].name);
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
    struct seen seen;
    struct error err = {0};
    char expected[256];
    assert_done("write", file_replace(place->path, BYTES("x"), 0600, &err), &err);
    assert_false(seen_open(place->path, &seen, &err));
    (void)snprintf(expected, sizeof(expected),
                   "%s: is no memory of findings; remove it, and dates of first sight begin anew",
                   place->path);
    assert_failed("file", &err, ERROR_INPUT, expected);
}

static void test_record(void **state)
{
    struct place *place = *state;
    OWN(record_close) struct record record = {0};
    struct error err = {0};
    char expected[128];

    assert_false(record_open(place->path, &record, &err));
    assert_int_equal(err.kind, ERROR_ABSENT);
    assert_done("write", record_write(place->path, BYTES("one scan"), &err), &err);
    assert_done("write", record_write(place->path, BYTES("the next"), &err), &err);
    assert_done("open", record_open(place->path, &record, &err), &err);
    assert_int_equal(record.bytes.size, 8);
    assert_memory_equal(record.bytes.at, "the next", 8);
    assert_int_equal(truncate(place->path, 20), 0);
    struct record cut;
    assert_false(record_open(place->path, &cut, &err));
    (void)snprintf(expected, sizeof(expected), "%s: is no whole record of a scan", place->path);
    assert_failed("cut", &err, ERROR_INPUT, expected);
}

/* "ID@first ID@first", in days, of what seen_since gives. */
static const char *since(struct place *place, const char *where, const char *source, int64_t since_us,
                         char out[256])
{
    OWN(seen_close) struct seen seen = {0};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct seen_item *items = NULL;
    struct error err = {0};
    size_t count = 0, at = 0;

    assert_done("open", seen_open(place->path, &seen, &err), &err);
    assert_done("since",
                seen_since(&seen, text_of(where), text_of(source), since_us, &arena, &items, &count, &err),
                &err);
    out[0] = 0;
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(out + at, 256 - at, "%s%.*s@%d", i > 0 ? " " : "", TEXT_ARG(items[i].id),
                               (int)(items[i].first_us / DAY));
    return out;
}

/* What a process that began at a time may still run: what was there then, or came later, of that source alone. */
static void test_since(void **state)
{
    struct place *place = *state;
    struct seen_item all[] = {ITEM("expat", "CVE-2026-0001"), ITEM("expat", "CVE-2026-0002"),
                              ITEM("expat", "TEMP-1"), ITEM("zlib", "CVE-2026-0003")};
    struct seen_item left[] = {ITEM("expat", "CVE-2026-0002"), ITEM("zlib", "CVE-2026-0003")};
    char got[256];

    assert_string_equal(since(place, "/", "expat", 0, got), "");
    assert_true(scan(place, "/", all, 4, 10 * DAY));
    assert_true(scan(place, "/", left, 2, 20 * DAY)); /* 0001 and TEMP-1 went at 20 */
    assert_string_equal(since(place, "/", "expat", 15 * DAY, got),
                        "TEMP-1@10 CVE-2026-0001@10 CVE-2026-0002@10");
    assert_string_equal(since(place, "/", "expat", 20 * DAY, got),
                        "TEMP-1@10 CVE-2026-0001@10 CVE-2026-0002@10");
    assert_string_equal(since(place, "/", "expat", 20 * DAY + 1, got), "CVE-2026-0002@10");
    assert_string_equal(since(place, "/image", "expat", 0, got), "");
    assert_string_equal(since(place, "/", "nginx", 0, got), "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(test_first_seen),      TEST(test_unchanged_is_not_written),
        TEST(test_gone_and_back),   TEST(test_places_apart),
        TEST(test_clock_was_ahead), TEST(test_many),
        TEST(test_refused),         TEST(test_record),
        TEST(test_since),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
