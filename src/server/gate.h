/*
 * The gate: the three listeners (libmicrohttpd, one epoll loop a thread, TLS by GnuTLS), and what a request passes before a
 * handler sees it. Nobody else calls libmicrohttpd.
 *
 *     connection    limits in all and for each address; a deadline for the handshake, head, body, answer and rest, however
 *                   slowly bytes drip
 *     TLS           1.3 or 1.2; tickets of one key, so that coming back costs no signature. Agents' listener: a client certificate
 *                   is asked for and judged by us (trust/certificate.h), since libmicrohttpd lets anybody through
 *     admission     by the class of the route, before the body is read (admission.h)
 *     who           of the route; an agent's host must also be known and not revoked (server_guards)
 *     body          within the route's limit, whole
 *
 * What is refused before its body came is answered when the body is small enough to be read and forgotten, so that the
 * connection lives on; else the connection ends with the answer.
 */
#ifndef SERVER_GATE_H
#define SERVER_GATE_H

#include <gnutls/gnutls.h>

#include "server/admission.h"
#include "server/server.h"
#include "trust/certificate.h"

struct gate_limits {
    unsigned threads; /* of each listener */
    unsigned connections;
    unsigned connections_an_address; /* 0: any; a whole office comes from one */
    uint32_t head_s;                 /* handshake and head of the first request */
    uint32_t body_s;                 /* body, and then the answer; and a second more for each 4 KiB */
    uint32_t rest_s;                 /* until the head of the next request has come */
};

/* What all listeners of one process share. */
struct gate_house {
    struct server *server;
    struct admission *admission;
    const struct certificate_judge *judge;
    gnutls_datum_t ticket_key;
    const struct route *const *routes;
};

struct gate_wish {
    enum route_listener listener;
    int *socket;                     /* bound and listening; the gate's from here on, also when it fails */
    struct bytes key_pem, chain_pem; /* empty: plain */
    struct bytes trust_pem;          /* empty: no client certificate is asked for */
    struct gate_limits limits;
};

struct gate;

/* The house outlives the gate. */
bool gate_open(struct gate_house *house, const struct gate_wish *wish, struct gate **out, struct error *err)
    MUST_USE;
/* From here on nobody comes in. */
void gate_stop_accepting(struct gate *gate);
/* Requests that suspended themselves and were not resumed yet. */
unsigned gate_waiting(struct gate *gate);
/* Ends all connections. Nothing may wait any more. NULL is good. */
void gate_close(struct gate **gate);

/* The port of a bound socket. */
bool gate_port(int socket, uint16_t *out, struct error *err) MUST_USE;
/* A listening socket. port 0: the system chooses; *port is what it is. */
bool gate_listen(const char *address, uint16_t *port, int *out, struct error *err) MUST_USE;

#endif
