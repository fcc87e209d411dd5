/*
 * What is wrong: GET /api/1/findings, fix by fix, how many hosts lack it; GET /api/1/hosts/{id}/findings, of one host.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "server/api_hosts.h"
#include "server/readers.h"
#include "store/fleet_read.h"

/* ---- the fleet's ---- */

struct fix_row {
    int64_t fix;
    uint64_t generation, hosts, unknown, stale;
    int64_t at_us;
};

/* All fixes that somebody lacks: some thousand at most, of 48 bytes. */
struct fix_rows {
    struct arena *arena;
    struct fix_row *at;
    size_t count, capacity;
};

static bool keep_row(void *self, const struct fleet_fix_generation_row *row, struct error *err)
{
    struct fix_rows *rows = self;

    if (row->hosts == 0)
        return true;
    struct fix_row *grown =
        arena_grow(rows->arena, rows->at, rows->count, &rows->capacity, rows->count + 1, sizeof(*rows->at));
    if (grown == NULL)
        return arena_full(rows->arena, err);
    rows->at = grown;
    rows->at[rows->count++] = (struct fix_row){
        row->fix, row->generation, row->hosts, row->unknown, row->stale, row->at_us,
    };
    return true;
}

/* Most hosts first; equal ones by number, so that pages go on where the last one ended. */
static int compare_rows(const void *a, const void *b)
{
    const struct fix_row *left = a, *right = b;

    if (left->hosts != right->hosts)
        return left->hosts > right->hosts ? -1 : 1;
    return left->fix < right->fix ? -1 : left->fix > right->fix;
}

/* "HOSTS-FIX" of the last row. */
static bool parse_after(const struct request *request, struct fix_row *out, struct error *err)
{
    struct text rest = request_query(request, "after"), hosts = {0};
    struct fix_row after = {.hosts = UINT64_MAX};

    if (rest.size > 0 && (!text_cut(&rest, '-', &hosts) || !text_to_u64(hosts, &after.hosts, err) ||
                          !api_number(rest, &after.fix, err)))
        return error_set(err, ERROR_INPUT, "after: is no \"next\" of a page");
    *out = after;
    return true;
}

static bool put_fix(struct fleet_store *store, struct arena *arena, const struct fix_row *row,
                    struct api_json *a, struct error *err)
{
    struct fleet_fix fix;

    if (!fleet_store_fix(store, row->fix, arena, &fix, err))
        return false;
    api_open(a, NULL);
    api_put_text(a, "fix", fix.name);
    api_put_number(a, "hosts", row->hosts);
    api_put_number(a, "unknown", row->unknown);
    api_put_number(a, "stale", row->stale);
    api_put_id(a, "generation", row->generation);
    api_put_time(a, "since", row->at_us);
    api_put_json(a, "about", fix.about);
    api_close(a);
    return true;
}

static bool put_page(struct fleet_store *store, struct request *request, struct fix_rows *rows,
                     struct api_json *a, struct error *err)
{
    struct fix_row after;
    size_t limit, put = 0, i = 0;

    if (!api_limit(request, &limit, err) || !parse_after(request, &after, err))
        return false;
    while (i < rows->count && compare_rows(&rows->at[i], &after) <= 0)
        i++;
    for (; i < rows->count && put < limit; i++, put++)
        if (!put_fix(store, request->arena, &rows->at[i], a, err))
            return false;
    struct text next =
        put == 0 ? (struct text){0}
                 : text_format(request->arena, "%llu-%lld", (unsigned long long)rows->at[i - 1].hosts,
                               (long long)rows->at[i - 1].fix);
    api_put_next(a, i < rows->count, next);
    return true;
}

static bool list_fixes(struct server *server, struct request *request, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    OWN(api_json_end) struct api_json a = {0};
    struct fix_rows rows = {.arena = request->arena};

    if (!readers_take(server, &lease, err) ||
        !fleet_store_newest_fix_generations(lease.store, keep_row, &rows, err))
        return false;
    if (rows.count > 0)
        qsort(rows.at, rows.count, sizeof(*rows.at), compare_rows);
    api_json_begin(&a, "suture.fixes/1");
    api_put_number(&a, "count", rows.count);
    api_open_list(&a, "fixes");
    return put_page(lease.store, request, &rows, &a, err) && api_json_send(&a, request, 200, err);
}

