#include "server/desk_testing.h"

#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "identify/fleet_index.h"
#include "server/desk.h"
#include "server/readers.h"
#include "wire/agent_chunk.h"

extern const struct route route_agent_checkin, route_agent_inventory, route_agent_chunk, route_agent_commit;

static int64_t now_of(void *self)
{
    return ((struct desk_testing *)self)->now_us;
}

static void random_of(void *self, void *out, size_t size)
{
    struct desk_testing *testing = self;

    for (size_t i = 0; i < size; i++) {
        testing->seed = testing->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ((uint8_t *)out)[i] = (uint8_t)(testing->seed >> 33);
    }
}

static const struct server_part *const parts[] = {&readers_part, &desk_part, &desk_seen_part};

static void start(struct desk_testing *testing)
{
    struct fleet_store_options options = {.make = true, .now_us = testing->now_us};
    struct error err;

    struct keeper_client *keeper = testing->server.keeper; /* a test's own: they live on */
    struct bytes authority = testing->server.ca.size > 0 ? testing->server.ca : BYTES("an authority");
    testing->server = (struct server){.settings = &testing->settings,
                                      .world = {.now_us = now_of, .random = random_of, .self = testing},
                                      .fleet = {.at = {0xf1}},
                                      .chunk_key = {0xc4},
                                      .plan_key = {0x91},
                                      .ca = authority,
                                      .keeper = keeper};
    testing->settings =
        (struct server_settings){.store = testing->where, .content = "", .data = testing->folder};
    testing->paths = (struct server_paths){.content = testing->content, .advisories = testing->advisories};
    testing->server.paths = &testing->paths;
    assert_done("open", fleet_store_open(testing->where, &options, &testing->server.store, &err), &err);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        assert_done(parts[i]->name, parts[i]->start == NULL || parts[i]->start(&testing->server, &err), &err);
}

static void stop(struct desk_testing *testing)
{
    for (size_t i = COUNT_OF(parts); i > 0; i--)
        if (parts[i - 1]->stop != NULL)
            parts[i - 1]->stop(&testing->server);
    fleet_store_close(&testing->server.store);
}

void desk_testing_begin(struct desk_testing *testing)
{
    *testing = (struct desk_testing){.now_us = DESK_TESTING_NOW, .seed = 7};
    test_folder(testing->folder);
    (void)snprintf(testing->where, sizeof(testing->where), "%s/store.db", testing->folder);
    (void)snprintf(testing->content, sizeof(testing->content), "%s/content", testing->folder);
    (void)snprintf(testing->advisories, sizeof(testing->advisories), "%s/advisories", testing->folder);
    assert_int_equal(mkdir(testing->content, 0700), 0);
    start(testing);
}

void desk_testing_restart(struct desk_testing *testing)
{
    stop(testing);
    start(testing);
}

void desk_testing_end(struct desk_testing *testing)
{
    struct error err;

    stop(testing);
    assert_done("remove", file_remove_tree(testing->folder, &err), &err);
}

/* ---- hosts ---- */

static void write_one(struct desk_testing *testing, const struct fleet_write *write,
                      struct fleet_result *result)
{
    struct error err;

    assert_done("write", committer_write(testing->server.committer, write, 1, result, &err), &err);
    if (result->outcome != FLEET_OUTCOME_DONE)
        fail_msg("%s: %s", fleet_outcome_name(result->outcome), result->why);
}

void desk_testing_token(struct desk_testing *testing, uint8_t byte, uint8_t secret[16])
{
    struct fleet_write write = {.kind = FLEET_WRITE_ENROL_TOKEN,
                                .enrol_token = {.label = TEXT("test"),
                                                .by = TEXT("anna"),
                                                .uses_max = 1,
                                                .made_us = testing->now_us,
                                                .ends_us = testing->now_us + TIME_DAY_US}};
    struct fleet_result result;
    struct digest digest;
    struct error err;

    memset(secret, byte, 16);
    assert_done("digest", digest_bytes(DIGEST_SHA256, (struct bytes){secret, 16}, &digest, &err), &err);
    memcpy(write.enrol_token.secret, digest.at, sizeof(write.enrol_token.secret));
    write_one(testing, &write, &result);
}

