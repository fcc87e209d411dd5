#include "base/testing.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "format/compress.h"

static const struct {
    const char *end;
    enum compress_kind kind;
} kinds[] = {
    {"gz", COMPRESS_GZIP},
    {"xz", COMPRESS_XZ},
    {"lz4", COMPRESS_LZ4},
    {"zst", COMPRESS_ZSTD},
};

static const char *golden_path(struct arena *arena, const char *name, const char *end)
{
    return text_format(arena, "%s/compress/%s%s%s", getenv("SUTURE_GOLDEN"), name, end[0] ? "." : "", end).at;
}

static struct bytes golden(struct arena *arena, const char *name, const char *end)
{
    struct bytes bytes;
    struct error err = {0};
    const char *path = golden_path(arena, name, end);

    assert_done(path, file_read(path, MIB, arena, &bytes, &err), &err);
    return bytes;
}

/* Unpacks in pieces of `piece` bytes; gives the whole. */
static bool read_pieces(struct compress_stream *stream, size_t piece, struct arena *arena, struct bytes *out,
                        struct error *err)
{
    size_t size = 0, got = 1, capacity = 128 * KIB;
    uint8_t *at = arena_take(arena, capacity);

    assert_non_null(at);
    while (got > 0) {
        assert_true(size + piece <= capacity);
        if (!compress_read(stream, at + size, piece, &got, err))
            return false;
        assert_true(got <= piece);
        size += got;
    }
    *out = (struct bytes){at, size};
    return true;
}

static void assert_same(const char *row, struct bytes got, struct bytes expected)
{
    if (got.size != expected.size || memcmp(got.at, expected.at, got.size) != 0)
        fail_msg("%s: %zu bytes that are not the %zu expected", row, got.size, expected.size);
}

static void kinds_are_told_by_their_magic(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    (void)state;

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct bytes packed = golden(&arena, "list", kinds[i].end);
        assert_int_equal(compress_kind_of(packed), kinds[i].kind);
        packed.size = 2;
        assert_int_equal(compress_kind_of(packed), COMPRESS_NONE);
    }
    assert_int_equal(compress_kind_of(BYTES("Package: a")), COMPRESS_NONE);
    assert_int_equal(compress_kind_of(BYTES("")), COMPRESS_NONE);
    assert_string_equal(compress_kind_name(COMPRESS_UNKNOWN), "unknown");
    assert_string_equal(compress_kind_name(COMPRESS_NONE), "none");
    assert_string_equal(compress_kind_name(COMPRESS_ZSTD), "zstd");
    assert_string_equal(compress_kind_name(COMPRESS_KIND_COUNT), "unknown");
}

static void every_way_unpacks_the_same(void **state)
{
    static const char *const names[] = {"list", "two_members", "empty"};
    static const size_t pieces[] = {1, 7, 4096, 64 * KIB};
    OWN(arena_end) struct arena arena = arena_with(512 * MIB);
    struct bytes list = golden(&arena, "list", ""), got;
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(kinds) * COUNT_OF(names); i++) {
        const char *end = kinds[i % COUNT_OF(kinds)].end, *name = names[i / COUNT_OF(kinds)];
        struct bytes packed = golden(&arena, name, end);
        struct bytes expected = strcmp(name, "empty") == 0 ? BYTES("") : list;
        for (size_t j = 0; j < COUNT_OF(pieces); j++) {
            OWN(compress_end) struct compress_stream *from_bytes = NULL, *from_fd = NULL;
            OWN(own_fd) int fd = open(golden_path(&arena, name, end), O_RDONLY);
            assert_done(end, compress_open_bytes(packed, MIB, &from_bytes, &err), &err);
            assert_done(end, read_pieces(from_bytes, pieces[j], &arena, &got, &err), &err);
            assert_same(end, got, expected);
            assert_done(end, compress_open_fd(fd, MIB, &from_fd, &err), &err);
            assert_done(end, read_pieces(from_fd, pieces[j], &arena, &got, &err), &err);
            assert_same(end, got, expected);
        }
        assert_done(end, compress_unpack(packed, MIB, &arena, &got, &err), &err);
        assert_same(end, got, expected);
        assert_int_equal(got.at[got.size], 0);
        assert_done(end, compress_read_file(golden_path(&arena, name, end), MIB, &arena, &got, &err), &err);
        assert_same(end, got, expected);
    }
}

static void plain_bytes_stay_as_they_are(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(compress_end) struct compress_stream *stream = NULL;
    struct bytes list = golden(&arena, "list", ""), got;
    struct error err = {0};
    int ends[2];
    (void)state;

    assert_done("file", compress_read_file(golden_path(&arena, "list", ""), list.size, &arena, &got, &err),
                &err);
    assert_same("file", got, list);
    assert_int_equal(got.at[got.size], 0);
    assert_done("empty", compress_unpack(BYTES(""), 0, &arena, &got, &err), &err);
    assert_int_equal(got.size, 0);

    assert_int_equal(pipe(ends), 0); /* a descriptor of which nobody knows the size */
    assert_int_equal(write(ends[1], list.at, list.size), list.size);
    close(ends[1]);
    assert_done("pipe", compress_open_fd(ends[0], MIB, &stream, &err), &err);
    assert_done("pipe", read_pieces(stream, 100, &arena, &got, &err), &err);
    assert_same("pipe", got, list);
    close(ends[0]);
}

