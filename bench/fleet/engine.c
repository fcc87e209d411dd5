#include "engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "wire/agent_message.h"

enum phase { CONNECTING, SHAKING, SENDING, TAKING, RESTING, CLOSED };

#define EVENTS     1024
#define ANSWER_MAX (1u << 20) /* an answer that is longer is none of ours */

struct list {
    struct engine_connection *first, *last;
};

struct engine_connection {
    struct engine *engine;
    struct list *list; /* of the engine's two */
    struct engine_connection *next, *previous;
    gnutls_session_t session; /* NULL: plain */
    struct engine_identity identity;
    gnutls_pcert_st certificate;
    int fd;
    enum phase phase;
    bool resumed;
    uint8_t *out; /* the request whole */
    size_t out_size, out_sent;
    uint8_t *in; /* the answer as far as it has come */
    size_t in_size, in_room;
    uint64_t agent;
    unsigned kind;
    int64_t begun_us, deadline_us;
};

struct engine {
    struct engine_settings settings;
    int poll;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    struct sockaddr_in server, plain;
    /* Calls have one time limit: the first that is at work is the first to run out of it. */
    struct list working, resting;
    struct engine_connection *dead; /* closed in this turn: an event of theirs may still be in the list */
    size_t open_count;
    struct engine_counts counts;
};

int64_t engine_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

size_t engine_open_count(const struct engine *engine)
{
    return engine->open_count;
}

const struct engine_counts *engine_counts(const struct engine *engine)
{
    return &engine->counts;
}

void engine_forget(struct engine *engine)
{
    engine->counts = (struct engine_counts){0};
}

/* ---- TLS ---- */

static int give_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                            gnutls_pcert_st **certificates, unsigned *count, gnutls_ocsp_data_st **ocsp,
                            unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
    struct engine_connection *at = gnutls_session_get_ptr(session);

    (void)info;
    *ocsp = NULL;
    *ocsp_count = 0;
    *flags = 0; /* both stay ours */
    *count = at->certificate.cert.size > 0;
    *certificates = *count > 0 ? &at->certificate : NULL;
    *key = *count > 0 ? at->engine->settings.key : NULL;
    return 0;
}

static bool begin_tls(struct engine_connection *at, struct error *err)
{
    struct engine *engine = at->engine;
    const unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;

    if (gnutls_init(&at->session, flags) != 0 || gnutls_priority_set(at->session, engine->priority) != 0 ||
        gnutls_credentials_set(at->session, GNUTLS_CRD_CERTIFICATE, engine->credentials) != 0)
        return error_set(err, ERROR_SYSTEM, "no TLS session can be made");
    gnutls_session_set_ptr(at->session, at);
    gnutls_transport_set_int(at->session, at->fd);
    (void)gnutls_server_name_set(at->session, GNUTLS_NAME_DNS, AGENT_SERVER_NAME, strlen(AGENT_SERVER_NAME));
    if (engine->settings.authority.size > 0)
        gnutls_session_set_verify_cert(at->session, AGENT_SERVER_NAME, 0);
    if (at->identity.ticket != NULL && at->identity.ticket->size > 0)
        (void)gnutls_session_set_data(at->session, at->identity.ticket->data, at->identity.ticket->size);
    if (at->identity.certificate.size > 0) {
        gnutls_datum_t der = {(unsigned char *)(uintptr_t)at->identity.certificate.at,
                              (unsigned)at->identity.certificate.size};
        if (gnutls_pcert_import_x509_raw(&at->certificate, &der, GNUTLS_X509_FMT_DER, 0) != 0)
            return error_set(err, ERROR_INPUT, "an agent's certificate is none");
    }
    return true;
}

/* The newest session is kept: a ticket is meant for one use. */
static void keep_ticket(struct engine_connection *at)
{
    gnutls_datum_t newest = {0};

    if (at->session == NULL || at->identity.ticket == NULL ||
        (gnutls_session_get_flags(at->session) & GNUTLS_SFLAGS_SESSION_TICKET) == 0 ||
        gnutls_session_get_data2(at->session, &newest) != 0)
        return;
    gnutls_free(at->identity.ticket->data);
    *at->identity.ticket = newest;
}

