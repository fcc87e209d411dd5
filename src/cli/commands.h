/*
 * The table of all commands. commands.c is the only file that names them all.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

extern const struct command *const commands[]; /* in the order of help; ends in NULL */

/* The words of a command's name: "feed", "update". Absent second word: it has one. */
struct command_words {
    struct text first, second;
};
struct command_words commands_words(const struct command *command);

/*
 * The command that argv (without the program's name) begins with, and how many words it took. On failure the text says which
 * known name is nearest, or which words may follow the first.
 */
bool commands_find(const char *const *argv, size_t count, const struct command **out, size_t *words,
                   struct error *err) MUST_USE;

#endif