static const struct route_parameter fixes_parameters[] = {
    API_PARAMETER_LIMIT,
    API_PARAMETER_AFTER("the \"next\" of the page before"),
    {0},
};
static const struct route_answer fixes_answers[] = {
    {200, API_JSON,
     "fixes that hosts lack, most hosts first; hosts that nobody knows of, or not lately, apart",
     API_LIST("fixes",
              API_TEXT("fix") "," API_COUNT("hosts") "," API_COUNT("unknown") "," API_COUNT("stale"))},
    {0},
};
const struct route route_api_findings = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/findings",
    .permission = PERMISSION_READ,
    .admission = ADMIT_PEOPLE,
    .summary = "what is wrong in the fleet",
    .parameters = fixes_parameters,
    .answers = fixes_answers,
    .handle = list_fixes,
};

/* ---- a host's ---- */

static bool put_finding(struct fleet_store *store, struct arena *arena, const struct fleet_finding *finding,
                        struct api_json *a, struct error *err)
{
    struct fleet_fix fix;

    if (!fleet_store_fix(store, finding->fix, arena, &fix, err))
        return false;
    api_open(a, NULL);
    api_put_text(a, "fix", fix.name);
    api_put_time(a, "opened", finding->opened_us);
    api_put_time(a, "closed", finding->closed_us);
    api_put_json(a, "about", fix.about);
    api_close(a);
    return true;
}

/* "FIX-OPENED" of the last row. */
static bool parse_host_after(const struct request *request, struct fleet_finding_filter *filter,
                             struct error *err)
{
    struct text rest = request_query(request, "after"), fix = {0};

    if (rest.size == 0)
        return true;
    if (!text_cut(&rest, '-', &fix) || !api_number(fix, &filter->after_number, err) ||
        !api_number(rest, &filter->after_opened_us, err))
        return error_set(err, ERROR_INPUT, "after: is no \"next\" of a page");
    return true;
}

static bool put_findings(struct fleet_store *store, struct request *request,
                         const struct fleet_finding_filter *filter, struct api_json *a, struct error *err)
{
    struct fleet_findings_page page;
    struct text next = {0};

    if (!fleet_store_findings(store, filter, request->arena, &page, err))
        return false;
    for (size_t i = 0; i < page.count; i++)
        if (!put_finding(store, request->arena, &page.at[i], a, err))
            return false;
    if (page.count > 0)
        next = text_format(request->arena, "%lld-%lld", (long long)page.at[page.count - 1].fix,
                           (long long)page.at[page.count - 1].opened_us);
    api_put_next(a, page.more, next);
    return true;
}

static bool list_host(struct server *server, struct request *request, struct error *err)
{
    struct fleet_finding_filter filter = {.open_only = !request_has_query(request, "all")};
    OWN(readers_give) struct reader_lease lease = {0};
    OWN(api_json_end) struct api_json a = {0};
    struct fleet_host host;

    if (!api_limit(request, &filter.limit, err) || !parse_host_after(request, &filter, err) ||
        !api_read_host(server, request, &host, err) || !readers_take(server, &lease, err))
        return false;
    filter.hid = host.hid;
    api_json_begin(&a, "suture.findings/1");
    api_put_hex(&a, "host", (struct bytes){host.id, sizeof(host.id)});
    api_put_string(&a, "state", api_host_state(&host, request->now_us));
    api_put_id(&a, "generation", host.finding_generation);
    api_open_list(&a, "findings");
    return put_findings(lease.store, request, &filter, &a, err) && api_json_send(&a, request, 200, err);
}

static const struct route_parameter host_parameters[] = {
    API_HOST_PARAMETER,
    {"all", ROUTE_IN_QUERY, ROUTE_SWITCH, "closed ones too", false},
    API_PARAMETER_LIMIT,
    API_PARAMETER_AFTER("the \"next\" of the page before"),
    {0},
};
static const struct route_answer host_answers[] = {
    {200, API_JSON, "the host's findings by this generation of advisories; null: nothing was judged yet",
     API_LIST("findings", API_TEXT("fix") "," API_TIME("opened") "," API_TIME("closed"))},
    {0},
};
const struct route route_api_host_findings = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/hosts/{id}/findings",
    .permission = PERMISSION_READ,
    .admission = ADMIT_PEOPLE,
    .summary = "what is wrong with one host",
    .parameters = host_parameters,
    .answers = host_answers,
    .handle = list_host,
};
