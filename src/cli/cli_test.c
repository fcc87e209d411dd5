#include "base/child.h"
#include "base/limits.h"
#include "base/own.h"
#include "cli/arguments.h"
#include "cli/cli_testing.h"
#include "cli/commands.h"
#include "cli/help.h"

static void test_roof(void **state)
{
    static const struct cli_row rows[] = {
        {{NULL}, {NULL, 0}, 2, "", "suture: what? suture --help lists the commands\n"},
        {{"--version"}, {NULL, 0}, 0, "suture " SUTURE_VERSION "\n", ""},
        {{"launch"}, {NULL, 0}, 2, "", "suture: unknown command \"launch\"; suture --help lists them\n"},
        {{"\033[1m"}, {NULL, 0}, 2, "", "suture: unknown command \"?[1m\"; suture --help lists them\n"},
        {{"vresion"}, {NULL, 0}, 2, "", "suture: unknown command \"vresion\"; do you mean \"version\"?\n"},
        {{"version"}, {NULL, 0}, 2, "", "suture: version: what? there is: compare\n"},
        {{"version", "--x"}, {NULL, 0}, 2, "", "suture: version: what? there is: compare\n"},
        {{"version", "cmp"},
         {NULL, 0},
         2,
         "",
         "suture: version: unknown command \"cmp\"; there is: compare\n"},
        {{"version", "--help"},
         {NULL, 0},
         0,
         "suture version compare: which of two versions is newer: prints <, = or >\n",
         ""},
        {{"help", "launch"},
         {NULL, 0},
         2,
         "",
         "suture: help: unknown command \"launch\"; suture --help lists them\n"},
        {{"help", "help", "me"}, {NULL, 0}, 2, "", "suture: help: \"me\" is one argument too many\n"},
        {{"help", "--man", "help"},
         {NULL, 0},
         2,
         "",
         "suture: help: --man is of all commands: it takes no argument\n"},
        {{"completion", "fish"},
         {NULL, 0},
         2,
         "",
         "suture: completion: \"fish\" is none of the shells it is made for: bash\n"},
    };
    (void)state;
    cli_check_rows(rows, COUNT_OF(rows));
}

static void test_output_that_fails(void **state)
{
    const char *const argv[] = {"suture", "version", "compare", "deb", "1", "2"};
    FILE *full = fopen("/dev/full", "w"), *errors = tmpfile();
    char text[256];
    (void)state;

    assert_true(full != NULL && errors != NULL);
    assert_int_equal(cli_run(COUNT_OF(argv), argv, stdin, full, errors), 1);
    fclose(full);
    cli_read_back(errors, text, sizeof(text));
    assert_string_equal(text, "suture: standard output: No space left on device\n");
}

enum { OPTION_ROOT, OPTION_FORMAT, OPTION_NOW, OPTION_DUE, OPTION_ALL };
static const struct command_option options[] = {
    [OPTION_ROOT] = {"root", OPTION_FOLDER, "DIR", "another root"},
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    [OPTION_NOW] = {"now", OPTION_TIME, "TIME", "the clock"},
    [OPTION_DUE] = {"due", OPTION_DURATION, "7d", "what is due until then"},
    [OPTION_ALL] = {"all", OPTION_SWITCH, NULL, "everything"},
    {0},
};
static const struct command command_sample = {
    .name = "sample",
    .arguments = "FILE...",
    .help = "a sample",
    .more = "More of it.",
    .options = options,
    .argument_max = 2,
};

static bool parse(const char *const *words, struct arena *arena, struct command_call *call, struct error *err)
{
    size_t count = 0;

    while (words[count] != NULL)
        count++;
    *call = (struct command_call){.command = &command_sample, .arena = arena};
    return arguments_parse(words, count, call, err);
}

static void test_durations(void **state)
{
    static const struct {
        const char *words[3];
        int64_t us;
    } rows[] = {
        {{"--due", "0s"}, 0},
        {{"--due", "90s"}, 90 * TIME_SECOND_US},
        {{"--due", "10min"}, 10 * TIME_MINUTE_US},
        {{"--due", "12h"}, 12 * TIME_HOUR_US},
        {{"--due", "7d"}, 7 * TIME_DAY_US},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct command_call call;
        struct error err;
        assert_done(rows[i].words[1], parse(rows[i].words, &arena, &call, &err), &err);
        assert_true(command_us(&call, OPTION_DUE) == rows[i].us);
    }
}

