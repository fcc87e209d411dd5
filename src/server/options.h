/*
 * The command line of sutured and of its two processes:
 *
 *     sutured [--config FILE] [--data DIR] [--listen ADDR] [--store STORE] [--ready FILE] [COMMAND [ARGUMENT]...]
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "server/settings.h"

#define OPTIONS_WORDS_MAX 16

struct server_options {
    const char *config, *data, *listen, *store; /* NULL: not given */
    const char *ready; /* a file that is written when all listens: JSON with the ports */
    bool help, version;
    const char *words[OPTIONS_WORDS_MAX]; /* the command and its arguments */
    size_t word_count;
};

/* argv as main has it. ERROR_INPUT says what is wrong. An option that is not known, behind the first word, is the command's. */
bool options_parse(int argc, const char *const *argv, struct server_options *out, struct error *err) MUST_USE;
/* The settings that they and the file give; sets the level of the log. */
bool options_settings(const struct server_options *options, struct arena *arena, struct server_settings *out,
                      struct error *err) MUST_USE;
void options_write_usage(FILE *out);
/* The row of this index of the table of options; false: there are no more. For the manual page. */
bool options_row(size_t index, const char **name, const char **value, const char **help);

#endif
