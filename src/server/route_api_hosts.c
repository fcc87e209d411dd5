/*
 * Hosts: GET /api/1/hosts, GET /api/1/hosts/{id}, POST /api/1/hosts/{id}/accept, POST /api/1/hosts/{id}/revoke.
 */
#include "base/own.h"
#include "server/api_hosts.h"
#include "server/deed.h"
#include "server/readers.h"
#include "store/fleet_read.h"

/* ---- list ---- */

static bool parse_state(struct text state, int64_t now_us, struct fleet_host_filter *filter,
                        struct error *err)
{
    const uint32_t flags = FLEET_HOST_REVOKED | FLEET_HOST_SAFE_LANE;
    const int64_t stale_us = now_us - API_STALE_US;
    const struct {
        struct text name;
        uint32_t all, none;
        int64_t from_us, before_us;
    } states[] = {
        {TEXT("ok"), 0, flags, stale_us, 0},
        {TEXT("stale"), 0, flags, 1, stale_us},
        {TEXT("never"), 0, flags, 0, 1},
        {TEXT("held"), FLEET_HOST_SAFE_LANE, FLEET_HOST_REVOKED, 0, 0},
        {TEXT("revoked"), FLEET_HOST_REVOKED, 0, 0, 0},
        {TEXT("removed"), FLEET_HOST_REMOVED, 0, 0, 0},
    };

    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
        if (!text_equal(state, states[i].name))
            continue;
        filter->flags_all = states[i].all;
        filter->flags_none = states[i].none;
        filter->seen_from_us = states[i].from_us;
        filter->seen_before_us = states[i].before_us;
        return true;
    }
    return state.size == 0 ||
           error_set(err, ERROR_INPUT, "state: there is ok, stale, never, held, revoked and removed");
}

/* Rows go on behind a host by its id: its name may have changed since, but each stays in the list. */
static bool parse_after(struct fleet_store *store, struct request *request, struct fleet_host_filter *filter,
                        struct error *err)
{
    struct fleet_host last;
    struct host_id id;

    if (!request_has_query(request, "after"))
        return true;
    if (!host_id_parse(request_query(request, "after"), &id, err))
        return error_at(err, "after");
    if (!fleet_store_host_by_id(store, id.at, request->arena, &last, err))
        return error_at(err, "after");
    filter->after_name = last.facts.name;
    filter->after_hid = last.hid;
    return true;
}

static bool parse_filter(struct fleet_store *store, struct request *request, struct fleet_host_filter *out,
                         struct error *err)
{
    struct fleet_host_filter filter = {
        .name = request_query(request, "name"),
        .os = request_query(request, "os"),
        .codename = request_query(request, "release"),
        .arch = request_query(request, "arch"),
        .class = request_query(request, "class"),
    };

    if (!api_limit(request, &filter.limit, err) ||
        !parse_state(request_query(request, "state"), request->now_us, &filter, err) ||
        !parse_after(store, request, &filter, err))
        return false;
    *out = filter;
    return true;
}

static bool list_hosts(struct server *server, struct request *request, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    OWN(api_json_end) struct api_json a = {0};
    struct fleet_host_filter filter;
    char last[2 * FLEET_ID_SIZE + 1] = "";
    struct fleet_hosts hosts;

    if (!readers_take(server, &lease, err) || !parse_filter(lease.store, request, &filter, err) ||
        !fleet_store_hosts(lease.store, &filter, request->arena, &hosts, err))
        return false;
    api_json_begin(&a, "suture.hosts/1");
    api_open_list(&a, "hosts");
    for (size_t i = 0; i < hosts.count; i++) {
        api_open(&a, NULL);
        api_put_host(&a, server, &hosts.at[i], request->now_us);
        api_close(&a);
        api_host_hex(hosts.at[i].id, last);
    }
    api_put_next(&a, hosts.more, text_of(last));
    return api_json_send(&a, request, 200, err);
}

static const struct route_parameter list_parameters[] = {
    {"name", ROUTE_IN_QUERY, ROUTE_TEXT, "a part of the host's name", false},
    {"os", ROUTE_IN_QUERY, ROUTE_TEXT, "\"debian\"", false},
    {"release", ROUTE_IN_QUERY, ROUTE_TEXT, "\"bookworm\"", false},
    {"arch", ROUTE_IN_QUERY, ROUTE_TEXT, "\"amd64\"", false},
    {"class", ROUTE_IN_QUERY, ROUTE_TEXT, "a class of the fleet's policy", false},
    {"state", ROUTE_IN_QUERY, ROUTE_TEXT, "ok, stale, never, held, revoked or removed", false},
    API_PARAMETER_LIMIT,
    API_PARAMETER_AFTER("the id of the last host of the page before"),
    {0},
};
static const struct route_answer list_answers[] = {
    {200, API_JSON, "hosts by name", API_LIST("hosts", API_HOST_SCHEMA)},
    {0},
};
const struct route route_api_hosts = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/hosts",
    .permission = PERMISSION_READ,
    .admission = ADMIT_PEOPLE,
    .summary = "the hosts of the fleet",
    .parameters = list_parameters,
    .answers = list_answers,
    .handle = list_hosts,
};

