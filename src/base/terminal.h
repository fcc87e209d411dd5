/*
 * Asking the person at the terminal, whatever standard input and output are: /dev/tty is opened, so nothing that is piped in
 * can answer. ERROR_ABSENT: this process has no terminal. A typed Ctrl-C is ERROR_CONFLICT, "stopped": the terminal gets
 * its settings back first.
 */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stddef.h>

#include "base/error.h"

/* One line without its end, as a string; what is typed does not show. ERROR_LIMIT: longer than size. */
bool terminal_ask_secret(const char *question, char *out, size_t size, struct error *err) MUST_USE;
/* The same, and what is typed shows. */
bool terminal_ask(const char *question, char *out, size_t size, struct error *err) MUST_USE;

#endif
