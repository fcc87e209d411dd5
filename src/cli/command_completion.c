/* The script is made from the tables, so that it never knows other commands or options than the program. */
#include "cli/commands.h"

#include <ctype.h>

/* The first words of all commands, each once: those of one group stand together in the table. */
static void write_first_words(FILE *out)
{
    struct text last = {NULL, 0};

    for (size_t i = 0; commands[i] != NULL; i++) {
        struct text first = commands_words(commands[i]).first;
        if (!text_equal(first, last))
            fprintf(out, "%.*s ", TEXT_ARG(first));
        last = first;
    }
}

/* Second words, for each first word that others follow; behind both the command is known by both. */
static void write_groups(FILE *out)
{
    for (size_t i = 0; commands[i] != NULL;) {
        struct text first = commands_words(commands[i]).first;
        bool is_group = commands_words(commands[i]).second.size > 0;
        if (is_group)
            fprintf(out, "    %.*s)\n        words='", TEXT_ARG(first));
        for (; commands[i] != NULL && text_equal(commands_words(commands[i]).first, first); i++)
            if (is_group)
                fprintf(out, "%.*s ", TEXT_ARG(commands_words(commands[i]).second));
        if (is_group)
            fprintf(out,
                    "'\n        [ \"$COMP_CWORD\" -gt 2 ] && command=\"$command ${COMP_WORDS[2]}\" ;;\n");
    }
}

static void write_choices(FILE *out, struct text choices)
{
    struct text word;

    while (text_cut(&choices, '|', &word))
        fprintf(out, "%.*s ", TEXT_ARG(word));
}

static void write_option_values(FILE *out, const struct command_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (options->kind == OPTION_SWITCH)
            continue;
        fprintf(out, "        --%s) ", options->name);
        if (options->kind == OPTION_CHOICE) {
            fprintf(out, "words='");
            write_choices(out, text_of(options->value));
            fprintf(out, "'");
        } else {
            fprintf(out, "words=%s",
                    options->kind == OPTION_FILE     ? " names=-f"
                    : options->kind == OPTION_FOLDER ? " names=-d"
                                                     : "");
        }
        fprintf(out, " ;;\n");
    }
}

/* What usage shows in lower case ("deb|rpm") is typed as it stands; FILE is completed by names, COMMAND by commands. */
static void write_arguments(FILE *out, const char *arguments, const char **names)
{
    struct text rest = text_of(arguments != NULL ? arguments : ""), word;

    while (text_cut_word(&rest, &word)) {
        if (islower((unsigned char)*word.at))
            write_choices(out, word);
        else if (text_starts(word, TEXT("FILE")))
            *names = " names=-f";
        else if (text_equal(word, TEXT("[COMMAND]")))
            write_first_words(out);
    }
}

static void write_command(FILE *out, const struct command *command)
{
    const char *names = "";

    fprintf(out, "    '%s')\n        case $before in\n", command->name);
    write_option_values(out, command->options);
    fprintf(out, "        *) words='");
    for (const struct command_option *o = command->options; o != NULL && o->name != NULL; o++)
        fprintf(out, "--%s ", o->name);
    write_arguments(out, command->arguments, &names);
    fprintf(out, "--help'%s ;;\n        esac ;;\n", names);
}

static void write_bash(FILE *out)
{
    fprintf(out, "# Bash completion for suture. To use it: source <(suture completion bash)\n"
                 "_suture() {\n"
                 "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                 "    local command=${COMP_WORDS[1]} words= names=\n"
                 "    case $command in\n");
    write_groups(out);
    fprintf(out, "    esac\n    case $command in\n");
    for (size_t i = 0; commands[i] != NULL; i++)
        write_command(out, commands[i]);
    fprintf(out, "    esac\n    if [ \"$COMP_CWORD\" = 1 ]; then\n        words='");
    write_first_words(out);
    fprintf(out, "--help --version' names=\n    fi\n"
                 "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\"; "
                 "[ -z \"$names\" ] || compgen $names -- \"$word\")\n"
                 "    [ -z \"$names\" ] || compopt -o filenames 2>/dev/null\n"
                 "}\n"
                 "complete -F _suture suture\n");
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    if (strcmp(call->arguments[0], "bash") != 0)
        return command_wrong(err, "\"%s\" is none of the shells it is made for: bash", call->arguments[0]);
    write_bash(call->out);
    return COMMAND_DONE;
}

const struct command command_completion = {
    .name = "completion",
    .arguments = "bash",
    .help = "a script that completes commands and options in a shell",
    .more = "To use it:\n\n    source <(suture completion bash)",
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
