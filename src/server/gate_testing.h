/*
 * A gate on loopback for tests, with a fleet of its own, and a client that can do what no honest one does.
 */
#ifndef SERVER_GATE_TESTING_H
#define SERVER_GATE_TESTING_H

#include "base/testing.h"

#include "server/gate.h"

enum who { NOBODY, SELF_SIGNED, TWIN_CA, OF_SERVER, EXPIRED, HOST, REVOKED, WHO_COUNT };

struct gate_place {
    struct arena arena;
    struct bytes keys[WHO_COUNT], certificates[WHO_COUNT]; /* PEM and DER */
    struct bytes authority, chain_pem, server_key;
    struct certificate_judge judge;
    struct server server;
    struct admission admission;
    struct gate_house house;
    struct gate *gate;
    uint16_t port;
};

/* limits.threads 0: the usual ones. */
void gate_place_open(struct gate_place *place, enum route_listener listener, const struct gate_limits *limits,
                     const struct route *const *routes);
void gate_place_close(struct gate_place *place);

/* One connection of a client. fd -1: it was not let in. */
struct gate_client {
    int fd;
    gnutls_session_t session; /* NULL: plain */
    gnutls_certificate_credentials_t credentials;
};
/* ticket: of an earlier connection, or size 0. */
struct gate_client gate_client_open(struct gate_place *place, enum who who, const char *priorities,
                                    const gnutls_datum_t *ticket);
void gate_client_close(struct gate_client *client);
bool gate_client_send(struct gate_client *client, const char *bytes, size_t size);
/* The whole answer; its status, 0 when the connection ended before. */
unsigned gate_client_receive(struct gate_client *client, char *out, size_t size);
/* A request and its answer's status; body may be NULL. */
unsigned gate_client_ask(struct gate_client *client, const char *method, const char *path, const char *body);

#endif
