/* The calls of agents, without any network. */
#include "server/desk.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/own.h"
#include "identify/fleet_index.h"
#include "identify/index_testing.h"
#include "server/desk_testing.h"
#include "server/evidence_check.h"
#include "server/pacing.h"
#include "store/fleet_read.h"
#include "store/state.h"
#include "verify/evidence_testing.h"
#include "verify/seal.h"
#include "verify/verdict.h"
#include "wire/agent_chunk.h"

extern const struct route route_agent_checkin, route_agent_inventory, route_agent_chunk, route_agent_commit,
    route_agent_outbox;

static void begin(struct desk_testing *testing, struct host_id *host)
{
    desk_testing_begin(testing);
    desk_testing_enrol(testing, 0x11, host);
}

static struct text body_of(const struct desk_call *call)
{
    struct bytes body = call->request.answer.body;

    return (struct text){(const char *)body.at,
                         body.size > 0 && body.at[body.size - 1] == '\n' ? body.size - 1 : body.size};
}

/* ---- check-ins ---- */

static const struct desk_machine first_machine = {
    {"openssl 3.0.11-1 libssl3", "expat 2.5.0-1 libexpat1", NULL}, NULL};
static const struct desk_machine other_machine = {
    {"openssl 3.0.15-1 libssl3", "expat 2.5.0-1 libexpat1", NULL}, NULL};

static void checkins_are_paced(void **state)
{
    (void)state;
    struct desk_testing testing;
    struct agent_checkin checkin;
    struct agent_pace pace, again;
    struct host_id host;

    begin(&testing, &host);
    desk_testing_checkin(&host, 1, &checkin);
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
    assert_true(pace.counter == 1 && pace.protocol == 1 && pace.epoch == 77 && pace.ack == 0);
    assert_true(pace.time_us == testing.now_us && pace.flags == 0);
    assert_in_range(pace.next_s, PACING_FIRST_S, 2 * PACING_FIRST_S);         /* it has no inventory yet */
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &again), 200); /* the answer was lost */
    assert_int_equal(again.flags, 0);
    checkin.inventory.at[0] = 1; /* it believes to have sent one */
    checkin.counter = 2;
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
    assert_int_equal(pace.flags, AGENT_SEND_INVENTORY);
    desk_testing_end(&testing);
}

static void bad_checkins_are_refused(void **state)
{
    static const struct {
        const char *name;
        unsigned status;
        const char *text;
        uint16_t protocol_min, protocol_max;
        uint8_t host; /* in the message; 0x11 is enrolled */
        bool cut;
    } rows[] = {
        {"cut short", 415, NULL, 1, 1, 0x11, true},
        {"another's", 403, "the certificate is another host's", 1, 1, 0x22, false},
        {"too new", 501, "this server speaks protocol 1 and older, the agent from 2 on: update the server", 2,
         3, 0x11, false},
    };

    (void)state;
    struct desk_testing testing;
    struct host_id host;

    begin(&testing, &host);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
        OWN(desk_call_end) struct desk_call call = {.done = false};
        struct agent_checkin checkin;
        struct host_id said;
        memset(said.at, rows[i].host, sizeof(said.at));
        desk_testing_checkin(&said, 1, &checkin);
        checkin.protocol_min = rows[i].protocol_min;
        checkin.protocol_max = rows[i].protocol_max;
        agent_checkin_write(&w, &checkin);
        struct bytes body = writer_bytes(&w);
        body.size -= rows[i].cut ? 1 : 0;
        desk_call(&testing, &route_agent_checkin, &host, body, (struct text){NULL, 0}, &call);
        if (desk_call_status(&call) != rows[i].status)
            fail_msg("%s: %u", rows[i].name, desk_call_status(&call));
        if (rows[i].text != NULL)
            assert_text(rows[i].name, body_of(&call), rows[i].text);
    }
    /* A host that nobody enrolled, with its own certificate: it was removed after it was issued. */
    struct agent_checkin checkin;
    struct agent_pace pace;
    struct host_id unknown = {.at = {0x33}};
    desk_testing_checkin(&unknown, 1, &checkin);
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 403);
    desk_testing_end(&testing);
}

/* What an agent of three years ago will be told, when protocol 1 is no longer spoken. */
static void old_agents_are_told(void **state)
{
    (void)state;
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);
    struct request request = request_with(&arena, &route_agent_checkin, DESK_TESTING_NOW);
    uint16_t protocol = 0;

    assert_true(agent_call_speaks(&request, 1, 7, &protocol));
    assert_int_equal(protocol, 1);
    assert_false(agent_call_speaks(&request, 0, 0, &protocol));
    assert_int_equal(request.answer.status, 426);
}

