#include "base/testing.h"

#include "acquire/lifts.h"
#include "base/limits.h"
#include "base/own.h"

#define NOON   (INT64_C(20779) * TIME_DAY_US)
#define ALL    ((unsigned)SIGNED_ORDER_LIFTS_POWERS | SIGNED_ORDER_LIFTS_WAIT | SIGNED_ORDER_LIFTS_NEW_PACKAGE)
#define OTHERS ((unsigned)SIGNED_ORDER_LIFTS_WAIT | SIGNED_ORDER_LIFTS_NEW_PACKAGE)

static struct digest digest_with(uint8_t byte)
{
    struct digest digest = {.kind = DIGEST_SHA256};

    memset(digest.at, byte, 32);
    return digest;
}

/* What one thing that is not as it was approved takes away. */
static void test_exactly_these_bytes(void **state)
{
    static const struct {
        const char *name, *package, *arch, *version;
        uint8_t bytes, powers;
        int64_t now_us;
        unsigned lifts;
    } rows[] = {
        {"the same", "oak", "amd64", "1.1", 1, 2, NOON, ALL},
        {"another package", "ash", "amd64", "1.1", 1, 2, NOON, 0},
        {"another architecture", "oak", "i386", "1.1", 1, 2, NOON, 0},
        {"another version", "oak", "amd64", "1.2", 1, 2, NOON, 0},
        {"other bytes", "oak", "amd64", "1.1", 3, 2, NOON, 0},
        {"other powers than were shown", "oak", "amd64", "1.1", 1, 3, NOON, OTHERS},
        {"before it was made", "oak", "amd64", "1.1", 1, 2, NOON - 1, 0},
        {"a moment before its end", "oak", "amd64", "1.1", 1, 2, NOON + TIME_DAY_US - 1, ALL},
        {"at its end", "oak", "amd64", "1.1", 1, 2, NOON + TIME_DAY_US, 0},
    };
    const struct digest bytes = digest_with(1);
    const struct signed_order approval = {.kind = SIGNED_ORDER_APPROVAL,
                                          .by = TEXT("anna"),
                                          .made_us = NOON,
                                          .ends_us = NOON + TIME_DAY_US,
                                          .package = TEXT("oak"),
                                          .arch = TEXT("amd64"),
                                          .version = TEXT("1.1"),
                                          .digests = &bytes,
                                          .digest_count = 1,
                                          .powers = digest_with(2),
                                          .lifts = ALL};
    const struct lifts lifts = {&approval, 1, 1};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        const struct lift_subject subject = {text_of(rows[i].package), text_of(rows[i].arch),
                                             text_of(rows[i].version), digest_with(rows[i].bytes),
                                             digest_with(rows[i].powers)};
        struct text by;
        unsigned got = lifts_find(&lifts, &subject, ALL, rows[i].now_us, &arena, &by);
        if (got != rows[i].lifts)
            fail_msg("%s: lifts %u, expected %u", rows[i].name, got, rows[i].lifts);
        assert_text(rows[i].name, by, rows[i].lifts == 0 ? "" : "anna");
    }
}

/* Several people may have lifted something each; what is not an approval lifts nothing. */
static void test_who(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct digest bytes = digest_with(1);
    struct signed_order orders[3];
    struct text by;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        orders[i] = (struct signed_order){.kind = SIGNED_ORDER_APPROVAL,
                                          .by = TEXT("bob"),
                                          .ends_us = NOON + TIME_DAY_US,
                                          .package = TEXT("oak"),
                                          .arch = TEXT("amd64"),
                                          .version = TEXT("1.1"),
                                          .digests = &bytes,
                                          .digest_count = 1,
                                          .lifts = SIGNED_ORDER_LIFTS_WAIT};
    orders[0].kind = SIGNED_ORDER_BLOCK;
    orders[0].lifts = ALL;
    orders[2].by = TEXT("anna");
    orders[2].lifts = OTHERS;
    const struct lifts lifts = {orders, 3, 2};
    const struct lift_subject subject = {TEXT("oak"), TEXT("amd64"), TEXT("1.1"), bytes, digest_with(2)};
    assert_int_equal(lifts_find(&lifts, &subject, ALL, NOON, &arena, &by), OTHERS);
    assert_text("both", by, "bob, anna");
    assert_int_equal(lifts_find(&lifts, &subject, SIGNED_ORDER_LIFTS_WAIT, NOON, &arena, &by),
                     SIGNED_ORDER_LIFTS_WAIT);
    assert_text("one", by, "bob");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exactly_these_bytes),
        cmocka_unit_test(test_who),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
