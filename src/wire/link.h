/*
 * Calls to the fleet's server, by the confined program suture-link: one process for a burst of calls, over one connection.
 *
 * A link is opened, called, and closed when the burst is over; nothing of it is kept then but a TLS ticket's loss: the next
 * burst shakes hands again, since curl cannot give a session of GnuTLS away or take one.
 *
 * What answers without the fleet's certificate is no server of ours, and its answer none: a captive portal looks like no
 * network (link_failure tells them apart for people).
 */
#ifndef WIRE_LINK_H
#define WIRE_LINK_H

#include "base/helper.h"
#include "wire/link_message.h"

struct link_place {
    const char *program;  /* suture-link, absolute */
    struct text server;   /* "https://HOST:PORT", without a path */
    const char *ca;       /* PEM file; NULL: only learning */
    const char *identity; /* PEM file with certificate and key; NULL: none yet */
    const char *proxy;    /* "http://HOST:PORT"; NULL: the environment's */
};

struct link {
    struct link_place place;
    struct helper helper;
    struct arena *arena;
};

/* The server's address as people type it: "https://HOST[:PORT]" with an optional '/'. ERROR_INPUT says what is wrong. */
bool link_server_check(struct text url, struct arena *arena, struct text *server, struct error *err) MUST_USE;
/* The same of its listener for people, whose port is another when none is said. */
bool link_people_check(struct text url, struct arena *arena, struct text *server, struct error *err) MUST_USE;

/* The arena holds the answers. OWN(link_close). */
bool link_open(const struct link_place *place, struct arena *arena, struct link *out, struct error *err)
    MUST_USE;
void link_close(struct link *link);

struct link_request {
    enum link_method method;
    const char *path; /* "/agent/1/checkin", below the server; or, with `plain`, a whole http: address */
    bool plain;
    struct text if_none_match;
    struct text authorization; /* of a person: "Bearer TOKEN" */
    struct bytes body;
    uint32_t answer_max;
    uint32_t time_ms; /* 0: LIMIT_LINK_TIME_MS */
};
/* True when an answer came, whatever its status. ERROR_TRUST: somebody else answers. */
bool link_request(struct link *link, const struct link_request *request, struct link_answer *out,
                  struct error *err) MUST_USE;

/* The PEM of the last certificate in the server's chain, believed by nobody yet: for comparing with a token. */
bool link_learn(struct link *link, struct bytes *pem, struct error *err) MUST_USE;

/* An answer that is no success as an error: the status, and the line that the server wrote, escaped. Always false. */
bool link_refused(const char *what, const struct link_answer *answer, struct error *err);

#endif
