#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "cli/cli_testing.h"

static const char *policy_path(const char *name, char path[512])
{
    (void)snprintf(path, 512, "%s/evaluate/policy/%s", getenv("SUTURE_GOLDEN"), name);
    return path;
}

/* The whole output against its golden file; when they differ what was got is left beside the test as NAME.got. */
static void assert_printed(const char *name, const struct cli_result *result)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    char path[512], left[128];
    struct bytes expected = {0};
    struct error err = {0};

    assert_int_equal(result->status, 0);
    assert_string_equal(result->errors, "");
    (void)snprintf(path, sizeof(path), "%s/command_policy/%s", getenv("SUTURE_GOLDEN"), name);
    bool there = file_read(path, MIB, &arena, &expected, &err);
    if (there && text_equal(text_of(result->out), (struct text){(const char *)expected.at, expected.size}))
        return;
    (void)snprintf(left, sizeof(left), "%s.got", name);
    if (!file_replace_cache(left, bytes_of_text(text_of(result->out)), 0644, &err))
        (void)snprintf(left, sizeof(left), "nothing: it could not be written");
    fail_msg("%s differs from what was printed; see %s", path, left);
}

static void policies_are_checked_and_shown(void **state)
{
    char least[512];
    const struct {
        const char *golden;
        const char *words[CLI_WORDS_MAX];
    } rows[] = {
        {"check.txt", {"policy", "check", policy_path("least.yaml", least), "--now", "2026-11-23"}},
        {"check.json", {"policy", "check", least, "--now", "2026-11-23", "--format", "json"}},
        {"show.txt", {"policy", "show", "--now", "2026-11-23"}},
        {"show-profile.txt", {"policy", "show", "bio2-1.3"}},
        {"show-own.txt", {"policy", "show", "seed-cvss", "--policy", least}},
        {"show-retired.json", {"policy", "show", "cisa-bod-22-01", "--format", "json"}},
        {"profiles.txt", {"policy", "profiles"}},
        {"profiles.json", {"policy", "profiles", "--format", "json"}},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cli_result result = cli_call(rows[i].words, (struct bytes){NULL, 0});
        assert_printed(rows[i].golden, &result);
    }
}

static void mistakes_are_told(void **state)
{
    static const struct cli_row rows[] = {
        {{"policy"}, {NULL, 0}, 2, "", "suture: policy: what? there is: check, show, profiles\n"},
        {{"policy", "check"}, {NULL, 0}, 2, "", "suture: policy check: an argument is missing: FILE\n"},
        {{"policy", "check", "/nonexistent/p.yaml"},
         {NULL, 0},
         1,
         "",
         "suture: /nonexistent/p.yaml: No such file or directory\n"},
        {{"policy", "show", "exploitd"},
         {NULL, 0},
         2,
         "",
         "suture: policy show: no profile \"exploitd\"; do you mean \"exploited\"?\n"},
        {{"policy", "show", "x"},
         {NULL, 0},
         2,
         "",
         "suture: policy show: no profile \"x\"; suture policy profiles lists them\n"},
    };
    char bad[512], expected[1024];
    (void)state;

    cli_check_rows(rows, COUNT_OF(rows));
    const char *words[] = {"policy", "check", policy_path("bad/unknown-key.yaml", bad), NULL};
    struct cli_result result = cli_call(words, (struct bytes){NULL, 0});
    (void)snprintf(expected, sizeof(expected),
                   "suture: %s:3:1: unknown key \"profils\"; did you mean \"profiles\"?\n", bad);
    assert_int_equal(result.status, 1);
    assert_string_equal(result.out, "");
    assert_string_equal(result.errors, expected);
}

int main(void)
{
    setenv("SUTURE_CONFIG", "/nothing/here", 1); /* what this machine has is not what is tested */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_are_checked_and_shown),
        cmocka_unit_test(mistakes_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
