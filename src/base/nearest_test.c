#include "base/nearest.h"
#include "base/testing.h"

static void test_nearest(void **state)
{
    static const char *const names[] = {"scan",         "status", "version compare", "cvss",
                                        "policy check", "format", "fail-on"};
    static const struct {
        const char *word;
        const char *best;
    } rows[] = {
        {"scan", "scan"},
        {"scna", "scan"},
        {"sca", "scan"},
        {"sscan", "scan"},
        {"sc", "scan"},
        {"stats", "status"},
        {"cvs", "cvss"},
        {"fromat", "format"},
        {"fial-on", "fail-on"},
        {"fail_on", "fail-on"},
        {"version", "version compare"},
        {"polcy check", "policy check"},
        {"", ""},
        {"x", ""},
        {"s", ""},
        {"launch", ""},
        {"0123456789012345678901234567890123456789012345678901234567890123456789", ""},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct nearest nearest = nearest_with(text_of(rows[i].word));
        for (size_t j = 0; j < COUNT_OF(names); j++)
            nearest_try(&nearest, text_of(names[j]));
        assert_text(rows[i].word, nearest.best, rows[i].best);
    }
}

static void test_first_of_equals(void **state)
{
    struct nearest nearest = nearest_with(TEXT("rot"));
    (void)state;

    nearest_try(&nearest, TEXT("root"));
    nearest_try(&nearest, TEXT("rots"));
    assert_text("rot", nearest.best, "root");
    assert_int_equal(nearest.distance, 1);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_first_of_equals),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
