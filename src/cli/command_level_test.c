#include "cli/cli_testing.h"

#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "store/order.h"

/* What these calls keep lies in a folder of the test's own. */
static char folder[64];

static int begin_test(void **state)
{
    (void)state;
    test_folder(folder);
    setenv("SUTURE_STATE", folder, 1);
    setenv("TZ", "UTC", 1);
    unsetenv("SUDO_USER");
    return 0;
}

static int end_test(void **state)
{
    struct error err = {0};

    (void)state;
    assert_done("remove", file_remove_tree(folder, &err), &err);
    return 0;
}

static struct cli_result call(const char *const *words)
{
    return cli_call(words, (struct bytes){0});
}
#define CALL(...) call((const char *const[]){__VA_ARGS__, NULL})

static void assert_has(const struct cli_result *result, const char *text)
{
    if (strstr(result->out, text) == NULL)
        fail_msg("exit %d, \"%s\" is not in:\n%s%s", result->status, text, result->out, result->errors);
}

static void test_wrong_usage(void **state)
{
    static const struct cli_row rows[] = {
        {{"level"}, {0}, 2, "", "suture: level: what? there is: essential, emergency-only, normal, status\n"},
        {{"level", "essential"}, {0}, 2, "", "suture: level essential: --reason TEXT is missing: say why\n"},
        {{"level", "essential", "--reason", " "},
         {0},
         2,
         "",
         "suture: level essential: --reason is empty: say why\n"},
        {{"level", "essential", "--reason", "a\nb"},
         {0},
         2,
         "",
         "suture: level essential: --reason: byte 0x0a at 1 is not text\n"},
        {{"level", "essential", "--reason", "x", "--for", "31d"},
         {0},
         2,
         "",
         "suture: level essential: an order lasts 30 days at most; renewing is a new order\n"},
        {{"level", "essential", "--reason", "x", "--until", "2020-01-01"},
         {0},
         2,
         "",
         "suture: level essential: it would end before it begins\n"},
        {{"level", "essential", "--reason", "x", "--until", "2020-01-01", "--for", "1d"},
         {0},
         2,
         "",
         "suture: level essential: --until and --for say the same: give one of them\n"},
        {{"level", "status"}, {0}, 0, "Level normal.\n", ""},
        {{"level", "normal"}, {0}, 0, "Level normal.\n", ""},
    };

    (void)state;
    cli_check_rows(rows, COUNT_OF(rows));
}

static void test_set_renew_end(void **state)
{
    char path[96];

    (void)state;
    struct cli_result first = CALL("level", "essential", "--reason", "elections");
    assert_int_equal(first.status, 0);
    assert_has(&first, "(14 d), then normal.\n");
    assert_has(&first, " reason     elections\n");
    struct cli_result second = CALL("level", "emergency-only", "--reason", "storm", "--for", "2d");
    assert_int_equal(second.status, 0);
    assert_has(&second, "Level emergency-only until ");
    assert_has(&second, ", then essential, then normal.\n");
    assert_has(&second, " replaces   order ");
    assert_has(&second, "(!) ends   within 72 hours");
    struct cli_result json = CALL("level", "status", "--format", "json");
    assert_has(&json, "\"schema\": \"suture.level/1\"");
    assert_has(&json, "\"level\": \"emergency-only\",\n  \"phase\": \"in-force\"");
    assert_has(&json, "\"reason\": \"storm\"");
    (void)snprintf(path, sizeof(path), "%s/order", folder);
    assert_true(file_exists(path));
    struct cli_result end = CALL("level", "normal");
    assert_has(&end, "Level normal.\n");
    assert_has(&end, " ended      order ");
    assert_false(file_exists(path));
}

static const char kept[] = "Format: 1\nId: 2026-11-21-9f3a1c07\nLevel: emergency-only\nReason: storm\n"
                           "By: root (sudo: anna)\nSince: 2026-11-21T00:00:00Z\nBegun: 2026-11-21T00:00:00Z\n"
                           "End: 2026-11-26T00:00:00Z\n";

static void write_order(const char *text)
{
    char path[96];
    struct error err = {0};

    (void)snprintf(path, sizeof(path), "%s/format", folder);
    assert_done("format", file_replace(path, BYTES("suture-state 1\n"), 0600, &err), &err);
    (void)snprintf(path, sizeof(path), "%s/order", folder);
    assert_done("order", file_replace(path, bytes_of_text(text_of(text)), 0600, &err), &err);
}

static void test_status_over_time(void **state)
{
    static const struct {
        const char *now, *text;
    } rows[] = {
        {"2026-11-20",
         "Level normal.\n order      2026-11-21-9f3a1c07: emergency-only from Sat 21 Nov 2026 00:00 "
         "until Thu 26 Nov 2026\n            00:00; that is not yet: it has no effect\n"},
        {"2026-11-22",
         "Level emergency-only until Thu 26 Nov 2026 00:00 (4 d), then essential, then normal.\n"},
        {"2026-11-24", "(!) ends   within 72 hours"},
        {"2026-11-26", "Level essential until Tue 1 Dec 2026 00:00 (5 d), then normal.\n"},
        {"2026-11-26", "00:00; it has ended, and the level fell by one step\n"},
        {"2026-12-01", "Level normal.\n"},
    };

    (void)state;
    write_order(kept);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cli_result result = CALL("level", "status", "--now", rows[i].now);
        assert_has(&result, rows[i].text);
    }
}

/* Never "normal": the reader is told, and every scan fails until somebody decides. */
static void test_broken(void **state)
{
    (void)state;
    write_order("Format: 1\nLevel: essential\n");
    struct cli_result status = CALL("level", "status");
    assert_int_equal(status.status, 1);
    assert_string_equal(status.out, "");
    assert_non_null(
        strstr(status.errors, "/order: Id is missing; suture level normal ends the order, whatever it was"));
    struct cli_result scan = CALL("scan", "--offline");
    assert_int_equal(scan.status, 1);
    assert_non_null(strstr(scan.errors, "/order: Id is missing;"));
    struct cli_result end = CALL("level", "normal");
    assert_int_equal(end.status, 0);
    assert_has(&end, "(!)        the order before could not be read: ");
    assert_string_equal(CALL("level", "status").out, "Level normal.\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(test_wrong_usage),
        TEST(test_set_renew_end),
        TEST(test_status_over_time),
        TEST(test_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
