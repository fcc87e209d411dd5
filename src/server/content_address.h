/*
 * Where a machine finds the plain listener: told at enrolment, when it is not where every machine looks by itself (the server's
 * host, two ports above that of the machines).
 */
#ifndef SERVER_CONTENT_ADDRESS_H
#define SERVER_CONTENT_ADDRESS_H

#include "server/server.h"

/* In the request's arena; empty: where it looks by itself. Of the request it is the host that it was sent to: whoever lies there misleads nobody else. */
struct text content_address(const struct server *server, const struct request *request);

#endif
