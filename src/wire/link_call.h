/*
 * One call of HTTP or HTTPS with a body in memory, inside suture-link.
 *
 * Holds: at most answer_max bytes of an answer are ever held; no redirect is followed; TLS 1.2 or newer; only the certificate
 * that was named when the process began is believed, and the server's must be for the name in the URL. Proxies are those of the environment,
 * as curl reads it. Calls of one process go over one connection where the server lets it.
 */
#ifndef WIRE_LINK_CALL_H
#define WIRE_LINK_CALL_H

#include "base/arena.h"
#include "wire/link_message.h"

struct link_session {
    void *curl;           /* CURL */
    const char *ca;       /* PEM file; NULL: none, and https: only to learn */
    const char *identity; /* PEM file with certificate and key; NULL: none */
};

/* Once in a process, before confine(). OWN(link_session_end). */
bool link_session_begin(struct link_session *session, struct error *err) MUST_USE;
void link_session_end(struct link_session *session);

/* Fills the answer, in the arena. False: no answer came; the status is 0. */
bool link_call(struct link_session *session, const struct link_order *order, struct arena *arena,
               struct link_answer *out, struct error *err) MUST_USE;

#endif
