#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "format/archive.h"

static struct bytes golden(struct arena *arena, const char *name)
{
    struct bytes bytes;
    struct error err = {0};
    struct text path = text_format(arena, "%s/archive/%s", getenv("SUTURE_GOLDEN"), name);

    assert_done(path.at, file_read(path.at, MIB, arena, &bytes, &err), &err);
    return bytes;
}

/* Reads all members; *said is "NAME SIZE" of each, a line each. */
static bool read_all(struct bytes packed, size_t limit, struct arena *arena, struct text *said,
                     struct error *err)
{
    OWN(archive_end) struct archive_reader *reader = NULL;
    struct text name;
    struct bytes bytes;
    bool found = true;

    *said = TEXT("");
    if (!archive_open(packed, limit, &reader, err))
        return false;
    while (archive_next(reader, &name, &bytes, &found, err)) {
        if (!found)
            return archive_next(reader, &name, &bytes, &found, err) && !found;
        assert_int_equal(bytes.at[bytes.size], 0);
        *said = text_format(arena, "%.*s%.*s %zu\n", TEXT_ARG(*said), TEXT_ARG(name), bytes.size);
    }
    return false;
}

#define X100                                                                                                 \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void members_are_handed_out(void **state)
{
    static const char all[] = "records/ADV-1.json 388\nrecords/ADV-2.json 16\n../records/empty.json 0\n";
    static const char in_tar[] = "caf\xc3\xa9.json 2\nmember 7 2\n" X100 X100 X100 " 0\n";
    static const char in_zip[] = "caf\xc3\xa9.json 2\nmember 2 2\n" X100 X100 X100 " 0\n";
    static const struct {
        const char *name;
        const char *said;
    } rows[] = {
        {"records.zip", all},  {"stored.zip", all},     {"records.tar", all},
        {"gnu.tar", all},      {"records.tar.gz", all}, {"records.tar.xz", all},
        {"names.tar", in_tar}, {"names.zip", in_zip},   {"no_name.zip", "member 1 2\n"},
        {"empty.tar", ""},
    };
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    struct error err = {0};
    struct text said;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes packed = golden(&arena, rows[i].name);
        assert_done(rows[i].name, read_all(packed, MIB, &arena, &said, &err), &err);
        assert_text(rows[i].name, said, rows[i].said);
        assert_int_equal(archive_is_zip(packed), strstr(rows[i].name, ".zip") != NULL);
    }
    assert_false(archive_is_zip(BYTES("PK")));
}

static void members_hold_what_was_packed(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(archive_end) struct archive_reader *reader = NULL;
    struct error err = {0};
    struct text name;
    struct bytes bytes;
    bool found;
    (void)state;

    assert_done("open", archive_open(golden(&arena, "records.zip"), MIB, &reader, &err), &err);
    assert_done("first", archive_next(reader, &name, &bytes, &found, &err), &err);
    assert_true(
        text_starts((struct text){(const char *)bytes.at, bytes.size}, TEXT("{\"id\": \"ADV-1\", \"name\"")));
    assert_done("second", archive_next(reader, &name, &bytes, &found, &err), &err);
    assert_text("second", (struct text){(const char *)bytes.at, bytes.size}, "{\"id\": \"ADV-2\"}\n");
}

/* The .error file beside each holds the beginning of what is said; behind it are libarchive's own words. */
static void broken_archives_are_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct file_names found;
    struct error err = {0};
    struct text said;
    size_t count = 0;
    (void)state;

    struct text folder = text_format(&arena, "%s/archive/bad", getenv("SUTURE_GOLDEN"));
    assert_done("bad", file_list(folder.at, 1000, &arena, &found, &err), &err);
    for (size_t i = 0; i < found.count; i++) {
        const char *name = text_format(&arena, "bad/%s", found.names[i].at).at;
        if (text_ends(found.names[i], TEXT(".error")))
            continue;
        if (read_all(golden(&arena, name), 64 * MIB, &arena, &said, &err))
            fail_msg("%s: was read", name);
        struct bytes expected = golden(&arena, text_format(&arena, "%s.error", name).at);
        struct text got = text_format(&arena, "%s: %s", error_kind_name(err.kind), err.text);
        if (!text_starts(got, (struct text){(const char *)expected.at, expected.size - 1}))
            fail_msg("%s: \"%s\", expected \"%.*s...\"", name, got.at, (int)expected.size - 1,
                     (const char *)expected.at);
        count++;
    }
    assert_true(count >= 18);
}

static void no_prefix_passes(void **state)
{
    static const char *const names[] = {"records.zip", "stored.zip", "records.tar.gz", "records.tar.xz"};
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct error err = {0};
    struct text said;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bytes packed = golden(&arena, names[i]);
        for (size_t size = 0; size < packed.size; size++)
            if (read_all((struct bytes){packed.at, size}, MIB, &arena, &said, &err))
                fail_msg("%s: %zu of %zu bytes were read", names[i], size, packed.size);
    }
}

static void output_has_a_limit(void **state)
{
    static const char *const names[] = {"records.zip", "records.tar", "records.tar.gz"};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct error err = {0};
    struct text said;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bytes packed = golden(&arena, names[i]);
        assert_done(names[i], read_all(packed, 404, &arena, &said, &err), &err);
        assert_false(read_all(packed, 403, &arena, &said, &err));
        assert_failed(names[i], &err, ERROR_LIMIT,
                      "records/ADV-2.json: the archive unpacks to more than the 403 bytes allowed");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_handed_out),      cmocka_unit_test(members_hold_what_was_packed),
        cmocka_unit_test(broken_archives_are_refused), cmocka_unit_test(no_prefix_passes),
        cmocka_unit_test(output_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
