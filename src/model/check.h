/*
 * A health check: one question whose answer tells whether a service works, and what came of it.
 *
 * Checks are named in the policy (evaluate/policy.h), or follow from the services that a plan restarts. They are asked
 * before a change and after it, and the answers are compared: what failed before is not blamed on the change.
 */
#ifndef MODEL_CHECK_H
#define MODEL_CHECK_H

#include "base/bytes.h"

enum check_kind {
    CHECK_UNKNOWN,
    CHECK_UNIT,    /* the service manager says that the unit is active */
    CHECK_TCP,     /* something accepts a connection */
    CHECK_HTTP,    /* a GET is answered with the status expected */
    CHECK_COMMAND, /* a program ends with the status expected */
    CHECK_KIND_COUNT
};
const char *check_kind_name(enum check_kind kind); /* "unit", "tcp", "http", "command" */
enum check_kind check_kind_find(struct text name); /* CHECK_UNKNOWN when there is none of that name */

struct check {
    enum check_kind kind;
    struct text
        target; /* as it was written: "ssh", "127.0.0.1:22", "http://127.0.0.1/health", "/usr/bin/true -q" */
    uint16_t expected; /* HTTP: the status; COMMAND: the exit status */
    uint32_t limit_ms; /* the answer must be there within */
};

enum check_outcome { CHECK_NOT_ASKED, CHECK_PASSED, CHECK_FAILED, CHECK_OUTCOME_COUNT };
const char *check_outcome_name(enum check_outcome outcome); /* "not-asked", "passed", "failed" */
enum check_outcome check_outcome_find(struct text name);

struct check_answer {
    enum check_outcome outcome;
    struct text why; /* one line: "connection refused"; absent where it passed */
};

#endif
