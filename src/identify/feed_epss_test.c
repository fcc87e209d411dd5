#include "base/testing.h"
#include "identify/feed_golden.h"

extern const struct feed feed_epss;

static void golden_files(void **state)
{
    (void)state;
    feed_golden_check(&feed_epss, "feed_epss");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
