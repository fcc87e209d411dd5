/*
 * The fleet on one screen: GET /api/1/status. Hosts by state, unknown and stale apart; generations; what the server holds.
 */
#include "base/own.h"
#include "server/api_numbers.h"
#include "server/bulletin.h"
#include "server/readers.h"
#include "store/fleet_read.h"

struct host_counts {
    uint32_t ok, stale, never, held, revoked;
    uint64_t due, late; /* hosts that have some */
};

/* As the table in memory has them: a hundred thousand rows are looked at in some milliseconds. */
static struct host_counts count_hosts(struct server *server, int64_t now_us)
{
    struct host_counts counts = {0};
    struct host_row row;

    for (uint32_t number = 0; number < host_table_numbers(server->hosts); number++) {
        if (!host_table_at(server->hosts, number, &row))
            continue;
        const struct fleet_host host = {.flags = row.flags, .seen = row.seen};
        const struct text state = text_of(api_host_state(&host, now_us));
        counts.ok += text_equal(state, TEXT("ok"));
        counts.stale += text_equal(state, TEXT("stale"));
        counts.never += text_equal(state, TEXT("never"));
        counts.held += text_equal(state, TEXT("held"));
        counts.revoked += text_equal(state, TEXT("revoked"));
        counts.due += row.due > 0;
        counts.late += row.late > 0;
    }
    return counts;
}

static void put_hosts(struct api_json *a, const struct host_counts *counts)
{
    api_open(a, "hosts");
    api_put_number(a, "ok", counts->ok);
    api_put_number(a, "stale", counts->stale);
    api_put_number(a, "never", counts->never);
    api_put_number(a, "held", counts->held);
    api_put_number(a, "revoked", counts->revoked);
    api_put_number(a, "with_due", counts->due);
    api_put_number(a, "with_late", counts->late);
    api_close(a);
}

static bool read_state(struct server *server, struct fleet_state *out, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};

    return readers_take(server, &lease, err) && fleet_store_state(lease.store, out, err);
}

static bool status(struct server *server, struct request *request, struct error *err)
{
    OWN(api_json_end) struct api_json a = {0};
    const struct host_counts counts = count_hosts(server, request->now_us);
    struct bulletin_state bulletin;
    struct fleet_index_size size;
    struct fleet_state state;

    if (!read_state(server, &state, err))
        return false;
    bulletin_state(server->bulletin, &bulletin);
    fleet_index_size(server->index, &size);
    api_json_begin(&a, "suture.status/1");
    api_put_hex(&a, "fleet", (struct bytes){server->fleet.at, sizeof(server->fleet.at)});
    put_hosts(&a, &counts);
    api_open(&a, "generations");
    api_put_id(&a, "plan", bulletin.plan);
    api_put_id(&a, "advisories", bulletin.advisories);
    api_put_id(&a, "repository", bulletin.repository);
    api_put_id(&a, "index", fleet_index_generation(server->index));
    api_close(&a);
    api_put_flag(&a, "quarantine", state.quarantine);
    api_put_time(&a, "restored", state.restored_us);
    api_put_number(&a, "sources", size.sources);
    api_put_number(&a, "variants", size.variants);
    api_put_number(&a, "fixes", size.fixes);
    api_put_hex(&a, "audit_key", (struct bytes){server->plan_key, sizeof(server->plan_key)});
    return api_json_send(&a, request, 200, err);
}

static const struct route_answer answers[] = {
    {200, API_JSON, "hosts by state, generations",
     API_OBJECT(
         "\"hosts\":{\"type\":\"object\"},\"generations\":{\"type\":\"object\"}," API_FLAG("quarantine"))},
    {0},
};
const struct route route_api_status = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/status",
    .permission = PERMISSION_READ,
    .admission = ADMIT_PEOPLE,
    .summary = "the fleet on one screen",
    .answers = answers,
    .handle = status,
};
