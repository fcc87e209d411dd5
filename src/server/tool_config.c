/* sutured config check, config sample. */
#include "base/file.h"
#include "base/limits.h"
#include "server/tool.h"

static bool check(const struct tool_call *call, struct error *err)
{
    struct server_settings settings;
    struct bytes raw = {0};

    if (!file_read(call->arguments[0], LIMIT_YAML_FILE, call->arena, &raw, err) ||
        !settings_parse(raw, text_of(call->arguments[0]), call->arena, &settings, err))
        return false;
    fprintf(call->out, "%s is good\n", call->arguments[0]);
    return true;
}

const struct tool tool_config_check = {
    .name = "config check",
    .arguments = "FILE",
    .help = "say what is wrong with a file of settings",
    .argument_min = 1,
    .argument_max = 1,
    .without_settings = true,
    .run = check,
};

static bool sample(const struct tool_call *call, struct error *err)
{
    (void)err;
    settings_write_sample(call->out);
    return true;
}

const struct tool tool_config_sample = {
    .name = "config sample",
    .help = "print a file of settings with every key and its default",
    .without_settings = true,
    .run = sample,
};
