/*
 * Standard input, line by line: for the tools that read "-".
 *
 * A line is a text (UTF-8, no control bytes but tabs) of at most LIMIT_LINE bytes. Errors begin with "line N".
 */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <stdio.h>

#include "base/bytes.h"
#include "base/limits.h"

struct lines {
    FILE *in;
    size_t number; /* of the last line read, from 1 */
    uint8_t at[LIMIT_LINE];
};

/*
 * The next line, without its end; *out points into lines until the next call. False with err->kind ERROR_NONE at the end,
 * else with what was wrong.
 */
bool lines_next(struct lines *lines, struct text *out, struct error *err) MUST_USE;

#endif