static void test_options(void **state)
{
    static const char *const words[] = {
        "a", "--root", "/mnt", "--format=json", "--now", "2026-11-21", "--all", "-", "--due", "2w", NULL};
    static const char *const none[] = {NULL};
    static const char *const ended[] = {"--", "--all", NULL};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct command_call call;
    struct error err;
    (void)state;

    assert_done("options", parse(words, &arena, &call, &err), &err);
    assert_int_equal(call.argument_count, 2);
    assert_string_equal(call.arguments[0], "a");
    assert_string_equal(call.arguments[1], "-");
    assert_string_equal(command_text(&call, OPTION_ROOT), "/mnt");
    assert_int_equal(command_choice(&call, OPTION_FORMAT), 2);
    assert_true(command_us(&call, OPTION_NOW) == 1795219200 * TIME_SECOND_US);
    assert_true(command_us(&call, OPTION_DUE) == 14 * TIME_DAY_US);
    assert_true(command_given(&call, OPTION_ALL));

    assert_done("none", parse(none, &arena, &call, &err), &err);
    assert_int_equal(call.argument_count, 0);
    assert_null(command_text(&call, OPTION_ROOT));
    assert_int_equal(command_choice(&call, OPTION_FORMAT), 0);
    assert_true(command_us(&call, OPTION_NOW) == TIME_ABSENT && command_us(&call, OPTION_DUE) == TIME_ABSENT);
    assert_false(command_given(&call, OPTION_ALL));

    assert_done("ended", parse(ended, &arena, &call, &err), &err);
    assert_int_equal(call.argument_count, 1);
    assert_false(command_given(&call, OPTION_ALL));
    assert_true(arguments_ask_help((const char *const[]){"a", "--help"}, 2));
    assert_true(arguments_ask_help((const char *const[]){"-h"}, 1));
    assert_false(arguments_ask_help((const char *const[]){"--", "--help"}, 2));
}

static void test_wrong_options(void **state)
{
    static const struct {
        const char *words[5];
        const char *text;
    } rows[] = {
        {{"--rot", "/"}, "unknown option \"--rot\"; do you mean \"--root\"?"},
        {{"--rot=/"}, "unknown option \"--rot\"; do you mean \"--root\"?"},
        {{"--colour"}, "unknown option \"--colour\"; suture help sample lists them"},
        {{"-a"}, "unknown option \"-a\"; options have two dashes, and -- ends them"},
        {{"--root"}, "--root needs a value: DIR"},
        {{"--root="}, "--root: its value is empty"},
        {{"--root", "/", "--root", "/"}, "--root is given twice"},
        {{"--all", "--all"}, "--all is given twice"},
        {{"--all=yes"}, "--all takes no value"},
        {{"--format", "xml"}, "--format: \"xml\" is none of table|json"},
        {{"--format="}, "--format: \"\" is none of table|json"},
        {{"--format", "table|json"}, "--format: \"table|json\" is none of table|json"},
        {{"--due", "7"}, "--due: \"7\" is no duration such as 12h, 7d or 2w"},
        {{"--due", "1m"}, "--due: \"1m\" is no duration such as 12h, 7d or 2w"},
        {{"--due", "min"}, "--due: \"min\" is no duration such as 12h, 7d or 2w"},
        {{"--due", "d"}, "--due: \"d\" is no duration such as 12h, 7d or 2w"},
        {{"--due", "-1d"}, "--due: \"-1d\" is no duration such as 12h, 7d or 2w"},
        {{"--due", "99999999999999999999d"},
         "--due: \"99999999999999999999d\" is no duration such as 12h, 7d or 2w"},
        {{"--due", "36526d"}, "--due: \"36526d\" is no duration such as 12h, 7d or 2w"},
        {{"a", "b", "c"}, "\"c\" is one argument too many"},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct command_call call;
        struct error err = {.kind = ERROR_NONE};
        if (parse(rows[i].words, &arena, &call, &err))
            fail_msg("%s was taken", rows[i].words[0]);
        assert_failed(rows[i].words[0], &err, ERROR_INPUT, rows[i].text);
        assert_null(call.arguments);
    }
}

static void test_wrong_time(void **state)
{
    static const char *const words[] = {"--now", "soon", NULL};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct command_call call;
    struct error err = {.kind = ERROR_NONE};
    (void)state;

    assert_false(parse(words, &arena, &call, &err));
    assert_non_null(strstr(err.text, "--now: "));
    assert_non_null(strstr(err.text, "soon"));
}

