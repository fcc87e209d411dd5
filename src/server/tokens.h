/*
 * Ending sessions and API tokens of a user together: when a password is set anew, or a user loses their place.
 */
#ifndef SERVER_TOKENS_H
#define SERVER_TOKENS_H

#include "server/server.h"

enum tokens_which { TOKENS_UNKNOWN, TOKENS_SESSIONS, TOKENS_ALL };

/* Each that is still good is revoked from now on, with its row of the audit log. */
bool tokens_end(struct server *server, struct request *request, struct text user, enum tokens_which which,
                struct error *err) MUST_USE;

#endif
