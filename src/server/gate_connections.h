/*
 * Connections of one listener: who is at the other end, and when it must have moved on. For gate*.c alone.
 */
#ifndef SERVER_GATE_CONNECTIONS_H
#define SERVER_GATE_CONNECTIONS_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/gate.h"

struct gate_connection {
    struct gate_connection *before, *behind;
    int socket;
    _Atomic int64_t deadline_us; /* of CLOCK_MONOTONIC; 0: none */
    struct request_peer peer;    /* kind UNKNOWN: not asked yet */
    char address[INET6_ADDRSTRLEN];
};

struct gate_connections {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    struct gate_connection *first;
    pthread_t sweeper;
    bool sweeping, stop;
};

bool gate_connections_open(struct gate_connections *connections, struct error *err) MUST_USE;
void gate_connections_close(struct gate_connections *connections);

/* NULL: memory is out. */
struct gate_connection *gate_connection_begin(struct gate_connections *connections, int socket,
                                              const struct sockaddr *address);
void gate_connection_end(struct gate_connections *connections, struct gate_connection *connection);
/* So long from now on; 0: as long as it takes. */
void gate_connection_allow(struct gate_connection *connection, uint64_t seconds);

/* Judges the certificate of the handshake, once a connection; expiry is judged each time. session NULL: plain. */
void gate_connection_ask(struct gate_connection *connection, gnutls_session_t session,
                         const struct certificate_judge *judge, int64_t now_us);

#endif
