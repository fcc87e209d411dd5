/* One request through the gate: gate.h says what it passes. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/own.h"
#include "server/gate_exchange.h"
#include "server/gate_parts.h"

#define ARENA_MAX (8 * MIB) /* the largest answer, a page of hosts or the OpenAPI document, has 1 MB */
/* So much is read and forgotten when it is refused; a check-in, and what is lacking of an inventory, is less. */
#define FORGET_MAX     (32 * KIB)
#define HEADER_MAX     4096
#define BYTES_A_SECOND (4 * KIB) /* the slowest line that is waited for */
/* What a listener answers however often it is asked, so that nobody frames or guesses it. */
#define STRICT_TRANSPORT "max-age=31536000"

enum state { STATE_HEAD, STATE_BODY, STATE_FORGET, STATE_WAITING, STATE_ANSWERED };

struct exchange {
    struct gate_exchange base; /* first: request.c knows nothing else */
    struct gate *gate;
    struct gate_connection *from;
    struct MHD_Connection *connection;
    struct arena arena;
    struct request request;
    struct writer body;
    enum state state;
    bool admitted;
    size_t forgotten;
    size_t target_size;
    char target[ROUTE_PATH_MAX + 1]; /* one more tells that there is more */
};

/* ---- waiting ---- */

static void suspend(struct gate_exchange *base)
{
    struct exchange *exchange = (struct exchange *)base;

    exchange->state = STATE_WAITING;
    atomic_fetch_add(&exchange->gate->waiting, 1);
    gate_connection_allow(exchange->from, 0);
    MHD_suspend_connection(exchange->connection);
}

static void resume(struct gate_exchange *base)
{
    struct exchange *exchange = (struct exchange *)base;
    struct gate *gate = exchange->gate;

    MHD_resume_connection(exchange->connection); /* from here on it may be gone */
    atomic_fetch_sub(&gate->waiting, 1);
}

/* Set by match, before anything else is asked. */
static const struct route *route_of(const struct request *request)
{
    assert(request->route != NULL);
    return request->route;
}

/* ---- begin and end ---- */

void *gate_serve_begin(void *self, const char *target, struct MHD_Connection *connection)
{
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    if (exchange == NULL)
        return NULL;
    exchange->base = (struct gate_exchange){suspend, resume};
    exchange->gate = self;
    exchange->connection = connection;
    exchange->from = info == NULL ? NULL : info->socket_context;
    exchange->arena = arena_with(ARENA_MAX);
    exchange->request = request_with(&exchange->arena, NULL, server_now_us(exchange->gate->house->server));
    exchange->request.exchange = &exchange->base;
    exchange->target_size = strnlen(target, ROUTE_PATH_MAX + 1);
    memcpy(exchange->target, target, exchange->target_size);
    return exchange;
}

void gate_serve_end(void *self, struct MHD_Connection *connection, void **state,
                    enum MHD_RequestTerminationCode why)
{
    struct gate *gate = self;
    struct exchange *exchange = *state;

    (void)connection;
    (void)why;
    *state = NULL;
    if (exchange == NULL)
        return;
    if (exchange->admitted)
        admission_leave(gate->house->admission, route_of(&exchange->request)->admission);
    if (exchange->from != NULL)
        gate_connection_allow(exchange->from, gate->limits.rest_s);
    own_fd(&exchange->request.answer.file);
    writer_end(&exchange->body);
    arena_end(&exchange->arena);
    free(exchange);
}

/* ---- what comes with a request ---- */

static enum MHD_Result take_header(void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct request *request = self;
    struct request_pair pair;
    struct error err;

    (void)kind;
    if (request->header_count == REQUEST_HEADERS_MAX)
        return MHD_NO;
    if (value != NULL && text_from_bytes(bytes_of_text(text_of(name)), HEADER_MAX, &pair.name, &err) &&
        text_from_bytes(bytes_of_text(text_of(value)), HEADER_MAX, &pair.value, &err))
        request->headers[request->header_count++] = pair;
    return MHD_YES;
}

