#include "cli/help.h"

#include "cli/commands.h"

static const char about[] = "which patches a machine misses, what matters, by when and why";

static const struct command_option common_options[] = {
    {"help", OPTION_SWITCH, NULL, "say what the command does and takes"},
    {0},
};

static const struct {
    enum command_exit exit;
    const char *meaning;
} exits[] = {
    {COMMAND_DONE, "done"},
    {COMMAND_FAILED, "failed: one line on standard error says what, where, and what to do"},
    {COMMAND_WRONG_USAGE, "wrong usage"},
    {COMMAND_FAIL_ON, "what --fail-on names was met"},
    {COMMAND_NO_DATA, "nothing could be judged, or data was absent or stale where it was asked for"},
};
#define EXIT_COUNT (sizeof(exits) / sizeof(exits[0]))

static int max(int a, int b)
{
    return a > b ? a : b;
}

/* "--root DIR" */
static int option_text(const struct command_option *option, char out[80])
{
    return snprintf(out, 80, "--%s%s%s", option->name, option->value != NULL ? " " : "",
                    option->value != NULL ? option->value : "");
}

static void write_usage(FILE *out, const struct command *command)
{
    fprintf(out, "suture %s%s%s%s", command->name, command->options != NULL ? " [OPTION...]" : "",
            command->arguments != NULL ? " " : "", command->arguments != NULL ? command->arguments : "");
}

void help_write_overview(FILE *out)
{
    int width = 0;

    for (size_t i = 0; commands[i] != NULL; i++)
        width = max(width, (int)strlen(commands[i]->name));
    fprintf(out, "Suture shows %s.\n\nusage: suture COMMAND [OPTION...] [ARGUMENT...]\n\n", about);
    for (size_t i = 0; commands[i] != NULL; i++)
        fprintf(out, "  %-*s  %s\n", width, commands[i]->name, commands[i]->help);
    fprintf(out,
            "\nsuture help COMMAND says more of one; suture --version prints the version.\n\nExit status:\n");
    for (size_t i = 0; i < EXIT_COUNT; i++)
        fprintf(out, "  %d  %s\n", (int)exits[i].exit, exits[i].meaning);
}

bool help_write_group(FILE *out, const char *first)
{
    bool found = false;

    for (size_t i = 0; commands[i] != NULL; i++) {
        struct command_words words = commands_words(commands[i]);
        if (words.second.size == 0 || !text_equal(words.first, text_of(first)))
            continue;
        found = true;
        fprintf(out, "suture %s: %s\n", commands[i]->name, commands[i]->help);
    }
    return found;
}

static void write_options(FILE *out, const struct command_option *options, int width)
{
    char text[80];

    for (; options != NULL && options->name != NULL; options++) {
        (void)option_text(options, text);
        fprintf(out, "  %-*s  %s\n", width, text, options->help);
    }
}

void help_write_command(FILE *out, const struct command *command)
{
    char text[80];
    int width = (int)strlen("--help");

    for (const struct command_option *o = command->options; o != NULL && o->name != NULL; o++)
        width = max(width, option_text(o, text));
    fprintf(out, "usage: ");
    write_usage(out, command);
    fprintf(out, "\n\n%s\n\n", command->help);
    if (command->more != NULL)
        fprintf(out, "%s\n\n", command->more);
    write_options(out, command->options, width);
    write_options(out, common_options, width);
}

/* Text for troff: hyphens that are typed, backslashes, and lines that would be requests are marked. */
static void write_troff(FILE *out, const char *text)
{
    for (bool at_line_start = true; *text != '\0'; text++) {
        if (at_line_start && (*text == '.' || *text == '\''))
            fprintf(out, "\\&");
        at_line_start = *text == '\n';
        if (*text == '-')
            fprintf(out, "\\-");
        else if (*text == '\\')
            fprintf(out, "\\(rs");
        else
            fputc(*text, out);
    }
}

static void write_manual_options(FILE *out, const struct command_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        fprintf(out, ".TP\n\\fB\\-\\-");
        write_troff(out, options->name);
        fprintf(out, "\\fR");
        if (options->value != NULL) {
            fprintf(out, " \\fI");
            write_troff(out, options->value);
            fprintf(out, "\\fR");
        }
        fputc('\n', out);
        write_troff(out, options->help);
        fputc('\n', out);
    }
}

static void write_manual_command(FILE *out, const struct command *command)
{
    fprintf(out, ".SS ");
    write_troff(out, command->name);
    fprintf(out, "\n.PP\n\\fBsuture ");
    write_troff(out, command->name);
    fprintf(out, "\\fR%s ", command->options != NULL ? " [\\fIOPTION\\fR...]" : "");
    if (command->arguments != NULL)
        write_troff(out, command->arguments);
    fprintf(out, "\n.PP\n");
    write_troff(out, command->help);
    fprintf(out, ".\n");
    if (command->more != NULL) {
        fprintf(out, ".PP\n.nf\n"); /* lines stay as they are: some hold samples */
        write_troff(out, command->more);
        fprintf(out, "\n.fi\n");
    }
    write_manual_options(out, command->options);
}

void help_write_manual(FILE *out)
{
    fprintf(out,
            ".TH SUTURE 1 \"\" \"Suture " SUTURE_VERSION "\" \"User Commands\"\n.SH NAME\nsuture \\- %s\n",
            about);
    fprintf(out, ".SH SYNOPSIS\n\\fBsuture\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n");
    fprintf(out, ".SH COMMANDS\n");
    for (size_t i = 0; commands[i] != NULL; i++)
        write_manual_command(out, commands[i]);
    fprintf(out, ".SH OPTIONS OF EVERY COMMAND\n");
    write_manual_options(out, common_options);
    fprintf(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < EXIT_COUNT; i++) {
        fprintf(out, ".TP\n%d\n", (int)exits[i].exit);
        write_troff(out, exits[i].meaning);
        fputc('\n', out);
    }
}
