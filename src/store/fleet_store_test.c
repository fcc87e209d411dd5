/* Everything that the fleet's database promises, on every row of stores.c. */
#include <unistd.h>

#include "base/testing.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "store/fleet_read.h"
#include "store/fleet_testing.h"

#define NOW FLEET_TESTING_NOW

static struct fleet_store *fresh(void **state)
{
    char where[FLEET_WHERE_MAX];

    fleet_testing_where(*state, NULL, where);
    return fleet_testing_open(where);
}

static void assert_outcome(const char *row, const struct fleet_result *result, enum fleet_outcome outcome,
                           const char *why)
{
    if (result->outcome != outcome || strcmp(result->why, why) != 0)
        fail_msg("%s: %s \"%s\", expected %s \"%s\"", row, fleet_outcome_name(result->outcome), result->why,
                 fleet_outcome_name(outcome), why);
}

/* ---- hosts ---- */

struct counted {
    size_t hosts, chunks;
};

static bool count_host(void *self, const struct fleet_host *host, struct bytes chunks, struct error *err)
{
    struct counted *counted = self;

    (void)err;
    counted->hosts++;
    counted->chunks += chunks.size;
    return host->hid != 0;
}

static void test_enrol(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct fleet_write token = {.kind = FLEET_WRITE_ENROL_TOKEN,
                                .enrol_token = {.label = TEXT("two"),
                                                .class = TEXT("laptops"),
                                                .secret = {7},
                                                .uses_max = 2,
                                                .ends_us = NOW + 100}};
    struct fleet_enrol_token found;
    struct fleet_host host;
    struct error err = {0};

    struct fleet_result made = fleet_testing_done(store, &token);
    assert_true(made.number != 0 && made.revision == 1);
    const struct {
        const char *row;
        uint8_t secret, id;
        int64_t at_us;
        enum fleet_outcome outcome;
        const char *why;
    } rows[] = {
        {"another secret", 8, 1, NOW, FLEET_OUTCOME_REFUSED, "no such token"},
        {"at its end", 7, 1, NOW + 100, FLEET_OUTCOME_REFUSED, "the token has ended"},
        {"first", 7, 1, NOW, FLEET_OUTCOME_DONE, ""},
        {"again, its answer was lost", 7, 1, NOW + 200, FLEET_OUTCOME_DONE, ""},
        {"second", 7, 2, NOW, FLEET_OUTCOME_DONE, ""},
        {"third", 7, 3, NOW, FLEET_OUTCOME_REFUSED, "the token was used 2 times, as often as it may"},
        {"an id that is taken", 9, 1, NOW, FLEET_OUTCOME_CONFLICT, "another machine has that id"},
    };
    int64_t hids[COUNT_OF(rows)];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct fleet_write enrol = {.kind = FLEET_WRITE_ENROL,
                                          .enrol = {.id = {rows[i].id},
                                                    .secret = {rows[i].secret},
                                                    .at_us = rows[i].at_us,
                                                    .certificate = {5},
                                                    .certificate_end_us = NOW + TIME_DAY_US}};
        struct fleet_result result = fleet_testing_write(store, &enrol);
        assert_outcome(rows[i].row, &result, rows[i].outcome, rows[i].why);
        hids[i] = result.hid;
    }
    assert_true(hids[2] != 0 && hids[2] == hids[3] && hids[4] != hids[2]);
    assert_done("token", fleet_store_enrol_token(store, token.enrol_token.secret, &arena, &found, &err),
                &err);
    assert_true(found.uses == 2 && found.revision == 3);
    assert_done("host", fleet_store_host_by_id(store, (const uint8_t[16]){2}, &arena, &host, &err), &err);
    assert_true(host.hid == hids[4] && host.enrolled_us == NOW && host.certificate[0] == 5 &&
                host.certificate_end_us == NOW + TIME_DAY_US && host.token == found.number);
    assert_text("class", host.class, "laptops");
    assert_false(fleet_store_host(store, 12345, &arena, &host, &err));
    assert_failed("no host", &err, ERROR_ABSENT, "no such host");
    token.enrol_token.number = found.number;
    token.enrol_token.revision = 1;
    struct fleet_result stale = fleet_testing_write(store, &token);
    assert_outcome("old revision", &stale, FLEET_OUTCOME_CONFLICT,
                   "it is gone, or somebody changed it meanwhile");
}

/* Numbers are made of time and chance: as many as a fleet has at one moment, and none twice. */
static void test_enrol_many(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    const struct fleet_write token = {.kind = FLEET_WRITE_ENROL_TOKEN,
                                      .enrol_token = {.secret = {1}, .uses_max = 100000}};
    static struct fleet_write writes[4000];
    static struct fleet_result results[COUNT_OF(writes)];
    struct counted counted = {0};
    struct error err = {0};

    (void)fleet_testing_done(store, &token);
    for (uint32_t i = 0; i < COUNT_OF(writes); i++) {
        writes[i] = (struct fleet_write){.kind = FLEET_WRITE_ENROL, .enrol = {.secret = {1}, .at_us = NOW}};
        memcpy(writes[i].enrol.id, &i, sizeof(i));
    }
    assert_done("write", fleet_store_write(store, writes, COUNT_OF(writes), results, &err), &err);
    for (uint32_t i = 0; i < COUNT_OF(writes); i++)
        assert_outcome("one of many", &results[i], FLEET_OUTCOME_DONE, "");
    assert_done("hosts", fleet_store_all_hosts(store, false, count_host, &counted, &err), &err);
    assert_int_equal(counted.hosts, COUNT_OF(writes));
}

