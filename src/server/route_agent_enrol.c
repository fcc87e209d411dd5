/*
 * How a machine becomes one of the fleet, and stays it: enrolment by a token, renewal by the certificate that it has.
 *
 * Enrolment is the one call that anybody may make. So a token is looked up before anything else is done, and the keeper is only
 * asked for who has a good one. Two answers lost are one host: its id is made from token and request, under a key that is
 * the fleet's, so that the same machine with the same token comes to the same id.
 */
#include "base/digest.h"
#include "base/log.h"
#include "base/own.h"
#include "identify/fleet_index.h"
#include "server/agent_call.h"
#include "server/content_address.h"
#include "server/keeper_client.h"
#include "server/readers.h"
#include "server/settings.h"
#include "store/fleet_read.h"
#include "trust/certificate.h"

/* ---- identity: what both are answered with ---- */

struct joining {
    struct host_id host;
    uint8_t nonce[16];
    struct bytes certificate;
    int64_t certificate_end_us;
    uint8_t certificate_digest[FLEET_SECRET_SIZE];
    struct fleet_write write;
    uint32_t number; /* of who renews */
};

static bool sha256(struct bytes bytes, uint8_t out[32], struct error *err)
{
    struct digest digest;

    if (!digest_bytes(DIGEST_SHA256, bytes, &digest, err))
        return false;
    memcpy(out, digest.at, 32);
    return true;
}

/* The certificate, and what is noted of it. False with ERROR_TRUST or ERROR_INPUT when the request is none. */
static bool issue(struct server *server, struct request *request, struct bytes csr, struct joining *joining,
                  struct error *err)
{
    struct keeper_wish wish = {.host = joining->host, .request = csr, .now_us = request->now_us};

    return keeper_issue(server->keeper, &wish, request->arena, &joining->certificate, err) &&
           certificate_ends(joining->certificate, &joining->certificate_end_us, err) &&
           sha256(joining->certificate, joining->certificate_digest, err);
}

static bool answer_identity(struct agent_write *commit, struct error *err)
{
    const struct joining *joining = commit->self;
    const struct server *server = commit->server;
    struct agent_identity identity = {
        .host = joining->host,
        .fleet = server->fleet,
        .ring = 0,
        .certificate = joining->certificate,
        .ca = server->ca,
        .content = content_address(server, commit->request),
    };
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);

    memcpy(identity.nonce, joining->nonce, sizeof(identity.nonce));
    memcpy(identity.chunk_key, server->chunk_key, sizeof(identity.chunk_key));
    memcpy(identity.plan_key, server->plan_key, sizeof(identity.plan_key));
    agent_identity_write(&w, &identity);
    return request_send_written(commit->request, 200, AGENT_BODY_TYPE, &w, err);
}

/* What the keeper refuses of a request is the asker's mistake; what it cannot do is ours. */
static bool refuse_request(struct request *request, const struct error *why)
{
    if (why->kind == ERROR_INPUT || why->kind == ERROR_TRUST || why->kind == ERROR_LIMIT)
        return request_refuse(request, 422, "%s", why->text);
    log_line(LOG_ERROR, "desk", "no certificate could be issued: %s", why->text);
    return request_refuse_for_now(request, 503, AGENT_RETRY_S, AGENT_SPREAD_S);
}

/* ---- enrolment ---- */

static bool make_host_id(const struct server *server, const struct agent_enrol *enrol, struct host_id *out,
                         struct error *err)
{
    OWN(digester_end) struct digester digester = {0};
    struct digest digest;

    if (!digester_open(DIGEST_SHA256, &digester, err) ||
        !digester_add(&digester, BYTES("suture-host-1"), err) ||
        !digester_add(&digester, (struct bytes){server->chunk_key, sizeof(server->chunk_key)}, err) ||
        !digester_add(&digester, (struct bytes){enrol->secret, sizeof(enrol->secret)}, err) ||
        !digester_add(&digester, enrol->csr, err))
        return false;
    digester_close(&digester, &digest);
    memcpy(out->at, digest.at, sizeof(out->at));
    return true;
}

