/*
 * For tests of commands: one call of the program as a person makes it, and tables of such calls. Only tests include this.
 */
#ifndef CLI_CLI_TESTING_H
#define CLI_CLI_TESTING_H

#include "base/testing.h"

#include "cli/cli.h"

#define CLI_WORDS_MAX 12

/* What one call gave. */
struct cli_result {
    int status;
    char out[65536];
    char errors[1024];
};

static inline void cli_read_back(FILE *file, char *into, size_t size)
{
    rewind(file);
    size_t got = fread(into, 1, size - 1, file);
    into[got] = '\0';
    fclose(file);
}

/* words without the program's name, ending in NULL; input is its standard input. */
static inline struct cli_result cli_call(const char *const *words, struct bytes input)
{
    const char *argv[CLI_WORDS_MAX + 2] = {"suture"};
    struct cli_result result;
    int argc = 1;
    FILE *in = tmpfile(), *out = tmpfile(), *errors = tmpfile();

    assert_true(in != NULL && out != NULL && errors != NULL);
    while (*words != NULL && argc <= CLI_WORDS_MAX)
        argv[argc++] = *words++;
    if (input.size > 0)
        assert_int_equal(fwrite(input.at, 1, input.size, in), input.size);
    rewind(in);
    result.status = cli_run(argc, argv, in, out, errors);
    fclose(in);
    cli_read_back(out, result.out, sizeof(result.out));
    cli_read_back(errors, result.errors, sizeof(result.errors));
    return result;
}

struct cli_row {
    const char *words[CLI_WORDS_MAX];
    struct bytes input;
    int status;
    const char *out;
    const char *errors;
};

static inline void cli_check_rows(const struct cli_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cli_result result = cli_call(rows[i].words, rows[i].input);
        if (result.status != rows[i].status || strcmp(result.out, rows[i].out) != 0 ||
            strcmp(result.errors, rows[i].errors) != 0)
            fail_msg("row %zu: exit %d\n%s\n%s\nexpected %d\n%s\n%s", i, result.status, result.out,
                     result.errors, rows[i].status, rows[i].out, rows[i].errors);
    }
}

#endif
