/* Copies, backups, what a restored database may do, and what is let go of: on every row of stores.c, and from each to SQLite and back. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/testing.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "store/fleet_inside.h"
#include "store/fleet_keep.h"
#include "store/fleet_read.h"
#include "store/fleet_schema.h"
#include "store/fleet_testing.h"

#define NOW FLEET_TESTING_NOW

static struct fleet_store *fresh(void **state)
{
    char where[FLEET_WHERE_MAX];

    fleet_testing_where(*state, NULL, where);
    return fleet_testing_open(where);
}

static void path_of(void **state, const char *name, char out[128])
{
    (void)snprintf(out, 128, "%s/%s", ((const struct fleet_testing *)*state)->folder, name);
}

/* ---- a fleet with something of everything ---- */

static void put_inventory(struct fleet_store *store, int64_t hid, uint8_t first, int64_t at_us)
{
    uint8_t chunks[FLEET_CHUNKS_SIZE] = {0};
    struct fleet_bucket buckets[3];
    struct fleet_write write = {.kind = FLEET_WRITE_INVENTORY,
                                .inventory = {.hid = hid,
                                              .at_us = at_us,
                                              .from_nothing = true,
                                              .changed = buckets,
                                              .changed_count = COUNT_OF(buckets),
                                              .facts = {TEXT("m\xc3\xb6we"), TEXT("debian"), TEXT("bookworm"),
                                                        TEXT("amd64"), TEXT("6.1"), at_us}}};
    struct error err = {0};

    for (uint8_t i = 0; i < COUNT_OF(buckets); i++) {
        struct fleet_write chunk = {.kind = FLEET_WRITE_CHUNK,
                                    .chunk = {.body = BYTES("SAB1\0\n\xff"), .at_us = at_us}};
        buckets[i].bucket = (uint8_t)(i * 100);
        memset(buckets[i].hash, first + i, FLEET_HASH_SIZE);
        memset(chunk.chunk.hash, first + i, FLEET_HASH_SIZE);
        memset(chunks + buckets[i].bucket * FLEET_HASH_SIZE, first + i, FLEET_HASH_SIZE);
        (void)fleet_testing_done(store, &chunk);
    }
    assert_done("root", fleet_inventory_root(chunks, write.inventory.root, &err), &err);
    (void)fleet_testing_done(store, &write);
}

static void put_event(struct fleet_store *store, int64_t hid, uint64_t seq, int64_t at_us)
{
    const struct fleet_event event = {.seq = seq, .kind = 4, .at_us = at_us, .body = BYTES("\0evidence\xff")};
    const struct fleet_write write = {
        .kind = FLEET_WRITE_EVENTS,
        .events = {.hid = hid, .epoch = UINT64_MAX, .received_us = at_us, .events = &event, .count = 1}};

    (void)fleet_testing_done(store, &write);
}

/* The hid of a host of it. */
static int64_t fill(struct fleet_store *store)
{
    static const struct fleet_audit audit = {
        .at_us = NOW, .actor = TEXT("user:ada"), .deed = TEXT("x"), .detail = TEXT("{}")};
    static const int64_t fixes[] = {3, 4};
    int64_t hid = fleet_testing_host(store, 1);
    const struct fleet_write writes[] = {
        {.kind = FLEET_WRITE_FLEET, .fleet = {9}},
        {.kind = FLEET_WRITE_SEEN,
         .seen = {.hid = hid,
                  .seen = {.counter = 5,
                           .random = UINT64_MAX,
                           .epoch = UINT64_MAX,
                           .seen_us = NOW,
                           .plan_generation = 7}}},
        {.kind = FLEET_WRITE_FIX,
         .fix = {.name = TEXT("debian-12:openssl:3"), .about = TEXT("{\"ids\":[]}")}},
        {.kind = FLEET_WRITE_FIX_GENERATION,
         .fix_generation =
             {.fix = 3, .generation = 2, .at_us = NOW, .chunks = BYTES("0123456789abcdef"), .hosts = 1}},
        {.kind = FLEET_WRITE_FINDINGS,
         .findings = {.hid = hid, .generation = 2, .at_us = NOW, .opened = fixes, .opened_count = 2}},
        {.kind = FLEET_WRITE_FINDINGS,
         .findings = {.hid = hid, .generation = 3, .at_us = NOW + 1, .closed = fixes, .closed_count = 1}},
        {.kind = FLEET_WRITE_PLAN,
         .plan = {.generation = 7, .made_us = NOW, .body = BYTES("{}"), .signature = BYTES("\xff\0")}},
        {.kind = FLEET_WRITE_GENERATION, .generation = {FLEET_GENERATION_INDEX, 3}},
        {.kind = FLEET_WRITE_NOW_ITEM,
         .now_item = {.fix = TEXT("CVE-2026-1"), .by = TEXT("ada"), .made_us = NOW}},
        {.kind = FLEET_WRITE_USER, .audit = &audit, .user = {.name = TEXT("ada"), .role = TEXT("operator")}},
        {.kind = FLEET_WRITE_API_TOKEN,
         .audit = &audit,
         .api_token = {.secret = {3}, .user = TEXT("ada"), .made_us = NOW}},
        {.kind = FLEET_WRITE_ENROL_TOKEN,
         .audit = &audit,
         .enrol_token = {.secret = {8}, .uses_max = 5, .made_us = NOW}},
    };

    for (size_t i = 0; i < COUNT_OF(writes); i++)
        (void)fleet_testing_done(store, &writes[i]);
    (void)fleet_testing_host(store, 2);
    put_inventory(store, hid, 10, NOW);
    put_inventory(store, hid, 20, NOW + 40 * TIME_DAY_US);
    put_event(store, hid, 1, NOW);
    put_event(store, hid, 2, NOW + 40 * TIME_DAY_US);
    return hid;
}