static void test_host_changes(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    int64_t hid = fleet_testing_host(store, 1);
    const struct text class = TEXT("servers");
    const uint32_t ring = 3;
    struct fleet_write writes[] = {
        {.kind = FLEET_WRITE_CERTIFICATE,
         .certificate = {.hid = hid, .certificate_end_us = NOW + 20, .certificate = {2}}},
        {.kind = FLEET_WRITE_CERTIFICATE,
         .certificate = {.hid = hid, .certificate_end_us = NOW + 10, .certificate = {1}}},
        {.kind = FLEET_WRITE_CERTIFICATE, .certificate = {.hid = hid + 2, .certificate_end_us = NOW}},
        {.kind = FLEET_WRITE_HOST_FLAGS,
         .host_flags =
             {.hid = hid, .set = FLEET_HOST_REVOKED | FLEET_HOST_STALE, .class = &class, .ring = &ring}},
        {.kind = FLEET_WRITE_HOST_FLAGS, .host_flags = {.hid = hid, .clear = FLEET_HOST_STALE}},
        {.kind = FLEET_WRITE_HOST_FLAGS, .host_flags = {.hid = hid + 2}},
    };
    struct fleet_result results[COUNT_OF(writes)];
    struct fleet_host host;
    struct error err = {0};

    assert_done("write", fleet_store_write(store, writes, COUNT_OF(writes), results, &err), &err);
    for (size_t i = 0; i < COUNT_OF(writes); i++)
        assert_outcome("change", &results[i], i == 2 || i == 5 ? FLEET_OUTCOME_ABSENT : FLEET_OUTCOME_DONE,
                       i == 2 || i == 5 ? "no such host" : "");
    assert_done("host", fleet_store_host(store, hid, &arena, &host, &err), &err);
    assert_true(host.flags == FLEET_HOST_REVOKED && host.ring == 3 && host.certificate[0] == 2 &&
                host.certificate_end_us == NOW + 20);
    assert_text("class", host.class, "servers");
}

static struct fleet_write seen(int64_t hid, uint64_t counter, int64_t at_us)
{
    return (struct fleet_write){.kind = FLEET_WRITE_SEEN,
                                .seen = {.hid = hid,
                                         .seen = {.counter = counter,
                                                  .random = counter * 3,
                                                  .epoch = UINT64_MAX - 1,
                                                  .seen_us = at_us,
                                                  .state = 5,
                                                  .plan_generation = 9,
                                                  .due = 2}}};
}

/* Only forward, in whatever order they come, also within one batch. */
static void test_seen(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    int64_t a = fleet_testing_host(store, 1), b = fleet_testing_host(store, 2);
    const struct fleet_write writes[] = {seen(a, 5, NOW + 5),          seen(b, 1, NOW),
                                         seen(a, 7, NOW + 7),          seen(a, 6, NOW + 6),
                                         seen(a, UINT64_MAX, NOW + 9), seen(b + a, 1, NOW)};
    const struct fleet_write older[] = {seen(a, 7, NOW + 70), seen(b, 2, NOW + 2)};
    struct fleet_result results[COUNT_OF(writes)];
    struct fleet_host host;
    struct error err = {0};

    assert_done("write", fleet_store_write(store, writes, COUNT_OF(writes), results, &err), &err);
    assert_outcome("too far", &results[4], FLEET_OUTCOME_LIMIT, "no counter comes that far");
    assert_outcome("good", &results[3], FLEET_OUTCOME_DONE, "");
    assert_done("write", fleet_store_write(store, older, COUNT_OF(older), results, &err), &err);
    assert_done("host", fleet_store_host(store, a, &arena, &host, &err), &err);
    assert_true(host.seen.counter == 7 && host.seen.random == 21 && host.seen.seen_us == NOW + 7 &&
                host.seen.epoch == UINT64_MAX - 1 && host.seen.state == 5 && host.seen.plan_generation == 9 &&
                host.seen.due == 2);
    assert_done("host", fleet_store_host(store, b, &arena, &host, &err), &err);
    assert_true(host.seen.counter == 2 && host.seen.seen_us == NOW + 2);
    const struct fleet_write accept = {.kind = FLEET_WRITE_HOST_FLAGS,
                                       .host_flags = {.hid = a, .accept = true}};
    const struct fleet_write below = seen(a, 3, NOW + 80);
    (void)fleet_testing_done(store, &accept);
    (void)fleet_testing_done(store, &below);
    assert_done("host", fleet_store_host(store, a, &arena, &host, &err), &err);
    assert_true(host.seen.counter == 3);
}

/* ---- inventories ---- */

static struct fleet_bucket bucket(uint8_t number, uint8_t hash)
{
    struct fleet_bucket made = {.bucket = number};

    memset(made.hash, hash, FLEET_HASH_SIZE);
    return made;
}

static void root_of(const struct fleet_bucket *buckets, size_t count, uint8_t out[FLEET_HASH_SIZE])
{
    uint8_t chunks[FLEET_CHUNKS_SIZE] = {0};
    struct error err = {0};

    for (size_t i = 0; i < count; i++)
        memcpy(chunks + buckets[i].bucket * FLEET_HASH_SIZE, buckets[i].hash, FLEET_HASH_SIZE);
    assert_done("root", fleet_inventory_root(chunks, out, &err), &err);
}

static struct fleet_write chunk(uint8_t hash, const char *body)
{
    struct fleet_write write = {.kind = FLEET_WRITE_CHUNK,
                                .chunk = {.body = bytes_of_text(text_of(body)), .at_us = NOW}};

