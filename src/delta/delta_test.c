#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "delta/delta.h"

static struct error err;

/* A package of a structure, a copy, three new parts (one opened), two copies. Two windows, of which the second has the same old parts. */
static const struct delta_part sample_parts[] = {
    {.same = 3},
    {.same = DELTA_NEW, .file_size = 100, .image_at = 50, .image_size = 100},
    {.same = DELTA_NEW,
     .opener = OPENER_GZIP,
     .settings = {(const uint8_t *)"abc", 3},
     .file_size = 40,
     .image_at = 150,
     .image_size = 90},
    {.same = DELTA_NEW, .file_size = 0, .image_at = 240, .image_size = 0},
    {.same = 7},
    {.same = 8},
    {.same = 2},
};
static const struct delta_old sample_olds[] = {{1, OPENER_NONE}, {5, OPENER_GZIP}, {4, OPENER_NONE}};
static const struct delta_window sample_windows[] = {
    {.new_size = 140,
     .olds = sample_olds,
     .old_count = 3,
     .old_size = 1000,
     .coded_size = 20,
     .hash = "12345678"},
    {.new_at = 140,
     .new_size = 100,
     .olds = sample_olds,
     .old_count = 3,
     .old_size = 1000,
     .coded_at = 20,
     .coded_size = 30,
     .hash = "abcdefg"},
};
static const struct delta sample = {
    .kind = DELTA_DEB,
    .base_kind = BASE_KIND_PACKAGE,
    .output_size = 777,
    .output = {DIGEST_SHA256, "an output has 32 bytes of digest"},
    .identity = "identity of base",
    .base = {TEXT("curl"), TEXT("7.88.1-10+deb12u5"), TEXT("amd64")},
    .made = {TEXT("curl"), TEXT("7.88.1-10+deb12u15"), TEXT("amd64")},
    .structure_size = 50,
    .parts = sample_parts,
    .part_count = COUNT_OF(sample_parts),
    .windows = sample_windows,
    .window_count = COUNT_OF(sample_windows),
    .image_size = 240,
};

static void assert_equal_parts(const struct delta *got)
{
    assert_int_equal(got->part_count, sample.part_count);
    for (size_t i = 0; i < sample.part_count; i++) {
        const struct delta_part *a = &got->parts[i], *b = &sample_parts[i];
        assert_int_equal(a->same, b->same);
        if (b->same != DELTA_NEW)
            continue;
        assert_int_equal(a->opener, b->opener);
        assert_int_equal(a->settings.size, b->settings.size);
        assert_true(a->settings.size == 0 || memcmp(a->settings.at, b->settings.at, a->settings.size) == 0);
        assert_int_equal(a->file_size, b->file_size);
        assert_int_equal(a->image_at, b->image_at);
        assert_int_equal(a->image_size, b->image_size);
    }
}

static void a_table_comes_back(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 << 20);
    OWN(writer_end) struct writer w = writer_with(1 << 20);
    struct delta got;
    uint64_t wants = 0;

    (void)state;
    assert_done("write", delta_write(&sample, &w, &err), &err);
    assert_done("wants", delta_wants((struct bytes){w.at, DELTA_HEADER_MAX}, &wants, &err), &err);
    assert_int_equal(wants, w.size);
    assert_done("read", delta_read(writer_bytes(&w), &arena, &got, &err), &err);
    assert_int_equal(got.kind, sample.kind);
    assert_int_equal(got.base_kind, sample.base_kind);
    assert_int_equal(got.output_size, sample.output_size);
    assert_true(digest_equal(&got.output, &sample.output));
    assert_memory_equal(got.identity, sample.identity, DELTA_IDENTITY_SIZE);
    assert_text("version", got.base.version, "7.88.1-10+deb12u5");
    assert_text("package", got.made.package, "curl");
    assert_text("version", got.made.version, "7.88.1-10+deb12u15");
    assert_text("arch", got.made.arch, "amd64");
    assert_int_equal(got.structure_size, 50);
    assert_int_equal(got.image_size, 240);
    assert_int_equal(got.file_size, w.size + 50);
    assert_equal_parts(&got);
    assert_int_equal(got.window_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(got.windows[i].new_at, sample_windows[i].new_at);
        assert_int_equal(got.windows[i].new_size, sample_windows[i].new_size);
        assert_int_equal(got.windows[i].old_count, 3);
        assert_int_equal(got.windows[i].old_size, 1000);
        assert_int_equal(got.windows[i].coded_at, w.size + sample_windows[i].coded_at);
        assert_int_equal(got.windows[i].coded_size, sample_windows[i].coded_size);
        assert_memory_equal(got.windows[i].hash, sample_windows[i].hash, DELTA_HASH_SIZE);
    }
    assert_ptr_equal(got.windows[0].olds, got.windows[1].olds);
    assert_memory_equal(got.windows[0].olds, sample_olds, sizeof(sample_olds));
    assert_int_equal(delta_memory(&got), 1000 + (64 << 20));
    assert_true(w.size < 190); /* 70 of header, 16 of hashes, names, and little else */
}

