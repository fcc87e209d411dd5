/*
 * What the fleet's databases do, one after the other in one run on one disk: writes a second by size of batch (group commit), commits
 * of inventories, findings, and what a start and a page of hosts take. Figures of one run are comparable with each other and
 * with no other machine's; the ratio is PostgreSQL's by SQLite's.
 *
 *     build/bench/store_speed [HOSTS]
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/testing.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/time.h"
#include "store/fleet_read.h"
#include "store/fleet_testing.h"

#define MEASURED_US 1500000 /* of each row of the table */
#define INVENTORIES 400
#define CHANGED     5 /* buckets of a later commit: an update of some packages */
#define EVENT_SIZE  300
#define BATCH_MAX   1000
#define CHUNK_SIZE  1200 /* twelve packages */

struct bench {
    struct fleet_store *store;
    size_t hosts;
    int64_t *hids;
    uint64_t *counters, *seqs;
    struct fleet_write *writes;
    struct fleet_result *results;
    size_t next; /* host */
};

static void commit(struct bench *bench, size_t count)
{
    struct error err = {0};

    if (!fleet_store_write(bench->store, bench->writes, count, bench->results, &err))
        fail_msg("write: %s", err.text);
    for (size_t i = 0; i < count; i++)
        if (bench->results[i].outcome != FLEET_OUTCOME_DONE)
            fail_msg("write %zu: %s", i, bench->results[i].why);
}

static size_t next_host(struct bench *bench)
{
    bench->next = (bench->next + 1) % bench->hosts;
    return bench->next;
}

/* ---- what is measured: each makes one batch and says how many rows it counts as ---- */

static size_t enrol(struct bench *bench, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        struct fleet_write *write = &bench->writes[i];
        *write = (struct fleet_write){.kind = FLEET_WRITE_ENROL,
                                      .enrol = {.secret = {1}, .at_us = FLEET_TESTING_NOW}};
        size_t host = next_host(bench);
        memcpy(write->enrol.id, &host, sizeof(host));
    }
    commit(bench, size);
    for (size_t i = 0; i < size; i++) {
        size_t host;
        memcpy(&host, bench->writes[i].enrol.id, sizeof(host));
        bench->hids[host] = bench->results[i].hid;
    }
    return size;
}

static size_t check_in(struct bench *bench, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        size_t host = next_host(bench);
        bench->writes[i] = (struct fleet_write){.kind = FLEET_WRITE_SEEN,
                                                .seen = {.hid = bench->hids[host],
                                                         .seen = {.counter = ++bench->counters[host],
                                                                  .random = host * 77,
                                                                  .epoch = host,
                                                                  .seen_us = FLEET_TESTING_NOW}}};
    }
    commit(bench, size);
    return size;
}

static size_t put_events(struct bench *bench, size_t size)
{
    static const uint8_t body[EVENT_SIZE] = {'{'};
    static struct fleet_event events[BATCH_MAX];

    for (size_t i = 0; i < size; i++) {
        size_t host = next_host(bench);
        events[i] = (struct fleet_event){
            .seq = ++bench->seqs[host], .kind = 1, .at_us = FLEET_TESTING_NOW, .body = {body, sizeof(body)}};
        bench->writes[i] = (struct fleet_write){.kind = FLEET_WRITE_EVENTS,
                                                .events = {.hid = bench->hids[host],
                                                           .epoch = host,
                                                           .received_us = FLEET_TESTING_NOW,
                                                           .events = &events[i],
                                                           .count = 1}};
    }
    commit(bench, size);
    return size;
}