    memset(write.chunk.hash, hash, FLEET_HASH_SIZE);
    return write;
}

static void test_inventory(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    int64_t hid = fleet_testing_host(store, 1);
    const struct fleet_bucket first[] = {bucket(0, 10), bucket(200, 11)},
                              second[] = {bucket(0, 12), bucket(200, 0), bucket(9, 10)};
    const struct fleet_bucket all[] = {bucket(0, 12), bucket(9, 10)};
    struct fleet_write write = {.kind = FLEET_WRITE_INVENTORY,
                                .inventory = {.hid = hid,
                                              .at_us = NOW,
                                              .changed = first,
                                              .changed_count = 2,
                                              .facts = {TEXT("m\xc3\xb6we"), TEXT("debian"), TEXT("bookworm"),
                                                        TEXT("amd64"), TEXT("6.1"), NOW - 5}}};
    uint8_t chunks[FLEET_CHUNKS_SIZE];
    struct fleet_changes changes;
    struct fleet_result result;
    struct fleet_host host;
    struct bytes body;
    struct error err = {0};

    root_of(first, 2, write.inventory.root);
    assert_false(fleet_store_host_chunks(store, hid, chunks, &err));
    assert_failed("none yet", &err, ERROR_ABSENT, "no inventory of this host");
    const struct fleet_write one = chunk(10, "ten"), eleven = chunk(11, "eleven"),
                             twelve = chunk(12, "twelve");
    (void)fleet_testing_done(store, &one);
    result = fleet_testing_write(store, &write);
    assert_outcome("lacks", &result, FLEET_OUTCOME_LACKS, "chunks are lacking");
    assert_true(result.lacks[0] == 0 && result.lacks[25] == 1);
    (void)fleet_testing_done(store, &eleven);
    (void)fleet_testing_done(store, &eleven);
    (void)fleet_testing_done(store, &write);
    (void)fleet_testing_done(store, &write); /* its answer was lost */
    assert_done("host", fleet_store_host(store, hid, &arena, &host, &err), &err);
    assert_memory_equal(host.root, write.inventory.root, FLEET_HASH_SIZE);
    assert_text("name", host.facts.name, "m\xc3\xb6we");
    assert_text("os", host.facts.os, "debian");
    assert_text("kernel", host.facts.kernel, "6.1");
    assert_true(host.facts.scanned_us == NOW - 5 && host.committed_us == NOW);

    write.inventory.changed = second;
    write.inventory.changed_count = 3;
    write.inventory.at_us = NOW + TIME_DAY_US * 20; /* the month after */
    result = fleet_testing_write(store, &write);
    assert_outcome("root is the same: done already", &result, FLEET_OUTCOME_DONE, "");
    root_of(all, 2, write.inventory.root);
    result = fleet_testing_write(store, &write);
    assert_outcome("other base", &result, FLEET_OUTCOME_CONFLICT, "another inventory is here than the base");
    memcpy(write.inventory.base, host.root, FLEET_HASH_SIZE);
    result = fleet_testing_write(store, &write);
    assert_outcome("lacks", &result, FLEET_OUTCOME_LACKS, "chunks are lacking");
    assert_true(result.lacks[0] == 1 && result.lacks[25] == 0);
    write.inventory.root[0] ^= 1;
    result = fleet_testing_write(store, &write);
    assert_outcome("sum", &result, FLEET_OUTCOME_CONFLICT, "the buckets do not add up to the root");
    write.inventory.root[0] ^= 1;
    (void)fleet_testing_done(store, &twelve);
    (void)fleet_testing_done(store, &write);
    assert_done("chunks", fleet_store_host_chunks(store, hid, chunks, &err), &err);
    assert_true(chunks[0] == 12 && chunks[200 * 16] == 0 && chunks[9 * 16] == 10);
    assert_done("changes", fleet_store_changes(store, hid, -1, 0, 10, &arena, &changes, &err), &err);
    assert_int_equal(changes.count, 3);
    assert_true(changes.at[0].bucket == 0 && changes.at[0].was[0] == 10 && changes.at[0].became[0] == 12);
    assert_done("changes", fleet_store_changes(store, hid, 200, 0, 10, &arena, &changes, &err), &err);
    assert_true(changes.count == 1 && changes.at[0].became[0] == 0);
    assert_done("chunk", fleet_store_chunk(store, second[0].hash, &arena, &body, &err), &err);
    assert_true(body.size == 6 && memcmp(body.at, "twelve", 6) == 0);

    write.inventory.changed = all; /* all of it again, whatever is here */
    write.inventory.changed_count = 2;
    write.inventory.from_nothing = true;
    (void)fleet_testing_done(store, &write);
    const struct fleet_bucket twice[] = {bucket(4, 10), bucket(4, 10)};
    write.inventory.changed = twice;
    result = fleet_testing_write(store, &write);
    assert_outcome("twice", &result, FLEET_OUTCOME_LIMIT, "bucket 4 twice");
    const struct fleet_write gone = {.kind = FLEET_WRITE_HOST_FLAGS,
                                     .host_flags = {.hid = hid, .set = FLEET_HOST_REMOVED}};
    (void)fleet_testing_done(store, &gone);
    assert_false(fleet_store_host_chunks(store, hid, chunks, &err));
}

/* ---- events ---- */

static struct fleet_write events(int64_t hid, uint64_t epoch, const struct fleet_event *at, size_t count)
{
    return (struct fleet_write){
        .kind = FLEET_WRITE_EVENTS,
        .events = {.hid = hid, .epoch = epoch, .received_us = NOW, .events = at, .count = count}};
}