static void test_help(void **state)
{
    char text[1024];
    FILE *out = tmpfile();
    (void)state;

    assert_non_null(out);
    help_write_command(out, &command_sample);
    cli_read_back(out, text, sizeof(text));
    assert_string_equal(text, "usage: suture sample [OPTION...] FILE...\n"
                              "\n"
                              "a sample\n"
                              "\n"
                              "More of it.\n"
                              "\n"
                              "  --root DIR           another root\n"
                              "  --format table|json  how to print it\n"
                              "  --now TIME           the clock\n"
                              "  --due 7d             what is due until then\n"
                              "  --all                everything\n"
                              "  --help               say what the command does and takes\n");
}

/* The tables themselves: what help, the manual and completion rely on. */
static void test_tables(void **state)
{
    struct cli_result overview = cli_call((const char *const[]){"--help", NULL}, BYTES(""));
    struct cli_result manual = cli_call((const char *const[]){"help", "--man", NULL}, BYTES(""));
    (void)state;

    assert_true(overview.status == 0 && manual.status == 0);
    for (size_t i = 0; commands[i] != NULL; i++) {
        const struct command *command = commands[i];
        struct command_words words = commands_words(command);
        size_t count = 0;
        for (; command->options != NULL && command->options[count].name != NULL; count++) {
            assert_non_null(command->options[count].help);
            assert_true((command->options[count].kind == OPTION_SWITCH) ==
                        (command->options[count].value == NULL));
        }
        assert_true(count <= COMMAND_OPTIONS_MAX);
        assert_non_null(command->run);
        assert_true((command->argument_max > 0) == (command->arguments != NULL));
        assert_true(words.first.size > 0 && text_find_byte(words.second, ' ') == SIZE_MAX);
        assert_non_null(strstr(overview.out, command->help));
        assert_non_null(strstr(manual.out, command->help));

        char first[32], second[32];
        (void)snprintf(first, sizeof(first), "%.*s", TEXT_ARG(words.first));
        (void)snprintf(second, sizeof(second), "%.*s", TEXT_ARG(words.second));
        const char *const asked[] = {first, second[0] != '\0' ? second : "--help", "--help", NULL};
        struct cli_result help = cli_call(asked, BYTES(""));
        assert_int_equal(help.status, 0);
        assert_int_equal(strncmp(help.out, "usage: suture ", 14), 0);
    }
}

/* Loads the script into a real bash and asks it to complete the last of these words. */
static void test_completion(void **state)
{
    static const struct {
        const char *words; /* bash words; the last is completed */
        const char *expected;
    } rows[] = {
        {"suture vers", "version"},
        {"suture --v", "--version"},
        {"suture version ''", "compare"},
        {"suture version compare s", "semver"},
        {"suture version compare deb --h", "--help"},
        {"suture completion b", "bash"},
        {"suture help --m", "--man"},
        {"suture help vers", "version"},
        {"suture nothing x", ""},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct cli_result script = cli_call((const char *const[]){"completion", "bash", NULL}, BYTES(""));
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text source = text_format(&arena,
                                         "%s\nCOMP_WORDS=(%s)\nCOMP_CWORD=$((${#COMP_WORDS[@]} - "
                                         "1))\n_suture\necho -n \"${COMPREPLY[*]}\"\n",
                                         script.out, rows[i].words);
        const char *const argv[] = {"/bin/bash", "--norc", "-s", NULL};
        struct child_command command = {
            .argv = argv, .input = bytes_of_text(source), .timeout_ms = 10000, .output_limit = 65536};
        struct child_result result;
        struct error err;
        assert_done("bash", child_run(&command, &arena, &result, &err), &err);
        struct text got = {(const char *)result.output.at, result.output.size};
        assert_text(rows[i].words, got, rows[i].expected);
        assert_int_equal(result.errors.size, 0);
    }
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_roof),          cmocka_unit_test(test_output_that_fails),
        cmocka_unit_test(test_options),       cmocka_unit_test(test_durations),
        cmocka_unit_test(test_wrong_options), cmocka_unit_test(test_wrong_time),
        cmocka_unit_test(test_help),          cmocka_unit_test(test_tables),
        cmocka_unit_test(test_completion),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
