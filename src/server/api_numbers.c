#include "server/api_numbers.h"

#include "store/fleet_read.h"

static bool parse_states(struct text states, unsigned absent, unsigned *out, struct error *err)
{
    unsigned wanted = 0;
    struct text name;

    while (text_cut(&states, ',', &name)) {
        unsigned state = 0;
        while (state < FLEET_INDEX_STATE_COUNT &&
               !text_equal(name, text_of(fleet_index_state_name((enum fleet_index_state)state))))
            state++;
        if (state == FLEET_INDEX_STATE_COUNT)
            return error_set(
                err, ERROR_INPUT,
                "state: there is exposed, exposed-stale, clear, stale and unknown, with ',' between");
        wanted |= 1U << state;
    }
    *out = wanted == 0 ? absent : wanted;
    return true;
}

bool api_index_page(struct server *server, const struct request *request, unsigned wanted,
                    struct fleet_index_page *out, struct error *err)
{
    struct fleet_index_page page = {.stale_us = request->now_us - API_STALE_US, .after = FLEET_INDEX_NONE};
    struct host_row row;
    struct host_id id;
    size_t limit;

    if (!api_limit(request, &limit, err) ||
        !parse_states(request_query(request, "state"), wanted, &page.wanted, err))
        return false;
    page.room = (uint32_t)limit;
    if (request_has_query(request, "after")) {
        if (!host_id_parse(request_query(request, "after"), &id, err) ||
            (!host_table_find(server->hosts, &id, &row) &&
             !error_set(err, ERROR_ABSENT, "there is no such host")))
            return error_at(err, "after");
        page.after = row.number;
    }
    *out = page;
    return true;
}

void api_put_counts(struct api_json *a, const struct fleet_index_count *count)
{
    api_open(a, "counts");
    for (unsigned state = 0; state < FLEET_INDEX_STATE_COUNT; state++)
        api_put_number(a, fleet_index_state_name((enum fleet_index_state)state), count->hosts[state]);
    api_put_number(a, "total", count->total);
    api_close(a);
}

bool api_put_numbered(struct api_json *a, const struct api_numbered *context,
                      const struct fleet_index_row *row, struct fleet_host *host, struct error *err)
{
    struct host_row known;

    /* It may have been removed since the index was asked: then it is in no answer. */
    if (!host_table_at(context->server->hosts, row->host, &known))
        return true;
    if (!fleet_store_host(context->store, known.hid, context->arena, host, err))
        return false;
    api_put_hex(a, "host", (struct bytes){host->id, sizeof(host->id)});
    api_put_text(a, "name", host->facts.name);
    api_put_string(a, "state", fleet_index_state_name(row->state));
    api_put_text(a, "source", row->source);
    api_put_text(a, "installed", row->installed);
    api_put_text(a, "package", row->package);
    api_put_text(a, "version", row->version);
    api_put_text(a, "arch", row->arch);
    api_put_text(a, "fixed", row->fixed);
    api_put_time(a, "scanned", row->scanned_us);
    return true;
}
