/*
 * One transfer by HTTP or HTTPS into an open file, inside suture-fetch.
 *
 * Holds: at most size_limit bytes are ever in the part file; redirects are followed up to LIMIT_REDIRECTS times, never
 * from https to http and never to another kind of address; TLS 1.2 or newer, the server's certificate and name are
 * checked; bodies are taken as they are on the server (no content coding); a transfer that is slower than rate_min for
 * stall_ms ends. Proxies are those of the environment, as curl reads it.
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

/* Once in a process, before confine(): loads what curl and GnuTLS need. */
bool transfer_begin(struct error *err) MUST_USE;

/* Fills the answer, texts in the arena. False is "failed" with the reason; the answer then has the status, if any. */
bool transfer_run(const struct fetch_order *order, const struct transfer_files *files, struct arena *arena,
                  struct fetch_answer *out, struct error *err) MUST_USE;

#endif
