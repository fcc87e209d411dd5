/*
 * A route: one call of sutured. Each is a `const struct route` in a file route_NAME.c (a file may have those of one noun) and
 * one row of routes.c. The gate routes by the table and refuses by it, before a handler is called; OpenAPI and doc/ are made
 * from the same rows.
 *
 *     static const struct route_parameter parameters[] = {
 *         {"source", ROUTE_IN_QUERY, ROUTE_TEXT, "only hosts that have this source package", false},
 *         {0},
 *     };
 *     const struct route route_api_hosts = {
 *         .listener = ROUTE_PEOPLE, .method = REQUEST_GET, .path = "/api/1/hosts", .permission = PERMISSION_READ,
 *         .admission = ADMIT_PEOPLE, .summary = "the hosts of the fleet", .parameters = parameters, .answers = answers, .handle = list_hosts};
 *
 * A pattern has parts between '/': a word that must stand there, {name} for any one part, and at the end {name*} for all the
 * rest (of at least one part, none of them "", "." or ".."), which comes as one text with its '/'. Words beat {names}.
 */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include "server/request.h"

struct server;

enum route_listener {
    ROUTE_LISTENER_UNKNOWN,
    ROUTE_AGENTS, /* 8440, mTLS */
    ROUTE_PEOPLE, /* 8441, HTTPS */
    ROUTE_STATIC, /* 8442, plain: GET and HEAD of what is signed or named by its hash */
    ROUTE_LISTENER_COUNT
};

/* What is let in first when there is more than can be done (admission.h); the order is the order of worth. */
enum route_admission {
    ADMIT_UNKNOWN,
    ADMIT_RESULTS, /* outbox: what has happened must not be lost */
    ADMIT_CHECKIN,
    ADMIT_INVENTORY,
    ADMIT_ENROL, /* enrolment and renewal */
    ADMIT_PEOPLE,
    ADMIT_STATIC,
    ADMIT_COUNT
};

/* Who may ask the agents' listener: bits. 0 lets nobody in there. */
enum route_peer {
    ROUTE_PEER_NONE = 1,    /* without a certificate */
    ROUTE_PEER_EXPIRED = 2, /* one of ours that has expired */
    ROUTE_PEER_HOST = 4,
};

enum route_place { ROUTE_PLACE_UNKNOWN, ROUTE_IN_PATH, ROUTE_IN_QUERY, ROUTE_IN_HEADER };
enum route_type { ROUTE_TYPE_UNKNOWN, ROUTE_TEXT, ROUTE_NUMBER, ROUTE_SWITCH, ROUTE_TIME, ROUTE_ID };

struct route_parameter {
    const char *name; /* NULL ends the list */
    enum route_place place;
    enum route_type type;
    const char *help;
    bool needed;
};

struct route_answer {
    unsigned status;  /* 0 ends the list */
    const char *type; /* "application/json"; NULL: no body */
    const char *help;
    const char *schema; /* JSON schema of the body, as text; or NULL */
};

struct route {
    enum route_listener listener;
    enum request_method method;
    const char *path;
    unsigned who;        /* agents: enum route_peer */
    unsigned permission; /* people: enum permission (roles.h), which the principal's roles must have */
    enum route_admission admission;
    size_t body_max;                     /* 0: none is taken */
    const char *body_type, *body_schema; /* for OpenAPI; NULL: bytes as in wire/agent_message.h */
    const char *summary;
    const struct route_parameter *parameters; /* or NULL */
    const struct route_answer *answers;
    /*
     * True: the answer is set, or the request is suspended. False: err becomes the answer (request_status_of), its text the body; that of
     * ERROR_SYSTEM is only logged.
     */
    bool (*handle)(struct server *server, struct request *request, struct error *err);
};

/* Ends in NULL (routes.c). */
extern const struct route *const routes[];

#define ROUTE_PATH_MAX 1024 /* raw, with the query: the longest that the client makes has 300 bytes */

/*
 * A request target "/a/b?c=d" as it was sent, cut, percent-decoded ('+' stays '+') and matched.
 * ERROR_INPUT: malformed, or a part that is no text; ERROR_LIMIT; ERROR_ABSENT: no such path on this listener; ERROR_CONFLICT:
 * the path is there with other methods (405). Fills route, method, path, parts and query.
 */
struct route_asked {
    const struct route *const *table;
    enum route_listener listener;
    struct text method;
    struct bytes target;
};
bool route_match(const struct route_asked *asked, struct request *request, struct error *err) MUST_USE;

#endif