static struct fleet_result write_flags(struct desk_testing *testing, const struct fleet_host_flags *flags)
{
    struct fleet_write write = {.kind = FLEET_WRITE_HOST_FLAGS, .host_flags = *flags};
    struct fleet_result result;
    struct error err;

    assert_done("flags", committer_write(testing->server.committer, &write, 1, &result, &err), &err);
    return result;
}

/* Waits until what was handed to the committer before is written: its jobs are done in order. */
static void settle(struct desk_testing *testing, int64_t hid)
{
    const struct fleet_host_flags nothing = {.hid = hid};

    (void)write_flags(testing, &nothing);
}

static void clones_are_held_until_accepted(void **state)
{
    (void)state;
    struct desk_testing testing;
    struct agent_checkin checkin, clone;
    struct agent_pace pace;
    struct host_row row;
    struct host_id host;

    begin(&testing, &host);
    for (uint64_t counter = 1; counter < 6; counter++) {
        desk_testing_checkin(&host, counter, &checkin);
        assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
        assert_int_equal(pace.flags & AGENT_SAFE_LANE, 0);
    }
    desk_testing_checkin(&host, 3, &clone); /* a copy from before, with its own random number */
    clone.random = 4;
    assert_int_equal(desk_testing_check_in(&testing, &clone, &pace), 200);
    assert_true(pace.flags & AGENT_SAFE_LANE);
    checkin.counter = 6; /* the other one too: nobody knows which is the machine */
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
    assert_true(pace.flags & AGENT_SAFE_LANE);
    assert_true(host_table_find(testing.server.hosts, &host, &row));
    settle(&testing, row.hid);
    desk_testing_restart(&testing); /* it is in the database too */
    checkin.counter = 7;
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
    assert_true(pace.flags & AGENT_SAFE_LANE);
    const struct fleet_host_flags accept = {.hid = row.hid, .clear = FLEET_HOST_SAFE_LANE, .accept = true};
    assert_int_equal(write_flags(&testing, &accept).outcome, FLEET_OUTCOME_DONE);
    clone.counter = 2; /* a person said that this is the machine: it counts from here */
    assert_int_equal(desk_testing_check_in(&testing, &clone, &pace), 200);
    assert_int_equal(pace.flags & AGENT_SAFE_LANE, 0);
    desk_testing_end(&testing);
}

static void revoked_hosts_get_nothing(void **state)
{
    (void)state;
    struct desk_testing testing;
    struct agent_checkin checkin;
    struct agent_pace pace;
    struct host_row row;
    struct host_id host;

    begin(&testing, &host);
    assert_int_equal(testing.server.guards.judge_host(&testing.server, &host), 0);
    assert_true(host_table_find(testing.server.hosts, &host, &row));
    const struct fleet_host_flags revoke = {.hid = row.hid, .set = FLEET_HOST_REVOKED};
    (void)write_flags(&testing, &revoke);
    assert_int_equal(testing.server.guards.judge_host(&testing.server, &host), 403);
    desk_testing_checkin(&host, 1, &checkin);
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 403);
    desk_testing_end(&testing);
}

/* A host that was removed is in no answer any more, and its number is nobody else's. */
static void removed_hosts_leave_the_index(void **state)
{
    (void)state;
    struct desk_testing testing;
    struct desk_inventory_sent sent;
    struct fleet_index_count count;
    struct host_row row;
    struct host_id host, other;
    struct error err;

    begin(&testing, &host);
    desk_testing_enrol(&testing, 0x22, &other);
    desk_testing_send(&testing, &host, &first_machine, NULL, &sent);
    assert_true(host_table_find(testing.server.hosts, &host, &row));
    const struct fleet_host_flags remove = {.hid = row.hid, .set = FLEET_HOST_REMOVED};
    (void)write_flags(&testing, &remove);
    assert_int_equal(testing.server.guards.judge_host(&testing.server, &host), 403);
    assert_done("tick", desk_findings_part.tick(&testing.server, &err), &err);
    assert_done("count", fleet_index_exposed(testing.server.index, TEXT("CVE-2026-1000"), 0, &count, &err),
                &err);
    assert_int_equal(count.total, 1);
    assert_int_equal(host_table_count(testing.server.hosts), 1);
    desk_testing_end(&testing);
}

/* What was seen comes back after a restart, from one write for many. */
static void check_ins_are_written_lazily(void **state)
{
    (void)state;
    struct desk_testing testing;
    struct agent_checkin checkin;
    struct agent_pace pace;
    struct host_row row;
    struct host_id host;
    struct error err;

    begin(&testing, &host);
    for (uint64_t counter = 1; counter < 10; counter++) {
        desk_testing_checkin(&host, counter, &checkin);
        assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
    }
    assert_done("tick", desk_seen_part.tick(&testing.server, &err), &err);
    desk_testing_checkin(&host, 10, &checkin);
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
    desk_testing_restart(&testing); /* a clean stop writes the tenth */
    assert_true(host_table_find(testing.server.hosts, &host, &row));
    assert_true(row.seen.counter == 10 && row.seen.seen_us == testing.now_us);
    desk_testing_end(&testing);
}