struct engine *engine_begin(const struct engine_settings *settings, struct error *err)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    const gnutls_datum_t authority = {(unsigned char *)(uintptr_t)settings->authority.at,
                                      (unsigned)settings->authority.size};

    if (engine == NULL) {
        (void)error_set(err, ERROR_SYSTEM, "out of memory");
        return NULL;
    }
    *engine = (struct engine){.settings = *settings, .poll = epoll_create1(EPOLL_CLOEXEC)};
    engine->server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(settings->port)};
    if (engine->poll < 0 || inet_pton(AF_INET, settings->address, &engine->server.sin_addr) != 1 ||
        gnutls_certificate_allocate_credentials(&engine->credentials) != 0 ||
        gnutls_priority_init(&engine->priority, "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL) != 0 ||
        (authority.size > 0 &&
         gnutls_certificate_set_x509_trust_mem(engine->credentials, &authority, GNUTLS_X509_FMT_PEM) < 1)) {
        engine_end(&engine);
        {
            (void)error_set(err, ERROR_SYSTEM, "TLS cannot be set up for %s", settings->address);
            return NULL;
        }
    }
    engine->plain = engine->server;
    engine->plain.sin_port = htons(settings->plain_port);
    gnutls_certificate_set_retrieve_function3(engine->credentials, give_certificate);
    return engine;
}

/* ---- connections ---- */

static void leave_list(struct engine_connection *at)
{
    *(at->previous != NULL ? &at->previous->next : &at->list->first) = at->next;
    *(at->next != NULL ? &at->next->previous : &at->list->last) = at->previous;
    at->next = at->previous = NULL;
    at->list = NULL;
}

static void join_list(struct engine_connection *at, struct list *list)
{
    if (at->list != NULL)
        leave_list(at);
    at->list = list;
    at->previous = list->last;
    *(list->last != NULL ? &list->last->next : &list->first) = at;
    list->last = at;
}

void engine_close(struct engine_connection *at)
{
    struct engine *engine = at->engine;

    if (at->phase == CLOSED)
        return;
    keep_ticket(at);
    leave_list(at);
    if (at->session != NULL) {
        (void)gnutls_bye(at->session, GNUTLS_SHUT_WR);
        gnutls_deinit(at->session);
    }
    if (at->certificate.cert.size > 0)
        gnutls_pcert_deinit(&at->certificate);
    close(at->fd);
    free(at->out);
    free(at->in);
    at->session = NULL;
    at->out = at->in = NULL;
    at->phase = CLOSED;
    at->next = engine->dead;
    engine->dead = at;
    engine->open_count--;
}

void engine_end(struct engine **pointer)
{
    struct engine *engine = *pointer;

    if (engine == NULL)
        return;
    while (engine->working.first != NULL)
        engine_close(engine->working.first);
    while (engine->resting.first != NULL)
        engine_close(engine->resting.first);
    while (engine->dead != NULL) {
        struct engine_connection *at = engine->dead;
        engine->dead = at->next;
        free(at);
    }
    if (engine->credentials != NULL)
        gnutls_certificate_free_credentials(engine->credentials);
    if (engine->priority != NULL)
        gnutls_priority_deinit(engine->priority);
    own_fd(&engine->poll);
    free(engine);
    *pointer = NULL;
}

static bool watch(struct engine_connection *at, uint32_t events, int how)
{
    struct epoll_event event = {.events = events, .data.ptr = at};

    return epoll_ctl(at->engine->poll, how, at->fd, &event) == 0;
}

/* The answer that is none. */
static void give_up(struct engine_connection *at, const char *problem)
{
    struct engine *engine = at->engine;
    const struct engine_answer answer = {.problem = problem,
                                         .resumed = at->resumed,
                                         .took_us = engine_now_us() - at->begun_us,
                                         .agent = at->agent,
                                         .kind = at->phase == RESTING ? ENGINE_DROPPED : at->kind};

    if (at->phase == SHAKING) {
        engine->counts.handshakes_failed++;
        /* The server may have forgotten its key for tickets: the next one begins anew. */
        if (at->identity.ticket != NULL) {
            gnutls_free(at->identity.ticket->data);
            *at->identity.ticket = (gnutls_datum_t){0};
        }
    }
    engine_close(at);
    engine->settings.done(engine->settings.self, at, &answer);
}

static bool compose(struct engine_connection *at, const struct engine_call *call, struct error *err)
{
    char head[512];
    const bool has_body = call->body.size > 0 || strcmp(call->method, "GET") != 0;
    int size = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: %s\r\nSuture-Proto: 1\r\n", call->method,
                        call->path, at->engine->settings.address);

    if (has_body && size > 0 && (size_t)size < sizeof(head))
        size +=
            snprintf(head + size, sizeof(head) - (size_t)size,
                     "Content-Type: application/octet-stream\r\nContent-Length: %zu\r\n", call->body.size);
    if (size < 0 || (size_t)size + 2 >= sizeof(head))
        return error_set(err, ERROR_LIMIT, "the path of a call is too long");
    memcpy(head + size, "\r\n", 2);
    size += 2;
    uint8_t *out = realloc(at->out, (size_t)size + call->body.size);
    if (out == NULL)
        return error_set(err, ERROR_SYSTEM, "out of memory");
    memcpy(out, head, (size_t)size);
    if (call->body.size > 0)
        memcpy(out + size, call->body.at, call->body.size);
    at->out = out;
    at->out_size = (size_t)size + call->body.size;
    at->out_sent = 0;
    at->in_size = 0;
    at->agent = call->agent;
    at->kind = call->kind;
    at->begun_us = engine_now_us();
    at->deadline_us = at->begun_us + at->engine->settings.timeout_us;
    return true;
}