/* Whole inventories whose chunks all hosts share but some; then changes of a few buckets. */
static size_t commit_inventory(struct bench *bench, bool whole)
{
    static struct fleet_bucket buckets[FLEET_BUCKETS];
    static uint8_t chunks[INVENTORIES][FLEET_CHUNKS_SIZE], bodies[FLEET_BUCKETS][CHUNK_SIZE];
    size_t host = next_host(bench) % INVENTORIES, count = whole ? FLEET_BUCKETS : CHANGED, used = 0;
    struct digest digest;
    struct error err = {0};
    struct fleet_inventory inventory = {.hid = bench->hids[host],
                                        .at_us = FLEET_TESTING_NOW + (int64_t)bench->counters[host]++,
                                        .from_nothing = true,
                                        .changed = buckets,
                                        .changed_count = FLEET_BUCKETS,
                                        .facts = {.name = TEXT("host"), .os = TEXT("debian")}};

    for (size_t i = 0; i < FLEET_BUCKETS; i++) {
        buckets[i].bucket = (uint8_t)i;
        uint8_t *hash = chunks[host] + i * FLEET_HASH_SIZE;
        /* Of a whole one, four are this host's own. */
        if (whole ? true : i < count)
            memset(hash, (int)i, FLEET_HASH_SIZE);
        if (whole ? i < 4 : i < count) {
            os_random(hash, 8);
            bench->writes[used++] =
                (struct fleet_write){.kind = FLEET_WRITE_CHUNK, .chunk = {.body = {bodies[i], CHUNK_SIZE}}};
            memcpy(bench->writes[used - 1].chunk.hash, hash, FLEET_HASH_SIZE);
        }
        memcpy(buckets[i].hash, hash, FLEET_HASH_SIZE);
    }
    if (!digest_bytes(DIGEST_SHA256, (struct bytes){chunks[host], FLEET_CHUNKS_SIZE}, &digest, &err))
        fail_msg("%s", err.text);
    memcpy(inventory.root, digest.at, FLEET_HASH_SIZE);
    bench->writes[used++] = (struct fleet_write){.kind = FLEET_WRITE_INVENTORY, .inventory = inventory};
    commit(bench, used);
    return 1;
}

static size_t whole_inventory(struct bench *bench, size_t size)
{
    (void)size;
    return commit_inventory(bench, true);
}

static size_t changed_inventory(struct bench *bench, size_t size)
{
    (void)size;
    return commit_inventory(bench, false);
}

/* 25 findings of one host, as at a check-in behind a new advisory. */
static size_t put_findings(struct bench *bench, size_t size)
{
    static int64_t fixes[25];

    for (size_t i = 0; i < size; i++) {
        size_t host = next_host(bench);
        for (size_t k = 0; k < COUNT_OF(fixes); k++)
            fixes[k] = (int64_t)(1000 + k + bench->seqs[host]);
        bench->writes[i] = (struct fleet_write){.kind = FLEET_WRITE_FINDINGS,
                                                .findings = {.hid = bench->hids[host],
                                                             .generation = 1,
                                                             .at_us = FLEET_TESTING_NOW,
                                                             .opened = fixes,
                                                             .opened_count = COUNT_OF(fixes)}};
    }
    commit(bench, size);
    return size * COUNT_OF(fixes);
}

/* What is committed at once of an advisory that touches a quarter of a fleet: one row with 4,000 chunks. */
static size_t put_fix_generation(struct bench *bench, size_t size)
{
    static uint8_t chunks[4000 * FLEET_HASH_SIZE];

    bench->counters[0]++;
    for (size_t i = 0; i < size; i++)
        bench->writes[i] = (struct fleet_write){.kind = FLEET_WRITE_FIX_GENERATION,
                                                .fix_generation = {.fix = (int64_t)i + 1,
                                                                   .generation = bench->counters[0],
                                                                   .chunks = {chunks, sizeof(chunks)}}};
    commit(bench, size);
    return size;
}

static bool count_host(void *self, const struct fleet_host *host, struct bytes chunks, struct error *err)
{
    (void)chunks, (void)err;
    *(size_t *)self += host->hid != 0;
    return true;
}

static size_t all_hosts(struct bench *bench, size_t size)
{
    size_t count = 0;
    struct error err = {0};

    if (!fleet_store_all_hosts(bench->store, size != 0, count_host, &count, &err))
        fail_msg("%s", err.text);
    return count;
}

static size_t page_of_hosts(struct bench *bench, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    const struct fleet_host_filter filter = {.os = TEXT("debian"), .limit = size};
    struct fleet_hosts page;
    struct error err = {0};

    if (!fleet_store_hosts(bench->store, &filter, &arena, &page, &err))
        fail_msg("%s", err.text);
    return 1;
}

static size_t one_host(struct bench *bench, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct fleet_host host;
    struct error err = {0};

    (void)size;
    if (!fleet_store_host(bench->store, bench->hids[next_host(bench)], &arena, &host, &err))
        fail_msg("%s", err.text);
    return 1;
}