/* However a fleet wakes, its next check-ins are spread over the interval. */
static void herds_are_spread(void **state)
{
    static const struct {
        const char *name;
        unsigned over_s; /* within which all of them come */
    } rows[] = {{"in one second", 1}, {"in a minute", 60}, {"in their own time", 600}};
    static uint32_t at[1500];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t seed = 5;
        uint32_t most = 0;
        memset(at, 0, sizeof(at));
        for (unsigned host = 0; host < 60000; host++) {
            struct pacing pacing = {.interval_s = 600};
            for (unsigned j = 0; j < 3; j++) {
                seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
                uint64_t drawn = seed >> 20;
                memcpy(j < 2 ? (void *)(pacing.host.at + 6 * j) : (void *)&pacing.random, &drawn, 6);
            }
            uint32_t came = host % rows[i].over_s;
            pacing.now_us = DESK_TESTING_NOW + came * TIME_SECOND_US;
            uint32_t next = pacing_next_s(&pacing);
            assert_in_range(next, 150, 600 + 150 + 38);
            at[came + next]++;
        }
        for (unsigned second = 0; second < COUNT_OF(at); second++)
            most = at[second] > most ? at[second] : most;
        if (most > 100 * 16 / 10) /* 60,000 over 600 seconds are 100 */
            fail_msg("%s: %u in one second", rows[i].name, most);
    }
}

/* ---- inventories ---- */

static uint32_t exposed_hosts(struct desk_testing *testing, const char *package, const char *version)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct fleet_index_page page = {
        .after = FLEET_INDEX_NONE, .room = 10, .wanted = 1u << FLEET_INDEX_EXPOSED};
    struct fleet_index_rows rows;
    struct error err;

    assert_done("where",
                fleet_index_where(testing->server.index, text_of(package), text_of(version), &page, &arena,
                                  &rows, NULL, &err),
                &err);
    return (uint32_t)rows.count;
}

static void inventories_are_committed_whole(void **state)
{
    (void)state;
    struct desk_testing testing;
    struct desk_inventory_sent first, second;
    struct host_row row;
    struct host_id host;

    begin(&testing, &host);
    desk_testing_send(&testing, &host, &first_machine, NULL, &first);
    assert_int_equal(exposed_hosts(&testing, "libssl3", "3.0.11-1"), 1);
    desk_testing_send(&testing, &host, &other_machine, &first, &second);
    assert_int_equal(exposed_hosts(&testing, "libssl3", "3.0.11-1"), 0);
    assert_int_equal(exposed_hosts(&testing, "openssl", "3.0.15-1"), 1);
    assert_true(host_table_find(testing.server.hosts, &host, &row));
    assert_true(short_hash_equal(&row.root, &second.root));
    desk_testing_restart(&testing);
    assert_int_equal(exposed_hosts(&testing, "libssl3", "3.0.15-1"), 1);
    assert_int_equal(exposed_hosts(&testing, "libexpat1", ""), 1);
    desk_testing_end(&testing);
}

static unsigned say_inventory(struct desk_testing *testing, const struct route *route,
                              const struct host_id *host, const struct agent_inventory *inventory,
                              size_t *lacking)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
    OWN(desk_call_end) struct desk_call call = {.done = false};
    struct agent_commit commit = {
        .inventory = *inventory, .os = TEXT("debian"), .release = TEXT("bookworm"), .arch = TEXT("amd64")};
    struct agent_lacks lacks = {.hashes = {NULL, 0}};
    struct error ignored;

    if (route == &route_agent_commit)
        agent_commit_write(&w, &commit);
    else
        agent_inventory_write(&w, inventory);
    desk_call(testing, route, host, writer_bytes(&w), (struct text){NULL, 0}, &call);
    *lacking =
        agent_lacks_parse(call.request.answer.body, &lacks, &ignored) ? lacks.hashes.size / 16 : SIZE_MAX;
    return desk_call_status(&call);
}

