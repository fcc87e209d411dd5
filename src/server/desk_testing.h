/*
 * For tests of agents' calls: a server without network. Time and randomness are the test's, the database is an SQLite file in a
 * temporary folder, and a handler's answer is waited for as the gate would.
 */
#ifndef SERVER_DESK_TESTING_H
#define SERVER_DESK_TESTING_H

#include <pthread.h>

#include "base/testing.h"
#include "server/agent_call.h"
#include "server/first_start.h"
#include "server/gate_exchange.h"
#include "server/server.h"
#include "server/settings.h"

struct desk_testing {
    struct server server;
    struct server_settings settings;
    struct server_paths paths; /* content, advisories */
    char content[96], advisories[96];
    char folder[64];
    char where[96];
    int64_t now_us;
    uint64_t seed;
};

#define DESK_TESTING_NOW INT64_C(1795312800000000) /* 2026-11-22 */

void desk_testing_begin(struct desk_testing *testing);
void desk_testing_end(struct desk_testing *testing);
/* Stops everything and starts it again on the same database, as a restart does. */
void desk_testing_restart(struct desk_testing *testing);

/* A host that is enrolled: its id is so many times this byte. */
void desk_testing_enrol(struct desk_testing *testing, uint8_t byte, struct host_id *out);
/* A token of one use, and its secret. */
void desk_testing_token(struct desk_testing *testing, uint8_t byte, uint8_t secret[16]);

/* A call of an agent, and its answer; the request's arena is its own. OWN(desk_call_end). */
struct desk_call {
    struct arena arena;
    struct request request;
    struct gate_exchange exchange;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    unsigned waits; /* suspended, not resumed */
    bool done;
    struct error err;
};
void desk_call(struct desk_testing *testing, const struct route *route, const struct host_id *host,
               struct bytes body, struct text part, struct desk_call *out);
void desk_call_end(struct desk_call *call);
/* The status, whoever made it: the handler, or the gate of what the handler could not do. */
unsigned desk_call_status(const struct desk_call *call);

/* What each call sends, with fields that are good unless the test changes them. */
void desk_testing_checkin(const struct host_id *host, uint64_t counter, struct agent_checkin *out);
unsigned desk_testing_check_in(struct desk_testing *testing, const struct agent_checkin *checkin,
                               struct agent_pace *out);

/* A machine's packages, all in one bucket's chunk each: "openssl 3.0.15-1 libssl3". */
#define DESK_PACKAGES_MAX 8
struct desk_machine {
    const char *packages[DESK_PACKAGES_MAX]; /* "SOURCE VERSION PACKAGE", ends with NULL */
    const char *kernel;
};
struct desk_inventory_sent {
    struct short_hash hashes[AGENT_BUCKETS];
    struct short_hash root;
};
/* The whole conversation: inventory, what is lacking, commit. */
void desk_testing_send(struct desk_testing *testing, const struct host_id *host,
                       const struct desk_machine *machine, const struct desk_inventory_sent *base,
                       struct desk_inventory_sent *out);
/* Its parts, for tests that do something else in between. */
void desk_testing_chunk(const struct desk_testing *testing, const char *package, struct writer *out,
                        struct short_hash *hash, uint8_t *bucket);
void desk_testing_inventory(const struct desk_inventory_sent *base, const struct desk_inventory_sent *now,
                            struct writer *changes, struct agent_inventory *out);
void desk_testing_hashes(const struct desk_testing *testing, const struct desk_machine *machine,
                         struct desk_inventory_sent *out);

#endif
