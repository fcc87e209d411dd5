/* sutured config manual: the manual page, made from the tables of options, commands and settings. */
#include "server/tool.h"

/* What troff would take for its own is escaped. */
static void put_words(FILE *out, const char *text)
{
    if (text[0] == '.' || text[0] == '\'')
        fputs("\\&", out);
    for (; *text != 0; text++) {
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text, out);
    }
}

static void put(FILE *out, const char *text)
{
    put_words(out, text);
    fputc('\n', out);
}

static void put_entry(FILE *out, const char *head, const char *more, const char *help)
{
    fputs(".TP\n\\fB", out);
    put_words(out, head);
    fputs("\\fR \\fI", out);
    put_words(out, more);
    fputs("\\fR\n", out);
    put(out, help);
}

static void put_options(FILE *out)
{
    const char *name, *value, *help;

    fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; options_row(i, &name, &value, &help); i++)
        put_entry(out, name, value, help);
}

static void put_commands(FILE *out)
{
    fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; tools[i] != NULL; i++)
        put_entry(out, tools[i]->name, tools[i]->arguments == NULL ? "" : tools[i]->arguments,
                  tools[i]->help);
}

static void put_settings(FILE *out)
{
    fputs(".SH SETTINGS\nOne YAML file, /etc/suture/sutured.yaml, which need not be there. Options win over "
          "it.\n",
          out);
    for (const struct settings_row *row = settings_rows; row->key != NULL; row++) {
        put_entry(out, row->key, "", row->help);
        if (row->absent[0] != 0) {
            fputs("(by default ", out);
            fputs(row->absent, out);
            fputs(")\n", out);
        }
    }
}

static bool manual(const struct tool_call *call, struct error *err)
{
    FILE *out = call->out;

    (void)err;
    fputs(".TH SUTURED 8 \"\" \"suture " SUTURE_VERSION
          "\" \"Suture\"\n.SH NAME\nsutured \\- the server of a fleet\n"
          ".SH SYNOPSIS\n.B sutured\n[OPTION]... [COMMAND [ARGUMENT]...]\n.SH DESCRIPTION\n",
          out);
    put(out, "It starts with nothing: it makes its folder, an authority for the machines' certificates, a "
             "signed repository and "
             "an embedded database, and an administrator whose one-time password it prints once.");
    fputs(".PP\n", out);
    put(out,
        "Three processes: sutured starts the others and keeps the listening sockets; sutured-front talks to "
        "the network and "
        "cannot read the signing keys; sutured-keeper holds them, and signs only what it has read itself.");
    put_options(out);
    put_commands(out);
    put_settings(out);
    fputs(".SH SEE ALSO\n.BR suture (1),\ndoc/operate.md\n", out);
    return true;
}

const struct tool tool_config_manual = {
    .name = "config manual",
    .help = "print the manual page",
    .without_settings = true,
    .run = manual,
};
