/*
 * The roof of `suture`: finds the command, checks what was typed, runs it, and alone prints why it failed.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>

/* argv as main has it. Returns the exit status; nothing is closed. */
int cli_run(int argc, const char *const *argv, FILE *in, FILE *out, FILE *errors);

#endif
