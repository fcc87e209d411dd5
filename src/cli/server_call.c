#include "cli/server_call.h"

#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"

#define SAID_MAX 200 /* of the server's line */

bool server_call_open_with(const struct server_access *access, struct arena *arena, struct server_call *out,
                           struct error *err)
{
    struct link_place place = {.server = access->server, .ca = access->ca};
    struct server_call call = {.access = *access, .arena = arena};

    if (!os_helper(arena, "suture-link", &place.program, err) || !link_open(&place, arena, &call.link, err))
        return false;
    *out = call;
    return true;
}

bool server_call_open(struct arena *arena, struct server_call *out, struct error *err)
{
    struct server_access access;

    return server_access_read(arena, &access, err) && server_call_open_with(&access, arena, out, err);
}

void server_call_end(struct server_call *call)
{
    link_close(&call->link);
}

bool server_call_ask(struct server_call *call, const struct server_question *question,
                     struct link_answer *out, struct error *err)
{
    struct link_request request = {
        .method = question->method,
        .path = question->path,
        .body = question->body,
        .answer_max = LINK_ANSWER_MAX,
    };

    if (question->path == NULL)
        return arena_full(call->arena, err);
    if (call->access.token.size > 0)
        request.authorization = text_format(call->arena, "Bearer %.*s", TEXT_ARG(call->access.token));
    return link_request(&call->link, &request, out, err) ||
           error_at(err, "%.*s", TEXT_ARG(call->access.server));
}

bool server_call_refused(const struct link_answer *answer, struct error *err)
{
    static const struct {
        uint16_t status;
        enum error_kind kind;
    } kinds[] = {
        {400, ERROR_INPUT},    {401, ERROR_TRUST}, {403, ERROR_TRUST}, {404, ERROR_ABSENT},
        {409, ERROR_CONFLICT}, {413, ERROR_LIMIT}, {429, ERROR_LIMIT}, {503, ERROR_LIMIT},
    };
    enum error_kind kind = ERROR_SYSTEM;
    struct bytes line = answer->body;
    struct text said = {0};
    struct error ignored;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (kinds[i].status == answer->status)
            kind = kinds[i].kind;
    while (line.size > 0 && (line.at[line.size - 1] == '\n' || line.at[line.size - 1] == '\r'))
        line.size--;
    if (!text_from_bytes(line, SAID_MAX, &said, &ignored))
        said = TEXT("");
    if (answer->status == 401)
        return error_set(err, kind, "%.*s (suture login)", TEXT_ARG(said));
    if (said.size == 0)
        return error_set(err, kind, "the server answers %u", answer->status);
    return error_set(err, kind, "the server says: %.*s", TEXT_ARG(said));
}

bool server_call_json(struct server_call *call, const struct server_question *question,
                      struct json_document *document, struct error *err)
{
    struct link_answer answer;

    if (!server_call_ask(call, question, &answer, err))
        return false;
    if (answer.status < 200 || answer.status > 299)
        return server_call_refused(&answer, err);
    return document == NULL || json_parse(answer.body, LINK_ANSWER_MAX, document, err) ||
           error_at(err, "%.*s: answer", TEXT_ARG(call->access.server));
}

/* ---- paths ---- */

/* RFC 3986, 2.3: what is not unreserved is two digits behind a '%'. */
static void put_encoded(struct writer *w, struct text part)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (size_t i = 0; i < part.size; i++)
        if (memchr(plain, part.at[i], sizeof(plain) - 1) != NULL)
            writer_byte(w, (uint8_t)part.at[i]);
        else
            writer_format(w, "%%%02X", (unsigned char)part.at[i]);
}

static const char *keep(struct arena *arena, const struct writer *w)
{
    struct bytes made = writer_bytes(w);

    return writer_ok(w) ? text_string(arena, (struct text){(const char *)made.at, made.size}) : NULL;
}

const char *server_path(struct arena *arena, const char *const *parts)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_URL);

    writer_string(&w, "/api/1");
    for (; *parts != NULL; parts++) {
        writer_byte(&w, '/');
        put_encoded(&w, text_of(*parts));
    }
    return keep(arena, &w);
}

const char *server_path_with(struct arena *arena, const char *path, const char *name, const char *value)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_URL);

    if (path == NULL || value == NULL)
        return path;
    writer_format(&w, "%s%c%s=", path, strchr(path, '?') == NULL ? '?' : '&', name);
    put_encoded(&w, text_of(value));
    return keep(arena, &w);
}