static struct fleet_event event(uint64_t seq, const char *body)
{
    return (struct fleet_event){
        .seq = seq, .kind = 3, .at_us = NOW - 1, .body = bytes_of_text(text_of(body))};
}

static void test_events(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    int64_t hid = fleet_testing_host(store, 1), other = fleet_testing_host(store, 2);
    const struct fleet_event one[] = {event(1, "a"), event(2, "b")}, two[] = {event(2, "b"), event(3, "c")},
                             wrong[] = {event(2, "b"), event(3, "x"), event(4, "d")}, far[] = {event(9, "i")},
                             holes[] = {event(4, "d"), event(6, "f")}, zero[] = {event(0, "")};
    struct {
        const char *row;
        struct fleet_write write;
        enum fleet_outcome outcome;
        const char *why;
        uint64_t ack, lost;
    } rows[] = {
        {"nothing yet", events(hid, 7, NULL, 0), FLEET_OUTCOME_DONE, "", 0, 0},
        {"first", events(hid, 7, one, 2), FLEET_OUTCOME_DONE, "", 2, 0},
        {"one again, one new", events(hid, 7, two, 2), FLEET_OUTCOME_DONE, "", 3, 0},
        {"all again", events(hid, 7, one, 2), FLEET_OUTCOME_DONE, "", 3, 0},
        {"same number, other body", events(hid, 7, wrong, 3), FLEET_OUTCOME_CONFLICT,
         "event 3 is stored with another body", 3, 0},
        {"a gap", events(hid, 7, far, 1), FLEET_OUTCOME_GAP, "events from 4 on are lacking", 3, 0},
        {"holes in it", events(hid, 7, holes, 2), FLEET_OUTCOME_LIMIT,
         "the events are not numbered one by one", 0, 0},
        {"number 0", events(hid, 7, zero, 1), FLEET_OUTCOME_LIMIT, "the events are not numbered one by one",
         0, 0},
        {"the older are gone", events(hid, 7, far, 1), FLEET_OUTCOME_DONE, "", 9, 5},
        {"another outbox", events(hid, 8, one, 2), FLEET_OUTCOME_DONE, "", 2, 0},
        {"another host", events(other, 7, wrong, 1), FLEET_OUTCOME_GAP, "events from 1 on are lacking", 0, 0},
        {"no host", events(hid + other, 7, one, 1), FLEET_OUTCOME_ABSENT, "no such host", 0, 0},
    };
    struct fleet_write writes[COUNT_OF(rows)];
    struct fleet_result results[COUNT_OF(rows)];
    struct fleet_event_rows got;
    struct fleet_event_row single;
    struct fleet_event_filter filter = {.hid = hid, .bodies = true, .limit = 2};
    struct error err = {0};

    rows[8].write.events.oldest_kept = 9;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        writes[i] = rows[i].write;
    /* As one batch, then each again: what was stored stays, and says the same of itself. */
    assert_done("write", fleet_store_write(store, writes, COUNT_OF(writes), results, &err), &err);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_outcome(rows[i].row, &results[i], rows[i].outcome, rows[i].why);
        assert_true(results[i].ack == rows[i].ack && results[i].number == rows[i].lost);
    }
    struct fleet_result again = fleet_testing_done(store, &writes[1]);
    assert_true(again.ack == 9);
    again = fleet_testing_write(store, &writes[4]);
    assert_outcome("later", &again, FLEET_OUTCOME_CONFLICT, "event 3 is stored with another body");

    size_t total = 0;
    do {
        assert_done("page", fleet_store_events(store, &filter, &arena, &got, &err), &err);
        total += got.count;
        const struct fleet_event_row *last = &got.at[got.count - 1];
        filter.before_us = last->received_us;
        filter.before_epoch = last->epoch;
        filter.before_seq = last->event.seq;
    } while (got.more);
    assert_int_equal(total, 6); /* 1, 2, 3, 9 of one outbox, 1 and 2 of the other */
    assert_done("event", fleet_store_event(store, hid, 7, 9, &arena, &single, &err), &err);
    assert_true(single.event.kind == 3 && single.event.at_us == NOW - 1 && single.received_us == NOW &&
                single.event.body.size == 1 && single.event.body.at[0] == 'i');
    filter = (struct fleet_event_filter){.hid = hid, .kinds = 1 << 4, .limit = 10};
    assert_done("kinds", fleet_store_events(store, &filter, &arena, &got, &err), &err);
    assert_int_equal(got.count, 0);
    filter.kinds = 1 << 3;
    assert_done("kinds", fleet_store_events(store, &filter, &arena, &got, &err), &err);
    assert_true(got.count == 6 && got.at[0].event.body.size == 0);
}

/* Events of the next month lie in tables of their own, and are still the same outbox. */
static void test_months(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    int64_t hid = fleet_testing_host(store, 1);
    const struct fleet_event one[] = {event(1, "a")}, two[] = {event(2, "b")}, wrong[] = {event(1, "z")};
    struct fleet_write first = events(hid, 7, one, 1), later = events(hid, 7, two, 1),
                       clone = events(hid, 7, wrong, 1);
    struct fleet_event_filter filter = {.hid = hid, .limit = 10};
    struct fleet_event_rows got;
    struct error err = {0};

    later.events.received_us = clone.events.received_us = NOW + 31 * TIME_DAY_US;
    (void)fleet_testing_done(store, &first);
    assert_true(fleet_testing_done(store, &later).ack == 2);
    struct fleet_result result = fleet_testing_write(store, &clone);
    assert_outcome("clone", &result, FLEET_OUTCOME_CONFLICT, "event 1 is stored with another body");
    assert_done("page", fleet_store_events(store, &filter, &arena, &got, &err), &err);
    assert_true(got.count == 2 && got.at[0].event.seq == 2 && got.at[1].event.seq == 1);
}