static void a_plain_file_has_a_small_table(void **state)
{
    static const struct delta_part part = {.same = DELTA_NEW, .file_size = 1000, .image_size = 1000};
    static const struct delta_old old = {0, OPENER_NONE};
    static const struct delta_window window = {
        .new_size = 1000, .olds = &old, .old_count = 1, .old_size = 999, .coded_size = 77};
    const struct delta delta = {.kind = DELTA_FILE,
                                .base_kind = BASE_KIND_FILE,
                                .parts = &part,
                                .part_count = 1,
                                .windows = &window,
                                .window_count = 1,
                                .image_size = 1000};
    OWN(arena_end) struct arena arena = arena_with(16 << 20);
    OWN(writer_end) struct writer w = writer_with(1 << 20);
    struct delta_pieces pieces;
    struct delta got;

    (void)state;
    assert_done("write", delta_write(&delta, &w, &err), &err);
    assert_done("read", delta_read(writer_bytes(&w), &arena, &got, &err), &err);
    assert_true(w.size < 96);
    assert_done("pieces", delta_pieces(&got, 0, &arena, &pieces, &err), &err);
    assert_int_equal(pieces.count, 1);
    assert_int_equal(pieces.at[0].size, 1000);
}

static void pieces_are_cut_at_windows(void **state)
{
    static const struct window_piece expected[2][3] = {{{0, 50}, {50, 90}}, {{0, 10}, {10, 90}}};
    OWN(arena_end) struct arena arena = arena_with(16 << 20);
    struct delta_pieces pieces;

    (void)state;
    for (size_t window = 0; window < 2; window++) {
        assert_done("pieces", delta_pieces(&sample, window, &arena, &pieces, &err), &err);
        assert_int_equal(pieces.count, 2);
        assert_memory_equal(pieces.at, expected[window], 2 * sizeof(struct window_piece));
        assert_int_equal(pieces.parts[0], window == 0 ? DELTA_NEW : 1);
        assert_int_equal(pieces.parts[1], window == 0 ? 1 : 2);
    }
}

static void used_parts_are_told(void **state)
{
    static const bool expected[9] = {false, true, true, true, true, true, false, true, true};
    bool used[9];

    (void)state;
    assert_done("used", delta_parts_used(&sample, used, 9, &err), &err);
    assert_memory_equal(used, expected, sizeof(expected));
    assert_false(delta_parts_used(&sample, used, 8, &err));
    assert_failed("fewer", &err, ERROR_INPUT, "part 8 of a base that has 8");
}

static void a_broken_start_is_refused(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t byte;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"magic", 0, 'X', ERROR_INPUT, "not a delta of suture"},
        {"version", 4, 9, ERROR_CONFLICT, "a delta of version 9; this program knows version 4"},
        {"no kind", 5, 0x30, ERROR_INPUT, "header: broken, or cut off"},
        {"kind", 5, 0x34, ERROR_INPUT, "header: broken, or cut off"},
        {"no base", 5, 0x03, ERROR_INPUT, "header: broken, or cut off"},
        {"base", 5, 0x43, ERROR_INPUT, "header: broken, or cut off"},
        {"another kind", 5, 0x31, ERROR_INPUT, "table: not what a file has"},
        {"table", 70, 0xff, ERROR_INPUT, "table: broken, or more than limits allow"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(64 << 20);
        OWN(writer_end) struct writer w = writer_with(1 << 20);
        struct delta got;
        assert_done("write", delta_write(&sample, &w, &err), &err);
        w.at[rows[i].at] = rows[i].byte;
        assert_false(delta_read(writer_bytes(&w), &arena, &got, &err));
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
    }
}