static void assert_same(const char *row, const struct fleet_copied *a, const struct fleet_copied *b)
{
    if (a->rows != b->rows || a->tables != b->tables || memcmp(a->digest, b->digest, sizeof(a->digest)) != 0)
        fail_msg("%s: %llu rows and %llu, or other ones", row, (unsigned long long)a->rows,
                 (unsigned long long)b->rows);
}

/* ---- copies ---- */

/* Into a file, and from there into another of its own kind: what comes back is what was there. */
static void test_copy(void **state)
{
    OWN(fleet_store_close) struct fleet_store *from = fresh(state);
    OWN(fleet_store_close) struct fleet_store *file = NULL;
    OWN(fleet_store_close) struct fleet_store *back = fresh(state);
    struct fleet_copied first, second, third, before, after;
    char path[128];
    struct error err = {0};

    int64_t hid = fill(from);
    path_of(state, "copy.db", path);
    file = fleet_testing_open(path);
    assert_done("digest", fleet_store_digest(from, &before, &err), &err);
    assert_true(before.rows > 30 && before.tables == 19 + 4);
    assert_done("copy", fleet_store_copy(from, file, &first, &err), &err);
    assert_done("copy", fleet_store_copy(file, back, &second, &err), &err);
    assert_done("digest", fleet_store_digest(back, &third, &err), &err);
    assert_same("first", &before, &first);
    assert_same("second", &before, &second);
    assert_same("third", &before, &third);
    assert_false(fleet_store_copy(from, back, &second, &err));
    assert_failed("full", &err, ERROR_CONFLICT, "there is something in it already: it must be empty");
    /* It is in use at once, and one byte makes another digest. */
    put_event(back, hid, 3, NOW);
    assert_done("digest", fleet_store_digest(back, &after, &err), &err);
    assert_int_equal(after.rows, before.rows + 1);
    assert_true(memcmp(after.digest, before.digest, sizeof(after.digest)) != 0);
}

/* ---- backup and restore ---- */

static enum fleet_outcome outcome_of(struct fleet_store *store, const struct fleet_write *write)
{
    return fleet_testing_write(store, write).outcome;
}

static void report(struct fleet_store *store, int64_t hid, uint64_t counter, uint64_t plan, uint64_t index)
{
    const struct fleet_write write = {.kind = FLEET_WRITE_SEEN,
                                      .seen = {.hid = hid,
                                               .seen = {.counter = counter,
                                                        .seen_us = NOW + 20,
                                                        .plan_generation = plan,
                                                        .index_generation = index}}};

    (void)fleet_testing_done(store, &write);
}

