/*
 * A real server on loopback for tests (test/flow/feed_server.py, whose paths say how it behaves). Only tests include this.
 *
 * SUTURE_FLOW is the folder of the server. start_server and stop_server are a group's setup and teardown, begin_test
 * and end_test a test's: each has an arena of its own, all share the server and its folders.
 */
#ifndef WIRE_SERVER_TESTING_H
#define WIRE_SERVER_TESTING_H

#include <sys/types.h>

#include "base/arena.h"

struct server {
    pid_t pid;
    int hold; /* its standard input: it ends when this closes */
    unsigned port, tls_port;
    char folder[64]; /* what it serves; its certificate is there too: ca.pem */
    char spool[64];
    struct arena arena;
};

int start_server(void **state);
int stop_server(void **state);
int begin_test(void **state);
int end_test(void **state);

#endif
