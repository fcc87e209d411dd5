/*
 * The inventory: what changed, the chunks that are lacking, the commit. Nothing is remembered of a host between the three but
 * which chunks it sent, and nothing changes before the commit, which is one write.
 */
#include "base/limits.h"
#include "base/log.h"
#include "base/own.h"
#include "identify/fleet_index.h"
#include "server/agent_call.h"
#include "server/desk.h"
#include "wire/agent_chunk.h"

/* ---- what is lacking ---- */

struct has {
    bool any; /* it has an inventory */
    uint8_t hashes[FLEET_INDEX_BUCKETS][FLEET_INDEX_HASH_SIZE];
};

/* Of what it named, what it neither has already nor has sent lately. Whether others have it does not matter: see sent_chunks.h. */
static void write_lacks(struct server *server, const struct host_row *host,
                        const struct agent_inventory *inventory, struct writer *lacking)
{
    struct has has;

    has.any = fleet_index_hashes(server->index, host->number, has.hashes);
    for (size_t i = 0; i < agent_change_count(inventory); i++) {
        struct agent_change change = agent_change_at(inventory, i);
        if (short_hash_is_zero(&change.hash) ||
            (has.any && memcmp(has.hashes[change.bucket], change.hash.at, sizeof(change.hash.at)) == 0) ||
            sent_chunks_has(desk_sent_chunks(server), host->number, &change.hash))
            continue;
        writer_put(lacking, (struct bytes){change.hash.at, sizeof(change.hash.at)});
    }
}

static bool answer_lacks(struct request *request, unsigned status, const struct writer *lacking,
                         struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
    struct agent_lacks lacks = {.hashes = writer_bytes(lacking)};

    agent_lacks_write(&w, &lacks);
    return request_send_written(request, status, AGENT_BODY_TYPE, &w, err);
}

/* A base is either nothing, or what the database has of this host. */
static bool base_fits(struct request *request, const struct host_row *host,
                      const struct agent_inventory *inventory)
{
    if (short_hash_is_zero(&inventory->base) || short_hash_equal(&inventory->base, &host->root) ||
        short_hash_equal(&inventory->root, &host->root))
        return true;
    (void)request_refuse(request, 409, "the base is not what this host last committed: send all of it");
    return false;
}

static bool say_inventory(struct server *server, struct request *request, struct error *err)
{
    OWN(writer_end) struct writer lacking = writer_with(AGENT_SMALL_MAX);
    struct agent_inventory inventory;
    struct host_row host;
    struct error why;

    if (!agent_inventory_parse(request->body, &inventory, &why))
        return agent_call_not_understood(request, &why);
    if (!agent_call_host(server, request, &host) || !base_fits(request, &host, &inventory))
        return true;
    if (!short_hash_equal(&inventory.root, &host.root))
        write_lacks(server, &host, &inventory, &lacking);
    return answer_lacks(request, 200, &lacking, err);
}

/* ---- chunks ---- */

struct put_chunk {
    uint32_t host;
    struct short_hash hash;
};

static bool finish_chunk(struct agent_write *commit, struct error *err)
{
    const struct put_chunk *put = commit->self;

    if (commit->results[0].outcome != FLEET_OUTCOME_DONE)
        return error_set(err, ERROR_SYSTEM, "a chunk: %s", commit->results[0].why);
    sent_chunks_put(desk_sent_chunks(commit->server), put->host, &put->hash, commit->request->now_us);
    return request_send_nothing(commit->request, 204);
}

static bool keep_chunk(struct server *server, struct request *request, const struct put_chunk *put,
                       struct error *err)
{
    struct fleet_write *write = ARENA_NEW(request->arena, struct fleet_write);
    struct put_chunk *kept = ARENA_NEW(request->arena, struct put_chunk);

    if (write == NULL || kept == NULL)
        return arena_full(request->arena, err);
    *kept = *put;
    *write = (struct fleet_write){.kind = FLEET_WRITE_CHUNK,
                                  .chunk = {.body = request->body, .at_us = request->now_us}};
    memcpy(write->chunk.hash, put->hash.at, sizeof(write->chunk.hash));
    struct agent_write commit = {.server = server,
                                 .request = request,
                                 .writes = write,
                                 .count = 1,
                                 .finish = finish_chunk,
                                 .self = kept};
    return agent_call_commit(&commit, err);
}

