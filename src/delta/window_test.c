#include "delta/window.h"

#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"

/* A sink that compares with what is expected. */
struct got {
    struct bytes expected;
    size_t at;
    bool same;
};

static bool got_put(void *self, struct bytes bytes, struct error *err)
{
    struct got *got = self;

    (void)err;
    assert_true(bytes.size <= got->expected.size - got->at);
    if (memcmp(got->expected.at + got->at, bytes.at, bytes.size) != 0)
        got->same = false;
    got->at += bytes.size;
    return true;
}

static uint32_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static bool decode(const struct window_image *old, const struct window_image *new, struct bytes coded,
                   struct got *got, struct error *err)
{
    struct window_image blind = {{NULL, 0}, new->pieces, new->piece_count};

    *got = (struct got){new->bytes, 0, true};
    return window_decode(old, &blind, coded, (struct window_sink){got_put, got}, err);
}

/* Encodes, decodes, and gives the coded size. */
static size_t round_trip_within(const char *row, const struct window_image *old,
                                const struct window_image *new, const uint32_t *twins, size_t memory_max)
{
    OWN(writer_end) struct writer out = writer_with(16 * MIB);
    struct window_choice choice = {.twins = twins, .memory_max = memory_max};
    struct error err;
    struct got got;

    assert_done(row, window_encode(old, new, &choice, &out, &err), &err);
    assert_done(row, decode(old, new, writer_bytes(&out), &got, &err), &err);
    if (!got.same || got.at != new->bytes.size)
        fail_msg("%s: other bytes", row);
    return out.size;
}

static size_t round_trip(const char *row, const struct window_image *old, const struct window_image *new,
                         const uint32_t *twins)
{
    return round_trip_within(row, old, new, twins, 256 * MIB);
}

static struct window_image image_of(struct bytes bytes, struct window_piece *piece)
{
    *piece = (struct window_piece){0, (uint32_t)bytes.size};
    return (struct window_image){bytes, piece, 1};
}

static void small_ones(void **state)
{
    static const struct {
        const char *name;
        struct bytes old, new;
        size_t size_max;
    } rows[] = {
        {"nothing of nothing", {NULL, 0}, {NULL, 0}, 8},
        {"nothing of something", BYTES("something"), {NULL, 0}, 8},
        {"something of nothing", {NULL, 0}, BYTES("something"), 24},
        {"the same", BYTES("something"), BYTES("something"), 16},
        {"one byte", BYTES("a"), BYTES("b"), 16},
        {"a word changed", BYTES("The quick brown fox jumps over the lazy dog."),
         BYTES("The quick brown fox jumped over the lazy dog."), 24},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct window_piece old_piece, new_piece;
        struct window_image old = image_of(rows[i].old, &old_piece), new = image_of(rows[i].new, &new_piece);
        size_t size = round_trip(rows[i].name, &old, &new, NULL);
        uint32_t twin = 0;
        if (size > rows[i].size_max)
            fail_msg("%s: %zu bytes, expected at most %zu", rows[i].name, size, rows[i].size_max);
        (void)round_trip(rows[i].name, &old, &new, &twin);
    }
}

/* A copy of old with pieces of it changed, moved, left out. */
static size_t edited(const uint8_t *old, size_t size, uint8_t *new, size_t new_max, uint64_t *seed)
{
    size_t at = 0, made = 0;

    while (at < size && made < new_max) {
        size_t part = 1 + draw(seed) % 2000;
        if (part > size - at)
            part = size - at;
        if (part > new_max - made)
            part = new_max - made;
        switch (draw(seed) % 6) {
        case 0:
            for (size_t i = 0; i < part; i++)
                new[made++] = (uint8_t)draw(seed);
            break;
        case 1:
            at = draw(seed) % size;
            break;
        case 2:
            at += part;
            break;
        default:
            memcpy(new + made, old + at, part);
            for (size_t i = 0; i < part; i += 1 + draw(seed) % 300)
                new[made + i] = (uint8_t)draw(seed);
            made += part;
            at += part;
        }
    }
    return made;
}

