/*
 * Becoming a machine of a fleet, and staying one.
 *
 * The token says which CA the fleet has: the server's chain must end in it before a word is said. The key is made here and never
 * leaves. What makes this machine enrolled, the file `enrolled`, is written last: until then nothing has happened.
 */
#ifndef AGENT_ENROLL_H
#define AGENT_ENROLL_H

#include "agent/agent.h"

struct enroll_request {
    const char *server; /* as it was typed */
    const char *token;
    bool replace; /* leave the fleet that this machine is in */
};

struct enroll_result {
    struct agent_enrolled enrolled;
    bool pinned;          /* the fleet's repository is obeyed from now on */
    struct error pin_why; /* when it is not */
};

/* ERROR_CONFLICT: it is in a fleet already. ERROR_TRUST: the server is not the token's, or does not take it. */
bool enroll(const struct enroll_request *request, struct arena *arena, struct enroll_result *out,
            struct error *err) MUST_USE;

/* Whether the certificate's first third is over, or it has ended. A certificate that cannot be read is due too. */
bool enroll_renew_is_due(const struct agent *agent);
bool enroll_renew(const struct agent *agent, struct link *link, struct error *err) MUST_USE;

/*
 * Fetches the first root of the fleet's repository, which the fleet's id names, and sets it as the repository that this machine
 * obeys. Nothing when one is set already. ERROR_TRUST: it is not the fleet's.
 */
bool enroll_pin(const struct agent *agent, struct error *err) MUST_USE;

#endif
