/*
 * One transfer by HTTP or HTTPS into an open file, inside suture-fetch.
 *
 * Holds: at most size_limit bytes are ever in the part file; redirects are followed up to LIMIT_REDIRECTS times, never
 * from https to http and never to another kind of address; TLS 1.2 or newer, the server's certificate and name are
 * checked; bodies are taken as they are on the server (no content coding); a transfer that is slower than rate_min for
 * stall_ms ends. Proxies are those of the environment, as curl reads it.
 *
 * Transfers of one session follow each other over the same connection where the server lets it, and share one rate:
 * the process waits after each piece until its time has come, so that no second has more than rate_max bytes.
 *
 * A part that is there already is gone on with (Range and If-Range) when its note tells the same address and a strong
 * validator; whatever else the server answers, the part is written anew. A part that is of another document, or does
 * not begin where we are, fails. A connection that breaks, or a part that ends before the document does, is taken up
 * again while each try brings something, at most LIMIT_FETCH_TRIES times.
 */
#ifndef WIRE_TRANSFER_H
#define WIRE_TRANSFER_H

#include "base/arena.h"
#include "wire/fetch_message.h"

struct transfer_files {
    int part; /* open for reading and writing */
    int note;
};

struct transfer_order {
    struct fetch_order order;
    struct transfer_files files;
};

struct transfer_session {
    void *curl; /* CURL */
    uint64_t rate_max;
    int64_t free_us; /* when the next piece may be taken */
    void (*progress)(uint64_t have);
    int64_t told_ms;
};

/* Once in a process, before confine(): loads what curl and GnuTLS need. OWN(transfer_end). */
bool transfer_begin(struct transfer_session *session, struct error *err) MUST_USE;
void transfer_end(struct transfer_session *session);

/* Fills the answer, texts in the arena. False is "failed" with the reason; the answer then has the status, if any. */
bool transfer_run(struct transfer_session *session, const struct transfer_order *what, struct arena *arena,
                  struct fetch_answer *out, struct error *err) MUST_USE;

#endif
