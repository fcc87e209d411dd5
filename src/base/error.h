/*
 * Errors: one small struct in the caller's frame.
 *
 * A function that can fail returns bool and takes `struct error *` last. The *kind* is for the program (exit
 * status, HTTP status, retry or not), the *text* is for a person; nobody parses the text. An error needs no
 * memory and owns nothing: it may be made when memory has run out and dropped without being released.
 *
 * Text that came from outside may be put into an error with %.*s: control bytes and broken UTF-8 are replaced
 * by '?' when the error is made, so that a file cannot write escape sequences onto a terminal.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

#define MUST_USE                               __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_index) __attribute__((format(printf, format_index, first_index)))

enum error_kind {
    ERROR_NONE,     /* nothing went wrong */
    ERROR_INPUT,    /* bytes from outside are not what they should be */
    ERROR_LIMIT,    /* more than a limit of base/limits.h, or than memory */
    ERROR_TRUST,    /* a signature, digest or origin does not hold */
    ERROR_ABSENT,   /* what was asked for is not there */
    ERROR_CONFLICT, /* somebody else holds it, or it changed meanwhile */
    ERROR_SYSTEM,   /* the operating system refused */
    ERROR_COUNT
};

struct error {
    enum error_kind kind;
    char text[240];
};

/* Makes the error. Always returns false, so that `return error_set(...)` is how a function fails. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* As error_set with ERROR_SYSTEM and, behind the text, what errno says. ENOENT gives ERROR_ABSENT instead, ENOMEM
 * and EFBIG ERROR_LIMIT. */
bool error_system(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Puts where it happened in front, with ": ". When the text is full the cause stays and the outer context goes. */
bool error_at(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* The answer is always false; said so that compilers and analyzers know it where they see no further than the call. */
#define error_set(...)    ((void)error_set(__VA_ARGS__), false)
#define error_system(...) ((void)error_system(__VA_ARGS__), false)
#define error_at(...)     ((void)error_at(__VA_ARGS__), false)

/* The kind's name in lower case ("input"), for logs and tests. */
const char *error_kind_name(enum error_kind kind);

#endif