static void test_epochs(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    int64_t hid = fleet_testing_host(store, 1);
    const struct fleet_event one[] = {event(1, "a")};

    for (uint64_t epoch = 1; epoch <= LIMIT_FLEET_EPOCHS; epoch++) {
        const struct fleet_write write = events(hid, epoch, one, 1);
        (void)fleet_testing_done(store, &write);
    }
    const struct fleet_write more = events(hid, LIMIT_FLEET_EPOCHS + 1, one, 1), old = events(hid, 1, one, 1);
    struct fleet_result result = fleet_testing_write(store, &more);
    assert_outcome("one more", &result, FLEET_OUTCOME_LIMIT, "this machine made more than 64 outboxes");
    (void)fleet_testing_done(store, &old);
}

/* ---- findings ---- */

static void test_findings(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    int64_t hid = fleet_testing_host(store, 1), other = fleet_testing_host(store, 2);
    const struct fleet_write fix = {.kind = FLEET_WRITE_FIX,
                                    .fix = {.name = TEXT("debian:bookworm:openssl:3"), .about = TEXT("{}")}};
    int64_t number = (int64_t)fleet_testing_done(store, &fix).number, expected;
    const int64_t fixes[] = {number, 77, number};
    struct fleet_write write = {
        .kind = FLEET_WRITE_FINDINGS,
        .findings = {.hid = hid, .generation = 4, .at_us = NOW, .opened = fixes, .opened_count = 3}};
    struct fleet_finding_filter filter = {.hid = hid, .limit = 1};
    struct fleet_findings_page page;
    struct fleet_fix found;
    struct fleet_host host;
    struct error err = {0};

    assert_done("number", fleet_fix_number(fix.fix.name, &expected, &err), &err);
    assert_true(number == expected && number > 0);
    assert_done("fix", fleet_store_fix(store, number, &arena, &found, &err), &err);
    assert_text("name", found.name, "debian:bookworm:openssl:3");
    (void)fleet_testing_done(store, &write);
    write.findings.at_us = NOW + 1; /* open already: nothing changes */
    (void)fleet_testing_done(store, &write);
    write.findings.hid = other;
    (void)fleet_testing_done(store, &write);
    write.findings.hid = hid + other;
    struct fleet_result result = fleet_testing_write(store, &write);
    assert_outcome("no host", &result, FLEET_OUTCOME_ABSENT, "no such host");

    size_t total = 0;
    do {
        assert_done("page", fleet_store_findings(store, &filter, &arena, &page, &err), &err);
        total += page.count;
        assert_true(page.at[0].opened_us == NOW && page.at[0].closed_us == 0 &&
                    page.at[0].opened_generation == 4);
        filter.after_number = page.at[0].fix;
        filter.after_opened_us = page.at[0].opened_us;
    } while (page.more);
    assert_int_equal(total, 2);

    struct fleet_write close = {
        .kind = FLEET_WRITE_FINDINGS,
        .findings = {.hid = hid, .generation = 5, .at_us = NOW + 9, .closed = fixes, .closed_count = 1}};
    (void)fleet_testing_done(store, &close);
    write.findings = (struct fleet_findings){
        .hid = hid, .generation = 6, .at_us = NOW + 20, .opened = fixes, .opened_count = 1};
    (void)fleet_testing_done(store, &write);
    filter = (struct fleet_finding_filter){.fix = number, .limit = 10};
    assert_done("fix", fleet_store_findings(store, &filter, &arena, &page, &err), &err);
    assert_int_equal(page.count, 3); /* closed, open again, and the other host's */
    filter.open_only = true;
    assert_done("open", fleet_store_findings(store, &filter, &arena, &page, &err), &err);
    assert_int_equal(page.count, 2);
    assert_done("host", fleet_store_host(store, hid, &arena, &host, &err), &err);
    assert_true(host.finding_generation == 6);
}

static bool count_generation(void *self, const struct fleet_fix_generation_row *row, struct error *err)
{
    (void)err;
    *(uint64_t *)self += row->generation;
    return true;
}

static void test_fix_generations(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct bytes chunks = BYTES("0123456789abcdefFEDCBA9876543210");
    struct fleet_write write = {
        .kind = FLEET_WRITE_FIX_GENERATION,
        .fix_generation = {.fix = 5, .generation = 1, .at_us = NOW, .chunks = chunks, .hosts = 7}};
    struct fleet_fix_generations got;
    struct fleet_result result;
    uint64_t sum = 0;
    struct error err = {0};

    (void)fleet_testing_done(store, &write);
    write.fix_generation.generation = 2;
    write.fix_generation.chunks.size = 0;
    write.fix_generation.hosts = 0;
    (void)fleet_testing_done(store, &write);
    write.fix_generation.fix = 6;
    (void)fleet_testing_done(store, &write);
    write.fix_generation.chunks = BYTES("short");
    result = fleet_testing_write(store, &write);
    assert_outcome("not hashes", &result, FLEET_OUTCOME_LIMIT, "no such chunks or generation");
    assert_done("of fix", fleet_store_fix_generations(store, 5, 10, &arena, &got, &err), &err);
    assert_true(got.count == 2 && got.at[0].generation == 2 && got.at[0].chunks.size == 0 &&
                got.at[1].hosts == 7 && got.at[1].chunks.size == 32 &&
                memcmp(got.at[1].chunks.at, chunks.at, 32) == 0);
    assert_done("newest", fleet_store_newest_fix_generations(store, count_generation, &sum, &err), &err);
    assert_int_equal(sum, 4);
}

