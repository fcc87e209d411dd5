#include "cli/commands.h"
#include "cli/help.h"

enum { OPTION_MAN };

static const struct command_option options[] = {
    [OPTION_MAN] = {"man", OPTION_SWITCH, NULL, "the manual page of all commands, for man -l"},
    {0},
};

static enum command_exit run(const struct command_call *call, struct error *err)
{
    const struct command *command;
    size_t words;

    if (command_given(call, OPTION_MAN)) {
        if (call->argument_count > 0)
            return command_wrong(err, "--man is of all commands: it takes no argument");
        help_write_manual(call->out);
        return COMMAND_DONE;
    }
    if (call->argument_count == 0) {
        help_write_overview(call->out);
        return COMMAND_DONE;
    }
    if (call->argument_count == 1 && help_write_group(call->out, call->arguments[0]))
        return COMMAND_DONE;
    if (!commands_find(call->arguments, call->argument_count, &command, &words, err))
        return COMMAND_WRONG_USAGE;
    if (words < call->argument_count)
        return command_wrong(err, "\"%s\" is one argument too many", call->arguments[words]);
    help_write_command(call->out, command);
    return COMMAND_DONE;
}

const struct command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .help = "what a command does and takes",
    .options = options,
    .argument_max = 2,
    .run = run,
};
