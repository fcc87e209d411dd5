/*
 * What all handlers of one sutured-front share. Made at start, ended after the last request; a handler gets it as its first
 * parameter. Each member says itself how it is shared between threads: all of those below are safe to call from any.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/time.h"
#include "server/route.h"

struct server_settings; /* settings.h */
struct server_paths;    /* first_start.h: where everything lies */
struct fleet_store;     /* store/fleet.h: the door to the database */
struct now_orders;      /* now_orders.h: "patch now" */
struct readers;         /* readers.h: handles of the store to read by */
struct committer;       /* committer.h: group commit */
struct host_table;      /* host_table.h: every enrolled host, in memory */
struct fleet_index;     /* identify/fleet_index.h */
struct desk;            /* desk.h: what the calls of agents share */
struct people;          /* people.h: users, sessions, tokens, lockout */
struct keeper_client;   /* keeper_client.h: asks the keeper to issue and sign */
struct generations;     /* generations.h: numbers that never go back */
struct bulletin;        /* bulletin.h: the plan and the pulse as they stand */

/* Time and randomness from outside, so that a test can run months of a fleet. */
struct server_world {
    int64_t (*now_us)(void *self);
    void (*random)(void *self, void *out, size_t size);
    void *self;
};
/* The real ones. */
extern const struct server_world server_world_real;

/*
 * What the gate asks before a handler is called; set by the parts that know. While one is NULL nobody whom it would judge is let in.
 */
struct server_guards {
    /* Of an agent with one of our certificates, expired or not: 0 lets it in, else the status (403: unknown or revoked). */
    unsigned (*judge_host)(struct server *server, const struct host_id *host);
    /*
     * Fills in request->principal by the headers; false: err (ERROR_TRUST: 401). Whether its roles suffice for the
     * route's permission is asked next. Called for every route of the people's listener, also those that anybody may ask:
     * without any credentials it is true and leaves the principal empty.
     */
    bool (*authenticate)(struct server *server, struct request *request, struct error *err);
    bool (*permits)(uint32_t roles, unsigned permission);
};

struct server {
    const struct server_settings *settings;
    const struct server_paths *paths;
    struct server_world world;
    struct fleet_id fleet;
    uint16_t ports
        [ROUTE_LISTENER_COUNT]; /* by enum route_listener: at which it listens, also where the system chose */
    uint8_t ca_digest[32];      /* SHA-256 of the CA's certificate (DER), for tokens */
    struct bytes ca;            /* DER */
    uint8_t plan_key[32];       /* public half, handed out at enrolment */
    uint8_t chunk_key[32];      /* of the fleet, handed out at enrolment */
    struct fleet_store *store;  /* the committer's alone; who reads takes a handle from readers */
    struct readers *readers;
    struct committer *committer;
    struct host_table *hosts;
    struct fleet_index *index;
    struct desk *desk;
    struct people *people;
    struct keeper_client *keeper;
    struct generations *generations;
    struct bulletin *bulletin;
    struct now_orders *now_orders;
    struct server_guards guards;
    char first_password
        [32]; /* of the administrator that people's part made at the first start: told once, then wiped */
};

static inline int64_t server_now_us(const struct server *server)
{
    return server->world.now_us(server->world.self);
}
static inline void server_random(const struct server *server, void *out, size_t size)
{
    server->world.random(server->world.self, out, size);
}

/*
 * What each part of the front does at start, when the store is open, and at the clean stop; rows in parts.c, in this order;
 * stopped the other way round. A part puts its pointer into struct server.
 */
struct server_part {
    const char *name;
    bool (*start)(struct server *server, struct error *err);
    void (*stop)(struct server *server);
    /* Called about every tick_s on a thread of its own kind, never twice at once; 0: never. A failure is logged. */
    uint32_t tick_s;
    bool (*tick)(struct server *server, struct error *err);
};
extern const struct server_part *const server_parts[];

#endif