static bool take_chunk(struct server *server, struct request *request, struct error *err)
{
    struct short_hash hash;
    struct agent_chunk chunk;
    struct put_chunk put;
    struct host_row host;
    struct error why;

    if (!short_hash_parse(request->parts[0], &put.hash, &why))
        return request_refuse(request, 404, "that is no name of a chunk");
    if (!agent_chunk_parse(request->body, &chunk, &why))
        return agent_call_not_understood(request, &why);
    if (!agent_call_host(server, request, &host))
        return true;
    if (!agent_chunk_hash(server->chunk_key, request->body, &hash, err))
        return false;
    if (!short_hash_equal(&hash, &put.hash))
        return request_refuse(request, 422, "the chunk has another name");
    if (!host_table_may_send(server->hosts, host.number, request->now_us))
        return request_refuse_for_now(request, 429, HOST_CHUNKS_RESET_S, HOST_CHUNKS_RESET_S);
    put.host = host.number;
    return keep_chunk(server, request, &put, err);
}

/* ---- the commit ---- */

struct committing {
    struct agent_inventory inventory;
    struct desk_inventory indexed;
    struct agent_change changes[AGENT_BUCKETS];
    struct fleet_bucket buckets[AGENT_BUCKETS];
    struct fleet_write write;
    struct host_row host;
};

static bool answer_database_lacks(struct agent_write *commit, const struct committing *committing,
                                  struct error *err)
{
    OWN(writer_end) struct writer lacking = writer_with(AGENT_SMALL_MAX);
    const uint8_t *lacks = commit->results[0].lacks;

    for (size_t i = 0; i < committing->indexed.change_count; i++) {
        const struct agent_change *change = &committing->changes[i];
        if ((lacks[change->bucket / 8] >> change->bucket % 8 & 1) != 0)
            writer_put(&lacking, (struct bytes){change->hash.at, sizeof(change->hash.at)});
    }
    return answer_lacks(commit->request, 409, &lacking, err);
}

/* It is durable. Where the index cannot take it, the host counts as it was until the next start, and the log says so. */
static void index_it(struct agent_write *commit, const struct committing *committing)
{
    struct desk_inventory indexed = committing->indexed;
    struct error err;

    indexed.changes = committing->changes;
    if (!desk_index_inventory(commit->server, commit->store, &indexed, &err))
        log_line(LOG_ERROR, "desk", "an inventory is stored, and not in the index: %s", err.text);
    else
        host_table_owe_findings(commit->server->hosts, indexed.number);
}

static bool finish_commit(struct agent_write *commit, struct error *err)
{
    const struct committing *committing = commit->self;
    const struct fleet_result *result = &commit->results[0];

    if (result->outcome == FLEET_OUTCOME_DONE) {
        index_it(commit, committing);
        return request_send_nothing(commit->request, 204);
    }
    if (result->outcome == FLEET_OUTCOME_LACKS)
        return answer_database_lacks(commit, committing, err);
    if (result->outcome == FLEET_OUTCOME_CONFLICT)
        return request_refuse(commit->request, 409,
                              "the base is not what this host last committed: send all of it");
    if (result->outcome == FLEET_OUTCOME_ABSENT)
        return request_refuse(commit->request, 403, "this host is not known here, or not any more");
    return request_refuse(commit->request, 422, "%s", result->why);
}

static void gather_changes(struct committing *committing)
{
    size_t count = agent_change_count(&committing->inventory);

    for (size_t i = 0; i < count; i++) {
        committing->changes[i] = agent_change_at(&committing->inventory, i);
        committing->buckets[i].bucket = committing->changes[i].bucket;
        memcpy(committing->buckets[i].hash, committing->changes[i].hash.at,
               sizeof(committing->buckets[i].hash));
    }
    committing->indexed.change_count = count;
}

/* From nothing: what the host has beside the changes is gone too, in the index as in the database. */
static void complete_changes(struct committing *committing)
{
    struct agent_change all[AGENT_BUCKETS] = {{0}};
    size_t count = committing->indexed.change_count;

    if (!short_hash_is_zero(&committing->inventory.base))
        return;
    for (unsigned i = 0; i < AGENT_BUCKETS; i++)
        all[i].bucket = (uint8_t)i;
    for (size_t i = 0; i < count; i++)
        all[committing->changes[i].bucket] = committing->changes[i];
    memcpy(committing->changes, all, sizeof(all));
    committing->indexed.change_count = AGENT_BUCKETS;
}

