#include "base/testing.h"

#include "base/child.h"
#include "base/limits.h"
#include "base/own.h"
#include "cli/arguments.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/help.h"

#define WORDS_MAX 12

/* What one call of the program gave. */
struct result {
    int status;
    char out[16384];
    char errors[1024];
};

static void read_back(FILE *file, char *into, size_t size)
{
    rewind(file);
    size_t got = fread(into, 1, size - 1, file);
    into[got] = '\0';
    fclose(file);
}

static struct result call(const char *const *words, struct bytes input)
{
    const char *argv[WORDS_MAX + 2] = {"suture"};
    struct result result;
    int argc = 1;
    FILE *in = tmpfile(), *out = tmpfile(), *errors = tmpfile();

    assert_true(in != NULL && out != NULL && errors != NULL);
    while (*words != NULL && argc <= WORDS_MAX)
        argv[argc++] = *words++;
    assert_int_equal(fwrite(input.at, 1, input.size, in), input.size);
    rewind(in);
    result.status = cli_run(argc, argv, in, out, errors);
    fclose(in);
    read_back(out, result.out, sizeof(result.out));
    read_back(errors, result.errors, sizeof(result.errors));
    return result;
}

struct row {
    const char *words[WORDS_MAX];
    struct bytes input;
    int status;
    const char *out;
    const char *errors;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct result result = call(rows[i].words, rows[i].input);
        if (result.status != rows[i].status || strcmp(result.out, rows[i].out) != 0 ||
            strcmp(result.errors, rows[i].errors) != 0)
            fail_msg("row %zu: exit %d\n%s\n%s\nexpected %d\n%s\n%s", i, result.status, result.out,
                     result.errors, rows[i].status, rows[i].out, rows[i].errors);
    }
}

static void test_roof(void **state)
{
    static const struct row rows[] = {
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
    check_rows(rows, COUNT_OF(rows));
}

static void test_version_compare(void **state)
{
    static const struct row rows[] = {
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
    check_rows(rows, COUNT_OF(rows));
}

static void test_cvss(void **state)
{
    static const struct row rows[] = {
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
    check_rows(rows, COUNT_OF(rows));
}

static void test_long_line(void **state)
{
    static uint8_t line[LIMIT_LINE + 2];
    const char *const words[] = {"version", "compare", "deb", "-", NULL};
    (void)state;

    memset(line, '1', sizeof(line));
    line[1] = '\t';
    struct result result = call(words, (struct bytes){line, sizeof(line)});
    assert_int_equal(result.status, 1);
    assert_string_equal(result.errors, "suture: line 1: is longer than 65536 bytes\n");
    line[LIMIT_VERSION + 10] = '\n';
    result = call(words, (struct bytes){line, sizeof(line)});
    assert_string_equal(result.errors, "suture: line 1: 264 bytes, more than 256\n");
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
    read_back(errors, text, sizeof(text));
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
    read_back(out, text, sizeof(text));
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
    struct result overview = call((const char *const[]){"--help", NULL}, BYTES(""));
    struct result manual = call((const char *const[]){"help", "--man", NULL}, BYTES(""));
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
        struct result help = call(asked, BYTES(""));
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
        {"suture ver", "version"},
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
    struct result script = call((const char *const[]){"completion", "bash", NULL}, BYTES(""));
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
        cmocka_unit_test(test_roof),
        cmocka_unit_test(test_version_compare),
        cmocka_unit_test(test_cvss),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_output_that_fails),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_wrong_time),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_completion),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
