/*
 * A tool: what `sutured NAME` does beside serving. Each is a `const struct tool` in a file tool_NAME.c and one row of tools.c.
 */
#ifndef SERVER_TOOL_H
#define SERVER_TOOL_H

#include "server/options.h"

struct tool_call {
    const struct server_options *options;
    const struct server_settings *settings;
    const char *const *arguments; /* behind the name */
    size_t argument_count;
    FILE *out;
    struct arena *arena;
};

struct tool {
    const char *name;      /* one or two words: "config check" */
    const char *arguments; /* as usage shows them; NULL: takes none */
    const char *help;      /* one line */
    size_t argument_min, argument_max;
    bool without_settings; /* it is called though the settings are wrong, or are not there */
    /* True: exit status 0. */
    bool (*run)(const struct tool_call *call, struct error *err);
};

/* Ends in NULL. The first is what is done when none is named. */
extern const struct tool *const tools[];

/* The whole program; argv as main has it. Returns the exit status. */
int tools_run(int argc, const char *const *argv, FILE *out, FILE *errors);

#endif