/* ---- who ---- */

static unsigned check_agent(const struct gate *gate, struct request *request)
{
    static const unsigned bits[REQUEST_PEER_COUNT] = {
        [REQUEST_PEER_NONE] = ROUTE_PEER_NONE,
        [REQUEST_PEER_EXPIRED] = ROUTE_PEER_EXPIRED,
        [REQUEST_PEER_HOST] = ROUTE_PEER_HOST,
    };
    struct server *server = gate->house->server;

    if ((bits[request->peer.kind] & route_of(request)->who) == 0)
        return request->peer.kind == REQUEST_PEER_FOREIGN ? 403 : 401;
    if (request->peer.kind == REQUEST_PEER_NONE)
        return 0;
    return server->guards.judge_host == NULL ? 503 : server->guards.judge_host(server, &request->peer.host);
}

static unsigned check_person(const struct gate *gate, struct request *request)
{
    const struct server_guards *guards = &gate->house->server->guards;
    struct error err = {0};

    if (guards->authenticate == NULL || guards->permits == NULL)
        return 503;
    if (!guards->authenticate(gate->house->server, request, &err)) {
        (void)request_refuse(request, err.kind == ERROR_TRUST ? 401 : request_status_of(err.kind), "%s",
                             err.text);
        return request->answer.status;
    }
    if (guards->permits(request->principal.roles, route_of(request)->permission))
        return 0;
    return request->principal.roles == 0 ? 401 : 403;
}

static unsigned check_who(const struct gate *gate, struct request *request)
{
    switch (gate->listener) {
    case ROUTE_AGENTS:
        return check_agent(gate, request);
    case ROUTE_PEOPLE:
        return check_person(gate, request);
    case ROUTE_STATIC:
        return 0;
    case ROUTE_LISTENER_UNKNOWN:
    case ROUTE_LISTENER_COUNT:
        break;
    }
    return 403;
}

/* ---- the head ---- */

static void set_peer(struct exchange *exchange)
{
    const struct gate *gate = exchange->gate;
    const union MHD_ConnectionInfo *info =
        gate->tls ? MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION) : NULL;
    const struct certificate_judge *judge = gate->listener == ROUTE_AGENTS ? gate->house->judge : NULL;

    if (exchange->from == NULL)
        return;
    gate_connection_ask(exchange->from, info == NULL ? NULL : info->tls_session, judge,
                        exchange->request.now_us);
    exchange->request.peer = exchange->from->peer;
}

static bool match(struct exchange *exchange, const char *method)
{
    struct request *request = &exchange->request;
    const struct route_asked asked = {
        .table = exchange->gate->house->routes,
        .listener = exchange->gate->listener,
        .method = text_of(method),
        .target = {(const uint8_t *)exchange->target, exchange->target_size},
    };
    struct error err = {0};

    if (route_match(&asked, request, &err))
        return true;
    request->route = NULL;
    (void)request_refuse(request,
                         err.kind == ERROR_CONFLICT ? 405
                         : err.kind == ERROR_LIMIT  ? 414
                                                    : request_status_of(err.kind),
                         "%s", err.text);
    return false;
}

static bool admit(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    uint32_t retry_s = 0;

    if (exchange->admitted)
        return true;
    exchange->admitted = admission_enter(exchange->gate->house->admission, route_of(request)->admission,
                                         request->now_us, &retry_s);
    return exchange->admitted || !request_refuse_for_now(request, 503, retry_s, 0);
}

/* Strangers take no room while they send: else a few of them who drip would keep everybody from joining. */
static bool late(const struct exchange *exchange)
{
    return route_of(&exchange->request)->admission == ADMIT_ENROL;
}

static bool know(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    unsigned status = check_who(exchange->gate, request);

    if (status == 0)
        return true;
    return request->answer.status != 0 ? false : !request_refuse(request, status, "not for you");
}