static void fill_write(struct committing *committing, const struct agent_commit *said, int64_t now_us)
{
    struct fleet_inventory *inventory = &committing->write.inventory;

    committing->write.kind = FLEET_WRITE_INVENTORY;
    inventory->hid = committing->host.hid;
    inventory->at_us = now_us;
    inventory->from_nothing = short_hash_is_zero(&said->inventory.base);
    memcpy(inventory->base, said->inventory.base.at, sizeof(inventory->base));
    memcpy(inventory->root, said->inventory.root.at, sizeof(inventory->root));
    inventory->changed = committing->buckets;
    inventory->changed_count = agent_change_count(&said->inventory);
    inventory->facts =
        (struct fleet_facts){.name = said->host_name,
                             .os = said->os,
                             .codename = said->release,
                             .arch = said->arch,
                             .kernel = said->kernel,
                             .scanned_us = said->scanned_us < now_us ? said->scanned_us : now_us};
    committing->indexed.number = committing->host.number;
    committing->indexed.os = said->os;
    committing->indexed.codename = said->release;
    committing->indexed.kernel = said->kernel;
    committing->indexed.scanned_us = inventory->facts.scanned_us;
}

static bool commit_inventory(struct server *server, struct request *request, struct error *err)
{
    OWN(writer_end) struct writer lacking = writer_with(AGENT_SMALL_MAX);
    struct committing *committing = ARENA_NEW(request->arena, struct committing);
    struct agent_commit said;
    struct error why;

    if (committing == NULL)
        return arena_full(request->arena, err);
    if (!agent_commit_parse(request->body, &said, &why))
        return agent_call_not_understood(request, &why);
    if (!agent_call_host(server, request, &committing->host) ||
        !base_fits(request, &committing->host, &said.inventory))
        return true;
    write_lacks(server, &committing->host, &said.inventory, &lacking);
    if (lacking.size > 0)
        return answer_lacks(request, 409, &lacking, err);
    committing->inventory = said.inventory;
    gather_changes(committing);
    fill_write(committing, &said, request->now_us);
    complete_changes(committing);
    struct agent_write commit = {.server = server,
                                 .request = request,
                                 .writes = &committing->write,
                                 .count = 1,
                                 .finish = finish_commit,
                                 .self = committing};
    return agent_call_commit(&commit, err);
}

/* ---- rows ---- */

static const struct route_answer inventory_answers[] = {
    {200, AGENT_BODY_TYPE, "SAL1: the chunks that are lacking", NULL},
    {403, "text/plain", "the host is unknown or revoked", NULL},
    {409, "text/plain", "the base is not what the server has: again with base zero", NULL},
    {415, "text/plain", "not such a message of this version", NULL},
    {0},
};
const struct route route_agent_inventory = {
    .listener = ROUTE_AGENTS,
    .method = REQUEST_POST,
    .path = AGENT_PATH_INVENTORY,
    .who = ROUTE_PEER_HOST,
    .admission = ADMIT_INVENTORY,
    .body_max = AGENT_SMALL_MAX,
    .summary = "what changed in a host's inventory",
    .answers = inventory_answers,
    .handle = say_inventory,
};

static const struct route_answer chunk_answers[] = {
    {204, NULL, "it is stored", NULL},
    {403, "text/plain", "the host is unknown or revoked", NULL},
    {415, "text/plain", "not a chunk of this version", NULL},
    {422, "text/plain", "the chunk has another name", NULL},
    {429, "text/plain", "more chunks than a host has: Retry-After", NULL},
    {503, "text/plain", "not now: Retry-After", NULL},
    {0},
};
static const struct route_parameter chunk_parameters[] = {
    {"hash", ROUTE_IN_PATH, ROUTE_ID, "the chunk's name, 32 hexadecimal digits", true},
    {0},
};
const struct route route_agent_chunk = {
    .listener = ROUTE_AGENTS,
    .method = REQUEST_PUT,
    .path = AGENT_PATH_CHUNK "{hash}",
    .who = ROUTE_PEER_HOST,
    .admission = ADMIT_INVENTORY,
    .body_max = AGENT_CHUNK_MAX,
    .summary = "one bucket of packages",
    .parameters = chunk_parameters,
    .answers = chunk_answers,
    .handle = take_chunk,
};

static const struct route_answer commit_answers[] = {
    {204, NULL, "it is the host's inventory now", NULL},
    {403, "text/plain", "the host is unknown or revoked", NULL},
    {409, AGENT_BODY_TYPE, "SAL1: chunks that are lacking; as text: the base is not what the server has",
     NULL},
    {415, "text/plain", "not such a message of this version", NULL},
    {503, "text/plain", "not now: Retry-After", NULL},
    {0},
};
const struct route route_agent_commit = {
    .listener = ROUTE_AGENTS,
    .method = REQUEST_POST,
    .path = AGENT_PATH_COMMIT,
    .who = ROUTE_PEER_HOST,
    .admission = ADMIT_INVENTORY,
    .body_max = AGENT_SMALL_MAX,
    .summary = "all of a host's inventory, at once",
    .answers = commit_answers,
    .handle = commit_inventory,
};
