/*
 * Generations of plans, pulses and advisories: numbers that agents remember, so that no server, and no thief of its key, can
 * take them back in time. Each is in the database, durably, before anything with it is signed or handed out.
 *
 * The part holds a handle of its own that writes, beside the committer's: numbers are taken by whoever signs, a few a
 * minute, and must not wait behind a herd. The parts of upkeep.h use it too.
 */
#ifndef SERVER_GENERATIONS_H
#define SERVER_GENERATIONS_H

#include "server/server.h"
#include "store/fleet.h"

struct generations;

/* Its row in parts.c, behind store_part and before all that sign. */
extern const struct server_part generations_part;

/*
 * The next number: at least `wanted`, and above all that were written or that agents reported behind a restore.
 * ERROR_CONFLICT: the database was restored from a backup and is in quarantine: nothing may be handed out. From any thread.
 */
bool generation_take(struct server *server, enum fleet_generation of, uint64_t wanted, uint64_t *out,
                     struct error *err) MUST_USE;

/* Whether nothing may be handed out just now: whoever signs by the clock then waits, without a word. */
bool generations_quarantined(struct server *server, bool *out, struct error *err) MUST_USE;

/* The handle, until it is let go of: nobody else takes a number meanwhile. */
struct fleet_store *generations_hold(struct server *server);
void generations_let(struct server *server);
/* Of whoever holds it: whether it was asked `every_us` ago, or made then; the next time is reckoned from now. */
bool generations_due(struct server *server, int64_t now_us, int64_t every_us);

/* The same of one database, for tests. where: as fleet_store_open takes it. */
bool generations_make(const char *where, int64_t now_us, struct generations **out, struct error *err)
    MUST_USE;
void generations_end(struct generations **generations);

#endif
