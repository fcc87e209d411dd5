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

#define CHECK_LIMIT_MS     10000  /* where the policy says nothing */
#define CHECK_LIMIT_MS_MAX 600000 /* a run waits for each of them twice */
#define CHECK_WORDS_MAX    32     /* of a command */

struct check {
    enum check_kind kind;
    struct text
        target; /* as it was written: "ssh", "127.0.0.1:22", "http://127.0.0.1/health", "/usr/bin/true -q" */
    uint16_t expected; /* HTTP: the status; COMMAND: the exit status */
    uint32_t limit_ms; /* the answer must be there within */
};

/*
 * What a target must look like; a policy is refused otherwise, and whoever asks looks again.
 *
 *     UNIT      a unit's name, with or without its kind: "ssh", "postgresql@15-main.service"
 *     TCP       "HOST:PORT", "[ADDRESS6]:PORT"
 *     HTTP      "http://HOST[:PORT][/PATH]"; https needs a library that an answer about a service here is not worth: ask
 *               its port by TCP, or name a command
 *     COMMAND   the program's absolute path, and words with spaces between: no shell reads it
 */
bool check_target(enum check_kind kind, struct text target, struct error *err) MUST_USE;

/* Where to connect to, of a TCP or HTTP target. The texts point into it. */
struct check_address {
    struct text host;
    uint16_t port;
    struct text path; /* HTTP: begins with '/', or absent: "/" */
};
bool check_address(enum check_kind kind, struct text target, struct check_address *out, struct error *err)
    MUST_USE;

/* "HTTP/1.1 200 OK": 200. What begins a server's answer. */
bool check_http_status(struct bytes answer, uint16_t *out, struct error *err) MUST_USE;

enum check_outcome { CHECK_NOT_ASKED, CHECK_PASSED, CHECK_FAILED, CHECK_OUTCOME_COUNT };
const char *check_outcome_name(enum check_outcome outcome); /* "not-asked", "passed", "failed" */

struct check_answer {
    enum check_outcome outcome;
    struct text why; /* one line: "connection refused"; absent where it passed */
};

#endif
