/*
 * What was typed behind a command's name, checked against its table.
 *
 * Options are long: "--name VALUE" or "--name=VALUE", before, between or behind the arguments; "--" ends them, "-" is
 * an argument. Whatever the table does not allow is wrong usage, and the text says what is allowed.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "cli/command.h"

/* True when --help or -h is asked for, before any "--": then nothing else is looked at. */
bool arguments_ask_help(const char *const *argv, size_t count);
/* Fills call->arguments and call->values; call->command and call->arena are there already. */
bool arguments_parse(const char *const *argv, size_t count, struct command_call *call, struct error *err)
    MUST_USE;

#endif