/* One sentence for every reason: who has no good token learns nothing about those that there are. */
static bool refuse_token(struct request *request)
{
    return request_refuse(request, 403,
                          "the token is not good: not one of this fleet's, used up, ended or withdrawn");
}

/* Whether the token may let somebody in, before the keeper is asked; whether it does the commit decides. */
static bool token_is_good(struct server *server, struct request *request,
                          const uint8_t secret[FLEET_SECRET_SIZE], bool *good, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    struct fleet_enrol_token token;
    struct error why;

    *good = false;
    if (!readers_take(server, &lease, err))
        return false;
    if (!fleet_store_enrol_token(lease.store, secret, request->arena, &token, &why)) {
        if (why.kind != ERROR_ABSENT)
            *err = why;
        return why.kind == ERROR_ABSENT;
    }
    /* One that is used up may be this very machine's, whose answer was lost. */
    *good = token.revoked_us == 0 && (token.ends_us == 0 || token.ends_us > request->now_us);
    return true;
}

static bool finish_enrol(struct agent_write *commit, struct error *err)
{
    const struct joining *joining = commit->self;
    struct fleet_host host;
    uint32_t number;

    if (commit->results[0].outcome == FLEET_OUTCOME_REFUSED ||
        commit->results[0].outcome == FLEET_OUTCOME_CONFLICT)
        return refuse_token(commit->request);
    if (commit->results[0].outcome != FLEET_OUTCOME_DONE)
        return error_set(err, ERROR_SYSTEM, "enrolment: %s", commit->results[0].why);
    host = (struct fleet_host){.hid = commit->results[0].hid,
                               .enrolled_us = commit->request->now_us,
                               .certificate_end_us = joining->certificate_end_us};
    memcpy(host.id, joining->host.at, sizeof(host.id));
    if (!host_table_add(commit->server->hosts, &host, &number, err) ||
        !fleet_index_expect(commit->server->index, number, err))
        return false;
    return answer_identity(commit, err);
}

static bool write_enrol(struct server *server, struct request *request, const struct agent_enrol *enrol,
                        struct joining *joining, struct error *err)
{
    struct fleet_enrol *write = &joining->write.enrol;
    struct agent_write commit = {.server = server,
                                 .request = request,
                                 .writes = &joining->write,
                                 .count = 1,
                                 .finish = finish_enrol,
                                 .self = joining};

    joining->write.kind = FLEET_WRITE_ENROL;
    joining->write.audit = agent_call_audit(request, &joining->host, "host.enrolled", TEXT("{}"));
    if (joining->write.audit == NULL)
        return arena_full(request->arena, err);
    memcpy(write->id, joining->host.at, sizeof(write->id));
    if (!sha256((struct bytes){enrol->secret, sizeof(enrol->secret)}, write->secret, err))
        return false;
    write->at_us = request->now_us;
    write->certificate_end_us = joining->certificate_end_us;
    memcpy(write->certificate, joining->certificate_digest, sizeof(write->certificate));
    return agent_call_commit(&commit, err);
}

static bool enrol_host(struct server *server, struct request *request, struct error *err)
{
    struct joining *joining = ARENA_NEW(request->arena, struct joining);
    uint8_t secret[FLEET_SECRET_SIZE];
    struct agent_enrol enrol;
    struct error why;
    uint16_t protocol;
    bool good;

    if (joining == NULL)
        return arena_full(request->arena, err);
    if (!agent_enrol_parse(request->body, &enrol, &why))
        return agent_call_not_understood(request, &why);
    if (!agent_call_speaks(request, enrol.protocol_min, enrol.protocol_max, &protocol))
        return true;
    if (memcmp(enrol.fleet.at, server->fleet.at, sizeof(enrol.fleet.at)) != 0)
        return refuse_token(request);
    if (!sha256((struct bytes){enrol.secret, sizeof(enrol.secret)}, secret, err) ||
        !token_is_good(server, request, secret, &good, err))
        return err->kind == ERROR_SYSTEM && agent_call_not_now(request, err);
    if (!good)
        return refuse_token(request);
    memcpy(joining->nonce, enrol.nonce, sizeof(joining->nonce));
    if (!make_host_id(server, &enrol, &joining->host, err))
        return false;
    if (!issue(server, request, enrol.csr, joining, &why))
        return refuse_request(request, &why);
    return write_enrol(server, request, &enrol, joining, err);
}

