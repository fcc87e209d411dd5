/*
 * What hosts reported: GET /api/1/hosts/{id}/events, GET /api/1/hosts/{id}/evidence, and one sealed record as it came,
 * GET /api/1/hosts/{id}/evidence/{epoch}/{seq}, whose seal whoever asks can verify.
 */
#include "base/own.h"
#include "server/api_hosts.h"
#include "server/readers.h"
#include "store/fleet_read.h"

#define EVENT_SCHEMA                                                                                         \
    API_TEXT("epoch")                                                                                        \
    "," API_TEXT("seq") "," API_TEXT("kind") "," API_TIME("at") "," API_TIME("received") "," API_COUNT("siz" \
                                                                                                       "e")

/* What this server doubts is marked beside its kind: the mark is ours, not the agent's. */
#define KIND_BIT(kind) (UINT64_C(1) << (kind))
#define EVIDENCE_KINDS (KIND_BIT(AGENT_EVENT_EVIDENCE) | KIND_BIT(AGENT_EVENT_EVIDENCE + FLEET_EVENT_MARK))

static void put_event(struct api_json *a, const struct fleet_event_row *row, bool body)
{
    api_open(a, NULL);
    api_put_id(a, "epoch", row->epoch);
    api_put_id(a, "seq", row->event.seq);
    api_put_string(a, "kind",
                   agent_event_kind_name((enum agent_event_kind)(row->event.kind % FLEET_EVENT_MARK)));
    api_put_flag(a, "doubted", row->event.kind >= FLEET_EVENT_MARK);
    api_put_time(a, "at", row->event.at_us);
    api_put_time(a, "received", row->received_us);
    if (body)
        api_put_json(a, "body", (struct text){(const char *)row->event.body.at, row->event.body.size});
    api_close(a);
}

/* "RECEIVED-EPOCH-SEQ": the three numbers of the last row. */
static bool parse_after(const struct request *request, struct fleet_event_filter *filter, struct error *err)
{
    struct text rest = request_query(request, "after"), part;
    uint64_t numbers[3] = {0};

    if (rest.size == 0)
        return true;
    for (size_t i = 0; i < 3; i++)
        if (!text_cut(&rest, '-', &part) || !text_to_u64(part, &numbers[i], err) || numbers[i] == 0)
            return error_set(err, ERROR_INPUT, "after: is no \"next\" of a page");
    if (rest.size > 0 || numbers[0] > INT64_MAX)
        return error_set(err, ERROR_INPUT, "after: is no \"next\" of a page");
    filter->before_us = (int64_t)numbers[0];
    filter->before_epoch = numbers[1];
    filter->before_seq = numbers[2];
    return true;
}

static bool read_events(struct server *server, struct request *request, struct fleet_event_filter *filter,
                        struct fleet_event_rows *out, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    struct fleet_host host;

    if (!api_limit(request, &filter->limit, err) || !parse_after(request, filter, err) ||
        !api_read_host(server, request, &host, err))
        return false;
    filter->hid = host.hid;
    return readers_take(server, &lease, err) &&
           fleet_store_events(lease.store, filter, request->arena, out, err);
}

static struct text next_of(struct request *request, const struct fleet_event_rows *rows)
{
    const struct fleet_event_row *last = rows->count > 0 ? &rows->at[rows->count - 1] : NULL;

    if (last == NULL)
        return (struct text){0};
    return text_format(request->arena, "%lld-%llu-%llu", (long long)last->received_us,
                       (unsigned long long)last->epoch, (unsigned long long)last->event.seq);
}

static bool send_events(struct request *request, const struct fleet_event_rows *rows, bool bodies,
                        struct error *err)
{
    OWN(api_json_end) struct api_json a = {0};

    api_json_begin(&a, bodies ? "suture.events/1" : "suture.evidence/1");
    api_open_list(&a, bodies ? "events" : "evidence");
    for (size_t i = 0; i < rows->count; i++)
        put_event(&a, &rows->at[i], bodies);
    api_put_next(&a, rows->more, next_of(request, rows));
    return api_json_send(&a, request, 200, err);
}

static bool list_events(struct server *server, struct request *request, struct error *err)
{
    struct fleet_event_filter filter = {
        .kinds = ~EVIDENCE_KINDS & INT64_MAX,
        .bodies = true,
    };
    struct fleet_event_rows rows;

    return read_events(server, request, &filter, &rows, err) && send_events(request, &rows, true, err);
}

static bool list_evidence(struct server *server, struct request *request, struct error *err)
{
    struct fleet_event_filter filter = {.kinds = EVIDENCE_KINDS};
    struct fleet_event_rows rows;

    return read_events(server, request, &filter, &rows, err) && send_events(request, &rows, false, err);
}

static bool show_evidence(struct server *server, struct request *request, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    struct fleet_event_row row;
    struct fleet_host host;
    uint64_t epoch;
    int64_t seq;

    if (!text_to_u64(request->parts[1], &epoch, err) || !api_number(request->parts[2], &seq, err) ||
        !api_read_host(server, request, &host, err) || !readers_take(server, &lease, err) ||
        !fleet_store_event(lease.store, host.hid, epoch, (uint64_t)seq, request->arena, &row, err))
        return false;
    if (row.event.kind % FLEET_EVENT_MARK != AGENT_EVENT_EVIDENCE)
        return error_set(err, ERROR_ABSENT, "this event is no evidence");
    return request_send(request, 200, "application/octet-stream", row.event.body);
}

static const struct route_parameter list_parameters[] = {
    API_HOST_PARAMETER,
    API_PARAMETER_LIMIT,
    API_PARAMETER_AFTER("the \"next\" of the page before"),
    {0},
};
static const struct route_answer events_answers[] = {
    {200, API_JSON, "what the host reported, newest first", API_LIST("events", EVENT_SCHEMA)},
    {0},
};
const struct route route_api_events = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/hosts/{id}/events",
    .permission = PERMISSION_READ,
    .admission = ADMIT_PEOPLE,
    .summary = "runs, alarms, notices and orders as the host saw them",
    .parameters = list_parameters,
    .answers = events_answers,
    .handle = list_events,
};

static const struct route_answer evidence_answers[] = {
    {200, API_JSON, "sealed records of the host, newest first", API_LIST("evidence", EVENT_SCHEMA)},
    {0},
};
const struct route route_api_evidence = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/hosts/{id}/evidence",
    .permission = PERMISSION_READ,
    .admission = ADMIT_PEOPLE,
    .summary = "the host's evidence, without its bytes",
    .parameters = list_parameters,
    .answers = evidence_answers,
    .handle = list_evidence,
};

static const struct route_parameter one_parameters[] = {
    API_HOST_PARAMETER,
    {"epoch", ROUTE_IN_PATH, ROUTE_ID, "of the outbox", true},
    {"seq", ROUTE_IN_PATH, ROUTE_ID, "of the event", true},
    {0},
};
static const struct route_answer one_answers[] = {
    {200, "application/octet-stream", "the sealed record, to the byte", NULL},
    {404, "text/plain", "there is none", NULL},
    {0},
};
const struct route route_api_evidence_one = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/hosts/{id}/evidence/{epoch}/{seq}",
    .permission = PERMISSION_READ,
    .admission = ADMIT_PEOPLE,
    .summary = "one sealed record",
    .parameters = one_parameters,
    .answers = one_answers,
    .handle = show_evidence,
};
