#include "base/limits.h"
#include "cli/cli_testing.h"

static void test_version_compare(void **state)
{
    static const struct cli_row rows[] = {
        {{"version", "compare", "deb", "1.0~rc1", "1.0"}, {NULL, 0}, 0, "<\n", ""},
        {{"version", "compare", "deb", "1.0-1", "1.0-1"}, {NULL, 0}, 0, "=\n", ""},
        {{"version", "compare", "rpm", "1.0^git1", "1.0"}, {NULL, 0}, 0, ">\n", ""},
        {{"version", "compare", "apk", "1.0_p1", "1.0"}, {NULL, 0}, 0, ">\n", ""},
        {{"version", "compare", "semver", "v1.0.0-rc.1", "1.0.0"}, {NULL, 0}, 0, "<\n", ""},
        {{"version", "compare", "deb", "--", "-1", "0"}, {NULL, 0}, 0, ">\n", ""},
        {{"version", "compare", "deb", "-"}, BYTES("1\t2\n1:1\t2\n1.\t1.0\n"), 0, "<\n>\n=\n", ""},
        {{"version", "compare", "deb", "-"}, BYTES("1\t2"), 0, "<\n", ""},
        {{"version", "compare", "deb", "-"}, BYTES(""), 0, "", ""},
        {{"version", "compare", "deb", "-"},
         BYTES("1\t2\n1 2\n"),
         1,
         "<\n",
         "suture: line 2: is no pair of versions with one tab between\n"},
        {{"version", "compare", "deb", "-"},
         BYTES("1\t2\t3\n"),
         1,
         "",
         "suture: line 1: is no pair of versions with one tab between\n"},
        {{"version", "compare", "deb", "-"},
         BYTES("1\t\n"),
         1,
         "",
         "suture: line 1: is no pair of versions with one tab between\n"},
        {{"version", "compare", "deb", "-"}, BYTES("\t1\n"), 1, "", "suture: line 1: a version is empty\n"},
        {{"version", "compare", "deb", "-"},
         BYTES("\n"),
         1,
         "",
         "suture: line 1: is no pair of versions with one tab between\n"},
        {{"version", "compare", "deb", "-"},
         BYTES("1\t2\n1\t\xff\n"),
         1,
         "<\n",
         "suture: line 2: byte 0xff at 2 is not text\n"},
        {{"version", "compare", "deb", "", "1"}, {NULL, 0}, 1, "", "suture: a version is empty\n"},
        {{"version", "compare", "deb", "1\a", "1"}, {NULL, 0}, 1, "", "suture: byte 0x07 at 1 is not text\n"},
        {{"version", "compare", "dbe", "1", "2"},
         {NULL, 0},
         2,
         "",
         "suture: version compare: \"dbe\" is none of deb, rpm, apk, semver\n"},
        {{"version", "compare", "deb", "1"},
         {NULL, 0},
         2,
         "",
         "suture: version compare: an argument is missing: B\n"},
        {{"version", "compare", "deb"},
         {NULL, 0},
         2,
         "",
         "suture: version compare: an argument is missing: deb|rpm|apk|semver (A B | -)\n"},
        {{"version", "compare", "deb", "1", "2", "3"},
         {NULL, 0},
         2,
         "",
         "suture: version compare: \"3\" is one argument too many\n"},
    };
    (void)state;
    cli_check_rows(rows, COUNT_OF(rows));
}

static void test_cvss(void **state)
{
    static const struct cli_row rows[] = {
        {{"cvss", "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H/E:F"},
         {NULL, 0},
         0,
         "9.6\t9.4\t9.5\t9.4\n",
         ""},
        {{"cvss", "AV:N/AC:L/Au:N/C:N/I:N/A:N", "(AV:N/AC:L/Au:N/C:P/I:P/A:P)"},
         {NULL, 0},
         0,
         "0.0\t-\t-\t0.0\n7.5\t-\t-\t7.5\n",
         ""},
        {{"cvss", "-"},
         BYTES("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N\nAV:N/AC:L/Au:N/C:C/I:C/A:C/"
               "TD:N\n"),
         0,
         "-\t-\t-\t9.3\n10.0\t-\t0.0\t0.0\n",
         ""},
        {{"cvss", "-"}, BYTES(""), 0, "", ""},
        {{"cvss", "AV:N"}, {NULL, 0}, 1, "", "suture: AV:N: AC is missing\n"},
        {{"cvss", "-"},
         BYTES("AV:N/AC:L/Au:N/C:P/I:P/A:P\n\nAV:N/AC:L/Au:N/C:P/I:P/A:P\n"),
         1,
         "7.5\t-\t-\t7.5\n",
         "suture: line 2: the vector is empty\n"},
        {{"cvss", "-"},
         BYTES("CVSS:3.1/AV:Q\n"),
         1,
         "",
         "suture: line 1: AV: \"Q\" is no value of Attack Vector\n"},
        {{"cvss"}, {NULL, 0}, 2, "", "suture: cvss: an argument is missing: VECTOR... | -\n"},
    };
    (void)state;
    cli_check_rows(rows, COUNT_OF(rows));
}

static void test_long_line(void **state)
{
    static uint8_t line[LIMIT_LINE + 2];
    const char *const words[] = {"version", "compare", "deb", "-", NULL};
    (void)state;

    memset(line, '1', sizeof(line));
    line[1] = '\t';
    struct cli_result result = cli_call(words, (struct bytes){line, sizeof(line)});
    assert_int_equal(result.status, 1);
    assert_string_equal(result.errors, "suture: line 1: is longer than 65536 bytes\n");
    line[LIMIT_VERSION + 10] = '\n';
    result = cli_call(words, (struct bytes){line, sizeof(line)});
    assert_string_equal(result.errors, "suture: line 1: 264 bytes, more than 256\n");
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_version_compare),
        cmocka_unit_test(test_cvss),
        cmocka_unit_test(test_long_line),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
