/*
 * Reading the fleet's database from many threads: a pool of handles that read, each used by one thread at a time.
 *
 *     OWN(readers_give) struct reader_lease lease = {0};
 *     if (!readers_take(server, &lease, err)) return false;
 *     fleet_store_users(lease.store, ...)
 *
 * A handle is opened when all others are lent, up to LIMIT_READERS; then whoever comes waits until one is given back. Reads take
 * milliseconds; nobody keeps one while they wait for something else.
 */
#ifndef SERVER_READERS_H
#define SERVER_READERS_H

#include "server/server.h"
#include "store/fleet.h"

struct readers;

/* Its row in parts.c, before all that read. */
extern const struct server_part readers_part;

struct reader_lease {
    struct readers *readers;
    struct fleet_store *store; /* borrowed */
};

/* ERROR_SYSTEM: the database cannot be opened. */
bool readers_take(struct server *server, struct reader_lease *out, struct error *err) MUST_USE;
void readers_give(struct reader_lease *lease);

/* The same pool of one database, for tests and for whoever has no server. where: as fleet_store_open takes it; lives longer. */
bool readers_make(const char *where, struct readers **out, struct error *err) MUST_USE;
void readers_end(struct readers **readers);

#endif