/* ---- what is handed out ---- */

static void test_generations(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct fleet_write plan = {
        .kind = FLEET_WRITE_PLAN,
        .plan = {.generation = 3, .made_us = NOW, .body = BYTES("{}"), .signature = BYTES("sig")}};
    struct fleet_write index = {.kind = FLEET_WRITE_GENERATION,
                                .generation = {.of = FLEET_GENERATION_INDEX, .generation = 8}};
    struct fleet_plan_row got;
    struct fleet_state now;
    struct error err = {0};

    assert_false(fleet_store_plan(store, 0, &arena, &got, &err));
    assert_failed("none", &err, ERROR_ABSENT, "no such plan");
    (void)fleet_testing_done(store, &plan);
    struct fleet_result result = fleet_testing_write(store, &plan);
    assert_outcome("same", &result, FLEET_OUTCOME_CONFLICT, "a generation as high as 3 is known already");
    plan.plan.generation = 2;
    result = fleet_testing_write(store, &plan);
    assert_outcome("back", &result, FLEET_OUTCOME_CONFLICT, "a generation as high as 2 is known already");
    (void)fleet_testing_done(store, &index);
    index.generation.of = FLEET_GENERATION_COUNT;
    result = fleet_testing_write(store, &index);
    assert_outcome("none", &result, FLEET_OUTCOME_LIMIT, "no such generation");
    assert_done("state", fleet_store_state(store, &now, &err), &err);
    assert_true(now.highest[FLEET_GENERATION_PLAN] == 3 && now.highest[FLEET_GENERATION_INDEX] == 8 &&
                now.highest[FLEET_GENERATION_PULSE] == 0 && !now.quarantine && now.restored_us == 0);
    assert_done("plan", fleet_store_plan(store, 0, &arena, &got, &err), &err);
    assert_true(got.generation == 3 && got.body.size == 2 && got.signature.size == 3);
    for (uint64_t generation = 4; generation < LIMIT_FLEET_PLANS + 8; generation++) {
        plan.plan.generation = generation;
        (void)fleet_testing_done(store, &plan);
    }
    assert_false(fleet_store_plan(store, 7, &arena, &got, &err));
    assert_done("kept", fleet_store_plan(store, 8, &arena, &got, &err), &err);
}

static void test_fleet_id(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    struct fleet_write id = {.kind = FLEET_WRITE_FLEET, .fleet = {1, 2}};
    struct fleet_state now;
    struct error err = {0};

    (void)fleet_testing_done(store, &id);
    (void)fleet_testing_done(store, &id);
    id.fleet[0] = 9;
    struct fleet_result result = fleet_testing_write(store, &id);
    assert_outcome("another's", &result, FLEET_OUTCOME_CONFLICT, "this is the database of another fleet");
    assert_done("state", fleet_store_state(store, &now, &err), &err);
    assert_true(now.fleet[0] == 1 && now.schema == 3);
}

/* ---- people ---- */

static void test_people(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct fleet_write user = {
        .kind = FLEET_WRITE_USER,
        .user = {.name = TEXT("ada"), .password = TEXT("$y$x"), .role = TEXT("operator"), .made_us = NOW}};
    struct fleet_write api = {
        .kind = FLEET_WRITE_API_TOKEN,
        .api_token = {.secret = {3}, .user = TEXT("ada"), .label = TEXT("ci"), .made_us = NOW}};
    struct fleet_write item = {
        .kind = FLEET_WRITE_NOW_ITEM,
        .now_item = {.fix = TEXT("CVE-2026-1"), .by = TEXT("ada"), .made_us = NOW, .ends_us = NOW + 10}};
    struct fleet_user found;
    struct fleet_users users;
    struct fleet_api_token token;
    struct fleet_api_tokens tokens;
    struct fleet_now_items items;
    struct fleet_result result;
    struct error err = {0};

    assert_true(fleet_testing_done(store, &user).revision == 1);
    result = fleet_testing_write(store, &user);
    assert_outcome("again", &result, FLEET_OUTCOME_CONFLICT, "there is one already");
    user.user.revision = 1;
    user.user.failures = 4;
    user.user.disabled = true;
    assert_true(fleet_testing_done(store, &user).revision == 2);
    result = fleet_testing_write(store, &user);
    assert_outcome("old", &result, FLEET_OUTCOME_CONFLICT, "it is gone, or somebody changed it meanwhile");
    user.user.name = TEXT("a\x1b[31m");
    result = fleet_testing_write(store, &user);
    assert_outcome("escape", &result, FLEET_OUTCOME_LIMIT, "name: byte 0x1b at 1 is not text");
    assert_done("user", fleet_store_user(store, TEXT("ada"), &arena, &found, &err), &err);
    assert_true(found.failures == 4 && found.disabled && !found.must_change && found.revision == 2);
    assert_false(fleet_store_user(store, TEXT("eve"), &arena, &found, &err));
    assert_done("users", fleet_store_users(store, &arena, &users, &err), &err);
    assert_int_equal(users.count, 1);

    result = fleet_testing_done(store, &api);
    struct fleet_result same = fleet_testing_write(store, &api);
    assert_outcome("same secret", &same, FLEET_OUTCOME_CONFLICT, "there is one already");
    api.api_token.number = (int64_t)result.number;
    api.api_token.revision = 1;
    api.api_token.revoked_us = NOW + 5;
    (void)fleet_testing_done(store, &api);
    assert_done("token", fleet_store_api_token(store, api.api_token.secret, &arena, &token, &err), &err);
    assert_true(token.revoked_us == NOW + 5 && token.revision == 2);
    assert_done("tokens", fleet_store_api_tokens(store, TEXT("ada"), false, 0, &arena, &tokens, &err), &err);
    assert_int_equal(tokens.count, 1);
    assert_done("tokens", fleet_store_api_tokens(store, TEXT("bob"), false, 0, &arena, &tokens, &err), &err);
    assert_int_equal(tokens.count, 0);

    (void)fleet_testing_done(store, &item);
    assert_done("items", fleet_store_now_items(store, NOW + 9, &arena, &items, &err), &err);
    assert_int_equal(items.count, 1);
    assert_done("items", fleet_store_now_items(store, NOW + 10, &arena, &items, &err), &err);
    assert_int_equal(items.count, 0);
    assert_done("items", fleet_store_now_items(store, 0, &arena, &items, &err), &err);
    assert_int_equal(items.count, 1);
}