/* The size that was announced, SIZE_MAX: none. */
static size_t announced(const struct request *request)
{
    struct text value = request_header(request, "Content-Length");
    struct error err;
    uint64_t size = 0;

    if (value.size > 0)
        return text_to_u64(value, &size, &err) ? (size_t)size : SIZE_MAX - 1;
    return request_header(request, "Transfer-Encoding").size > 0 ? SIZE_MAX : 0;
}

static bool fits(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    size_t size = announced(request);

    if (size == SIZE_MAX || size <= route_of(request)->body_max)
        return true;
    return !request_refuse(request, 413, "more than %zu bytes", route_of(request)->body_max);
}

/* ---- answering ---- */

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_headers(struct exchange *exchange, struct MHD_Response *response)
{
    const struct request_answer *answer = &exchange->request.answer;
    bool added = add_header(response, "X-Content-Type-Options", "nosniff");
    char number[16];

    if (exchange->gate->listener == ROUTE_AGENTS)
        added = added && add_header(response, "Suture-Proto", "1");
    if (exchange->gate->listener != ROUTE_STATIC)
        added = added && add_header(response, "Cache-Control", "no-store");
    if (exchange->gate->listener == ROUTE_PEOPLE)
        added = added && add_header(response, "Strict-Transport-Security", STRICT_TRANSPORT);
    if (answer->type != NULL)
        added = added && add_header(response, "Content-Type", answer->type);
    if (answer->etag.size > 0) {
        struct text quoted = text_format(&exchange->arena, "\"%.*s\"", TEXT_ARG(answer->etag));
        added = added && quoted.at != NULL && add_header(response, "ETag", quoted.at);
    }
    (void)snprintf(number, sizeof(number), "%u", answer->retry_after_s);
    if (answer->retry_after_s > 0)
        added = added && add_header(response, "Retry-After", number);
    for (size_t i = 0; i < answer->extra_count; i++) {
        char *value = text_string(&exchange->arena, answer->extra[i].value);
        added = added && value != NULL && add_header(response, answer->extra[i].name.at, value);
    }
    return added;
}

/* "*", or a list in which ours stands: a weak one is the same bytes too, for none of ours is made weak. */
static bool etag_known(const struct request *request)
{
    struct text list = request_header(request, "If-None-Match"), item;

    if (request->answer.etag.size == 0)
        return false;
    while (text_cut(&list, ',', &item)) {
        item = text_trim(item);
        if (text_equal(item, TEXT("*")))
            return true;
        if (text_starts(item, TEXT("W/")))
            item = text_part(item, 2, SIZE_MAX);
        if (item.size == request->answer.etag.size + 2 &&
            text_equal(text_part(item, 1, item.size - 2), request->answer.etag))
            return true;
    }
    return false;
}

static struct MHD_Response *make_response(struct request_answer *answer)
{
    struct bytes body = answer->body;
    void *at = NULL;

