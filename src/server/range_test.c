#include "base/testing.h"

#include "server/range.h"

static void test_rows(void **state)
{
    static const struct {
        const char *field;
        enum range_kind kind;
        uint64_t from, size;
    } rows[] = {
        {"", RANGE_WHOLE, 0, 1000},
        {"bytes=0-0", RANGE_PART, 0, 1},
        {"bytes=0-499", RANGE_PART, 0, 500},
        {"bytes=500-", RANGE_PART, 500, 500},
        {"bytes=999-", RANGE_PART, 999, 1},
        {"bytes=900-5000", RANGE_PART, 900, 100},
        {"bytes=0-18446744073709551615", RANGE_PART, 0, 1000},
        {"bytes=1000-", RANGE_NONE, 0, 0},
        {"bytes=18446744073709551615-", RANGE_NONE, 0, 0},
        {"bytes=-1", RANGE_PART, 999, 1},
        {"bytes=-5000", RANGE_PART, 0, 1000},
        {"bytes=-0", RANGE_NONE, 0, 0},
        /* passed over */
        {"bytes=5-4", RANGE_WHOLE, 0, 1000},
        {"bytes=-", RANGE_WHOLE, 0, 1000},
        {"bytes=", RANGE_WHOLE, 0, 1000},
        {"bytes=a-b", RANGE_WHOLE, 0, 1000},
        {"bytes=0-1,5-6", RANGE_WHOLE, 0, 1000},
        {"bytes=99999999999999999999-", RANGE_WHOLE, 0, 1000},
        {"lines=0-1", RANGE_WHOLE, 0, 1000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct range got = range_parse(text_of(rows[i].field), 1000);
        if (got.kind != rows[i].kind || got.from != rows[i].from || got.size != rows[i].size)
            fail_msg("%s: %d %llu %llu", rows[i].field, got.kind, (unsigned long long)got.from,
                     (unsigned long long)got.size);
    }
    assert_int_equal(range_parse(TEXT("bytes=0-"), 0).kind, RANGE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