static void every_prefix_and_flipped_bit_ends(void **state)
{
    OWN(writer_end) struct writer w = writer_with(1 << 20);
    struct delta got;

    (void)state;
    assert_done("write", delta_write(&sample, &w, &err), &err);
    for (size_t size = 0; size < w.size; size++) {
        OWN(arena_end) struct arena arena = arena_with(64 << 20);
        assert_false(delta_read((struct bytes){w.at, size}, &arena, &got, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
    }
    for (size_t bit = 0; bit < 8 * w.size; bit++) {
        OWN(arena_end) struct arena arena = arena_with(64 << 20);
        w.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        (void)!delta_read(writer_bytes(&w), &arena, &got,
                          &err); /* what it says may be wrong, and then decoding fails */
        w.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void names_are_checked(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 << 20);
    OWN(writer_end) struct writer w = writer_with(1 << 20);
    struct delta bad = sample, got;

    (void)state;
    bad.base.version = TEXT("1\x1b[2J");
    assert_done("write", delta_write(&bad, &w, &err), &err);
    assert_false(delta_read(writer_bytes(&w), &arena, &got, &err));
    assert_failed("escape", &err, ERROR_INPUT, "table: a name: byte 0x1b at 1 is not text");
}

/* Reading and writing share the walk that looks at limits: what cannot be written would not be read. */
static void more_than_limits_allow_is_refused(void **state)
{
    static const struct delta_part large[] = {
        {.same = DELTA_NEW, .file_size = LIMIT_DELTA_SPOOL, .image_size = LIMIT_DELTA_SPOOL},
        {.same = DELTA_NEW, .file_size = 1, .image_at = LIMIT_DELTA_SPOOL, .image_size = 1},
    };
    static const struct delta_part far[] = {{.same = LIMIT_DELTA_PARTS}};
    static const struct delta_part wide[] = {{.same = DELTA_NEW, .opener = OPENER_KIND_COUNT}};
    static const struct delta_window one = {.new_size = 50};
    static const struct delta_window empty[] = {{.new_size = 0}, {.new_size = 50}};
    static const struct delta_window huge[] = {{.new_size = 50, .old_size = LIMIT_DELTA_IMAGE + 1}};
    static const struct {
        const char *name;
        const struct delta_part *parts;
        size_t part_count;
        const struct delta_window *windows;
        size_t window_count;
        bool fits;
    } rows[] = {
        {"the least", NULL, 0, &one, 1, true},     {"images in sum", large, 2, &one, 1, false},
        {"a window", large, 1, &one, 1, false},    {"a part of the base", far, 1, &one, 1, false},
        {"an opener", wide, 1, &one, 1, false},    {"an empty window", NULL, 0, empty, 2, false},
        {"an old image", NULL, 0, huge, 1, false}, {"no window", NULL, 0, NULL, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer w = writer_with(1 << 20);
        struct delta delta = sample;
        delta.parts = rows[i].parts;
        delta.part_count = rows[i].part_count;
        delta.windows = rows[i].windows;
        delta.window_count = rows[i].window_count;
        if (delta_write(&delta, &w, &err) != rows[i].fits)
            fail_msg("%s", rows[i].name);
        if (!rows[i].fits)
            assert_failed(rows[i].name, &err, ERROR_LIMIT, "more than a delta may hold");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_comes_back),        cmocka_unit_test(a_plain_file_has_a_small_table),
        cmocka_unit_test(pieces_are_cut_at_windows), cmocka_unit_test(used_parts_are_told),
        cmocka_unit_test(a_broken_start_is_refused), cmocka_unit_test(every_prefix_and_flipped_bit_ends),
        cmocka_unit_test(names_are_checked),         cmocka_unit_test(more_than_limits_allow_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
