/*
 * Who is exposed: GET /api/1/exposed/{id}, from the inverted index; with ?history, who was and when it closed, from what was
 * written of each host.
 *
 * Hosts of which nothing is known, and those not heard of lately, are counted apart: neither is "not exposed".
 */
#include "base/limits.h"
#include "base/own.h"
#include "server/api_numbers.h"
#include "server/readers.h"
#include "store/fleet_read.h"

#define ID_MAX    64
#define FIXES_MAX 256 /* of one id: releases by sources that have it */

/* ---- now ---- */

static bool put_rows(struct server *server, struct request *request, struct fleet_store *store,
                     const struct fleet_index_rows *rows, struct api_json *a, struct error *err)
{
    const struct api_numbered context = {server, store, request->arena};
    char last[2 * FLEET_ID_SIZE + 1] = "";

    api_open_list(a, "hosts");
    for (size_t i = 0; i < rows->count; i++) {
        struct fleet_host host = {0};
        api_open(a, NULL);
        if (!api_put_numbered(a, &context, &rows->rows[i], &host, err))
            return false;
        api_close(a);
        api_host_hex(host.id, last);
    }
    api_put_next(a, rows->more, text_of(last));
    return true;
}

/* ---- before ---- */

struct matching {
    struct text id;
    struct arena *arena;
    struct fleet_fix fixes[FIXES_MAX];
    size_t count;
};

static bool names_id(struct text about, struct text id)
{
    OWN(json_end) struct json_document document = {0};
    struct json ids = {0};
    struct error ignored;

    /* Most do not have it anywhere: nothing is parsed for them. */
    if (text_find(about, id) == SIZE_MAX ||
        !json_parse(bytes_of_text(about), LIMIT_API_ANSWER, &document, &ignored))
        return false;
    ids = json_member(json_root(&document), "ids");
    for (struct json_walk walk = json_walk_with(ids); json_walk_next(&walk);) {
        struct bytes name = json_bytes(walk.value);
        if (text_equal((struct text){(const char *)name.at, name.size}, id))
            return true;
    }
    return false;
}

static bool keep_fix(void *self, const struct fleet_fix *fix, struct error *err)
{
    struct matching *matching = self;

    if (matching->count == FIXES_MAX || !names_id(fix->about, matching->id))
        return true;
    struct fleet_fix copy = {.number = fix->number, .name = text_copy(matching->arena, fix->name)};
    if (copy.name.at == NULL)
        return arena_full(matching->arena, err);
    matching->fixes[matching->count++] = copy;
    return true;
}

static bool put_was(struct fleet_store *store, struct request *request, const struct fleet_fix *fix,
                    struct api_json *a, struct error *err)
{
    struct fleet_finding_filter filter = {.fix = fix->number, .limit = API_PAGE_MAX};
    struct fleet_findings_page page;

    if (!fleet_store_findings(store, &filter, request->arena, &page, err))
        return false;
    for (size_t i = 0; i < page.count; i++) {
        struct fleet_host host;
        if (!fleet_store_host(store, page.at[i].hid, request->arena, &host, err))
            return false;
        api_open(a, NULL);
        api_put_hex(a, "host", (struct bytes){host.id, sizeof(host.id)});
        api_put_text(a, "name", host.facts.name);
        api_put_text(a, "fix", fix->name);
        api_put_time(a, "opened", page.at[i].opened_us);
        api_put_time(a, "closed", page.at[i].closed_us);
        api_close(a);
    }
    return true;
}

static bool put_history(struct fleet_store *store, struct request *request, struct api_json *a,
                        struct error *err)
{
    struct matching *matching = ARENA_NEW(request->arena, struct matching);

    if (matching == NULL)
        return arena_full(request->arena, err);
    matching->id = request->parts[0];
    matching->arena = request->arena;
    if (!fleet_store_all_fixes(store, keep_fix, matching, err))
        return false;
    api_open_list(a, "was");
    for (size_t i = 0; i < matching->count; i++)
        if (!put_was(store, request, &matching->fixes[i], a, err))
            return false;
    api_close_list(a);
    return true;
}

static bool exposed(struct server *server, struct request *request, struct error *err)
{
    const unsigned wanted = 1U << FLEET_INDEX_EXPOSED | 1U << FLEET_INDEX_EXPOSED_STALE;
    OWN(readers_give) struct reader_lease lease = {0};
    OWN(api_json_end) struct api_json a = {0};
    struct fleet_index_count count;
    struct fleet_index_page page;
    struct fleet_index_rows rows;
    struct text id = request->parts[0];

    if (id.size > ID_MAX)
        return error_set(err, ERROR_INPUT, "no name of a vulnerability has more than %d characters", ID_MAX);
    if (!api_index_page(server, request, wanted, &page, err) ||
        !fleet_index_exposed(server->index, id, page.stale_us, &count, err) ||
        !fleet_index_exposed_page(server->index, id, &page, request->arena, &rows, err) ||
        !readers_take(server, &lease, err))
        return false;
    api_json_begin(&a, "suture.exposed/1");
    api_put_text(&a, "id", id);
    api_put_id(&a, "generation", count.generation);
    api_put_counts(&a, &count);
    if (!put_rows(server, request, lease.store, &rows, &a, err) ||
        (request_has_query(request, "history") && !put_history(lease.store, request, &a, err)))
        return false;
    return api_json_send(&a, request, 200, err);
}

static const struct route_parameter parameters[] = {
    {"id", ROUTE_IN_PATH, ROUTE_TEXT, "\"CVE-2026-12345\", or any other that an advisory has", true},
    {"history", ROUTE_IN_QUERY, ROUTE_SWITCH, "who was exposed too, and when it closed", false},
    API_INDEX_PARAMETERS,
    {0},
};
static const struct route_answer answers[] = {
    {200, API_JSON, "counts by state, and a page of the hosts",
     API_OBJECT(API_TEXT("id") "," API_TEXT(
         "generation") "," API_COUNTS_SCHEMA
                       ",\"hosts\":{\"type\":\"array\"},\"next\":{\"type\":[\"string\",\"null\"]}")},
    {0},
};
const struct route route_api_exposed = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/exposed/{id}",
    .permission = PERMISSION_READ,
    .admission = ADMIT_PEOPLE,
    .summary = "who is exposed to a vulnerability now",
    .parameters = parameters,
    .answers = answers,
    .handle = exposed,
};