/* Every file of bad/ fails with the words of the .error file beside it, however it is read. */
static void broken_files_are_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(512 * MIB);
    struct file_names found;
    struct error err = {0};
    struct bytes got = {0};
    size_t count = 0;
    (void)state;

    const char *folder = golden_path(&arena, "bad", "");
    assert_done("bad", file_list(folder, 1000, &arena, &found, &err), &err);
    for (size_t i = 0; i < found.count; i++) {
        const char *name = text_format(&arena, "bad/%s", found.names[i].at).at;
        if (text_ends(found.names[i], TEXT(".error")))
            continue;
        struct bytes packed = golden(&arena, name, "");
        const char *expected = (const char *)golden(&arena, name, "error").at;
        if (compress_unpack(packed, 64 * MIB, &arena, &got, &err))
            fail_msg("%s: was unpacked", name);
        assert_null(got.at);
        assert_text(name, text_format(&arena, "%s: %s\n", error_kind_name(err.kind), err.text), expected);

        const char *path = golden_path(&arena, name, "");
        assert_false(compress_read_file(path, 64 * MIB, &arena, &got, &err));
        assert_true(text_starts(text_of(err.text), text_of(path)));
        assert_text(name,
                    text_format(&arena, "%s: %s\n", error_kind_name(err.kind), err.text + strlen(path) + 2),
                    expected);
        count++;
    }
    assert_true(count >= 20);
}

static void no_prefix_passes(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct error err = {0};
    struct bytes got;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct bytes packed = golden(&arena, "list", kinds[i].end);
        for (size_t size = 6; size < packed.size; size++) {
            OWN(arena_end) struct arena one = arena_with(MIB);
            char text[80];
            (void)snprintf(text, sizeof(text), "%s: ends in the middle, after %zu bytes",
                           compress_kind_name(kinds[i].kind), size);
            assert_false(compress_unpack((struct bytes){packed.at, size}, MIB, &one, &got, &err));
            assert_failed(kinds[i].end, &err, ERROR_INPUT, text);
        }
    }
}

/* A flipped bit is found, or lies where it says nothing about the content (a time stamp). */
static void no_flipped_bit_changes_the_content(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct bytes list = golden(&arena, "list", ""), got;
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct bytes packed = golden(&arena, "list", kinds[i].end);
        uint8_t *copy = arena_take(&arena, packed.size);
        memcpy(copy, packed.at, packed.size);
        for (size_t at = 6; at < packed.size; at++) {
            OWN(arena_end) struct arena one = arena_with(64 * MIB);
            copy[at] = (uint8_t)(packed.at[at] ^ (1u << (at % 8)));
            if (compress_unpack((struct bytes){copy, packed.size}, MIB, &one, &got, &err))
                assert_same(kinds[i].end, got, list);
            copy[at] = packed.at[at];
        }
    }
}

static void output_has_a_limit(void **state)
{
    static const char *const ends[] = {"", "gz", "xz", "lz4", "zst"};
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct bytes list = golden(&arena, "list", ""), got;
    struct error err = {0};
    char text[80];
    (void)state;

    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct bytes packed = golden(&arena, "list", ends[i]);
        assert_done(ends[i], compress_unpack(packed, list.size, &arena, &got, &err), &err);
        for (size_t limit = 0; limit < list.size; limit += 635) {
            (void)snprintf(text, sizeof(text), "unpacks to more than the %zu bytes allowed", limit);
            assert_false(compress_unpack(packed, limit, &arena, &got, &err));
            assert_failed(ends[i], &err, ERROR_LIMIT, text);
        }
        assert_false(compress_unpack(packed, list.size - 1, &arena, &got, &err));
    }
    struct arena small = arena_with(4096);
    assert_false(compress_unpack(golden(&arena, "list", "xz"), MIB, &small, &got, &err));
    assert_failed("arena", &err, ERROR_LIMIT, "out of memory (4096 bytes allowed)");
    arena_end(&small);
}

static void reading_may_fail(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(own_fd) int folder = open("/", O_RDONLY);
    struct compress_stream *stream = NULL;
    struct error err = {0};
    struct bytes got;
    (void)state;

    assert_false(compress_open_fd(folder, MIB, &stream, &err));
    assert_failed("folder", &err, ERROR_SYSTEM, "reading failed after 0 bytes: Is a directory");
    assert_null(stream);
    assert_false(compress_read_file("/nowhere/list.gz", MIB, &arena, &got, &err));
    assert_failed("absent", &err, ERROR_ABSENT, "/nowhere/list.gz: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_told_by_their_magic),
        cmocka_unit_test(every_way_unpacks_the_same),
        cmocka_unit_test(plain_bytes_stay_as_they_are),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(no_prefix_passes),
        cmocka_unit_test(no_flipped_bit_changes_the_content),
        cmocka_unit_test(output_has_a_limit),
        cmocka_unit_test(reading_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
