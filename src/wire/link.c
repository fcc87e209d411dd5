#include "wire/link.h"

#include <assert.h>

#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "wire/agent_message.h"

#define SAID_MAX 160 /* of the server's line */

static bool check_place(struct text url, unsigned port, struct arena *arena, struct text *server,
                        struct error *err)
{
    static const struct text scheme = {"https://", 8};

    if (!text_starts(url, scheme) || url.size > LIMIT_URL / 2)
        return error_set(err, ERROR_INPUT, "the server's address begins with https://");
    struct text place = text_part(url, scheme.size, SIZE_MAX);
    while (text_ends(place, TEXT("/")))
        place.size--;
    if (place.size == 0 || text_find_byte(place, '/') != SIZE_MAX || text_find_byte(place, '@') != SIZE_MAX ||
        text_find_byte(place, '?') != SIZE_MAX || text_find_byte(place, '#') != SIZE_MAX)
        return error_set(err, ERROR_INPUT, "the server's address is https://HOST:PORT and nothing more");
    size_t bracket = text_find_byte(place, ']');
    bool has_port =
        text_find_byte(text_part(place, bracket == SIZE_MAX ? 0 : bracket, SIZE_MAX), ':') != SIZE_MAX;
    *server = has_port ? text_format(arena, "https://%.*s", TEXT_ARG(place))
                       : text_format(arena, "https://%.*s:%u", TEXT_ARG(place), port);
    return server->at != NULL || arena_full(arena, err);
}

bool link_server_check(struct text url, struct arena *arena, struct text *server, struct error *err)
{
    return check_place(url, 8440, arena, server, err);
}

bool link_people_check(struct text url, struct arena *arena, struct text *server, struct error *err)
{
    return check_place(url, 8441, arena, server, err);
}

/* ---- the process ---- */

/* What suture-link gets of our environment: the proxies, nothing else. One that is set here stands for all of them. */
static bool make_environment(const char *proxy, struct arena *arena, const char ***out, struct error *err)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    const size_t name_count = sizeof(names) / sizeof(*names);
    const char **list = ARENA_ARRAY(arena, const char *, name_count + 2);
    size_t count = 0;

    if (list == NULL)
        return arena_full(arena, err);
    list[count++] = "LC_ALL=C";
    for (size_t i = 0; i < name_count; i++) {
        const char *value = proxy == NULL ? os_environment(names[i]) : i < 2 ? proxy : NULL;
        struct text line = text_format(arena, "%s=%s", names[i], value == NULL ? "" : value);
        if (line.at == NULL)
            return arena_full(arena, err);
        if (value != NULL)
            list[count++] = line.at;
    }
    *out = list;
    return true;
}

bool link_open(const struct link_place *place, struct arena *arena, struct link *out, struct error *err)
{
    const char *const argv[] = {place->program, place->ca == NULL ? "-" : place->ca,
                                place->identity == NULL ? "-" : place->identity, NULL};
    struct link link = {.place = *place, .helper = HELPER_NONE, .arena = arena};
    const char **environment = NULL;

    if (!make_environment(place->proxy, arena, &environment, err) ||
        !helper_start(argv, environment, &link.helper, err))
        return false;
    *out = link;
    return true;
}

void link_close(struct link *link)
{
    if (link->helper.pid != 0)
        helper_end(&link->helper);
}

/* ---- calls ---- */

static bool exchange(struct link *link, const struct link_order *order, struct link_answer *out,
                     struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LINK_MESSAGE_MAX);
    struct link_answer answer;
    struct bytes raw;

    link_order_write(&w, order);
    if (!writer_done(&w, &raw, err) || !frame_send(link->helper.fd, raw, err) ||
        !frame_receive(link->helper.fd, LINK_MESSAGE_MAX, link->arena, &raw, err) ||
        !link_answer_parse(raw, &answer, err))
        return error_at(err, "suture-link");
    if (answer.kind != ERROR_NONE)
        return error_set(err, (enum error_kind)answer.kind, "%.*s", TEXT_ARG(answer.problem));
    *out = answer;
    return true;
}

/*
 * The server's name is the same wherever it stands: the URL has it, so that certificate and SNI do, and the connection goes to the
 * address that people know.
 */
static bool address(struct link *link, const char *path, struct link_order *order, struct error *err)
{
    struct text place = text_part(link->place.server, sizeof("https://") - 1, SIZE_MAX);
    size_t colon = place.size;

    while (colon > 0 && place.at[colon - 1] != ':')
        colon--;
    struct text port = text_part(place, colon, SIZE_MAX);
    order->url = text_format(link->arena, "https://%s:%.*s%s", AGENT_SERVER_NAME, TEXT_ARG(port), path);
    order->connect_to = place;
    return order->url.at != NULL || arena_full(link->arena, err);
}

bool link_request(struct link *link, const struct link_request *request, struct link_answer *out,
                  struct error *err)
{
    struct link_order order = {
        .method = (uint8_t)request->method,
        .time_ms = request->time_ms != 0 ? request->time_ms : LIMIT_LINK_TIME_MS,
        .connect_ms = LIMIT_CONNECT_TIME_MS,
        .answer_max = request->answer_max,
        .if_none_match = request->if_none_match,
        .authorization = request->authorization,
        .body = request->body,
    };

    if (request->plain)
        order.url = text_of(request->path);
    else if (!address(link, request->path, &order, err))
        return false;
    return exchange(link, &order, out, err);
}

bool link_learn(struct link *link, struct bytes *pem, struct error *err)
{
    struct link_order order = {
        .method = LINK_GET,
        .learn = 1,
        .time_ms = LIMIT_LINK_TIME_MS,
        .connect_ms = LIMIT_CONNECT_TIME_MS,
        .answer_max = LINK_ANSWER_MAX,
    };
    struct link_answer answer;

    if (!address(link, "/", &order, err) || !exchange(link, &order, &answer, err))
        return false;
    *pem = answer.body;
    return true;
}

bool link_refused(const char *what, const struct link_answer *answer, struct error *err)
{
    struct text said = {0};
    struct bytes line = answer->body;
    struct error ignored;

    while (line.size > 0 && (line.at[line.size - 1] == '\n' || line.at[line.size - 1] == '\r'))
        line.size--;
    if (!text_from_bytes(line, SAID_MAX, &said, &ignored))
        said = TEXT("");
    return error_set(err, answer->status == 401 || answer->status == 403 ? ERROR_TRUST : ERROR_CONFLICT,
                     "%s: the server answers %u%s%.*s", what, answer->status, said.size > 0 ? ": " : "",
                     TEXT_ARG(said));
}
