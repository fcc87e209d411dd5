#include "server/agent_call.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"

bool agent_call_speaks(struct request *request, uint16_t protocol_min, uint16_t protocol_max,
                       uint16_t *protocol)
{
    if (protocol_max < AGENT_PROTOCOL_MIN) {
        (void)request_refuse(request, 426,
                             "this server speaks protocol %d and newer, the agent up to %u: update the agent",
                             AGENT_PROTOCOL_MIN, protocol_max);
        return false;
    }
    if (protocol_min > AGENT_PROTOCOL) {
        (void)request_refuse(
            request, 501, "this server speaks protocol %d and older, the agent from %u on: update the server",
            AGENT_PROTOCOL, protocol_min);
        return false;
    }
    *protocol = protocol_max < AGENT_PROTOCOL ? protocol_max : AGENT_PROTOCOL;
    return true;
}

bool agent_call_not_understood(struct request *request, const struct error *why)
{
    return request_refuse(request, 415, "%s", why->text);
}

bool agent_call_not_now(struct request *request, const struct error *why)
{
    log_line(LOG_ERROR, "desk", "an agent was told to come again: %s", why->text);
    return request_refuse_for_now(request, 503, AGENT_RETRY_S, AGENT_SPREAD_S);
}

bool agent_call_host(struct server *server, struct request *request, struct host_row *out)
{
    if (host_table_find(server->hosts, &request->peer.host, out) &&
        (out->flags & (FLEET_HOST_REVOKED | FLEET_HOST_REMOVED)) == 0)
        return true;
    (void)request_refuse(request, 403, "this host is not known here, or not any more");
    return false;
}

/* The database did not take it, or nobody knows: an agent that comes again does no harm, one that is told "stored" might. */
static void answer_not_now(struct agent_write *commit)
{
    (void)request_refuse_for_now(commit->request, 503, AGENT_RETRY_S, AGENT_SPREAD_S);
}

static void committed(struct commit_job *job, bool done, struct fleet_store *store)
{
    struct agent_write *commit = job->self;
    struct request *request = commit->request;
    struct error err = {.kind = ERROR_NONE};

    commit->store = store;
    if (!done) {
        log_line(LOG_ERROR, "desk", "what agents sent was not stored: %s", job->why.text);
        answer_not_now(commit);
    } else if (!commit->finish(commit, &err)) {
        log_line(LOG_ERROR, "desk", "%s", err.text);
        answer_not_now(commit);
    }
    request_resume(request);
}

bool agent_call_commit(struct agent_write *commit, struct error *err)
{
    struct request *request = commit->request;
    struct agent_write *kept = ARENA_NEW(request->arena, struct agent_write);
    struct error why;

    if (kept == NULL)
        return arena_full(request->arena, err);
    *kept = *commit;
    kept->results = ARENA_ARRAY(request->arena, struct fleet_result, commit->count);
    if (kept->results == NULL)
        return arena_full(request->arena, err);
    kept->job = (struct commit_job){.writes = kept->writes,
                                    .count = kept->count,
                                    .results = kept->results,
                                    .done = committed,
                                    .self = kept};
    request_suspend(request);
    if (!committer_submit(commit->server->committer, &kept->job, &why)) {
        answer_not_now(kept);
        request_resume(request);
    }
    return true;
}

struct fleet_audit *agent_call_audit(const struct request *request, const struct host_id *host,
                                     const char *deed, struct text detail)
{
    struct fleet_audit *audit = ARENA_NEW(request->arena, struct fleet_audit);
    char hex[HOST_ID_HEX + 1];

    if (audit == NULL)
        return NULL;
    host_id_hex(host, hex);
    *audit = (struct fleet_audit){
        .at_us = request->now_us,
        .actor = text_format(request->arena, "host:%s", hex),
        .from = text_copy(request->arena, request->peer.address),
        .deed = text_of(deed),
        .object = text_format(request->arena, "host:%s", hex),
        .detail = detail,
    };
    return audit->actor.at == NULL || audit->object.at == NULL ? NULL : audit;
}

/* A commit that nobody waits for. */
struct lonely {
    struct commit_job job;
    struct fleet_write write;
    struct fleet_result result;
    struct arena arena;
};

static void lonely_end(struct lonely *lonely)
{
    arena_end(&lonely->arena);
    free(lonely);
}

static void lonely_done(struct commit_job *job, bool done, struct fleet_store *store)
{
    (void)store;
    if (!done)
        log_line(LOG_ERROR, "desk", "that a host is held was not stored: %s", job->why.text);
    lonely_end(job->self);
}

static bool write_held(struct server *server, struct lonely *lonely, const struct request *request,
                       const struct host_row *host, struct text why, struct error *err)
{
    struct request copy = *request; /* it may be answered before this is stored */
    copy.arena = &lonely->arena;
    struct text detail = text_format(&lonely->arena, "{\"why\":\"%.*s\"}", TEXT_ARG(why));
    struct fleet_audit *audit = agent_call_audit(&copy, &host->id, "host.held", detail);

    if (audit == NULL || detail.at == NULL)
        return arena_full(&lonely->arena, err);
    log_line(LOG_WARNING, "desk", "%.*s is held to the safe lane: %.*s", TEXT_ARG(audit->object),
             TEXT_ARG(why));
    lonely->write = (struct fleet_write){.kind = FLEET_WRITE_HOST_FLAGS,
                                         .audit = audit,
                                         .host_flags = {.hid = host->hid, .set = FLEET_HOST_SAFE_LANE}};
    lonely->job = (struct commit_job){.writes = &lonely->write,
                                      .count = 1,
                                      .results = &lonely->result,
                                      .done = lonely_done,
                                      .self = lonely};
    return committer_submit(server->committer, &lonely->job, err);
}

void agent_call_hold(struct server *server, const struct request *request, const struct host_row *host,
                     struct text why)
{
    struct lonely *lonely = calloc(1, sizeof(*lonely));
    struct error err = {.kind = ERROR_NONE};

    (void)host_table_hold(server->hosts, host->number);
    if (lonely == NULL)
        return;
    lonely->arena = arena_with(64 * KIB);
    if (!write_held(server, lonely, request, host, why, &err)) {
        log_line(LOG_ERROR, "desk", "that a host is held was not stored: %s", err.text);
        lonely_end(lonely);
    }
}
