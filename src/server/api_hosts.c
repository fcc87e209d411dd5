#include "server/api_hosts.h"

#include <stdio.h>

#include "base/own.h"
#include "server/host_table.h"
#include "server/readers.h"
#include "store/fleet_read.h"
#include "wire/agent_message.h"

const char *api_host_state(const struct fleet_host *host, int64_t now_us)
{
    if ((host->flags & FLEET_HOST_REMOVED) != 0)
        return "removed";
    if ((host->flags & FLEET_HOST_REVOKED) != 0)
        return "revoked";
    if ((host->flags & FLEET_HOST_SAFE_LANE) != 0)
        return "held";
    if (host->seen.seen_us == 0)
        return "never";
    return now_us - host->seen.seen_us > API_STALE_US ? "stale" : "ok";
}

void api_host_hex(const uint8_t id[FLEET_ID_SIZE], char out[2 * FLEET_ID_SIZE + 1])
{
    struct host_id copy;

    memcpy(copy.at, id, sizeof(copy.at));
    host_id_hex(&copy, out);
}

/* Counts that nobody told are null: none is not "nothing is late". */
static void put_counts(struct api_json *a, const struct host_row *row)
{
    static const struct {
        const char *name;
        size_t offset;
    } counts[] = {
        {"late", offsetof(struct host_row, late)},
        {"due", offsetof(struct host_row, due)},
        {"open", offsetof(struct host_row, open)},
        {"unknown", offsetof(struct host_row, unknown)},
    };

    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        uint32_t count = 0;
        if (row == NULL || row->level == AGENT_LEVEL_UNKNOWN) {
            api_put_text(a, counts[i].name, (struct text){0});
            continue;
        }
        memcpy(&count, (const char *)row + counts[i].offset, sizeof(count));
        api_put_number(a, counts[i].name, count);
    }
    api_put_string(a, "level", row == NULL ? "" : agent_level_name((enum agent_level)row->level));
}

void api_put_host(struct api_json *a, struct server *server, const struct fleet_host *stored, int64_t now_us)
{
    struct fleet_host fresh = *stored, *host = &fresh;
    struct host_row row;
    struct host_id id;

    memcpy(id.at, stored->id, sizeof(id.at));
    bool known = host_table_find(server->hosts, &id, &row);
    if (known) {
        fresh.seen = row.seen;
        fresh.flags = row.flags;
    }
    api_put_hex(a, "id", (struct bytes){host->id, sizeof(host->id)});
    api_put_text(a, "name", host->facts.name);
    api_put_string(a, "state", api_host_state(host, now_us));
    api_put_text(a, "os", host->facts.os);
    api_put_text(a, "release", host->facts.codename);
    api_put_text(a, "arch", host->facts.arch);
    api_put_text(a, "class", host->class);
    api_put_time(a, "seen", host->seen.seen_us);
    api_put_time(a, "scanned", host->facts.scanned_us);
    put_counts(a, known ? &row : NULL);
}

void api_put_host_more(struct api_json *a, const struct fleet_host *host)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } states[] = {
        {"reboot_needed", AGENT_REBOOT_NEEDED},   {"run_under_way", AGENT_RUN_UNDER_WAY},
        {"on_battery", AGENT_ON_BATTERY},         {"metered", AGENT_METERED},
        {"trust_alarm", AGENT_TRUST_ALARM},       {"updaters_held", AGENT_UPDATERS_HELD},
        {"outbox_dropped", AGENT_OUTBOX_DROPPED}, {"clock_doubted", AGENT_CLOCK_DOUBTED},
    };
    char version[40];

    api_put_text(a, "kernel", host->facts.kernel);
    (void)snprintf(version, sizeof(version), "%u.%u.%u", host->seen.agent_version >> 16,
                   host->seen.agent_version >> 8 & 255, host->seen.agent_version & 255);
    api_put_string(a, "agent", host->seen.seen_us == 0 ? "" : version);
    api_put_time(a, "enrolled", host->enrolled_us);
    api_put_id(a, "token", (uint64_t)host->token);
    api_put_time(a, "certificate_ends", host->certificate_end_us);
    api_put_time(a, "inventory", host->committed_us);
    api_put_id(a, "plan", host->seen.plan_generation);
    api_put_id(a, "advisories", host->seen.index_generation);
    api_open(a, "says");
    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
        api_put_flag(a, states[i].name, (host->seen.state & states[i].bit) != 0);
    api_close(a);
}

bool api_read_host(struct server *server, struct request *request, struct fleet_host *out, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    uint8_t id[FLEET_ID_SIZE];

    if (!api_host_id(request, id, err) || !readers_take(server, &lease, err))
        return false;
    return fleet_store_host_by_id(lease.store, id, request->arena, out, err) || error_at(err, "host");
}