/* ---- renewal ---- */

static bool finish_renew(struct agent_write *commit, struct error *err)
{
    if (commit->results[0].outcome == FLEET_OUTCOME_ABSENT)
        return request_refuse(commit->request, 403, "this host is not known here, or not any more");
    if (commit->results[0].outcome != FLEET_OUTCOME_DONE)
        return error_set(err, ERROR_SYSTEM, "renewal: %s", commit->results[0].why);
    return answer_identity(commit, err);
}

static bool renew_host(struct server *server, struct request *request, struct error *err)
{
    struct joining *joining = ARENA_NEW(request->arena, struct joining);
    struct agent_renew renew;
    struct host_row host;
    struct error why;
    uint16_t protocol;

    if (joining == NULL)
        return arena_full(request->arena, err);
    if (!agent_renew_parse(request->body, &renew, &why))
        return agent_call_not_understood(request, &why);
    if (!agent_call_speaks(request, renew.protocol_min, renew.protocol_max, &protocol) ||
        !agent_call_host(server, request, &host))
        return true;
    joining->host = host.id;
    memcpy(joining->nonce, renew.nonce, sizeof(joining->nonce));
    if (!issue(server, request, renew.csr, joining, &why))
        return refuse_request(request, &why);
    joining->write = (struct fleet_write){
        .kind = FLEET_WRITE_CERTIFICATE,
        .certificate = {.hid = host.hid, .certificate_end_us = joining->certificate_end_us}};
    memcpy(joining->write.certificate.certificate, joining->certificate_digest,
           sizeof(joining->write.certificate.certificate));
    struct agent_write commit = {.server = server,
                                 .request = request,
                                 .writes = &joining->write,
                                 .count = 1,
                                 .finish = finish_renew,
                                 .self = joining};
    return agent_call_commit(&commit, err);
}

/* ---- rows ---- */

static const struct route_answer enrol_answers[] = {
    {200, AGENT_BODY_TYPE, "SAF1: host id, certificate and keys", NULL},
    {403, "text/plain", "the token is not good", NULL},
    {415, "text/plain", "not such a message of this version", NULL},
    {422, "text/plain", "the request for a certificate is none that can be signed", NULL},
    {426, "text/plain", "the agent is older than the server still speaks", NULL},
    {503, "text/plain", "not now: Retry-After", NULL},
    {0},
};
const struct route route_agent_enroll = {
    .listener = ROUTE_AGENTS,
    .method = REQUEST_POST,
    .path = AGENT_PATH_ENROLL,
    .who = ROUTE_PEER_NONE,
    .admission = ADMIT_ENROL,
    .body_max = AGENT_SMALL_MAX,
    .summary = "a machine joins the fleet, by a token",
    .answers = enrol_answers,
    .handle = enrol_host,
};

static const struct route_answer renew_answers[] = {
    {200, AGENT_BODY_TYPE, "SAF1: a new certificate", NULL},
    {403, "text/plain", "the host is unknown or revoked", NULL},
    {415, "text/plain", "not such a message of this version", NULL},
    {422, "text/plain", "the request for a certificate is none that can be signed", NULL},
    {503, "text/plain", "not now: Retry-After", NULL},
    {0},
};
const struct route route_agent_renew = {
    .listener = ROUTE_AGENTS,
    .method = REQUEST_POST,
    .path = AGENT_PATH_RENEW,
    .who = ROUTE_PEER_HOST | ROUTE_PEER_EXPIRED,
    .admission = ADMIT_ENROL,
    .body_max = AGENT_SMALL_MAX,
    .summary = "a new certificate for a host that has one, valid or expired",
    .answers = renew_answers,
    .handle = renew_host,
};
