/*
 * The supervisor's children: programs of ours that run as long as it does. Each gets standard error, a socket to the supervisor as
 * its standard input, and the descriptors that are named for it as 3, 4, ...; nothing else is inherited.
 */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <stddef.h>

#include "base/error.h"

#define PROCESS_PASSED_MAX 8

struct process {
    int pid;     /* 0: none */
    int watch;   /* a pidfd: readable when it has ended; -1 */
    int control; /* our end of the socket; -1 */
};
#define PROCESS_NONE ((struct process){0, -1, -1})

struct process_wish {
    const char *const *argv;        /* argv[0] is an absolute path; ends in NULL */
    const char *const *environment; /* ends in NULL */
    const int *passed;
    size_t passed_count;
    bool quiet; /* standard output is not ours to show; else it goes to standard error */
};

bool process_start(const struct process_wish *wish, struct process *out, struct error *err) MUST_USE;
/* Whether it has ended; then *status is its exit status, or 128 + signal, and *process is NONE. */
bool process_ended(struct process *process, int *status);
/* Closes the socket, by which it knows; after patience_ms it is killed. Waits. */
void process_stop(struct process *process, int patience_ms);

#endif