/* Whoever names a chunk without having sent it learns nothing of others: it is lacking, whether it is here or not. */
static void chunks_of_others_are_lacking(void **state)
{
    (void)state;
    OWN(writer_end) struct writer changes = writer_with(AGENT_SMALL_MAX);
    struct desk_testing testing;
    struct desk_inventory_sent sent, named;
    struct agent_inventory inventory;
    struct host_id host, rogue;
    size_t lacking;

    begin(&testing, &host);
    desk_testing_enrol(&testing, 0x22, &rogue);
    desk_testing_send(&testing, &host, &first_machine, NULL, &sent);
    desk_testing_hashes(&testing, &first_machine, &named);
    desk_testing_inventory(NULL, &named, &changes, &inventory);
    assert_int_equal(say_inventory(&testing, &route_agent_inventory, &rogue, &inventory, &lacking), 200);
    assert_int_equal(lacking, 2);
    assert_int_equal(say_inventory(&testing, &route_agent_commit, &rogue, &inventory, &lacking), 409);
    assert_int_equal(lacking, 2);
    assert_int_equal(exposed_hosts(&testing, "libssl3", ""), 1);
    assert_int_equal(say_inventory(&testing, &route_agent_inventory, &host, &inventory, &lacking), 200);
    assert_int_equal(lacking, 0); /* its own */
    inventory.base.at[0] ^= 1;
    inventory.root.at[0] ^= 1;
    assert_int_equal(say_inventory(&testing, &route_agent_inventory, &host, &inventory, &lacking), 409);
    desk_testing_end(&testing);
}

static void chunks_have_their_own_names(void **state)
{
    (void)state;
    OWN(writer_end) struct writer chunk = writer_with(AGENT_CHUNK_MAX);
    struct desk_testing testing;
    struct short_hash hash;
    struct host_id host;
    char hex[SHORT_HASH_HEX + 1];
    uint8_t bucket;

    begin(&testing, &host);
    desk_testing_chunk(&testing, "openssl 1 libssl3", &chunk, &hash, &bucket);
    for (unsigned i = 0; i < 4; i++) {
        static const unsigned statuses[] = {204, 422, 404, 415};
        OWN(desk_call_end) struct desk_call call = {.done = false};
        struct short_hash named = hash;
        struct bytes body = writer_bytes(&chunk);
        named.at[3] ^= i == 1 ? 1 : 0;
        body.size -= i == 3 ? 1 : 0;
        short_hash_hex(&named, hex);
        desk_call(&testing, &route_agent_chunk, &host, body, i == 2 ? TEXT("zz") : text_of(hex), &call);
        assert_int_equal(desk_call_status(&call), statuses[i]);
    }
    /* Who only sends chunks and never commits is stopped, for an hour. */
    for (unsigned i = 1; i < HOST_CHUNKS_MAX; i++)
        assert_true(host_table_may_send(testing.server.hosts, 0, testing.now_us));
    OWN(desk_call_end) struct desk_call call = {.done = false};
    short_hash_hex(&hash, hex);
    desk_call(&testing, &route_agent_chunk, &host, writer_bytes(&chunk), text_of(hex), &call);
    assert_int_equal(desk_call_status(&call), 429);
    assert_true(host_table_may_send(testing.server.hosts, 0, testing.now_us + 2 * TIME_HOUR_US));
    desk_testing_end(&testing);
}

/* ---- outboxes ---- */

static unsigned send_events(struct desk_testing *testing, const struct host_id *host, uint64_t first,
                            const char *const bodies[], uint64_t *ack)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_OUTBOX_MAX);
    OWN(desk_call_end) struct desk_call call = {.done = false};
    size_t place = agent_outbox_begin(&w, 77, first);
    struct agent_ack answer;
    struct error ignored;
    uint16_t count = 0;

    for (; bodies[count] != NULL; count++)
        agent_outbox_put(&w, AGENT_EVENT_NOTICE, DESK_TESTING_NOW, bytes_of_text(text_of(bodies[count])));
    agent_outbox_end(&w, place, count);
    desk_call(testing, &route_agent_outbox, host, writer_bytes(&w), (struct text){NULL, 0}, &call);
    if (agent_ack_parse(call.request.answer.body, &answer, &ignored))
        *ack = answer.ack;
    if (desk_call_status(&call) == 503)
        assert_in_range(call.request.answer.retry_after_s, AGENT_RETRY_S, AGENT_RETRY_S + AGENT_SPREAD_S);
    return desk_call_status(&call);
}

static size_t count_events(struct desk_testing *testing, const struct host_id *host, uint64_t kinds)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct fleet_store_options options = {.read_only = true, .now_us = testing->now_us};
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    struct fleet_event_filter filter = {.kinds = kinds, .limit = 100};
    struct fleet_event_rows rows;
    struct host_row row;
    struct error err;

    assert_true(host_table_find(testing->server.hosts, host, &row));
    filter.hid = row.hid;
    assert_done("open", fleet_store_open(testing->where, &options, &store, &err), &err);
    assert_done("events", fleet_store_events(store, &filter, &arena, &rows, &err), &err);
    return rows.count;
}