    if (answer->file >= 0) {
        struct MHD_Response *made =
            MHD_create_response_from_fd_at_offset64(answer->file_size, answer->file, answer->file_from);
        if (made != NULL)
            (void)fd_take(&answer->file);
        return made;
    }
    memcpy(&at, &body.at, sizeof(at)); /* it is not written to */
    return MHD_create_response_from_buffer(body.size, at, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result answer(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    struct request_answer *answer = &request->answer;

    if (answer->status == 0)
        (void)request_refuse(request, 500, "no answer");
    if (answer->status == 200 && request->method == REQUEST_GET && etag_known(request)) {
        own_fd(&answer->file);
        (void)request_send_nothing(request, 304);
    }
    uint64_t size = answer->file >= 0 ? answer->file_size : answer->body.size;
    struct MHD_Response *response = make_response(answer);
    if (response == NULL)
        return MHD_NO;
    exchange->state = STATE_ANSWERED;
    if (exchange->from != NULL)
        gate_connection_allow(exchange->from, exchange->gate->limits.body_s + size / BYTES_A_SECOND);
    enum MHD_Result queued = add_headers(exchange, response)
                                 ? MHD_queue_response(exchange->connection, answer->status, response)
                                 : MHD_NO;
    MHD_destroy_response(response);
    return queued;
}

/*
 * At once when too much of a body is to come; else when it has come, so that the connection lives on: it ends with whatever is said
 * before a request is whole.
 */
static enum MHD_Result refuse(struct exchange *exchange)
{
    size_t size = announced(&exchange->request);

    if (size > FORGET_MAX)
        return answer(exchange);
    exchange->state = STATE_FORGET;
    return MHD_YES;
}

static enum MHD_Result on_head(struct exchange *exchange, const char *method)
{
    struct request *request = &exchange->request;
    const struct gate_limits *limits = &exchange->gate->limits;

    if (MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, take_header, request) < 0 ||
        request->header_count == REQUEST_HEADERS_MAX)
        return MHD_NO;
    set_peer(exchange);
    if (!match(exchange, method) || (!late(exchange) && !admit(exchange)) || !know(exchange) ||
        !fits(exchange)) {
        if (exchange->from != NULL)
            gate_connection_allow(exchange->from, limits->body_s);
        return refuse(exchange);
    }
    if (exchange->from != NULL)
        gate_connection_allow(exchange->from, limits->body_s + route_of(request)->body_max / BYTES_A_SECOND);
    exchange->body = writer_with(route_of(request)->body_max);
    exchange->state = STATE_BODY;
    return MHD_YES;
}

/* ---- the deed ---- */

static void log_failure(const struct request *request, const struct error *err)
{
    log_line(err->kind == ERROR_SYSTEM || err->kind == ERROR_NONE ? LOG_ERROR : LOG_DEBUG, "gate", "%s: %s",
             route_of(request)->path, err->text);
}

static enum MHD_Result handle(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    struct error err = {0};

    if (!admit(exchange))
        return answer(exchange);
    request->body = writer_bytes(&exchange->body);
    if (!route_of(request)->handle(exchange->gate->house->server, request, &err)) {
        log_failure(request, &err);
        (void)request_refuse(request, request_status_of(err.kind), "%s",
                             err.kind == ERROR_SYSTEM || err.kind == ERROR_NONE ? "something failed here"
                                                                                : err.text);
    }
    /* Who suspended itself may have been resumed by now, and is answered when it is called again. */
    return exchange->state == STATE_WAITING ? MHD_YES : answer(exchange);
}

static enum MHD_Result on_piece(struct exchange *exchange, const char *upload, size_t *upload_size)
{
    size_t size = *upload_size;

    *upload_size = 0;
    if (exchange->state == STATE_FORGET) {
        exchange->forgotten += size;
        return exchange->forgotten > FORGET_MAX ? MHD_NO : MHD_YES;
    }
    writer_put(&exchange->body, (struct bytes){(const uint8_t *)upload, size});
    if (writer_ok(&exchange->body))
        return MHD_YES;
    (void)request_refuse(&exchange->request, 413, "more than %zu bytes",
                         route_of(&exchange->request)->body_max);
    exchange->state = STATE_FORGET;
    return MHD_YES;
}

enum MHD_Result gate_serve(void *self, struct MHD_Connection *connection, const char *url, const char *method,
                           const char *version, const char *upload, size_t *upload_size, void **state)
{
    struct exchange *exchange = *state;

    (void)self;
    (void)connection;
    (void)url;
    (void)version;
    if (exchange == NULL)
        return MHD_NO;
    if (exchange->state == STATE_HEAD)
        return on_head(exchange, method);
    if (*upload_size > 0)
        return on_piece(exchange, upload, upload_size);
    return exchange->state == STATE_BODY ? handle(exchange) : answer(exchange);
}
