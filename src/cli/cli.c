#include "cli/cli.h"

#include "base/limits.h"
#include "base/own.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/help.h"

static enum command_exit run_command(const char *const *argv, size_t count, struct command_call *call,
                                     struct error *err)
{
    size_t words;

    if (count == 2 && arguments_ask_help(argv + 1, 1) && help_write_group(call->out, argv[0]))
        return COMMAND_DONE;
    if (!commands_find(argv, count, &call->command, &words, err))
        return COMMAND_WRONG_USAGE;
    if (arguments_ask_help(argv + words, count - words)) {
        help_write_command(call->out, call->command);
        return COMMAND_DONE;
    }
    if (!arguments_parse(argv + words, count - words, call, err)) {
        (void)error_at(err, "%s", call->command->name);
        return COMMAND_WRONG_USAGE;
    }
    enum command_exit result = call->command->run(call, err);
    if (result == COMMAND_WRONG_USAGE)
        (void)error_at(err, "%s", call->command->name);
    return result;
}

static enum command_exit run_words(const char *const *argv, size_t count, struct command_call *call,
                                   struct error *err)
{
    if (count == 0)
        return command_wrong(err, "what? suture --help lists the commands");
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
        help_write_overview(call->out);
        return COMMAND_DONE;
    }
    if (strcmp(argv[0], "--version") == 0) {
        fprintf(call->out, "suture " SUTURE_VERSION "\n");
        return COMMAND_DONE;
    }
    return run_command(argv, count, call, err);
}

int cli_run(int argc, const char *const *argv, FILE *in, FILE *out, FILE *errors)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_SCAN_MEMORY);
    struct command_call call = {.in = in, .out = out, .errors = errors, .arena = &arena};
    struct error err = {.kind = ERROR_NONE};
    enum command_exit result = run_words(argv + 1, argc > 0 ? (size_t)argc - 1 : 0, &call, &err);

    /* A full disk behind standard output is a failure like any other, but the first cause is the one to tell; what is told of a
     * command that was done is none. */
    if ((fflush(out) != 0 || ferror(out)) && (err.kind == ERROR_NONE || result == COMMAND_DONE)) {
        (void)error_system(&err, "standard output");
        result = COMMAND_FAILED;
    }
    if (err.kind != ERROR_NONE)
        fprintf(errors, "suture: %s\n", err.text);
    return (int)result;
}
