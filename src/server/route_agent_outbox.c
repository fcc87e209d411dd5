/*
 * POST /agent/1/outbox: what happened on a machine, stored once each. The answer goes out when it is durable, never before.
 */
#include "base/limits.h"
#include "base/log.h"
#include "base/own.h"
#include "server/agent_call.h"
#include "server/desk.h"
#include "server/evidence_check.h"
#include "server/readers.h"

struct sending {
    struct host_row host;
    struct fleet_event *events;
    struct fleet_write write;
    const char *doubt; /* why some evidence is no proof; NULL: none is doubted */
};

/* ---- the answer ---- */

static bool answer_ack(struct agent_write *commit, uint64_t ack, struct error *err)
{
    const struct sending *sending = commit->self;
    struct agent_ack message = {.epoch = sending->write.events.epoch, .ack = ack};
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);

    agent_ack_write(&w, &message);
    return request_send_written(commit->request, 200, AGENT_BODY_TYPE, &w, err);
}

/* An event that is here with another body: two machines write into one outbox. */
static bool refuse_clone(struct agent_write *commit)
{
    const struct sending *sending = commit->self;

    agent_call_hold(commit->server, commit->request, &sending->host,
                    TEXT("it sent another event under a number that was used: a copy"));
    return request_refuse(commit->request, 409, "an event of that number is here with another body");
}

static bool finish(struct agent_write *commit, struct error *err)
{
    const struct fleet_result *result = &commit->results[0];

    if (result->outcome == FLEET_OUTCOME_DONE || result->outcome == FLEET_OUTCOME_GAP)
        return answer_ack(commit, result->ack, err); /* behind a gap it sends again from there on */
    if (result->outcome == FLEET_OUTCOME_CONFLICT)
        return refuse_clone(commit);
    if (result->outcome == FLEET_OUTCOME_ABSENT)
        return request_refuse(commit->request, 403, "this host is not known here, or not any more");
    return request_refuse(commit->request, 422, "%s", result->why);
}

/* ---- the question ---- */

/* Evidence is looked at before it is stored, for its mark is stored with it. */
static bool check_evidence(struct server *server, struct request *request, struct sending *sending,
                           struct fleet_event *event, struct bytes *last, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_EVIDENCE_MEMORY);

    if (last->at == NULL) {
        OWN(readers_give) struct reader_lease lease = {0};
        if (!readers_take(server, &lease, err) ||
            !evidence_newest(lease.store, sending->host.hid, request->arena, last, err))
            return false;
    }
    enum evidence_proof proof = evidence_check(event->body, *last, &arena);
    if (proof == EVIDENCE_PROVED) {
        *last = event->body;
        return true;
    }
    event->kind += FLEET_EVENT_MARK;
    sending->doubt = evidence_proof_name(proof);
    return true;
}

static bool take_events(struct server *server, struct request *request, const struct agent_outbox *outbox,
                        struct sending *sending, struct error *err)
{
    struct agent_outbox_walk walk = agent_outbox_walk_with(outbox);
    struct bytes last = {NULL, 0};
    struct agent_event event;
    size_t count = 0;

    sending->events = ARENA_ARRAY(request->arena, struct fleet_event, outbox->count);
    if (sending->events == NULL)
        return arena_full(request->arena, err);
    while (agent_outbox_next(&walk, &event)) {
        struct fleet_event *kept = &sending->events[count++];
        *kept = (struct fleet_event){
            .seq = event.number, .kind = event.kind, .at_us = event.made_us, .body = event.body};
        bool again = outbox->epoch == sending->host.seen.epoch && event.number <= sending->host.ack;
        if (event.kind == AGENT_EVENT_EVIDENCE && !again &&
            !check_evidence(server, request, sending, kept, &last, err))
            return false;
    }
    sending->write = (struct fleet_write){.kind = FLEET_WRITE_EVENTS,
                                          .events = {.hid = sending->host.hid,
                                                     .epoch = outbox->epoch,
                                                     .received_us = request->now_us,
                                                     .events = sending->events,
                                                     .count = count}};
    /* Only who may have lost something takes the agent's word for where it begins: a gap is otherwise asked for again. */
    if (desk_restored(server) || (sending->host.seen.state & AGENT_OUTBOX_DROPPED) != 0)
        sending->write.events.oldest_kept = outbox->first;
    return true;
}

static bool note_doubt(struct request *request, struct sending *sending, struct error *err)
{
    struct text detail;

    if (sending->doubt == NULL)
        return true;
    detail = text_format(request->arena, "{\"why\":\"%s\"}", sending->doubt);
    sending->write.audit = agent_call_audit(request, &sending->host.id, "evidence.unproved", detail);
    if (sending->write.audit == NULL || detail.at == NULL)
        return arena_full(request->arena, err);
    log_line(LOG_WARNING, "desk", "%.*s sent evidence that proves nothing: %s",
             TEXT_ARG(sending->write.audit->object), sending->doubt);
    return true;
}

static bool take_outbox(struct server *server, struct request *request, struct error *err)
{
    struct sending *sending = ARENA_NEW(request->arena, struct sending);
    struct agent_outbox outbox;
    struct error why;

    if (sending == NULL)
        return arena_full(request->arena, err);
    if (!agent_outbox_parse(request->body, &outbox, &why))
        return agent_call_not_understood(request, &why);
    if (outbox.first == 0 || outbox.first > INT64_MAX - AGENT_OUTBOX_EVENTS)
        return request_refuse(request, 400, "events are numbered from 1");
    if (!agent_call_host(server, request, &sending->host))
        return true;
    if (!take_events(server, request, &outbox, sending, err))
        return err->kind == ERROR_SYSTEM && agent_call_not_now(request, err);
    if (!note_doubt(request, sending, err))
        return false;
    struct agent_write commit = {.server = server,
                                 .request = request,
                                 .writes = &sending->write,
                                 .count = 1,
                                 .finish = finish,
                                 .self = sending};
    return agent_call_commit(&commit, err);
}

static const struct route_answer answers[] = {
    {200, AGENT_BODY_TYPE, "SAA1: up to where all of this outbox is stored", NULL},
    {403, "text/plain", "the host is unknown or revoked", NULL},
    {409, "text/plain", "an event of that number has another body: a clone", NULL},
    {415, "text/plain", "not an outbox of this version", NULL},
    {503, "text/plain", "not now: Retry-After; nothing of it is acknowledged", NULL},
    {0},
};

const struct route route_agent_outbox = {
    .listener = ROUTE_AGENTS,
    .method = REQUEST_POST,
    .path = AGENT_PATH_OUTBOX,
    .who = ROUTE_PEER_HOST,
    .admission = ADMIT_RESULTS,
    .body_max = AGENT_OUTBOX_MAX,
    .summary = "what happened on a host",
    .answers = answers,
    .handle = take_outbox,
};