static void random_edits(void **state)
{
    static uint8_t old_bytes[40000], new_bytes[50000];
    uint64_t seed = 1;

    (void)state;
    for (unsigned round = 0; round < 60; round++) {
        size_t old_size = draw(&seed) % sizeof old_bytes;
        unsigned range = 2 + draw(&seed) % 254;
        for (size_t i = 0; i < old_size; i++)
            old_bytes[i] = (uint8_t)(draw(&seed) % range);
        size_t new_size = old_size == 0 ? 0 : edited(old_bytes, old_size, new_bytes, sizeof new_bytes, &seed);
        struct window_piece old_pieces[3] = {{0, (uint32_t)old_size / 3}},
                            new_pieces[4] = {{0, (uint32_t)new_size / 4}};
        old_pieces[1] = (struct window_piece){old_pieces[0].size, 0};
        old_pieces[2] = (struct window_piece){old_pieces[0].size, (uint32_t)old_size - old_pieces[0].size};
        new_pieces[1] = (struct window_piece){new_pieces[0].size, 1 * (new_size > 4)};
        new_pieces[2] = (struct window_piece){new_pieces[1].at + new_pieces[1].size, 0};
        new_pieces[3] = (struct window_piece){new_pieces[2].at, (uint32_t)new_size - new_pieces[2].at};
        struct window_image old = {{old_bytes, old_size}, old_pieces, 3},
                            new = {{new_bytes, new_size}, new_pieces, 4};
        uint32_t twins[4] = {draw(&seed) % 3, WINDOW_NO_TWIN, 1, draw(&seed) % 3};
        char row[32];
        (void)snprintf(row, sizeof row, "round %u", round);
        (void)round_trip(row, &old, &new, round % 2 == 0 ? twins : NULL);
    }
}

/* So many literals that they are packed, with copies between them. */
static void packed_literals(void **state)
{
    static uint8_t old_bytes[20000], new_bytes[900000];
    struct window_piece old_piece, new_pieces[2] = {{0, 700000}, {700000, 200000}};
    uint64_t seed = 3;

    (void)state;
    for (size_t i = 0; i < sizeof old_bytes; i++)
        old_bytes[i] = (uint8_t)draw(&seed);
    for (size_t i = 0; i < sizeof new_bytes; i++)
        new_bytes[i] = (uint8_t)draw(&seed);
    memcpy(new_bytes + 300000, old_bytes, sizeof old_bytes);
    memcpy(new_bytes + 880000, old_bytes, sizeof old_bytes);
    struct window_image old = image_of((struct bytes){old_bytes, sizeof old_bytes}, &old_piece);
    struct window_image new = {{new_bytes, sizeof new_bytes}, new_pieces, 2};
    size_t size = round_trip("packed", &old, &new, NULL);
    assert_in_range(size, 860000, 860200);
}

/* A file too large to be sorted whole in the memory there is: it is matched in steps, which go along with what was put in. */
static void large_in_little_memory(void **state)
{
    const size_t size = 12 * MIB, put_in = 3 * MIB, sixteenth = size / 16;
    OWN(own_memory) uint8_t *old_bytes = malloc(size), *new_bytes = malloc(size + put_in);
    struct window_piece old_piece, new_piece;
    const uint32_t twins[1] = {0};
    uint64_t seed = 4;

    (void)state;
    assert_true(old_bytes != NULL && new_bytes != NULL);
    for (size_t i = 0; i < size; i++)
        old_bytes[i] = (uint8_t)draw(&seed);
    for (size_t part = 0, at = 0; part < 16; part++, at += sixteenth) {
        memcpy(new_bytes + at, old_bytes + part * sixteenth, sixteenth);
        if (part == 4) {
            memset(new_bytes + at + sixteenth, 7, put_in);
            at += put_in;
        }
    }
    for (size_t i = 0; i < 200; i++)
        new_bytes[draw(&seed) % size] ^= 1;
    struct window_image old = image_of((struct bytes){old_bytes, size}, &old_piece);
    struct window_image new = image_of((struct bytes){new_bytes, size + put_in}, &new_piece);
    size_t coded = round_trip_within("in steps", &old, &new, twins, 1);
    assert_in_range(coded, 300, 20000);
}