static void test_backup(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(fleet_store_close) struct fleet_store *restored = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct fleet_write plan = {.kind = FLEET_WRITE_PLAN, .plan = {.generation = 8, .body = BYTES("{}")}},
                       index = {.kind = FLEET_WRITE_GENERATION, .generation = {FLEET_GENERATION_INDEX, 4}};
    const struct fleet_write end = {.kind = FLEET_WRITE_QUARANTINE_END};
    struct fleet_write enrol = {.kind = FLEET_WRITE_ENROL,
                                .enrol = {.id = {77}, .secret = {8}, .at_us = NOW}};
    struct fleet_copied made, back;
    struct fleet_api_token token;
    struct fleet_awaited awaited;
    struct fleet_state now;
    struct stat status;
    char path[128];
    struct error err = {0};

    int64_t hid = fill(store);
    path_of(state, "backup", path);
    assert_done("backup", fleet_store_backup(store, path, NOW + 5, &made, &err), &err);
    assert_true(stat(path, &status) == 0 && (status.st_mode & 07777) == 0600);
    assert_false(fleet_store_backup(store, path, NOW + 5, &made, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);

    /* Behind the backup: what it cannot know. */
    (void)fleet_testing_done(store, &plan);
    assert_done("restore", fleet_store_restore(path, restored, NOW + 9, &back, &err), &err);
    assert_int_equal(back.rows, made.rows + 1); /* when it was made */
    assert_done("state", fleet_store_state(restored, &now, &err), &err);
    assert_true(now.quarantine && now.restored_us == NOW + 9 && now.backup_us == NOW + 5 &&
                now.fleet[0] == 9);
    assert_int_equal(now.highest[FLEET_GENERATION_PLAN], 7);
    plan.plan.generation = 100;
    assert_int_equal(outcome_of(restored, &plan), FLEET_OUTCOME_QUARANTINE);
    assert_int_equal(outcome_of(restored, &index), FLEET_OUTCOME_QUARANTINE);
    assert_int_equal(outcome_of(restored, &enrol), FLEET_OUTCOME_REFUSED);
    assert_done("token", fleet_store_api_token(restored, (const uint8_t[32]){3}, &arena, &token, &err), &err);
    assert_true(token.revoked_us == NOW + 9 && token.revision == 2);

    assert_done("awaited", fleet_store_awaited(restored, &awaited, &err), &err);
    assert_true(awaited.reported == 0 && awaited.awaited == 1); /* the other was never seen */
    report(restored, hid, 6, 8, 20);
    assert_done("awaited", fleet_store_awaited(restored, &awaited, &err), &err);
    assert_true(awaited.reported == 1 && awaited.awaited == 0);
    report(restored, hid, 7, 7 + LIMIT_FLEET_LEAP + 1, 5); /* a lie */
    assert_done("state", fleet_store_state(restored, &now, &err), &err);
    assert_true(now.reported[FLEET_GENERATION_PLAN] == 8 && now.reported[FLEET_GENERATION_INDEX] == 20);
    (void)fleet_testing_done(restored, &end);
    plan.plan.generation = 8; /* as high as an agent has: another plan of the same number must not be */
    assert_int_equal(outcome_of(restored, &plan), FLEET_OUTCOME_CONFLICT);
    index.generation.generation = 20;
    assert_int_equal(outcome_of(restored, &index), FLEET_OUTCOME_CONFLICT);
    index.generation.generation = 21;
    assert_int_equal(outcome_of(restored, &index), FLEET_OUTCOME_DONE);
    report(restored, hid, 8, 40, 0); /* one that was asleep until now */
    plan.plan.generation = 9;
    assert_int_equal(outcome_of(restored, &plan), FLEET_OUTCOME_CONFLICT);
    plan.plan.generation = 41;
    assert_int_equal(outcome_of(restored, &plan), FLEET_OUTCOME_DONE);
    /* Where nothing was restored, an agent's word moves nothing. */
    report(store, hid, 6, 500, 500);
    assert_done("state", fleet_store_state(store, &now, &err), &err);
    assert_true(now.reported[FLEET_GENERATION_PLAN] == 0 && !now.quarantine);
}

static void test_restore_refused(void **state)
{
    OWN(fleet_store_close) struct fleet_store *to = fresh(state);
    OWN(fleet_store_close) struct fleet_store *used = NULL;
    char path[128], expected[256];
    struct fleet_copied copied;
    struct error err = {0};

    path_of(state, "used.db", path);
    used = fleet_testing_open(path);
    assert_false(fleet_store_restore(path, to, NOW, &copied, &err));
    (void)snprintf(expected, sizeof(expected),
                   "restore %s: is no backup, but a database that is in use: `sutured backup` makes one",
                   path);
    assert_failed("in use", &err, ERROR_INPUT, expected);
    path_of(state, "text", path);
    assert_done("file",
                file_replace(path, BYTES("no database at all, but a text that is long enough to be read"),
                             0600, &err),
                &err);
    assert_false(fleet_store_restore(path, to, NOW, &copied, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    path_of(state, "none", path);
    assert_false(fleet_store_restore(path, to, NOW, &copied, &err));
    assert_int_equal(err.kind, ERROR_ABSENT);
}

/* A backup of an older sutured comes back by way of an upgraded copy, and stays what it is. */
static void test_restore_older(void **state)
{
    OWN(fleet_store_close) struct fleet_store *to = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct fleet_copied copied;
    struct bytes before, after;
    struct fleet_state now;
    void *handle = NULL;
    char path[128], beside[160];
    bool unknown;
    struct error err = {0};

    path_of(state, "older", path);
    assert_done("open", store_sqlite.open(path, true, false, &handle, &err), &err);
    assert_done("begin", store_sqlite.begin(handle, STORE_WRITE, &err), &err);
    assert_done("schema", fleet_schema_upgrade(&store_sqlite, handle, 0, 1, NOW, &err), &err);
    assert_done(
        "mark",
        store_sqlite.run(handle, "INSERT INTO meta (name, number, value) VALUES ('backup', 5, x'')", &err),
        &err);
    assert_done("commit", store_sqlite.commit(handle, &unknown, &err), &err);
    assert_done("one file", store_sqlite.run(handle, "PRAGMA journal_mode=DELETE", &err), &err);
    store_sqlite.close(handle);
    assert_done("read", file_read(path, MIB, &arena, &before, &err), &err);
    assert_done("restore", fleet_store_restore(path, to, NOW, &copied, &err), &err);
    assert_done("read", file_read(path, MIB, &arena, &after, &err), &err);
    assert_true(before.size == after.size && memcmp(before.at, after.at, before.size) == 0);
    (void)snprintf(beside, sizeof(beside), "%s.upgraded", path);
    assert_false(file_exists(beside));
    assert_done("state", fleet_store_state(to, &now, &err), &err);
    assert_true(now.quarantine && now.backup_us == 5 && now.schema == FLEET_SCHEMA);
}

/* ---- what is over ---- */

static void test_drop_months(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    int64_t hid = fill(store);
    struct fleet_event_row row;
    struct fleet_host host;
    size_t dropped = 9;
    struct error err = {0};

    assert_done("none", fleet_store_drop_months(store, NOW, &dropped, &err), &err);
    assert_int_equal(dropped, 0);
    assert_done("one", fleet_store_drop_months(store, NOW + 40 * TIME_DAY_US, &dropped, &err), &err);
    assert_int_equal(dropped, 1);
    assert_false(fleet_store_event(store, hid, UINT64_MAX, 1, &arena, &row, &err));
    assert_failed("gone", &err, ERROR_ABSENT, "no such event");
    assert_done("kept", fleet_store_event(store, hid, UINT64_MAX, 2, &arena, &row, &err), &err);
    /* It is still known to have been stored: it does not come back as a new one. */
    put_event(store, hid, 1, NOW + 50 * TIME_DAY_US);
    assert_false(fleet_store_event(store, hid, UINT64_MAX, 1, &arena, &row, &err));
    put_event(store, hid, 3, NOW); /* and its month can begin anew */
    assert_done("host", fleet_store_host(store, hid, &arena, &host, &err), &err);
    assert_true(host.ack == 3);
}

static bool count_chunks(void *self, const uint8_t hash[FLEET_HASH_SIZE], struct bytes body,
                         struct error *err)
{
    (void)hash, (void)body, (void)err;
    ++*(size_t *)self;
    return true;
}

static void test_drop_chunks(void **state)
{
    OWN(fleet_store_close) struct fleet_store *store = fresh(state);
    size_t dropped = 9, count = 0;
    struct error err = {0};

    (void)fill(store);
    /* 20 to 22 are the inventory; 10 to 12 were, and a change names them. */
    assert_done("none", fleet_store_drop_chunks(store, INT64_MAX, &dropped, &err), &err);
    assert_int_equal(dropped, 0);
    assert_done("history", fleet_store_drop_months(store, NOW + 400 * TIME_DAY_US, &dropped, &err), &err);
    assert_int_equal(dropped, 2);
    assert_done("too new", fleet_store_drop_chunks(store, NOW, &dropped, &err), &err);
    assert_int_equal(dropped, 0);
    assert_done("old", fleet_store_drop_chunks(store, NOW + 1, &dropped, &err), &err);
    assert_int_equal(dropped, 3);
    assert_done("count", fleet_store_all_chunks(store, count_chunks, &count, &err), &err);
    assert_int_equal(count, 3);
}

#define ROW(test)                                                                                            \
    {                                                                                                        \
#test, test, false                                                                                   \
    }

int main(void)
{
    static const struct fleet_test tests[] = {
        ROW(test_copy),          ROW(test_backup),      ROW(test_restore_refused),
        ROW(test_restore_older), ROW(test_drop_months), ROW(test_drop_chunks),
    };

    return fleet_testing_run(tests, COUNT_OF(tests));
}
