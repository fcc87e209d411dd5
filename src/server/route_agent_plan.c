/*
 * GET /agent/1/plan/GENERATION: what the server alone says, signed; the newest there is, whatever was asked for.
 */
#include "base/own.h"
#include "server/agent_call.h"
#include "server/bulletin.h"

static bool send_plan(struct server *server, struct request *request, struct error *err)
{
    struct bulletin_state state = {.plan = 0};
    struct bytes plan;
    struct error why;
    uint64_t wanted;

    if (!text_to_u64(request->parts[0], &wanted, &why))
        return request_refuse(request, 404, "that is no generation of a plan");
    if (server->bulletin != NULL)
        bulletin_state(server->bulletin, &state);
    if (server->bulletin == NULL || !bulletin_plan(server->bulletin, request->arena, &plan, &why))
        return request_refuse(request, 404, "there is no plan yet");
    /* It may be newer than the state by now: the tag is only ever too old, and the plan is sent once more. */
    struct text etag = text_format(request->arena, "%llu", (unsigned long long)state.plan);
    return request_set_etag(request, etag, err) && request_send(request, 200, AGENT_BODY_TYPE, plan);
}

static const struct route_answer answers[] = {
    {200, AGENT_BODY_TYPE, "SAG1: the signed plan", NULL},
    {304, NULL, "it is the one that the agent has", NULL},
    {403, "text/plain", "the host is unknown or revoked", NULL},
    {404, "text/plain", "there is no plan yet", NULL},
    {0},
};
static const struct route_parameter parameters[] = {
    {"generation", ROUTE_IN_PATH, ROUTE_NUMBER, "the oldest that is wanted", true},
    {0},
};

const struct route route_agent_plan = {
    .listener = ROUTE_AGENTS,
    .method = REQUEST_GET,
    .path = AGENT_PATH_PLAN "{generation}",
    .who = ROUTE_PEER_HOST,
    .admission = ADMIT_CHECKIN,
    .summary = "the fleet's signed plan",
    .parameters = parameters,
    .answers = answers,
    .handle = send_plan,
};
