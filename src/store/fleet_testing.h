/*
 * For tests of the fleet's database: a fresh, empty one of every kind. PostgreSQL is Debian's own, started here on a socket
 * in a temporary folder, as another user when this is root, and it ends with the test whatever becomes of it.
 */
#ifndef STORE_FLEET_TESTING_H
#define STORE_FLEET_TESTING_H

#include <sys/types.h>

#include "store/fleet_write.h"
#include "store/store.h"

#define FLEET_WHERE_MAX 320

struct fleet_server {
    char folder[64];
    char bin[160];     /* of its programs */
    pid_t pid;         /* 0: there is none */
    size_t file_limit; /* no file of its may grow beyond this, from its next start on; 0: any may */
};

/* One kind of database, as a test's prestate. */
struct fleet_testing {
    const struct store *kind;
    struct fleet_server *server; /* NULL: it needs none */
    char folder[64];
    unsigned made;
};

/* False, with a sentence on the terminal, where it is not installed. */
bool fleet_server_begin(struct fleet_server *server);
/* The same data again, after it was killed. */
void fleet_server_start(struct fleet_server *server);
void fleet_server_kill(struct fleet_server *server); /* SIGKILL, it and its children */
void fleet_server_end(struct fleet_server *server);

/* Where an empty database of this kind is. `socket`: the folder of another socket that leads there, or NULL. */
void fleet_testing_where(struct fleet_testing *testing, const char *socket, char out[FLEET_WHERE_MAX]);
/* Opened, with its schema; the test fails when it cannot be. */
struct fleet_store *fleet_testing_open(const char *where);
/* One write, which must not fail. */
struct fleet_result fleet_testing_write(struct fleet_store *store, const struct fleet_write *write);
/* The same, which must be done. */
struct fleet_result fleet_testing_done(struct fleet_store *store, const struct fleet_write *write);
/* A host whose id is so many times this byte, with a token of its own; its hid. */
int64_t fleet_testing_host(struct fleet_store *store, uint8_t byte);

/* These tests for every row of stores.c, each with its struct fleet_testing as prestate; how many failed. */
struct fleet_test {
    const char *name;
    void (*run)(void **state);
    bool served_only; /* only where there is a server and a connection to it */
};
int fleet_testing_run(const struct fleet_test *tests, size_t count);

#define FLEET_TESTING_NOW INT64_C(1795312800000000) /* 2026-11-22 */

#endif