void desk_testing_enrol(struct desk_testing *testing, uint8_t byte, struct host_id *out)
{
    struct fleet_write write = {
        .kind = FLEET_WRITE_ENROL,
        .enrol = {.at_us = testing->now_us, .certificate_end_us = testing->now_us + TIME_DAY_US}};
    struct fleet_host host = {.enrolled_us = testing->now_us};
    struct fleet_result result;
    struct digest digest;
    struct error err;
    uint8_t secret[16];
    uint32_t number;

    desk_testing_token(testing, byte, secret);
    assert_done("digest", digest_bytes(DIGEST_SHA256, (struct bytes){secret, 16}, &digest, &err), &err);
    memcpy(write.enrol.secret, digest.at, sizeof(write.enrol.secret));
    memset(write.enrol.id, byte, sizeof(write.enrol.id));
    memset(out->at, byte, sizeof(out->at));
    write_one(testing, &write, &result);
    host.hid = result.hid;
    memcpy(host.id, out->at, sizeof(host.id));
    assert_done("add", host_table_add(testing->server.hosts, &host, &number, &err), &err);
    assert_done("expect", fleet_index_expect(testing->server.index, number, &err), &err);
}

/* ---- calls ---- */

static struct desk_call *call_of(struct gate_exchange *exchange)
{
    return (struct desk_call *)((char *)exchange - offsetof(struct desk_call, exchange));
}

static void suspend_call(struct gate_exchange *self)
{
    struct desk_call *call = call_of(self);

    (void)pthread_mutex_lock(&call->lock);
    call->waits++;
    (void)pthread_mutex_unlock(&call->lock);
}

static void resume_call(struct gate_exchange *self)
{
    struct desk_call *call = call_of(self);

    (void)pthread_mutex_lock(&call->lock);
    call->waits--;
    (void)pthread_cond_signal(&call->woken);
    (void)pthread_mutex_unlock(&call->lock);
}

void desk_call(struct desk_testing *testing, const struct route *route, const struct host_id *host,
               struct bytes body, struct text part, struct desk_call *out)
{
    *out = (struct desk_call){.arena = arena_with(64 * MIB),
                              .exchange = {.suspend = suspend_call, .resume = resume_call},
                              .lock = PTHREAD_MUTEX_INITIALIZER,
                              .woken = PTHREAD_COND_INITIALIZER};
    out->request = request_with(&out->arena, route, testing->now_us);
    out->request.exchange = &out->exchange;
    out->request.body = body;
    out->request.parts[0] = part;
    out->request.peer.address = TEXT("192.0.2.7");
    if (host != NULL) {
        out->request.peer.kind = REQUEST_PEER_HOST;
        out->request.peer.host = *host;
    }
    out->done = route->handle(&testing->server, &out->request, &out->err);
    (void)pthread_mutex_lock(&out->lock);
    while (out->waits > 0)
        (void)pthread_cond_wait(&out->woken, &out->lock);
    (void)pthread_mutex_unlock(&out->lock);
}

void desk_call_end(struct desk_call *call)
{
    arena_end(&call->arena);
}

unsigned desk_call_status(const struct desk_call *call)
{
    return call->done ? call->request.answer.status : request_status_of(call->err.kind);
}

void desk_testing_checkin(const struct host_id *host, uint64_t counter, struct agent_checkin *out)
{
    *out = (struct agent_checkin){.protocol_min = 1,
                                  .protocol_max = 1,
                                  .host = *host,
                                  .counter = counter,
                                  .random = counter * 1000003,
                                  .epoch = 77,
                                  .clock_us = DESK_TESTING_NOW,
                                  .level = AGENT_LEVEL_NORMAL};
}

unsigned desk_testing_check_in(struct desk_testing *testing, const struct agent_checkin *checkin,
                               struct agent_pace *out)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
    OWN(desk_call_end) struct desk_call call = {.done = false};
    struct error err;

    agent_checkin_write(&w, checkin);
    desk_call(testing, &route_agent_checkin, &checkin->host, writer_bytes(&w), (struct text){NULL, 0}, &call);
    if (desk_call_status(&call) == 200)
        assert_done("pace", agent_pace_parse(call.request.answer.body, out, &err), &err);
    return desk_call_status(&call);
}

/* ---- inventories ---- */

