#include "delta/coder.h"

#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"

static uint32_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* The same walk for both ways: numbers of all sizes, signed ones, bits likely and unlikely, mixed ones. */
static void walk(struct coder *c, bool check)
{
    struct number_odds numbers = {0}, signs = {0};
    struct odds one = {0}, few[3] = {{0}};
    struct odds *const spoken[3] = {&few[0], &few[1], &few[2]};
    struct mix mix = {{0}};
    uint64_t seed = 5;

    mix_start(&mix, 3);
    for (unsigned i = 0; i < 3000; i++) {
        uint64_t value =
            ((uint64_t)draw(&seed) << 33 ^ (uint64_t)draw(&seed) << 8 ^ draw(&seed)) >> draw(&seed) % 64;
        int64_t negative = (int64_t)value * (draw(&seed) % 2 == 0 ? -1 : 1);
        unsigned rare = draw(&seed) % 1000 == 0, even = i % 2;
        uint64_t got = coder_number(c, &numbers, c->encoding ? value : 0);
        int64_t got_signed = coder_signed(c, &signs, c->encoding ? negative : 0);
        unsigned got_rare = coder_odds(c, &one, c->encoding ? rare : 0),
                 got_even = coder_mixed(c, &mix, spoken, 3, c->encoding ? even : 0);
        if (check) {
            assert_true(got == value && got_signed == negative);
            assert_true(got_rare == rare && got_even == even);
        }
    }
}

static void what_is_coded_comes_back(void **state)
{
    OWN(writer_end) struct writer out = writer_with(MIB);
    struct coder c;
    struct error err;

    (void)state;
    coder_begin_encode(&c, &out);
    walk(&c, true);
    assert_done("encode", coder_end(&c, &err), &err);
    coder_begin_decode(&c, writer_bytes(&out));
    walk(&c, true);
    assert_done("decode", coder_end(&c, &err), &err);
    /* Any prefix is read to its end, and all that is missing is zeros. */
    for (size_t size = 0; size < out.size; size += 97) {
        coder_begin_decode(&c, (struct bytes){out.at, size});
        walk(&c, false);
        assert_false(coder_end(&c, &err));
        assert_failed("prefix", &err, ERROR_INPUT, "a coded window of another size");
    }
}

/* What is likely costs next to nothing; nothing costs nothing. */
static void likely_bits_are_cheap(void **state)
{
    static const struct {
        const char *name;
        unsigned count, every; /* a 1 at every so many */
        size_t size_max;
    } rows[] = {
        {"nothing", 0, 1, 1},
        {"all alike", 100000, 1000000, 40},
        {"one in a thousand", 100000, 1000, 200},
        {"half", 8000, 2, 1030},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer out = writer_with(MIB);
        struct odds odds = {0};
        struct coder c;
        struct error err;
        coder_begin_encode(&c, &out);
        for (unsigned j = 0; j < rows[i].count; j++)
            (void)coder_odds(&c, &odds, j % rows[i].every == rows[i].every - 1);
        assert_done(rows[i].name, coder_end(&c, &err), &err);
        if (out.size > rows[i].size_max)
            fail_msg("%s: %zu bytes, expected at most %zu", rows[i].name, out.size, rows[i].size_max);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_coded_comes_back),
        cmocka_unit_test(likely_bits_are_cheap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
