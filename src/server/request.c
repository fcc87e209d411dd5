#include "server/request.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/own.h"
#include "server/gate_exchange.h"

struct request request_with(struct arena *arena, const struct route *route, int64_t now_us)
{
    return (struct request){
        .arena = arena,
        .route = route,
        .method = REQUEST_METHOD_UNKNOWN,
        .now_us = now_us,
        .peer = {.kind = REQUEST_PEER_NONE},
        .answer = {.file = -1},
    };
}

struct text request_header(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (text_equal_caseless(request->headers[i].name, text_of(name)))
            return request->headers[i].value;
    return (struct text){0};
}

static const struct request_pair *find_query(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->query_count; i++)
        if (text_equal(request->query[i].name, text_of(name)))
            return &request->query[i];
    return NULL;
}

struct text request_query(const struct request *request, const char *name)
{
    const struct request_pair *found = find_query(request, name);

    return found == NULL ? (struct text){0} : found->value;
}

bool request_has_query(const struct request *request, const char *name)
{
    return find_query(request, name) != NULL;
}

bool request_query_u64(const struct request *request, const char *name, const struct request_bounds *bounds,
                       uint64_t *out, struct error *err)
{
    const struct request_pair *found = find_query(request, name);
    uint64_t got = bounds->absent;

    if (found != NULL && !text_to_u64(found->value, &got, err))
        return error_at(err, "%s", name);
    if (found != NULL && (got < bounds->min || got > bounds->max))
        return error_set(err, ERROR_INPUT, "%s: from %llu to %llu", name, (unsigned long long)bounds->min,
                         (unsigned long long)bounds->max);
    *out = got;
    return true;
}

/* ---- answering ---- */

bool request_send(struct request *request, unsigned status, const char *type, struct bytes body)
{
    request->answer.status = status;
    request->answer.type = type;
    request->answer.body = body;
    return true;
}

bool request_send_nothing(struct request *request, unsigned status)
{
    return request_send(request, status, NULL, (struct bytes){0});
}

bool request_send_written(struct request *request, unsigned status, const char *type, const struct writer *w,
                          struct error *err)
{
    struct bytes written = {0};

    if (!writer_done(w, &written, err))
        return false;
    uint8_t *copy = arena_take(request->arena, written.size);
    if (copy == NULL)
        return arena_full(request->arena, err);
    if (written.size > 0)
        memcpy(copy, written.at, written.size);
    return request_send(request, status, type, (struct bytes){copy, written.size});
}

bool request_refuse(struct request *request, unsigned status, const char *format, ...)
{
    struct error said; /* its text is made printable when it is set */
    char line[sizeof(said.text)];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    (void)error_set(&said, ERROR_NONE, "%s", line);
    struct text body = text_format(request->arena, "%s\n", said.text);
    return request_send(request, status, "text/plain; charset=utf-8", bytes_of_text(body));
}

bool request_refuse_for_now(struct request *request, unsigned status, uint32_t after_s, uint32_t spread_s)
{
    /* What tells askers apart and is not theirs to choose: when they came, to the microsecond. */
    uint64_t mixed = (uint64_t)request->now_us * UINT64_C(0x9e3779b97f4a7c15);

    request->answer.retry_after_s = after_s + (uint32_t)((mixed >> 32) % (spread_s + UINT64_C(1)));
    return request_refuse(request, status, "not now: again in %u seconds", request->answer.retry_after_s);
}

bool request_send_file(struct request *request, const char *type, int *fd, uint64_t from, uint64_t size)
{
    request->answer.status = 200;
    request->answer.type = type;
    request->answer.file = fd_take(fd);
    request->answer.file_from = from;
    request->answer.file_size = size;
    return true;
}

void request_add_header(struct request *request, const char *name, struct text value)
{
    struct request_answer *answer = &request->answer;

    if (answer->extra_count < REQUEST_EXTRA_MAX)
        answer->extra[answer->extra_count++] = (struct request_pair){text_of(name), value};
}

bool request_set_etag(struct request *request, struct text etag, struct error *err)
{
    struct text copy = text_copy(request->arena, etag);

    if (copy.at == NULL)
        return arena_full(request->arena, err);
    request->answer.etag = copy;
    return true;
}

unsigned request_status_of(enum error_kind kind)
{
    static const unsigned statuses[ERROR_COUNT] = {
        [ERROR_NONE] = 500,   [ERROR_INPUT] = 400,    [ERROR_LIMIT] = 413,  [ERROR_TRUST] = 403,
        [ERROR_ABSENT] = 404, [ERROR_CONFLICT] = 409, [ERROR_SYSTEM] = 500,
    };

    return statuses[kind];
}

/* ---- waiting ---- */

void request_suspend(struct request *request)
{
    request->suspended = true;
    if (request->exchange != NULL)
        request->exchange->suspend(request->exchange);
}

void request_resume(struct request *request)
{
    request->suspended = false;
    if (request->exchange != NULL)
        request->exchange->resume(request->exchange);
}