void desk_testing_chunk(const struct desk_testing *testing, const char *package, struct writer *out,
                        struct short_hash *hash, uint8_t *bucket)
{
    struct text rest = text_of(package), source = {0}, version = {0}, name = {0};
    struct error err;

    assert_true(text_cut_word(&rest, &source) && text_cut_word(&rest, &version) &&
                text_cut_word(&rest, &name));
    struct agent_entry entry = {source, version, name, version, TEXT("amd64"), 0};
    assert_done("bucket", agent_bucket_of(source, bucket, &err), &err);
    agent_chunk_write(out, *bucket, &entry, 1);
    assert_done("hash", agent_chunk_hash(testing->server.chunk_key, writer_bytes(out), hash, &err), &err);
}

void desk_testing_hashes(const struct desk_testing *testing, const struct desk_machine *machine,
                         struct desk_inventory_sent *out)
{
    struct error err;

    *out = (struct desk_inventory_sent){.root = {{0}}};
    for (unsigned i = 0; machine->packages[i] != NULL; i++) {
        OWN(writer_end) struct writer chunk = writer_with(AGENT_CHUNK_MAX);
        struct short_hash hash;
        uint8_t bucket;
        desk_testing_chunk(testing, machine->packages[i], &chunk, &hash, &bucket);
        assert_true(
            short_hash_is_zero(&out->hashes[bucket])); /* a package more in one bucket: take another name */
        out->hashes[bucket] = hash;
    }
    assert_done("root", agent_inventory_root(out->hashes, &out->root, &err), &err);
}

void desk_testing_inventory(const struct desk_inventory_sent *base, const struct desk_inventory_sent *now,
                            struct writer *changes, struct agent_inventory *out)
{
    for (unsigned i = 0; i < AGENT_BUCKETS; i++) {
        struct agent_change change = {.bucket = (uint8_t)i, .hash = now->hashes[i]};
        if (base == NULL ? !short_hash_is_zero(&now->hashes[i])
                         : !short_hash_equal(&base->hashes[i], &now->hashes[i]))
            agent_change_put(changes, &change);
    }
    *out = (struct agent_inventory){.root = now->root, .changes = writer_bytes(changes)};
    if (base != NULL)
        out->base = base->root;
}

static void send_chunks(struct desk_testing *testing, const struct host_id *host,
                        const struct desk_machine *machine)
{
    for (unsigned i = 0; machine->packages[i] != NULL; i++) {
        OWN(writer_end) struct writer chunk = writer_with(AGENT_CHUNK_MAX);
        OWN(desk_call_end) struct desk_call call = {.done = false};
        char hex[SHORT_HASH_HEX + 1];
        struct short_hash hash;
        uint8_t bucket;
        desk_testing_chunk(testing, machine->packages[i], &chunk, &hash, &bucket);
        short_hash_hex(&hash, hex);
        desk_call(testing, &route_agent_chunk, host, writer_bytes(&chunk), text_of(hex), &call);
        assert_int_equal(desk_call_status(&call), 204);
    }
}

void desk_testing_send(struct desk_testing *testing, const struct host_id *host,
                       const struct desk_machine *machine, const struct desk_inventory_sent *base,
                       struct desk_inventory_sent *out)
{
    OWN(writer_end) struct writer changes = writer_with(AGENT_SMALL_MAX);
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
    OWN(desk_call_end) struct desk_call call = {.done = false};
    struct agent_commit commit = {.scanned_us = testing->now_us,
                                  .os = TEXT("debian"),
                                  .release = TEXT("bookworm"),
                                  .arch = TEXT("amd64"),
                                  .host_name = TEXT("web-03"),
                                  .kernel = text_of(machine->kernel == NULL ? "" : machine->kernel)};

    desk_testing_hashes(testing, machine, out);
    send_chunks(testing, host, machine);
    desk_testing_inventory(base, out, &changes, &commit.inventory);
    agent_commit_write(&w, &commit);
    desk_call(testing, &route_agent_commit, host, writer_bytes(&w), (struct text){NULL, 0}, &call);
    if (desk_call_status(&call) != 204)
        fail_msg("commit: %u %.*s", desk_call_status(&call), (int)call.request.answer.body.size,
                 (const char *)call.request.answer.body.at);
}