static void events_are_stored_once(void **state)
{
    static const char *const two[] = {"{\"name\":\"a\"}", "{\"name\":\"b\"}", NULL};
    static const char *const third[] = {"{\"name\":\"c\"}", NULL}, *const fourth[] = {"{\"name\":\"d\"}",
                                                                                      NULL};
    static const char *const other[] = {"{\"name\":\"x\"}", NULL};

    (void)state;
    struct desk_testing testing;
    struct agent_checkin checkin;
    struct agent_pace pace;
    struct host_id host;
    uint64_t ack = 0;

    begin(&testing, &host);
    assert_int_equal(send_events(&testing, &host, 1, two, &ack), 200);
    assert_int_equal(ack, 2);
    assert_int_equal(send_events(&testing, &host, 1, two, &ack), 200); /* the answer was lost */
    assert_int_equal(ack, 2);
    assert_int_equal(send_events(&testing, &host, 4, fourth, &ack), 200); /* before the third */
    assert_int_equal(ack, 2);
    assert_int_equal(send_events(&testing, &host, 3, third, &ack), 200);
    assert_int_equal(ack, 3);
    assert_int_equal(count_events(&testing, &host, 0), 3);
    desk_testing_checkin(&host, 1, &checkin);
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
    assert_int_equal(send_events(&testing, &host, 4, fourth, &ack), 200);
    checkin.counter = 2;
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
    assert_int_equal(pace.ack, 4);
    assert_int_equal(pace.flags & AGENT_SAFE_LANE, 0);
    assert_int_equal(send_events(&testing, &host, 2, other, &ack), 409); /* two machines, one outbox */
    assert_int_equal(count_events(&testing, &host, 0), 4);
    checkin.counter = 3;
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
    assert_true(pace.flags & AGENT_SAFE_LANE);
    desk_testing_restart(&testing);
    checkin.counter = 4;
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
    assert_true(pace.ack == 4 && (pace.flags & AGENT_SAFE_LANE) != 0);
    desk_testing_end(&testing);
}

/* No file grows any more, as on a full disk, and then again. */
static void fill_disk(bool full)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = full ? 0 : limit.rlim_max;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The database cannot be written: 503, nothing is acknowledged; check-ins go on; then all goes on where it was. */
static void a_full_disk_loses_nothing(void **state)
{
    static const char *const one[] = {"{\"name\":\"a\"}", NULL};

    (void)state;
    struct desk_testing testing;
    struct agent_checkin checkin;
    struct agent_pace pace;
    struct host_id host;
    struct error err;
    uint64_t ack = 99;

    begin(&testing, &host);
    fill_disk(true);
    assert_int_equal(send_events(&testing, &host, 1, one, &ack), 503);
    assert_int_equal(ack, 99);
    desk_testing_checkin(&host, 1, &checkin);
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
    assert_int_equal(pace.ack, 0);
    assert_false(desk_seen_part.tick(&testing.server, &err)); /* the check-in waits */
    fill_disk(false);
    assert_int_equal(send_events(&testing, &host, 1, one, &ack), 200);
    assert_int_equal(ack, 1);
    assert_done("tick", desk_seen_part.tick(&testing.server, &err), &err);
    desk_testing_restart(&testing);
    struct host_row row;
    assert_true(host_table_find(testing.server.hosts, &host, &row));
    assert_int_equal(row.seen.counter, 1);
    desk_testing_end(&testing);
}

#define WRITERS       8
#define WRITES_OF_ONE 40

struct writer_thread {
    struct desk_testing *testing;
    struct host_row row;
    unsigned first;
    pthread_t thread;
    bool failed;
};

static void *write_many(void *self)
{
    struct writer_thread *writer = self;

    for (unsigned i = 0; i < WRITES_OF_ONE; i++) {
        struct fleet_event event = {
            .seq = i + 1, .kind = AGENT_EVENT_NOTICE, .at_us = 1, .body = BYTES("{}")};
        struct fleet_write write = {.kind = FLEET_WRITE_EVENTS,
                                    .events = {.hid = writer->row.hid,
                                               .epoch = writer->first + 1,
                                               .received_us = 1,
                                               .events = &event,
                                               .count = 1}};
        struct fleet_result result;
        struct error err;
        writer->failed = writer->failed ||
                         !committer_write(writer->testing->server.committer, &write, 1, &result, &err) ||
                         result.outcome != FLEET_OUTCOME_DONE || result.ack != i + 1;
    }
    return NULL;
}

/* Many at once share their commits, and each is told of its own. */
static void commits_are_shared(void **state)
{
    (void)state;
    struct writer_thread writers[WRITERS];
    struct committer_figures before, after;
    struct desk_testing testing;
    struct host_id host;

    begin(&testing, &host);
    committer_figures(testing.server.committer, &before);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer_thread){.testing = &testing, .first = i};
        assert_true(host_table_find(testing.server.hosts, &host, &writers[i].row));
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_many, &writers[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
        assert_false(writers[i].failed);
    }
    committer_figures(testing.server.committer, &after);
    assert_int_equal(after.writes - before.writes, WRITERS * WRITES_OF_ONE);
    assert_true(after.batches - before.batches < WRITERS * WRITES_OF_ONE / 2);
    assert_true(after.batch_max > 1 && after.failed == 0 && after.waiting == 0);
    assert_int_equal(count_events(&testing, &host, 0), 100); /* a page of them */
    desk_testing_end(&testing);
}