/* ---- one ---- */

static bool send_host(struct server *server, struct request *request, const struct fleet_host *host,
                      struct error *err)
{
    OWN(api_json_end) struct api_json a = {0};

    api_json_begin(&a, "suture.host/1");
    api_put_host(&a, server, host, request->now_us);
    api_put_host_more(&a, host);
    return api_json_send(&a, request, 200, err);
}

static bool show_host(struct server *server, struct request *request, struct error *err)
{
    struct fleet_host host;

    return api_read_host(server, request, &host, err) && send_host(server, request, &host, err);
}

static const struct route_parameter host_parameters[] = {API_HOST_PARAMETER, {0}};
static const struct route_answer host_answers[] = {
    {200, API_JSON, "the host", API_OBJECT(API_HOST_SCHEMA "," API_TEXT("kernel") "," API_TEXT("agent"))},
    {404, "text/plain", "there is none of this id", NULL},
    {0},
};
const struct route route_api_host = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/hosts/{id}",
    .permission = PERMISSION_READ,
    .admission = ADMIT_PEOPLE,
    .summary = "one host",
    .parameters = host_parameters,
    .answers = host_answers,
    .handle = show_host,
};

/* ---- accept, revoke ---- */

struct host_deed {
    const char *what;
    struct fleet_host_flags flags; /* without its hid */
};

static bool parse_reason(struct request *request, struct text *detail, struct error *err)
{
    static const char *const names[] = {"reason", NULL};
    OWN(json_end) struct json_document document = {0};
    OWN(writer_end) struct writer w = writer_with(API_BODY);
    struct json_writer j = json_writer_with(&w, false);
    struct text reason;
    struct bytes made;

    if (!api_body(request, names, &document, err) ||
        !api_body_text(json_root(&document), "reason", true, API_REASON, &reason, err))
        return false;
    json_open_object(&j);
    json_name(&j, "reason");
    json_put_text(&j, reason);
    json_close_object(&j);
    if (!writer_done(&w, &made, err))
        return false;
    *detail = text_copy(request->arena, (struct text){(const char *)made.at, made.size});
    return detail->at != NULL || arena_full(request->arena, err);
}

static bool change_host(struct server *server, struct request *request, const struct host_deed *what,
                        struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_HOST_FLAGS, .host_flags = what->flags};
    struct deed deed = {what->what, request->parts[0], {0}};
    struct fleet_host host;

    if (!parse_reason(request, &deed.detail, err) || !api_read_host(server, request, &host, err))
        return false;
    write.host_flags.hid = host.hid;
    if (!deed_write(server, request, &write, &deed, NULL, err))
        return false;
    return api_read_host(server, request, &host, err) && send_host(server, request, &host, err);
}

static bool accept_host(struct server *server, struct request *request, struct error *err)
{
    static const struct host_deed what = {"host.accept", {.clear = FLEET_HOST_SAFE_LANE, .accept = true}};

    return change_host(server, request, &what, err);
}

static bool revoke_host(struct server *server, struct request *request, struct error *err)
{
    static const struct host_deed what = {"host.revoke", {.set = FLEET_HOST_REVOKED}};

    return change_host(server, request, &what, err);
}

#define REASON_SCHEMA                                                                                        \
    "{\"type\":\"object\",\"required\":[\"reason\"],\"properties\":{\"reason\":{\"type\":\"string\","        \
    "\"maxLength\":512}},\"additionalProperties\":false}"

const struct route route_api_host_accept = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_POST,
    .path = "/api/1/hosts/{id}/accept",
    .permission = PERMISSION_APPROVE,
    .admission = ADMIT_PEOPLE,
    .body_max = API_BODY,
    .body_type = API_JSON,
    .body_schema = REASON_SCHEMA,
    .summary = "let a host that looked like a clone out of the safe lane",
    .parameters = host_parameters,
    .answers = host_answers,
    .handle = accept_host,
};

const struct route route_api_host_revoke = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_POST,
    .path = "/api/1/hosts/{id}/revoke",
    .permission = PERMISSION_OPERATE,
    .admission = ADMIT_PEOPLE,
    .body_max = API_BODY,
    .body_type = API_JSON,
    .body_schema = REASON_SCHEMA,
    .summary = "turn a host away for good: its certificate is worth nothing from now on",
    .parameters = host_parameters,
    .answers = host_answers,
    .handle = revoke_host,
};
