/*
 * One request to sutured, and what is answered: all that a handler sees. The gate (gate.h) has already
 *
 *     - admitted it: fewer requests of its class are under way than may be
 *     - matched it against a row of routes.c, and cut its path into parts and its query into pairs, each decoded and checked as text
 *     - found out who asks, and refused whom the row does not let in
 *     - read the whole body, within the row's limit
 *
 * Views and texts live as long as the request's arena, which ends when the answer is on its way. A handler is called on one of the
 * listener's threads, and others for other requests at the same time: what it shares it takes from struct server, which says how.
 *
 * A handler that must wait (for a commit) does not wait on its thread: it calls request_suspend, then hands the request on, touches
 * it no more and returns true. Whoever finishes the work fills in the answer and calls request_resume, from any thread, exactly
 * once, and touches it no more. When handing on fails the handler does so itself. The gate counts those that wait, and a
 * clean stop first waits for them.
 *
 * A request can be made by hand: tests give handlers one without any network. request_suspend then only marks it.
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "wire/agent_message.h"

enum request_method {
    REQUEST_METHOD_UNKNOWN,
    REQUEST_GET, /* HEAD comes as GET too: the gate leaves the body away */
    REQUEST_POST,
    REQUEST_PUT,
    REQUEST_DELETE,
    REQUEST_METHOD_COUNT
};

/* Who asks the agents' listener, by the certificate of the connection. */
enum request_peer_kind {
    REQUEST_PEER_UNKNOWN,
    REQUEST_PEER_NONE, /* no certificate */
    REQUEST_PEER_FOREIGN, /* one that our CA did not issue, or not for a host of this fleet: never let in anywhere */
    REQUEST_PEER_EXPIRED, /* ours, but it has expired: may renew, and nothing else */
    REQUEST_PEER_HOST,    /* ours and valid. Whether the host is known and not revoked the host table says */
    REQUEST_PEER_COUNT
};

struct request_peer {
    enum request_peer_kind kind;
    struct host_id host; /* of EXPIRED and HOST */
    int64_t expires_us;  /* the certificate's end */
    struct text address; /* "192.0.2.7", "2001:db8::7": for the audit log and limits, never for trust */
};

/* Who asks the people's listener: a session or an API token of a user. */
struct request_principal {
    uint32_t roles; /* enum role (roles.h); 0: nobody has logged in */
    struct text name;
    uint64_t token; /* the number of the session or API token */
    bool session;   /* logged in; false: a program with an API token */
};

#define REQUEST_PARTS_MAX   6  /* {parts} of a pattern */
#define REQUEST_QUERY_MAX   16 /* pairs; the longest route has 8 */
#define REQUEST_HEADERS_MAX 64 /* lines; browsers send 20 */
#define REQUEST_EXTRA_MAX   8  /* lines that an answer adds */

struct request_pair {
    struct text name, value;
};

/* What is sent back; zero at first. */
struct request_answer {
    unsigned status;  /* 0: none yet */
    const char *type; /* "application/json"; NULL: no body, or bytes of no type */
    struct bytes
        body; /* in the request's arena, or of static storage; or, when file is true, that of the descriptor */
    /*
     * A file instead of a body: this part of it is sent, and the gate closes the descriptor afterwards. Given by request_send_file alone.
     */
    int file; /* -1: none */
    uint64_t file_from, file_size;
    struct text
        etag; /* without quotes; for a GET with 200 the gate compares it with If-None-Match and makes it 304 */
    uint32_t retry_after_s;                       /* 0: none */
    struct request_pair extra[REQUEST_EXTRA_MAX]; /* further header lines; names are of static storage */
    size_t extra_count;
};

struct route;
struct gate_exchange;

struct request {
    struct arena *arena;
    const struct route *route;
    enum request_method method;
    bool head_only;                       /* it was HEAD */
    struct text path;                     /* raw, as it was sent, without the query: for logs */
    struct text parts[REQUEST_PARTS_MAX]; /* decoded, in the pattern's order; never empty */
    struct request_pair query[REQUEST_QUERY_MAX];
    size_t query_count;
    struct request_pair headers[REQUEST_HEADERS_MAX]; /* values that are no text are left out */
    size_t header_count;
    struct bytes body;
    int64_t now_us; /* when it came */

    struct request_peer peer; /* agents' listener; of the others kind is NONE, and the address is there */
    struct request_principal principal; /* people's listener: who has logged in; roles 0: nobody */

    struct request_answer answer;
    bool suspended;
    struct gate_exchange *exchange; /* the gate's own; NULL in tests */
};

/* A request for tests: nothing but an arena, a row and a time. */
struct request request_with(struct arena *arena, const struct route *route, int64_t now_us);

/* Empty when it was not sent; case of the name is ignored for headers, not for queries. The first of several. */
struct text request_header(const struct request *request, const char *name);
struct text request_query(const struct request *request, const char *name);
bool request_has_query(const struct request *request, const char *name);
/* A whole number within bounds. ERROR_INPUT names the parameter. */
struct request_bounds {
    uint64_t absent, min, max; /* absent: what it is when it was not sent */
};
bool request_query_u64(const struct request *request, const char *name, const struct request_bounds *bounds,
                       uint64_t *out, struct error *err) MUST_USE;

/* ---- answering: each gives true, so that `return request_send(...)` is how a handler ends ---- */

/* body: in the request's arena or of static storage. */
bool request_send(struct request *request, unsigned status, const char *type, struct bytes body);
bool request_send_nothing(struct request *request, unsigned status); /* 204, 304 */
/* Takes what a writer has: copies it into the arena. False only when memory is out. */
bool request_send_written(struct request *request, unsigned status, const char *type, const struct writer *w,
                          struct error *err) MUST_USE;
/* One line of text for people; never bytes of the request that were not checked as text. */
bool request_refuse(struct request *request, unsigned status, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same with Retry-After: each asker gets another slot within spread_s from after_s on, so that they do not come back together. */
bool request_refuse_for_now(struct request *request, unsigned status, uint32_t after_s, uint32_t spread_s);
/* The descriptor is the gate's from here on. */
bool request_send_file(struct request *request, const char *type, int *fd, uint64_t from, uint64_t size);
void request_add_header(struct request *request, const char *name, struct text value);
/* text is copied; without quotes. */
bool request_set_etag(struct request *request, struct text etag, struct error *err) MUST_USE;

/* ERROR_INPUT 400, LIMIT 413, TRUST 403, ABSENT 404, CONFLICT 409, others 500: what the gate answers when a handler returns false. */
unsigned request_status_of(enum error_kind kind);

/* ---- waiting ---- */
void request_suspend(struct request *request);
void request_resume(struct request *request);

#endif
