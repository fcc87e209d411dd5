/*
 * Help made from the tables of commands: the list of all, one command's own, and the manual page.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* What `suture --help` prints. */
void help_write_overview(FILE *out);
/* The commands that share a first word ("feed"); false when there are none: nothing is printed. */
bool help_write_group(FILE *out, const char *first);
/* What `suture COMMAND --help` prints. */
void help_write_command(FILE *out, const struct command *command);
/* suture(1) for man(7). */
void help_write_manual(FILE *out);

#endif