/* ---- evidence ---- */

static void make_records(struct arena *arena, const char *folder, unsigned count, struct bytes *out)
{
    struct evidence_sample sample;
    struct state state;
    struct seal seal;
    struct error err;

    assert_done("state", state_open(folder, STATE_WRITE, &state, &err), &err);
    evidence_sample_fill(&sample);
    assert_done("verdicts", verdict_make(&sample.evidence, arena, &err), &err);
    for (unsigned i = 0; i < count; i++)
        assert_done("seal", seal_append(&state, &sample.evidence, arena, &seal, &err), &err);
    for (unsigned i = 0; i < count; i++)
        assert_done("read", evidence_read(&state, i + 1, arena, &out[i], &err), &err);
}

static void evidence_follows_evidence(void **state)
{
    (void)state;
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct bytes records[3], others[2];
    char folder[64], second[80], first[80];
    struct error err;

    test_folder(folder);
    (void)snprintf(first, sizeof(first), "%s/a", folder);
    (void)snprintf(second, sizeof(second), "%s/b", folder);
    make_records(&arena, first, 3, records);
    make_records(&arena, second, 2, others);
    struct bytes broken = {
        text_string(&arena, (struct text){(const char *)records[1].at, records[1].size}) == NULL
            ? NULL
            : (uint8_t *)text_string(&arena, (struct text){(const char *)records[1].at, records[1].size}),
        records[1].size};
    const struct {
        const char *name;
        struct bytes body, last;
        enum evidence_proof proof;
    } rows[] = {
        {"the first", records[0], {NULL, 0}, EVIDENCE_PROVED},
        {"begins in the middle", records[2], {NULL, 0}, EVIDENCE_PROVED},
        {"the next", records[1], records[0], EVIDENCE_PROVED},
        {"the same again", records[1], records[1], EVIDENCE_PROVED},
        {"one is left out", records[2], records[0], EVIDENCE_NOT_NEXT},
        {"one from before", records[0], records[1], EVIDENCE_NOT_NEXT},
        {"another machine's", others[1], records[0], EVIDENCE_OTHER_KEY},
        {"no record", BYTES("{}"), records[0], EVIDENCE_NO_RECORD},
        {"cut", {records[1].at, records[1].size - 1}, records[0], EVIDENCE_NO_RECORD},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum evidence_proof proof = evidence_check(rows[i].body, rows[i].last, &arena);
        if (proof != rows[i].proof)
            fail_msg("%s: %s", rows[i].name, evidence_proof_name(proof));
    }
    size_t at = text_find((struct text){(const char *)broken.at, broken.size}, TEXT("\"signature\":\"")) + 14;
    uint8_t *digit = (uint8_t *)(uintptr_t)broken.at + at;
    *digit = *digit == '0' ? '1' : '0';
    assert_int_equal(evidence_check(broken, records[0], &arena), EVIDENCE_BROKEN_SEAL);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

static unsigned send_evidence(struct desk_testing *testing, const struct host_id *host, uint64_t number,
                              struct bytes body)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_OUTBOX_MAX);
    OWN(desk_call_end) struct desk_call call = {.done = false};
    size_t place = agent_outbox_begin(&w, 77, number);

    agent_outbox_put(&w, AGENT_EVENT_EVIDENCE, DESK_TESTING_NOW, body);
    agent_outbox_end(&w, place, 1);
    desk_call(testing, &route_agent_outbox, host, writer_bytes(&w), (struct text){NULL, 0}, &call);
    return desk_call_status(&call);
}

static void unproved_evidence_is_kept_and_marked(void **state)
{
    (void)state;
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    const uint64_t evidence = UINT64_C(1) << AGENT_EVENT_EVIDENCE;
    struct desk_testing testing;
    struct bytes records[3];
    struct host_id host;
    char folder[96];

    begin(&testing, &host);
    (void)snprintf(folder, sizeof(folder), "%s/agent", testing.folder);
    make_records(&arena, folder, 3, records);
    assert_int_equal(send_evidence(&testing, &host, 1, records[0]), 200);
    assert_int_equal(send_evidence(&testing, &host, 2, BYTES("{\"forged\":true}")), 200);
    assert_int_equal(count_events(&testing, &host, evidence), 1);
    assert_int_equal(count_events(&testing, &host, 0), 2);
    assert_int_equal(send_evidence(&testing, &host, 2, BYTES("{\"forged\":true}")),
                     200); /* again: no clone */
    assert_int_equal(send_evidence(&testing, &host, 3, records[1]), 200);
    assert_int_equal(count_events(&testing, &host, evidence), 2);
    desk_testing_end(&testing);
}