static size_t golden(const char *name, uint8_t *into, size_t max)
{
    const char *folder = getenv("SUTURE_GOLDEN");
    char path[512];

    (void)snprintf(path, sizeof path, "%s/delta/elf/%s", folder == NULL ? "../test/golden" : folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("no %s", path);
    size_t size = fread(into, 1, max, file);
    fclose(file);
    return size;
}

/* Programs, one made of the other and of itself with pieces moved: fields on both sides, right and wrong. */
static void programs(void **state)
{
    static const char *const names[] = {"library.so", "program", "exceptions.so", "module.ko", "no_sections"};
    static uint8_t old_bytes[16384], new_bytes[32768];
    uint64_t seed = 11;
    uint32_t twin = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct window_piece old_piece, new_piece;
        size_t old_size = golden(names[i], old_bytes, sizeof old_bytes);
        struct window_image old = image_of((struct bytes){old_bytes, old_size}, &old_piece);
        for (size_t j = 0; j < COUNT_OF(names); j++) {
            size_t new_size = golden(names[j], new_bytes, sizeof new_bytes);
            struct window_image new = image_of((struct bytes){new_bytes, new_size}, &new_piece);
            (void)round_trip(names[j], &old, &new, &twin);
        }
        for (unsigned round = 0; round < 10; round++) {
            size_t header = 700, new_size = header + edited(old_bytes + header, old_size - header,
                                                            new_bytes + header, 16384, &seed);
            memcpy(new_bytes, old_bytes, header);
            struct window_image new = image_of((struct bytes){new_bytes, new_size}, &new_piece);
            (void)round_trip(names[i], &old, &new, &twin);
        }
    }
}

/* Whatever a window is, it fails or gives as many bytes as announced. */
static void broken_ones(void **state)
{
    static uint8_t old_bytes[3000], new_bytes[4000];
    OWN(writer_end) struct writer out = writer_with(MIB);
    struct window_piece old_piece, new_piece;
    uint64_t seed = 7;
    struct error err;
    struct got got;

    (void)state;
    for (size_t i = 0; i < sizeof old_bytes; i++)
        old_bytes[i] = (uint8_t)(draw(&seed) % 20);
    size_t new_size = edited(old_bytes, sizeof old_bytes, new_bytes, sizeof new_bytes, &seed);
    struct window_image old = image_of((struct bytes){old_bytes, sizeof old_bytes}, &old_piece);
    struct window_image new = image_of((struct bytes){new_bytes, new_size}, &new_piece);
    assert_done("encode", window_encode(&old, &new, NULL, &out, &err), &err);
    for (size_t i = 0; i < out.size; i++) {
        /* Up to four bytes at the end are taken for zeros. */
        if (decode(&old, &new, (struct bytes){out.at, i}, &got, &err) &&
            (i + 4 < out.size || got.at != new_size))
            fail_msg("a window of %zu bytes is read from %zu", out.size, i);
        uint8_t was = out.at[i];
        out.at[i] ^= (uint8_t)(1u << draw(&seed) % 8);
        if (decode(&old, &new, writer_bytes(&out), &got, &err))
            assert_int_equal(got.at, new_size);
        out.at[i] = was;
    }
}

static void sizes_are_checked(void **state)
{
    struct window_piece gap[2] = {{0, 3}, {4, 2}}, short_one = {0, 5}, whole = {0, 6};
    struct window_image good = {BYTES("abcdef"), &whole, 1}, with_gap = {BYTES("abcdef"), gap, 2},
                        with_short = {BYTES("abcdef"), &short_one, 1};
    OWN(writer_end) struct writer out = writer_with(MIB);
    struct error err;

    (void)state;
    assert_false(window_encode(&with_gap, &good, NULL, &out, &err));
    assert_failed("gap", &err, ERROR_INPUT, "old piece 1: at 4, expected 3");
    assert_false(window_encode(&good, &with_short, NULL, &out, &err));
    assert_failed("short", &err, ERROR_INPUT, "the new image has 6 bytes, its pieces 5");
    assert_false(window_decode(&good, &good, BYTES("\xff\xff\xff\xff\xff\xff"),
                               (struct window_sink){got_put, NULL}, &err));
    assert_failed("no window", &err, ERROR_INPUT, "not a window, or one of a later layout");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_ones),        cmocka_unit_test(random_edits),
        cmocka_unit_test(programs),          cmocka_unit_test(packed_literals),
        cmocka_unit_test(broken_ones),       cmocka_unit_test(large_in_little_memory),
        cmocka_unit_test(sizes_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
