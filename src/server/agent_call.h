/*
 * What the calls of agents have in common: who asks, in which version, how an answer waits for its commit.
 *
 * The gate has let in nobody but hosts of this fleet that are known and not revoked (route_agent_*.c say for each route
 * what its certificate must be). What a message says of its sender is held against the certificate, never believed.
 */
#ifndef SERVER_AGENT_CALL_H
#define SERVER_AGENT_CALL_H

#include "server/committer.h"
#include "server/server.h"

#define AGENT_BODY_TYPE "application/octet-stream"

/* Retry-After of what the database could not take now: after some seconds, and spread over a minute. */
#define AGENT_RETRY_S  5
#define AGENT_SPREAD_S 60

/*
 * False when it was answered: 426, the agent speaks nothing that this server still does, or 501, nothing that it does
 * already. *protocol is the highest that both speak.
 */
bool agent_call_speaks(struct request *request, uint16_t protocol_min, uint16_t protocol_max,
                       uint16_t *protocol);

/* A body that is no such message: 415, with what is wrong. Always true. */
bool agent_call_not_understood(struct request *request, const struct error *why);

/* What is needed to answer cannot be read or done now: 503, and the log says why. Always true. */
bool agent_call_not_now(struct request *request, const struct error *why);

/* The host that asks. False when it was answered (403: it is not known any more). */
bool agent_call_host(struct server *server, struct request *request, struct host_row *out);

/*
 * Writes, and answers when they are durable: `finish` sets the answer, on the committer's thread. When nothing is known of them
 * the answer is 503. writes and all that they point to live in the request's arena. False only when memory is out.
 */
struct agent_write;
typedef bool agent_finish(struct agent_write *commit, struct error *err);
struct agent_write {
    struct server *server;
    struct request *request;
    const struct fleet_write *writes;
    size_t count;
    struct fleet_result *results; /* made by agent_call_commit */
    agent_finish *finish;
    void *self;
    struct fleet_store *store; /* to read by, within `finish` */
    struct commit_job job;
};
bool agent_call_commit(struct agent_write *commit, struct error *err) MUST_USE;

/* A row of the audit log that a host causes, in the arena; NULL when memory is out. */
struct fleet_audit *agent_call_audit(const struct request *request, const struct host_id *host,
                                     const char *deed, struct text detail);
/*
 * The host is in the safe lane from now on, and why stands in the audit log. Nobody waits for that: in memory it is held already, so
 * every answer says so, and the log (of this process) has what could not be stored.
 */
void agent_call_hold(struct server *server, const struct request *request, const struct host_row *host,
                     struct text why);

#endif
