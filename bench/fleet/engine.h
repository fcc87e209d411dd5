/*
 * Many agents' connections in one thread: TCP, TLS by GnuTLS with a certificate each, and HTTP, driven by epoll.
 *
 * A connection belongs to one agent at a time and does one call after the other. Its state is an engine_connection (some
 * 200 bytes) and, while it is open, GnuTLS's session. All agents have one private key, which no server can see, and a
 * certificate of their own: 100,000 fit where 100,000 keys made here would take minutes before anything is measured.
 *
 * The engine owns connections and their sessions; who is called back owns nothing of what it is shown.
 */
#ifndef FLEET_ENGINE_H
#define FLEET_ENGINE_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

struct engine;
struct engine_connection;

/* What came of a call: status 0 means that there was no answer, and `problem` says why. */
struct engine_answer {
    unsigned status;
    unsigned retry_after_s; /* 0: none was named */
    struct bytes body;      /* until the callback returns */
    const char *problem;
    bool resumed;    /* the connection began with a session of before */
    int64_t took_us; /* since the call was made, its connection included */
    uint64_t agent;
    unsigned kind;
};

/* The kind of an answer to no call: the server closed a connection that rested. */
#define ENGINE_DROPPED UINT32_MAX

/* Called once for each call; it may make the next one on the same connection, else engine_close is due. */
typedef void engine_done(void *self, struct engine_connection *at, const struct engine_answer *answer);

struct engine_settings {
    const char *address; /* "127.0.0.1" */
    uint16_t port;
    uint16_t plain_port; /* for calls without TLS; 0: none */
    struct bytes
        authority; /* PEM of the fleet's own; empty: whoever answers is believed (a bench of TLS alone) */
    gnutls_privkey_t key;
    int64_t timeout_us;
    engine_done *done;
    void *self;
};

struct engine_identity {
    struct bytes certificate; /* DER; empty: none is shown */
    gnutls_datum_t
        *ticket; /* a session of before, replaced by the newest; NULL: always anew. The agent's own. */
};

struct engine_call {
    const char *method; /* "POST" */
    const char *path;
    struct bytes body;
    uint64_t agent; /* told again with the answer */
    unsigned kind;
};

struct engine *engine_begin(const struct engine_settings *settings, struct error *err);
void engine_end(struct engine **engine);

/* Opens a connection for this identity and makes the call as soon as it stands. Copies the call's bytes. NULL: no more descriptors. */
struct engine_connection *engine_open(struct engine *engine, const struct engine_identity *identity,
                                      bool plain, const struct engine_call *call, struct error *err);
/* The next call on a connection whose last one was answered. */
bool engine_call(struct engine_connection *at, const struct engine_call *call, struct error *err);
void engine_close(struct engine_connection *at);

/* Whatever is ready within so many microseconds. */
void engine_turn(struct engine *engine, int64_t wait_us);

int64_t engine_now_us(void);
size_t engine_open_count(const struct engine *engine);

struct engine_counts {
    uint64_t connected, handshakes_full, handshakes_resumed, handshakes_failed, bytes_sent, bytes_taken;
};
const struct engine_counts *engine_counts(const struct engine *engine);
void engine_forget(struct engine *engine); /* what was counted */

#endif
