#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "model/cve.h"

static void test_pack(void **state)
{
    static const struct {
        struct text text;
        uint32_t id;
    } rows[] = {
        {{"CVE-1999-0001", 13}, 9u << 24 | 1},
        {{"CVE-2021-44228", 14}, 31u << 24 | 44228},
        {{"CVE-2026-12345", 14}, 36u << 24 | 12345},
        {{"CVE-2024-1000000", 16}, 34u << 24 | 1000000},
        {{"CVE-2117-16777215", 17}, 127u << 24 | 16777215},
        {{"CVE-1990-0001", 13}, 1},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[CVE_TEXT_MAX];
        assert_int_equal(cve_pack(rows[i].text), rows[i].id);
        assert_int_equal(cve_write(rows[i].id, text), rows[i].text.size);
        assert_string_equal(text, rows[i].text.at);
    }
}

static void test_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "CVE-",
        "CVE-2021-",
        "CVE-2021-123",
        "CVE-2021-00001",
        "CVE-2021-01234567",
        "CVE-2021-16777216",
        "CVE-2021-99999999",
        "CVE-2021-123456789",
        "CVE-1989-0001",
        "CVE-2118-0001",
        "CVE-9999-0001",
        "CVE-20210-0001",
        "CVE-202-00001",
        "cve-2021-0001",
        "CVE_2021-0001",
        "CVE-2021_0001",
        "CVE-2021-0001 ",
        " CVE-2021-0001",
        "CVE-2021-000a",
        "CVE-2o21-0001",
        "CVE-2021-+001",
        "TEMP-0000000-000001",
        "GHSA-abcd-efgh-ijkl",
    };
    (void)state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (cve_pack(text_of(texts[i])) != 0)
            fail_msg("%s was taken", texts[i]);
    assert_int_equal(cve_pack((struct text){NULL, 0}), 0);
}

static void test_order(void **state)
{
    static const char *const sorted[] = {
        "CVE-1999-0001", "CVE-1999-9999",  "CVE-1999-10000",
        "CVE-2000-0001", "CVE-2021-44228", "CVE-2021-100000",
    };
    (void)state;

    for (size_t i = 1; i < sizeof(sorted) / sizeof(sorted[0]); i++)
        assert_true(cve_pack(text_of(sorted[i - 1])) < cve_pack(text_of(sorted[i])));
}

static void test_every_number_comes_back(void **state)
{
    (void)state;
    /* A prime step meets every length of number and every year without taking each of the 2^31. */
    for (uint32_t id = 1; id < UINT32_C(1) << 31; id += 32771) {
        char text[CVE_TEXT_MAX];
        size_t size = cve_write(id, text);
        assert_true(size < CVE_TEXT_MAX);
        assert_int_equal(cve_pack((struct text){text, size}), id);
    }
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_every_number_comes_back),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