static const struct {
    const char *name;
    size_t (*run)(struct bench *bench, size_t size);
    size_t size;
    bool all; /* as often as there are hosts, not as long as MEASURED_US */
} rows[] = {
    {"machines enrolled, 500 a batch", enrol, 500, true},
    {"check-ins, 1 a batch", check_in, 1, false},
    {"check-ins, 10 a batch", check_in, 10, false},
    {"check-ins, 100 a batch", check_in, 100, false},
    {"check-ins, 1000 a batch", check_in, 1000, false},
    {"events, 1 a batch", put_events, 1, false},
    {"events, 10 a batch", put_events, 10, false},
    {"events, 100 a batch", put_events, 100, false},
    {"events, 1000 a batch", put_events, 1000, false},
    {"inventories of 256 buckets, 1 a batch", whole_inventory, 1, false},
    {"inventories, 5 buckets changed, 1 a batch", changed_inventory, 1, false},
    {"findings, 100 machines a batch", put_findings, 100, false},
    {"fix generations of 4000 chunks, 1 a batch", put_fix_generation, 1, false},
    {"machines read at a start", all_hosts, 0, false},
    {"machines read, with their buckets", all_hosts, 1, false},
    {"pages of 100 machines", page_of_hosts, 100, false},
    {"single machines read", one_host, 1, false},
};

/* ---- one database ---- */

static void measure(struct fleet_testing *testing, size_t hosts, double out[COUNT_OF(rows)])
{
    struct bench bench = {.hosts = hosts,
                          .hids = calloc(hosts, sizeof(int64_t)),
                          .counters = calloc(hosts, sizeof(uint64_t)),
                          .seqs = calloc(hosts, sizeof(uint64_t)),
                          .writes = calloc(BATCH_MAX, sizeof(struct fleet_write)),
                          .results = calloc(BATCH_MAX, sizeof(struct fleet_result))};
    struct fleet_write token = {.kind = FLEET_WRITE_ENROL_TOKEN,
                                .enrol_token = {.secret = {1}, .uses_max = UINT32_MAX}};
    char where[FLEET_WHERE_MAX];

    fleet_testing_where(testing, NULL, where);
    bench.store = fleet_testing_open(where);
    (void)fleet_testing_done(bench.store, &token);
    /* The chunks that all share. */
    for (size_t i = 0; i < FLEET_BUCKETS; i++) {
        static const uint8_t body[CHUNK_SIZE];
        bench.writes[i] =
            (struct fleet_write){.kind = FLEET_WRITE_CHUNK, .chunk = {.body = {body, sizeof(body)}}};
        memset(bench.writes[i].chunk.hash, (int)i, FLEET_HASH_SIZE);
    }
    commit(&bench, FLEET_BUCKETS);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t start = time_now_us(), took;
        size_t count = 0;
        do {
            count += rows[i].run(&bench, rows[i].size);
            took = time_now_us() - start;
        } while (rows[i].all ? count < hosts : took < MEASURED_US);
        out[i] = (double)count * 1e6 / (double)took;
    }
    fleet_store_close(&bench.store);
    free(bench.hids);
    free(bench.counters);
    free(bench.seqs);
    free(bench.writes);
    free(bench.results);
}

/* What the disk gives at all: small writes that are synced one by one. */
static double syncs(const char *folder)
{
    char path[128], block[4096] = {0};
    int64_t start = time_now_us(), took;
    unsigned count = 0;

    (void)snprintf(path, sizeof(path), "%s/sync", folder);
    OWN(own_fd) int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    do {
        if (write(fd, block, sizeof(block)) != sizeof(block) || fdatasync(fd) != 0)
            fail_msg("no disk");
        count++;
        took = time_now_us() - start;
    } while (took < MEASURED_US);
    return (double)count * 1e6 / (double)took;
}

int main(int argc, char **argv)
{
    size_t hosts = argc > 1 ? strtoul(argv[1], NULL, 10) / 500 * 500 : 10000;
    struct fleet_testing testing = {.kind = &store_sqlite};
    struct fleet_server server = {0};
    double sqlite[COUNT_OF(rows)], postgres[COUNT_OF(rows)] = {0};
    struct error err = {0};

    test_folder(testing.folder);
    printf("%zu machines; the disk syncs %.0f times a second\n", hosts, syncs(testing.folder));
    measure(&testing, hosts, sqlite);
    bool both = fleet_server_begin(&server);
    if (both) {
        testing.kind = &store_postgres;
        testing.server = &server;
        measure(&testing, hosts, postgres);
        fleet_server_end(&server);
    }
    printf("%-44s %12s %12s %8s\n", "a second", "SQLite", "PostgreSQL", "ratio");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        printf("%-44s %12.0f %12.0f %8.2f\n", rows[i].name, sqlite[i], postgres[i], postgres[i] / sqlite[i]);
    return file_remove_tree(testing.folder, &err) ? 0 : 1;
}
