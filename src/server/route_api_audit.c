/*
 * The audit log: GET /api/1/audit for people, GET /api/1/audit/export for keeping: a line of JSON for each row, with all that its
 * chain is made of, and at the end of the log a line with its head, signed by the keeper. `suture audit verify` checks
 * such lines without believing this server: an edit, a row that was dropped, moved or cut off is found.
 */
#include <stdio.h>

#include "base/limits.h"
#include "base/own.h"
#include "server/api_routes.h"
#include "server/deed.h"
#include "server/keeper_client.h"
#include "server/readers.h"
#include "store/fleet_read.h"

#define SIGNATURE_BYTES 64
#define ROW_SCHEMA                                                                                           \
    API_TEXT("seq")                                                                                          \
    "," API_TIME("at") "," API_TEXT("actor") "," API_TEXT("from") "," API_TEXT("deed") "," API_TEXT("objec"  \
                                                                                                    "t")

static bool parse_from(const struct request *request, uint64_t *out, struct error *err)
{
    static const struct request_bounds bounds = {.absent = 1, .min = 1, .max = INT64_MAX};

    return request_query_u64(request, "from", &bounds, out, err);
}

static bool read_rows(struct server *server, struct request *request, uint64_t from, size_t limit,
                      struct fleet_audits *out, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};

    return readers_take(server, &lease, err) &&
           fleet_store_audits(lease.store, from, limit, request->arena, out, err);
}

/* ---- for people ---- */

static void put_row(struct api_json *a, const struct fleet_audit *row)
{
    api_open(a, NULL);
    api_put_id(a, "seq", row->seq);
    api_put_time(a, "at", row->at_us);
    api_put_text(a, "actor", row->actor);
    api_put_text(a, "from", row->from);
    api_put_text(a, "deed", row->deed);
    api_put_text(a, "object", row->object);
    api_put_json(a, "detail", row->detail);
    api_close(a);
}

static bool list_audit(struct server *server, struct request *request, struct error *err)
{
    OWN(api_json_end) struct api_json a = {0};
    struct fleet_audits rows;
    uint64_t from;
    size_t limit;

    if (!parse_from(request, &from, err) || !api_limit(request, &limit, err) ||
        !read_rows(server, request, from, limit, &rows, err))
        return false;
    uint64_t next = rows.count > 0 ? rows.at[rows.count - 1].seq + 1 : from;
    api_json_begin(&a, "suture.audit/1");
    api_open_list(&a, "audit");
    for (size_t i = 0; i < rows.count; i++)
        put_row(&a, &rows.at[i]);
    api_put_next(&a, rows.count == limit, text_format(request->arena, "%llu", (unsigned long long)next));
    return api_json_send(&a, request, 200, err);
}

static const struct route_parameter list_parameters[] = {
    {"from", ROUTE_IN_QUERY, ROUTE_NUMBER, "from this row on: the \"next\" of the page before", false},
    API_PARAMETER_LIMIT,
    {0},
};
static const struct route_answer list_answers[] = {
    {200, API_JSON, "rows, oldest first", API_LIST("audit", ROW_SCHEMA)},
    {0},
};
const struct route route_api_audit = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/audit",
    .permission = PERMISSION_AUDIT,
    .admission = ADMIT_PEOPLE,
    .summary = "who changed what, from where",
    .parameters = list_parameters,
    .answers = list_answers,
    .handle = list_audit,
};

/* ---- for keeping ---- */

static void put_plain(struct json_writer *j, const char *name, struct text value)
{
    json_name(j, name);
    json_put_text(j, value);
}

static void put_digits(struct json_writer *j, const char *name, int64_t value)
{
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%lld", (long long)value);
    json_name(j, name);
    json_put_string(j, digits);
}

static void put_hex(struct json_writer *j, const char *name, struct bytes value)
{
    char hex[2 * SIGNATURE_BYTES + 1] = "";

    for (size_t i = 0; i < value.size && i < SIGNATURE_BYTES; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", value.at[i]);
    json_name(j, name);
    json_put_string(j, hex);
}

/* All that the chain is made of, as it stands in the database: times in microseconds, the detail as its text. */
static void put_line(struct writer *w, const struct fleet_audit *row)
{
    struct json_writer j = json_writer_with(w, false);

    json_open_object(&j);
    put_plain(&j, "schema", TEXT("suture.audit-row/1"));
    put_digits(&j, "seq", (int64_t)row->seq);
    put_digits(&j, "at_us", row->at_us);
    put_plain(&j, "actor", row->actor);
    put_plain(&j, "from", row->from);
    put_plain(&j, "deed", row->deed);
    put_plain(&j, "object", row->object);
    put_plain(&j, "detail", row->detail);
    put_hex(&j, "chain", (struct bytes){row->chain, sizeof(row->chain)});
    json_close_object(&j);
    writer_byte(w, '\n');
}

static bool put_head(struct server *server, const struct request *request, const struct fleet_audit *last,
                     struct writer *w, struct error *err)
{
    struct json_writer j = json_writer_with(w, false);
    struct keeper_audit head = {.count = last->seq, .now_us = request->now_us};
    uint8_t signature[SIGNATURE_BYTES];

    memcpy(head.head, last->chain, sizeof(head.head));
    if (!keeper_sign_audit(server->keeper, &head, signature, err))
        return error_at(err, "head of the log");
    json_open_object(&j);
    put_plain(&j, "schema", TEXT("suture.audit-head/1"));
    put_digits(&j, "seq", (int64_t)last->seq);
    put_digits(&j, "at_us", request->now_us);
    put_hex(&j, "chain", (struct bytes){last->chain, sizeof(last->chain)});
    put_hex(&j, "signature", (struct bytes){signature, sizeof(signature)});
    put_hex(&j, "key", (struct bytes){server->plan_key, sizeof(server->plan_key)});
    json_close_object(&j);
    writer_byte(w, '\n');
    return true;
}

static bool export_audit(struct server *server, struct request *request, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_API_ANSWER);
    struct deed deed = {"audit.export", TEXT("audit"), {0}};
    struct fleet_audits rows;
    uint64_t from;

    if (!parse_from(request, &from, err))
        return false;
    /* The first page says in the log itself that somebody takes it with them. */
    if (from == 1 && !deed_note(server, request, &deed, err))
        return false;
    if (!read_rows(server, request, from, API_PAGE_MAX, &rows, err))
        return false;
    for (size_t i = 0; i < rows.count; i++)
        put_line(&w, &rows.at[i]);
    if (rows.count > 0 && rows.count < API_PAGE_MAX &&
        !put_head(server, request, &rows.at[rows.count - 1], &w, err))
        return false;
    return request_send_written(request, 200, API_LINES, &w, err);
}

static const struct route_parameter export_parameters[] = {
    {"from", ROUTE_IN_QUERY, ROUTE_NUMBER, "from this row on: one behind the last row of the answer before",
     false},
    {0},
};
static const struct route_answer export_answers[] = {
    {200, API_LINES, "1,000 rows at most; behind the last row of the log its head, signed by the keeper",
     NULL},
    {0},
};
const struct route route_api_audit_export = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/audit/export",
    .permission = PERMISSION_AUDIT,
    .admission = ADMIT_PEOPLE,
    .summary = "the audit log with its chain, as lines of JSON",
    .parameters = export_parameters,
    .answers = export_answers,
    .handle = export_audit,
};
