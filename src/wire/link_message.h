/*
 * What suture and suture-link say to each other: an order, its answer, then the next order, over the socket that
 * base/helper.h makes. Each is a frame of it; integers are little-endian, texts and blobs as in wire/agent_message.h.
 *
 *   order   "SLQ2"  u8 method  u8 learn  u32 time_ms  u32 connect_ms  u32 answer_max  text url, connect_to,
 *           if_none_match, authorization  blob body
 *   answer  "SLA1"  u8 error kind  u8 confined  u16 status  u16 protocol  u32 retry_after_s  text etag, problem
 *           blob body (of a chain that was learnt: the last certificate's PEM)
 *
 * A body may be empty: its blob then has size 0. Each side distrusts the other.
 */
#ifndef WIRE_LINK_MESSAGE_H
#define WIRE_LINK_MESSAGE_H

#include "base/bytes.h"
#include "base/writer.h"

#define LINK_MESSAGE_MAX (3 * 1024 * 1024) /* an outbox, and what stands around it */
#define LINK_ANSWER_MAX  (2 * 1024 * 1024) /* of a body: a page of 1,000 rows for people; a plan has 256 KB */

enum link_method { LINK_METHOD_UNKNOWN, LINK_GET, LINK_POST, LINK_PUT, LINK_DELETE, LINK_METHOD_COUNT };

struct link_order {
    uint8_t method; /* enum link_method */
    uint8_t
        learn; /* 1: only shake hands, believe nobody, send nothing, and tell the last certificate of the server's chain */
    uint32_t time_ms, connect_ms;
    uint32_t answer_max;
    struct text url;        /* http: or https: */
    struct text connect_to; /* "HOST:PORT" to connect to instead of the URL's; absent: the URL's */
    struct text if_none_match;
    struct text authorization; /* the field's value, sent over https: alone; absent: none */
    struct bytes body;
};

struct link_answer {
    uint8_t kind; /* enum error_kind; NONE: an answer came, whatever its status */
    uint8_t confined;
    uint16_t status;
    uint16_t protocol;      /* Suture-Proto; 0: it was not there */
    uint32_t retry_after_s; /* 0: none was told, or as a date */
    struct text etag, problem;
    struct bytes body;
};

void link_order_write(struct writer *w, const struct link_order *order);
void link_answer_write(struct writer *w, const struct link_answer *answer);
/* Views point into `raw`. */
bool link_order_parse(struct bytes raw, struct link_order *out, struct error *err) MUST_USE;
bool link_answer_parse(struct bytes raw, struct link_answer *out, struct error *err) MUST_USE;

#endif