/* A row for what was done, none for what was not, and each holds the one before. */
static void test_audit(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct fleet_audit deed = {.at_us = NOW,
                                     .actor = TEXT("user:ada"),
                                     .deed = TEXT("user.new"),
                                     .detail = TEXT("{}")},
                             bad = {.at_us = NOW, .actor = TEXT("\x7f")};
    const struct fleet_user ada = {.name = TEXT("ada"), .role = TEXT("viewer")}, bob = {.name = TEXT("bob")};
    const struct fleet_write writes[] = {
        {.kind = FLEET_WRITE_USER, .audit = &deed, .user = ada},
        {.kind = FLEET_WRITE_USER, .audit = &deed, .user = ada}, /* refused */
        {.kind = FLEET_WRITE_USER, .audit = &bad, .user = bob},  /* its row cannot be written: not done */
        {.kind = FLEET_WRITE_AUDIT, .audit = &deed},
    };
    struct fleet_result results[COUNT_OF(writes)];
    uint8_t chain[32] = {0}, next[32];
    struct fleet_audits rows;
    struct fleet_audit head;
    struct fleet_users users;
    struct error err = {0};

    assert_false(fleet_store_audit_head(store, &arena, &head, &err));
    assert_done("write", fleet_store_write(store, writes, COUNT_OF(writes), results, &err), &err);
    assert_outcome("bad", &results[2], FLEET_OUTCOME_LIMIT, "audit actor: byte 0x7f at 0 is not text");
    assert_true(results[3].number == 2);
    assert_done("write", fleet_store_write(store, writes + 3, 1, results, &err), &err);
    assert_done("users", fleet_store_users(store, &arena, &users, &err), &err);
    assert_int_equal(users.count, 1);
    assert_done("rows", fleet_store_audits(store, 1, 10, &arena, &rows, &err), &err);
    assert_int_equal(rows.count, 3);
    for (size_t i = 0; i < rows.count; i++) {
        assert_true(rows.at[i].seq == i + 1);
        assert_done("chain", fleet_audit_chain(&rows.at[i], chain, next, &err), &err);
        assert_memory_equal(next, rows.at[i].chain, 32);
        memcpy(chain, next, 32);
    }
    assert_done("head", fleet_store_audit_head(store, &arena, &head, &err), &err);
    assert_memory_equal(head.chain, chain, 32);
    rows.at[0].actor = TEXT("user:eve");
    assert_done("chain", fleet_audit_chain(&rows.at[0], (const uint8_t[32]){0}, next, &err), &err);
    assert_true(memcmp(next, rows.at[0].chain, 32) != 0);
}

/* ---- pages of hosts ---- */

