/*
 * What gate.c (listeners) and gate_serve.c (requests) share; for them alone.
 */
#ifndef SERVER_GATE_PARTS_H
#define SERVER_GATE_PARTS_H

#include <microhttpd.h>

#include "server/gate_connections.h"

struct gate {
    struct gate_house *house;
    enum route_listener listener;
    struct gate_limits limits;
    struct MHD_Daemon *daemon;
    struct gate_connections connections;
    bool tls;
    _Atomic unsigned waiting;
};

/* libmicrohttpd's callbacks; the first parameter is the gate. */
void *gate_serve_begin(void *self, const char *target, struct MHD_Connection *connection);
enum MHD_Result gate_serve(void *self, struct MHD_Connection *connection, const char *url, const char *method,
                           const char *version, const char *upload, size_t *upload_size, void **state);
void gate_serve_end(void *self, struct MHD_Connection *connection, void **state,
                    enum MHD_RequestTerminationCode why);

#endif
