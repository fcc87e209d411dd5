#include "server/options.h"

#include "base/log.h"

static const struct {
    const char *name;
    size_t offset;
    const char *value, *help;
} rows[] = {
    {"--config", offsetof(struct server_options, config), "FILE",
     "settings; by default /etc/suture/sutured.yaml, if it is there"},
    {"--data", offsetof(struct server_options, data), "DIR", "the folder with keys, database and content"},
    {"--listen", offsetof(struct server_options, listen), "ADDR", "the address of all listeners"},
    {"--store", offsetof(struct server_options, store), "STORE", "sqlite:PATH or postgres:CONNINFO"},
    {"--ready", offsetof(struct server_options, ready), "FILE",
     "written when all listens: JSON with the ports"},
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static bool take_option(int argc, const char *const *argv, int *at, struct server_options *out,
                        struct error *err)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(argv[*at], rows[i].name) != 0)
            continue;
        if (*at + 1 == argc)
            return error_set(err, ERROR_INPUT, "%s: %s is missing", rows[i].name, rows[i].value);
        memcpy((uint8_t *)out + rows[i].offset, &argv[++*at], sizeof(argv[*at]));
        return true;
    }
    return error_set(err, ERROR_INPUT, "unknown option %s; sutured --help lists them", argv[*at]);
}

bool options_parse(int argc, const char *const *argv, struct server_options *out, struct error *err)
{
    struct server_options got = {.config = NULL};

    for (int i = 1; i < argc; i++) {
        if (got.word_count == 0 && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0))
            got.help = true;
        else if (got.word_count == 0 && strcmp(argv[i], "--version") == 0)
            got.version = true;
        else if (got.word_count == 0 && argv[i][0] == '-') {
            if (!take_option(argc, argv, &i, &got, err))
                return false;
        } else if (got.word_count == OPTIONS_WORDS_MAX)
            return error_set(err, ERROR_LIMIT, "more than %d words", OPTIONS_WORDS_MAX);
        else
            got.words[got.word_count++] = argv[i];
    }
    *out = got;
    return true;
}

bool options_settings(const struct server_options *options, struct arena *arena, struct server_settings *out,
                      struct error *err)
{
    const struct settings_options chosen = {options->config, options->data, options->listen, options->store};

    if (!settings_read(&chosen, arena, out, err))
        return false;
    log_set_level((enum log_level)out->log_level);
    return true;
}

void options_write_usage(FILE *out)
{
    fputs("usage: sutured [OPTION]... [COMMAND [ARGUMENT]...]\n\n", out);
    for (size_t i = 0; i < ROWS; i++)
        fprintf(out, "  %s %-*s %s\n", rows[i].name, (int)(14 - strlen(rows[i].name)), rows[i].value,
                rows[i].help);
}

bool options_row(size_t index, const char **name, const char **value, const char **help)
{
    if (index >= ROWS)
        return false;
    *name = rows[index].name;
    *value = rows[index].value;
    *help = rows[index].help;
    return true;
}