static void test_host_pages(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    static const char *const names[] = {"b_1", "a", "c", "b%2", "", "b"};
    const struct fleet_bucket empty[] = {bucket(3, 10)};
    const struct fleet_write ten = chunk(10, "x");
    int64_t hids[COUNT_OF(names)];
    struct error err = {0};

    (void)fleet_testing_done(store, &ten);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        hids[i] = fleet_testing_host(store, (uint8_t)(i + 1));
        struct fleet_write write = {
            .kind = FLEET_WRITE_INVENTORY,
            .inventory = {.hid = hids[i], .at_us = NOW, .changed = empty, .changed_count = 1}};
        root_of(empty, 1, write.inventory.root);
        write.inventory.facts.name = text_of(names[i]);
        write.inventory.facts.os = i % 2 == 0 ? TEXT("debian") : TEXT("ubuntu");
        if (i < 5)
            (void)fleet_testing_done(store, &write);
        const struct fleet_write was = seen(hids[i], 1, NOW + (int64_t)i);
        (void)fleet_testing_done(store, &was);
    }
    const int64_t fix = 9;
    const struct fleet_write finding = {
        .kind = FLEET_WRITE_FINDINGS,
        .findings = {.hid = hids[2], .at_us = NOW, .opened = &fix, .opened_count = 1}};
    const struct fleet_write revoked = {.kind = FLEET_WRITE_HOST_FLAGS,
                                        .host_flags = {.hid = hids[1], .set = FLEET_HOST_REVOKED}},
                             removed = {.kind = FLEET_WRITE_HOST_FLAGS,
                                        .host_flags = {.hid = hids[0], .set = FLEET_HOST_REMOVED}};
    (void)fleet_testing_done(store, &finding);
    (void)fleet_testing_done(store, &revoked);
    (void)fleet_testing_done(store, &removed);

    const struct {
        const char *row;
        struct fleet_host_filter filter;
        const char *expected; /* names with '|' behind each, the unnamed ones as "-" */
    } rows[] = {
        {"all", {.limit = 10}, "-|-|a|b%2|c|"},
        {"in pages", {.limit = 1}, "-|-|a|b%2|c|"},
        {"name", {.name = TEXT("B"), .limit = 10}, "b%2|"},
        {"a sign of LIKE", {.name = TEXT("%"), .limit = 10}, "b%2|"},
        {"os", {.os = TEXT("ubuntu"), .limit = 10}, "a|b%2|"},
        {"flag", {.flags_all = FLEET_HOST_REVOKED, .limit = 10}, "a|"},
        {"no flag", {.flags_none = FLEET_HOST_REVOKED, .limit = 10}, "-|-|b%2|c|"},
        {"removed", {.flags_all = FLEET_HOST_REMOVED, .limit = 10}, "b_1|"},
        {"seen", {.seen_from_us = NOW + 2, .seen_before_us = NOW + 4, .limit = 10}, "b%2|c|"},
        {"fix", {.fix = 9, .limit = 10}, "c|"},
        {"class", {.class = TEXT("none"), .limit = 10}, ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fleet_host_filter filter = rows[i].filter;
        struct fleet_hosts page;
        char got[128] = "";
        do {
            assert_done(rows[i].row, fleet_store_hosts(store, &filter, &arena, &page, &err), &err);
            for (size_t k = 0; k < page.count; k++) {
                struct text name = page.at[k].facts.name.size == 0 ? TEXT("-") : page.at[k].facts.name;
                (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s|", TEXT_ARG(name));
                filter.after_name = page.at[k].facts.name;
                filter.after_hid = page.at[k].hid;
            }
        } while (page.more);
        assert_text(rows[i].row, text_of(got), rows[i].expected);
    }
}

static bool count_chunk(void *self, const uint8_t hash[FLEET_HASH_SIZE], struct bytes body, struct error *err)
{
    (void)hash;
    *(size_t *)self += body.size;
    return body.size != 6 || error_set(err, ERROR_INPUT, "enough");
}

static void test_streams(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    const struct fleet_bucket one[] = {bucket(3, 10)};
    const struct fleet_write ten = chunk(10, "x"), eleven = chunk(11, "eleven");
    struct fleet_write write = {
        .kind = FLEET_WRITE_INVENTORY,
        .inventory = {.hid = fleet_testing_host(store, 1), .changed = one, .changed_count = 1}};
    struct counted counted = {0};
    size_t bytes = 0;
    struct error err = {0};

    root_of(one, 1, write.inventory.root);
    (void)fleet_testing_host(store, 2);
    (void)fleet_testing_done(store, &ten);
    (void)fleet_testing_done(store, &write);
    assert_done("hosts", fleet_store_all_hosts(store, true, count_host, &counted, &err), &err);
    assert_true(counted.hosts == 2 && counted.chunks == FLEET_CHUNKS_SIZE);
    assert_done("hosts", fleet_store_all_hosts(store, false, count_host, &counted, &err), &err);
    assert_true(counted.hosts == 4 && counted.chunks == FLEET_CHUNKS_SIZE);
    assert_done("chunks", fleet_store_all_chunks(store, count_chunk, &bytes, &err), &err);
    (void)fleet_testing_done(store, &eleven);
    assert_false(fleet_store_all_chunks(store, count_chunk, &bytes, &err));
    assert_failed("ended by the caller", &err, ERROR_INPUT, "enough");
    assert_done("goes on", fleet_store_all_hosts(store, false, count_host, &counted, &err), &err);
}

/* A reader beside the writer: it sees whole batches and keeps nobody waiting. */
static void test_reader(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    OWN(fleet_store_close) struct fleet_store *reader = NULL;
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct fleet_store_options options = {.read_only = true};
    char where[FLEET_WHERE_MAX];
    struct fleet_host host;
    struct error err = {0};

    fleet_testing_where(*state, NULL, where);
    assert_false(fleet_store_open(where, &options, &reader, &err));
    assert_int_equal(err.kind, ERROR_ABSENT);
    store = fleet_testing_open(where);
    assert_done("reader", fleet_store_open(where, &options, &reader, &err), &err);
    for (uint8_t i = 1; i < 4; i++) {
        int64_t hid = fleet_testing_host(store, i);
        assert_done("seen at once", fleet_store_host(reader, hid, &arena, &host, &err), &err);
    }
    assert_done("tidy", fleet_store_tidy(store, &err), &err);
    assert_string_equal(fleet_store_kind(store), ((const struct fleet_testing *)*state)->kind->name);
}

#define ROW(test)                                                                                            \
    {                                                                                                        \
#test, test, false                                                                                   \
    }

int main(void)
{
    static const struct fleet_test tests[] = {
        ROW(test_enrol),     ROW(test_enrol_many),      ROW(test_host_changes), ROW(test_seen),
        ROW(test_inventory), ROW(test_events),          ROW(test_months),       ROW(test_epochs),
        ROW(test_findings),  ROW(test_fix_generations), ROW(test_generations),  ROW(test_fleet_id),
        ROW(test_people),    ROW(test_audit),           ROW(test_host_pages),   ROW(test_streams),
        ROW(test_reader),
    };

    return fleet_testing_run(tests, COUNT_OF(tests));
}
