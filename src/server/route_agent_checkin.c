/*
 * POST /agent/1/checkin: the pace of everything. Answered from memory; what must be kept goes to the database later, in
 * batches. The one write that may happen here is that of a clone, and nobody waits for it.
 */
#include "base/own.h"
#include "identify/fleet_index.h"
#include "server/agent_call.h"
#include "server/bulletin.h"
#include "server/desk.h"
#include "server/pacing.h"

static uint32_t wishes(const struct server *server, const struct host_row *host,
                       const struct agent_checkin *checkin)
{
    uint32_t flags = desk_quarantined(server) ? AGENT_SERVER_QUARANTINED : 0;

    if (host->flags & FLEET_HOST_SAFE_LANE)
        flags |= AGENT_SAFE_LANE;
    if (!short_hash_equal(&host->root, &checkin->inventory))
        flags |=
            AGENT_SEND_INVENTORY; /* it believes to have sent one that is not here: the server came back from a backup */
    return flags;
}

static uint32_t next_of(const struct server *server, const struct host_row *host,
                        const struct bulletin_state *wanted, int64_t now_us)
{
    uint32_t by_size = pacing_interval_s(host_table_count(server->hosts));
    struct pacing pacing = {.host = host->id,
                            .now_us = now_us,
                            .interval_s = wanted->interval_s > 0 ? wanted->interval_s : by_size};

    server_random(server, &pacing.random, sizeof(pacing.random));
    uint32_t next_s = pacing_next_s(&pacing);
    bool is_new = host->committed_us == 0;
    return is_new && next_s > PACING_FIRST_S ? PACING_FIRST_S + (uint32_t)(pacing.random % PACING_FIRST_S)
                                             : next_s;
}

static bool answer(struct server *server, struct request *request, const struct agent_checkin *checkin,
                   const struct host_row *host, uint16_t protocol, struct error *err)
{
    struct bulletin_state wanted = {.plan = 0};
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);

    if (server->bulletin != NULL)
        bulletin_state(server->bulletin, &wanted);
    struct agent_pace pace = {
        .protocol = protocol,
        .counter = checkin->counter,
        .next_s = next_of(server, host, &wanted, request->now_us),
        .epoch = checkin->epoch,
        .ack = host->seen.epoch == checkin->epoch ? host->ack : 0,
        .plan = wanted.plan,
        .advisories = wanted.advisories,
        .repository = wanted.repository,
        .time_us = request->now_us,
        .flags = wishes(server, host, checkin),
    };
    agent_pace_write(&w, &pace);
    return request_send_written(request, 200, AGENT_BODY_TYPE, &w, err);
}

static void look_after(struct server *server, const struct host_row *host,
                       const struct agent_checkin *checkin, int64_t now_us)
{
    if (server->index == NULL || host->committed_us == 0)
        return;
    if (checkin->scanned_us > 0 && short_hash_equal(&host->root, &checkin->inventory))
        fleet_index_confirm(server->index, host->number,
                            checkin->scanned_us < now_us ? checkin->scanned_us : now_us);
    if (host->findings_generation < desk_findings_generation(server))
        host_table_owe_findings(server->hosts, host->number);
}

static bool check_in(struct server *server, struct request *request, struct error *err)
{
    struct agent_checkin checkin;
    struct host_row host;
    struct error why;
    uint16_t protocol;

    if (!agent_checkin_parse(request->body, &checkin, &why))
        return agent_call_not_understood(request, &why);
    if (!agent_call_speaks(request, checkin.protocol_min, checkin.protocol_max, &protocol))
        return true;
    if (memcmp(checkin.host.at, request->peer.host.at, sizeof(checkin.host.at)) != 0)
        return request_refuse(request, 403, "the certificate is another host's");
    if (checkin.counter > INT64_MAX)
        return request_refuse(request, 400, "its counter is above all that can be");
    enum host_checkin verdict = host_table_checkin(server->hosts, &checkin, request->now_us, &host);
    if (verdict == HOST_CHECKIN_UNKNOWN || (host.flags & (FLEET_HOST_REVOKED | FLEET_HOST_REMOVED)) != 0)
        return request_refuse(request, 403, "this host is not known here, or not any more");
    if (verdict == HOST_CHECKIN_CLONE)
        agent_call_hold(server, request, &host,
                        TEXT("its counter was used before: a copy, or restored from a backup"));
    if (verdict == HOST_CHECKIN_NEW)
        look_after(server, &host, &checkin, request->now_us);
    return answer(server, request, &checkin, &host, protocol, err);
}

static const struct route_answer answers[] = {
    {200, AGENT_BODY_TYPE, "SAD1: when to come again, and what is wanted", NULL},
    {403, "text/plain", "the host is unknown, revoked, or another's certificate was shown", NULL},
    {415, "text/plain", "not a check-in of this version", NULL},
    {426, "text/plain", "the agent is older than the server still speaks", NULL},
    {503, "text/plain", "not now: Retry-After", NULL},
    {0},
};

const struct route route_agent_checkin = {
    .listener = ROUTE_AGENTS,
    .method = REQUEST_POST,
    .path = AGENT_PATH_CHECKIN,
    .who = ROUTE_PEER_HOST,
    .admission = ADMIT_CHECKIN,
    .body_max = AGENT_SMALL_MAX,
    .summary = "an agent checks in",
    .answers = answers,
    .handle = check_in,
};