struct engine_connection *engine_open(struct engine *engine, const struct engine_identity *identity,
                                      bool plain, const struct engine_call *call, struct error *err)
{
    struct engine_connection *at = calloc(1, sizeof(*at));
    const int one = 1;

    if (at == NULL) {
        (void)error_set(err, ERROR_SYSTEM, "out of memory");
        return NULL;
    }
    *at = (struct engine_connection){.engine = engine, .identity = *identity, .phase = CONNECTING};
    at->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (at->fd < 0) {
        free(at);
        {
            (void)error_set(err, ERROR_SYSTEM, "no socket: %s", strerror(errno));
            return NULL;
        }
    }
    engine->open_count++;
    join_list(at, &engine->working);
    (void)setsockopt(at->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    const struct sockaddr_in *server = plain ? &engine->plain : &engine->server;
    if (!compose(at, call, err) || (!plain && !begin_tls(at, err)) ||
        (connect(at->fd, (const struct sockaddr *)server, sizeof(*server)) != 0 && errno != EINPROGRESS &&
         !error_set(err, ERROR_SYSTEM, "connect: %s", strerror(errno))) ||
        !watch(at, EPOLLOUT, EPOLL_CTL_ADD)) {
        engine_close(at);
        return NULL;
    }
    return at;
}

/* ---- HTTP ---- */

/* The value of a header field, or nothing; the head ends with an empty line. */
static const char *field(const char *head, const char *end, const char *name)
{
    const size_t size = strlen(name);

    for (const char *at = head; at < end; at++) {
        at = memchr(at, '\n', (size_t)(end - at));
        if (at == NULL || (size_t)(end - at) <= size + 1)
            return NULL;
        if (strncasecmp(at + 1, name, size) == 0 && at[1 + size] == ':')
            return at + 2 + size;
    }
    return NULL;
}

/* Whole: the callback was called. */
static bool answer_is_whole(struct engine_connection *at)
{
    const char *head = (const char *)at->in;
    const char *end = at->in_size > 16 ? memmem(head, at->in_size, "\r\n\r\n", 4) : NULL;
    struct engine *engine = at->engine;

    if (end == NULL)
        return false;
    const char *length = field(head, end + 2, "Content-Length"), *later = field(head, end + 2, "Retry-After");
    const unsigned status = (unsigned)strtoul(head + 9, NULL, 10);
    const size_t body_size =
        length == NULL || status == 204 || status == 304 ? 0 : (size_t)strtoul(length, NULL, 10);
    const size_t head_size = (size_t)(end - head) + 4;
    if (body_size > ANSWER_MAX || at->in_size < head_size + body_size)
        return false;
    const char *kept = field(head, end + 2, "Connection");
    const bool closes = kept != NULL && strncasecmp(kept + strspn(kept, " "), "close", 5) == 0;
    const struct engine_answer answer = {.status = status,
                                         .retry_after_s =
                                             later == NULL ? 0 : (unsigned)strtoul(later, NULL, 10),
                                         .body = {at->in + head_size, body_size},
                                         .resumed = at->resumed,
                                         .took_us = engine_now_us() - at->begun_us,
                                         .agent = at->agent,
                                         .kind = at->kind};
    at->phase = RESTING;
    join_list(at, &engine->resting);
    if (closes)
        keep_ticket(at);
    engine->settings.done(engine->settings.self, at, &answer);
    return true;
}

/* ---- the states of a connection ---- */

static ssize_t send_some(struct engine_connection *at)
{
    const size_t left = at->out_size - at->out_sent;

    if (at->session == NULL) {
        const ssize_t sent = send(at->fd, at->out + at->out_sent, left, MSG_NOSIGNAL);
        return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
    }
    const ssize_t sent = gnutls_record_send(at->session, at->out + at->out_sent, left);
    return sent == GNUTLS_E_AGAIN || sent == GNUTLS_E_INTERRUPTED ? 0 : sent;
}

/* -1: it was closed or broken; 0: nothing yet. */
static ssize_t take_some(struct engine_connection *at)
{
    if (at->in_room - at->in_size < 2048) {
        const size_t room = at->in_room == 0 ? 4096 : at->in_room * 2;
        uint8_t *in = room > 2 * ANSWER_MAX ? NULL : realloc(at->in, room);
        if (in == NULL)
            return -1;
        at->in = in;
        at->in_room = room;
    }
    ssize_t got;
    if (at->session == NULL) {
        got = recv(at->fd, at->in + at->in_size, at->in_room - at->in_size - 1, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
    } else {
        got = gnutls_record_recv(at->session, at->in + at->in_size, at->in_room - at->in_size - 1);
        if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED)
            return 0;
        if (got < 0 && gnutls_error_is_fatal((int)got) == 0)
            return 0;
    }
    if (got <= 0)
        return -1;
    at->in_size += (size_t)got;
    at->engine->counts.bytes_taken += (uint64_t)got;
    return got;
}

static void go_on(struct engine_connection *at);

static void shake(struct engine_connection *at)
{
    const int done = gnutls_handshake(at->session);

    if (done == GNUTLS_E_AGAIN || done == GNUTLS_E_INTERRUPTED ||
        (done < 0 && gnutls_error_is_fatal(done) == 0)) {
        (void)watch(at, gnutls_record_get_direction(at->session) == 1 ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
        return;
    }
    if (done < 0) {
        give_up(at, gnutls_strerror(done));
        return;
    }
    at->resumed = gnutls_session_is_resumed(at->session) != 0;
    *(at->resumed ? &at->engine->counts.handshakes_resumed : &at->engine->counts.handshakes_full) += 1;
    at->phase = SENDING;
    go_on(at);
}

static void send_on(struct engine_connection *at)
{
    while (at->out_sent < at->out_size) {
        const ssize_t sent = send_some(at);
        if (sent < 0) {
            give_up(at, "the connection broke while the call was sent");
            return;
        }
        if (sent == 0) {
            (void)watch(at, EPOLLOUT | EPOLLIN, EPOLL_CTL_MOD);
            return;
        }
        at->out_sent += (size_t)sent;
        at->engine->counts.bytes_sent += (uint64_t)sent;
    }
    at->phase = TAKING;
    (void)watch(at, EPOLLIN, EPOLL_CTL_MOD);
}

static void take_on(struct engine_connection *at)
{
    for (;;) {
        const ssize_t got = take_some(at);
        if (got < 0) {
            give_up(at, at->phase == RESTING ? "closed while it rested"
                                             : "the connection ended before the answer");
            return;
        }
        if (got == 0 || (at->phase == TAKING && answer_is_whole(at)))
            return;
        if (at->phase != TAKING)
            at->in_size =
                0; /* tickets come behind an answer as bytes of none; anything else was not asked for */
    }
}

static void end_connect(struct engine_connection *at)
{
    int problem = 0;
    socklen_t size = sizeof(problem);

    if (getsockopt(at->fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0 || problem != 0) {
        give_up(at, problem == ECONNREFUSED ? "connection refused" : "no connection");
        return;
    }
    at->engine->counts.connected++;
    at->phase = at->session == NULL ? SENDING : SHAKING;
    go_on(at);
}

static void go_on(struct engine_connection *at)
{
    static void (*const steps[])(struct engine_connection *) = {[CONNECTING] = end_connect,
                                                                [SHAKING] = shake,
                                                                [SENDING] = send_on,
                                                                [TAKING] = take_on,
                                                                [RESTING] = take_on};

    if (at->phase != CLOSED)
        steps[at->phase](at);
}

bool engine_call(struct engine_connection *at, const struct engine_call *call, struct error *err)
{
    if (at->phase != RESTING)
        return error_set(err, ERROR_CONFLICT, "this connection is not free");
    if (!compose(at, call, err))
        return false;
    join_list(at, &at->engine->working);
    at->phase = SENDING;
    return watch(at, EPOLLOUT, EPOLL_CTL_MOD) || error_set(err, ERROR_SYSTEM, "epoll: %s", strerror(errno));
}

void engine_turn(struct engine *engine, int64_t wait_us)
{
    struct epoll_event events[EVENTS];
    const int count =
        epoll_wait(engine->poll, events, EVENTS, (int)(wait_us < 0 ? 0 : (wait_us + 999) / 1000));
    const int64_t now_us = engine_now_us();

    for (int i = 0; i < count; i++)
        go_on(events[i].data.ptr);
    while (engine->working.first != NULL && engine->working.first->deadline_us < now_us)
        give_up(engine->working.first, "no answer within the time");
    while (engine->dead != NULL) {
        struct engine_connection *at = engine->dead;
        engine->dead = at->next;
        free(at);
    }
}
