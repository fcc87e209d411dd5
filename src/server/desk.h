/*
 * The desk: what the calls of agents share beyond a request, and what goes on behind them: hosts and inventories into memory at
 * start, check-ins into the database in batches, findings of hosts that are owed, new advisories.
 */
#ifndef SERVER_DESK_H
#define SERVER_DESK_H

#include "server/committer.h"
#include "server/sent_chunks.h"
#include "server/server.h"

struct desk;

/* Rows of parts.c, in this order, behind the store, its readers and the bulletin. */
extern const struct server_part desk_part;      /* hosts, index, committer */
extern const struct server_part desk_seen_part; /* check-ins that are not written yet */
extern const struct server_part
    desk_advisories_part; /* the advisories that a feed update left in DATA/advisories */
extern const struct server_part desk_findings_part; /* findings that are owed */

/* The database came back from a backup, and nobody has said yet that it may go on. */
bool desk_quarantined(const struct server *server);
/* Whether it ever came back from a backup: then agents may have results that it does not know any more. */
bool desk_restored(const struct server *server);
struct sent_chunks *desk_sent_chunks(const struct server *server);

/* What the advisories' part keeps; NULL at first. For it and the end of the desk alone. */
struct desk_advisories;
struct desk_advisories **desk_advisories(struct server *server);
void desk_advisories_end(struct desk_advisories **advisories);

/* The generation of advisories that findings are to be of; 0: there are none. */
uint64_t desk_findings_generation(const struct server *server);
void desk_set_findings_generation(struct server *server, uint64_t generation);

/* "debian-12" for what an agent calls its system; empty when that is no name. */
struct release;
void desk_release(struct text os, struct text codename, struct release *out);

/*
 * What a host has from now on, into the index: `changes` of its inventory, or all of it. Bodies of chunks that the index does
 * not know are read by `store`. A failure is the index's: the database has it all the same.
 */
struct desk_inventory {
    uint32_t number;
    struct text os, codename, kernel;
    int64_t scanned_us;
    const struct agent_change *changes; /* buckets ascending */
    size_t change_count;
};
bool desk_index_inventory(struct server *server, struct fleet_store *store,
                          const struct desk_inventory *inventory, struct error *err) MUST_USE;

#endif
