/*
 * Where commands get passphrases and PINs from: the terminal, or the first line of a file that the caller names.
 *
 * A file is for scripts: its owner's, closed to others, or a pipe. Never an option's value or the environment: both are
 * seen by others, or outlive the command.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "trust/signer.h"

struct ask {
    const char *file; /* NULL: the terminal */
};
/* Lives as long as ask does. */
struct signer_asker ask_signer(struct ask *ask);

#endif
