#include "server/tool.h"

#include "base/limits.h"
#include "base/own.h"

extern const struct tool tool_serve, tool_config_check, tool_config_sample, tool_config_manual, tool_store_copy,
    tool_backup, tool_restore, tool_quarantine;

const struct tool *const tools[] = {
    &tool_serve,
    &tool_config_check,
    &tool_config_sample,
    &tool_config_manual,
    &tool_store_copy,
    &tool_backup,
    &tool_restore,
    &tool_quarantine,
    NULL,
};

static void write_help(FILE *out)
{
    options_write_usage(out);
    fputs("\ncommands:\n", out);
    for (size_t i = 0; tools[i] != NULL; i++)
        fprintf(out, "  %s%s%-*s %s\n", tools[i]->name, tools[i]->arguments == NULL ? "" : " ",
                (int)(30 - strlen(tools[i]->name)), tools[i]->arguments == NULL ? "" : tools[i]->arguments,
                tools[i]->help);
}

/* How many words of the call the tool's name is; 0: it is another. */
static size_t words_taken(const struct tool *tool, const struct server_options *options)
{
    struct text name = text_of(tool->name), word;
    size_t count = 0;

    while (text_cut(&name, ' ', &word))
        if (count == options->word_count || !text_equal(word, text_of(options->words[count++])))
            return 0;
    return count;
}

static bool find(const struct server_options *options, const struct tool **out, size_t *taken,
                 struct error *err)
{
    *taken = 0;
    *out = tools[0];
    if (options->word_count == 0)
        return true;
    for (size_t i = 0; tools[i] != NULL; i++) {
        *out = tools[i];
        *taken = words_taken(tools[i], options);
        if (*taken > 0)
            return true;
    }
    return error_set(err, ERROR_INPUT, "unknown command \"%s\"; sutured --help lists them",
                     options->words[0]);
}

static int run(const struct server_options *options, FILE *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct server_settings settings = {.data = NULL};
    struct tool_call call = {.options = options, .settings = &settings, .out = out, .arena = &arena};
    const struct tool *tool;
    size_t taken;

    if (!find(options, &tool, &taken, err))
        return 2;
    call.arguments = options->words + taken;
    call.argument_count = options->word_count - taken;
    if (call.argument_count < tool->argument_min || call.argument_count > tool->argument_max) {
        (void)error_set(err, ERROR_INPUT, "usage: sutured %s %s", tool->name,
                        tool->arguments == NULL ? "" : tool->arguments);
        return 2;
    }
    if (!tool->without_settings && !options_settings(options, &arena, &settings, err))
        return 1;
    if (!tool->run(&call, err))
        return 1;
    return fflush(out) == 0 ? 0 : !error_system(err, "standard output");
}

int tools_run(int argc, const char *const *argv, FILE *out, FILE *errors)
{
    struct server_options options;
    struct error err = {.kind = ERROR_NONE};
    int status = 2;

    if (options_parse(argc, argv, &options, &err)) {
        if (options.help || options.version) {
            if (options.help)
                write_help(out);
            else
                fprintf(out, "sutured " SUTURE_VERSION "\n");
            return 0;
        }
        status = run(&options, out, &err);
    }
    if (status != 0)
        fprintf(errors, "sutured: %s\n", err.text);
    return status;
}
