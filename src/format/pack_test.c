#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "format/compress.h"
#include "format/pack.h"

/* What was packed unpacks to the same, whatever it was. */
static void assert_round_trip(const char *row, struct bytes raw, bool packed)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct bytes small = {0}, again = {0};
    struct error err = {0};

    assert_done(row, pack_zstd(raw, &arena, &small, &err), &err);
    if ((small.at != raw.at) != packed)
        fail_msg("%s: %zu bytes became %zu", row, raw.size, small.size);
    if (packed)
        assert_true(small.size < raw.size && compress_kind_of(small) == COMPRESS_ZSTD);
    assert_done(row, compress_unpack(small, raw.size, &arena, &again, &err), &err);
    assert_int_equal(again.size, raw.size);
    if (raw.size > 0)
        assert_memory_equal(again.at, raw.at, raw.size);
}

static void test_round_trip(void **state)
{
    static uint8_t bytes[2 * 1024 * 1024];
    uint32_t random = 1;

    (void)state;
    assert_round_trip("nothing", (struct bytes){bytes, 0}, false);
    assert_round_trip("too short to shrink", BYTES("abc"), false);
    /* Zeros shrink more than can be unpacked again: they stay. */
    assert_round_trip("zeros", (struct bytes){bytes, sizeof(bytes)}, false);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = (uint8_t)("CVE-2026-01234567"[random >> 28]);
    }
    assert_round_trip("text", (struct bytes){bytes, sizeof(bytes)}, true);
    assert_round_trip("a little text", (struct bytes){bytes, 5000}, true);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(random >> 24);
    }
    assert_round_trip("noise", (struct bytes){bytes, 100000}, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