/* ---- findings ---- */

static const char advisories_text[] = "index 1 debian-12 deb\n"
                                      "feed made-up rank=0 generated=2026-11-21 complete\n"
                                      "openssl fixed 3.0.15-1 : CVE-2026-1000\n"
                                      "expat open : CVE-2026-1001\n";

static size_t open_findings(struct desk_testing *testing, const struct host_id *host, bool open_only)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct fleet_store_options options = {.read_only = true, .now_us = testing->now_us};
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    struct fleet_finding_filter filter = {.open_only = open_only, .limit = 100};
    struct fleet_findings_page page;
    struct host_row row;
    struct error err;

    assert_true(host_table_find(testing->server.hosts, host, &row));
    filter.hid = row.hid;
    assert_done("open", fleet_store_open(testing->where, &options, &store, &err), &err);
    assert_done("findings", fleet_store_findings(store, &filter, &arena, &page, &err), &err);
    return page.count;
}

static void findings_follow_lazily(void **state)
{
    (void)state;
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(writer_end) struct writer file = writer_with(LIMIT_INDEX_FILE);
    struct desk_testing testing;
    struct desk_inventory_sent first, second;
    struct fleet_index_change change;
    struct agent_checkin checkin;
    struct agent_pace pace;
    struct index advisories;
    struct host_id host;
    struct error err;

    begin(&testing, &host);
    desk_testing_send(&testing, &host, &first_machine, NULL, &first);
    assert_done("tick", desk_findings_part.tick(&testing.server, &err), &err);
    assert_int_equal(open_findings(&testing, &host, true), 0); /* without advisories nothing is known */
    index_testing_build((struct text){advisories_text, sizeof(advisories_text) - 1}, &file, &advisories);
    const struct index *list[] = {&advisories};
    assert_done("advise", fleet_index_advise(testing.server.index, list, 1, 1, &arena, &change, &err), &err);
    assert_int_equal(change.fix_count, 2);
    desk_set_findings_generation(&testing.server, 1);
    assert_done("tick", desk_findings_part.tick(&testing.server, &err), &err);
    assert_int_equal(open_findings(&testing, &host, true), 0); /* nobody checked in */
    desk_testing_checkin(&host, 1, &checkin);
    checkin.inventory = first.root;
    assert_int_equal(desk_testing_check_in(&testing, &checkin, &pace), 200);
    assert_done("tick", desk_findings_part.tick(&testing.server, &err), &err);
    assert_int_equal(open_findings(&testing, &host, true), 2);
    testing.now_us += TIME_HOUR_US;
    desk_testing_send(&testing, &host, &other_machine, &first, &second);
    assert_done("tick", desk_findings_part.tick(&testing.server, &err), &err);
    assert_int_equal(open_findings(&testing, &host, true), 1);
    assert_int_equal(open_findings(&testing, &host, false), 2); /* the closed one is history */
    desk_testing_end(&testing);
}

/* ---- advisories ---- */

static void put_generation(struct desk_testing *testing, const char *text)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer file = writer_with(LIMIT_INDEX_FILE);
    OWN(state_change_end) struct state_change change = {.lock = -1};
    struct index index;
    struct state state;
    struct error err;

    index_testing_build(text_of(text), &file, &index);
    assert_done("state", state_open(testing->paths.advisories, STATE_WRITE, &state, &err), &err);
    assert_done("begin", state_change_begin(&state, &arena, &change, &err), &err);
    assert_done("index",
                file_replace(text_format(&arena, "%s/index/debian-12.index", change.next.folder).at,
                             writer_bytes(&file), 0600, &err),
                &err);
    assert_done("facts",
                file_replace(file_path(&arena, change.next.folder, "facts"), BYTES("facts"), 0600, &err),
                &err);
    assert_done(
        "manifest",
        file_replace(file_path(&arena, change.next.folder, "manifest"), BYTES("Format: 1\n"), 0600, &err),
        &err);
    assert_done("commit", state_change_commit(&change, &err), &err);
}

static uint32_t exposed_to(struct desk_testing *testing, const char *id)
{
    struct fleet_index_count count;
    struct error err;

    assert_done("exposed", fleet_index_exposed(testing->server.index, text_of(id), 0, &count, &err), &err);
    return count.hosts[FLEET_INDEX_EXPOSED];
}

static size_t content_files(struct desk_testing *testing)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct file_names names;
    struct error err;

    assert_done("list", file_list(testing->paths.content, 100, &arena, &names, &err), &err);
    return names.count - 1; /* without the note of which is in use */
}

#define FEED(generated, complete)                                                                            \
    "index 1 debian-12 deb\nfeed made-up rank=0 generated=" generated complete "\n"

