/*
 * Children: one program run with what it needs and nothing else.
 *
 * A child gets its argv, the environment given (nothing is inherited), bytes on standard input, and descriptors 0 to
 * 2 only. It runs with no_new_privs, within time and output limits, and is killed with its group when one is passed.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/bytes.h"

#define CHILD_PASSED_MAX 8

struct child_command {
    const char *const *argv;        /* argv[0] is an absolute path, no search; ends in NULL */
    const char *const *environment; /* ends in NULL; NULL: PATH=/usr/bin:/bin and LC_ALL=C */
    struct bytes input;             /* written to its standard input */
    int input_fd;                   /* used instead of `input` when > 2 (0, the default, is none) */
    const int *passed;              /* descriptors that it gets as 3, 4, ...: it can open them as /proc/self/fd/3 */
    size_t passed_count;            /* at most CHILD_PASSED_MAX */
    uint32_t timeout_ms;            /* 0 is not allowed */
    size_t output_limit;            /* of standard output and of standard error, each */
    bool errors_passed_on;          /* standard error is ours: for progress on a terminal */
    /* In the child, right before it becomes the program (base/confine_cage.h): 0, or the errno why it must not. Or NULL. */
    int (*enter)(const void *cage);
    const void *cage; /* its parameter */
    /* Takes each piece of standard output as it comes, which is then not in the result and not limited. False ends the child. */
    bool (*on_output)(void *self, struct bytes piece, struct error *err);
    void *self; /* its first parameter */
};

struct child_result {
    int status;          /* exit status, or 128 + signal */
    struct bytes output; /* in the arena */
    struct bytes errors;
};

/* Runs to the end. Fails when it cannot be started (ERROR_ABSENT: no such program), takes too long or writes too much (ERROR_LIMIT); a status other
 * than 0 is no failure. */
bool child_run(const struct child_command *command, struct arena *arena, struct child_result *out,
               struct error *err) MUST_USE;

#endif