/* One generation after the other is handed out and judged by; a broken one is neither. */
static void advisories_come_whole_or_not(void **state)
{
    static const struct {
        const char *name, *text;
        uint64_t generation; /* afterwards */
        uint32_t exposed;    /* to CVE-2026-1000 */
        size_t files;
        const char *refused;
    } rows[] = {
        {"the first",
         FEED("2026-11-20",
              " complete") "openssl fixed 3.0.15-1 : CVE-2026-1000\nexpat open : CVE-2026-1001\n"
                           "zlib fixed 1-1 : CVE-2026-1\nbash fixed 5-1 : CVE-2026-2\n",
         1, 1, 1, NULL},
        {"cut",
         FEED("2026-11-21",
              " complete") "openssl fixed 3.0.15-1 : CVE-2026-1000\nexpat open : CVE-2026-1001\n",
         1, 1, 1, "these advisories are not handed out: debian-12 has 2 records, it had 4"},
        {"half",
         FEED("2026-11-21", "") "openssl fixed 3.0.10-1 : CVE-2026-1000\nexpat open : CVE-2026-1001\n"
                                "zlib fixed 1-1 : CVE-2026-1\nbash fixed 5-1 : CVE-2026-2\n",
         1, 1, 1, "these advisories are not handed out: debian-12 was complete and is not"},
        {"old",
         FEED("2026-11-19",
              " complete") "openssl fixed 3.0.10-1 : CVE-2026-1000\nexpat open : CVE-2026-1001\n"
                           "zlib fixed 1-1 : CVE-2026-1\nbash fixed 5-1 : CVE-2026-2\n",
         1, 1, 1, "these advisories are not handed out: debian-12 is older than what is in use"},
        {"the next",
         FEED("2026-11-22",
              " complete") "openssl fixed 3.0.10-1 : CVE-2026-1000\nexpat open : CVE-2026-1001\n"
                           "zlib fixed 1-1 : CVE-2026-1\nbash fixed 5-1 : CVE-2026-2\n",
         2, 0, 2, NULL},
        {"the one after",
         FEED("2026-11-23",
              " complete") "openssl fixed 3.0.12-1 : CVE-2026-1000\nexpat open : CVE-2026-1001\n"
                           "zlib fixed 1-1 : CVE-2026-1\nbash fixed 5-1 : CVE-2026-2\n",
         3, 1, 2, NULL},
    };

    (void)state;
    struct desk_testing testing;
    struct desk_inventory_sent sent;
    struct host_id host;
    struct error err = {.kind = ERROR_NONE};

    begin(&testing, &host);
    desk_testing_send(&testing, &host, &first_machine, NULL, &sent);
    assert_done("nothing yet", desk_advisories_part.tick(&testing.server, &err), &err);
    assert_int_equal(desk_findings_generation(&testing.server), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        put_generation(&testing, rows[i].text);
        bool done = desk_advisories_part.tick(&testing.server, &err);
        if (rows[i].refused == NULL)
            assert_done(rows[i].name, done, &err);
        else
            assert_failed(rows[i].name, &err, ERROR_TRUST, rows[i].refused);
        assert_int_equal(desk_findings_generation(&testing.server), rows[i].generation);
        assert_int_equal(exposed_to(&testing, "CVE-2026-1000"), rows[i].exposed);
        assert_int_equal(content_files(&testing), rows[i].files);
        assert_done("again", desk_advisories_part.tick(&testing.server, &err), &err); /* said once */
    }
    desk_testing_restart(&testing);
    assert_done("taken up", desk_advisories_part.tick(&testing.server, &err), &err);
    assert_int_equal(desk_findings_generation(&testing.server), 3);
    assert_int_equal(exposed_to(&testing, "CVE-2026-1000"), 1);
    desk_testing_end(&testing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkins_are_paced),
        cmocka_unit_test(bad_checkins_are_refused),
        cmocka_unit_test(old_agents_are_told),
        cmocka_unit_test(clones_are_held_until_accepted),
        cmocka_unit_test(revoked_hosts_get_nothing),
        cmocka_unit_test(removed_hosts_leave_the_index),
        cmocka_unit_test(check_ins_are_written_lazily),
        cmocka_unit_test(herds_are_spread),
        cmocka_unit_test(inventories_are_committed_whole),
        cmocka_unit_test(chunks_of_others_are_lacking),
        cmocka_unit_test(chunks_have_their_own_names),
        cmocka_unit_test(events_are_stored_once),
        cmocka_unit_test(a_full_disk_loses_nothing),
        cmocka_unit_test(commits_are_shared),
        cmocka_unit_test(evidence_follows_evidence),
        cmocka_unit_test(unproved_evidence_is_kept_and_marked),
        cmocka_unit_test(findings_follow_lazily),
        cmocka_unit_test(advisories_come_whole_or_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
