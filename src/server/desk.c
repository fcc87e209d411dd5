#include "server/desk.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/own.h"
#include "identify/fleet_index.h"
#include "server/bulletin.h"
#include "server/desk_fixes.h"
#include "server/pacing.h"
#include "server/readers.h"
#include "server/settings.h"
#include "store/fleet_read.h"

#define SEEN_BATCH 4096

struct desk {
    pthread_mutex_t lock; /* of fixes */
    int64_t *fixes;       /* the database's numbers, by the index's; 0: not written by this process */
    uint32_t fix_capacity;
    bool quarantined, restored; /* read and written by __atomic, as is the generation */
    uint64_t findings_generation;
    struct sent_chunks *sent;
    struct desk_advisories *advisories;
};

bool desk_quarantined(const struct server *server)
{
    return server->desk != NULL && __atomic_load_n(&server->desk->quarantined, __ATOMIC_RELAXED);
}

bool desk_restored(const struct server *server)
{
    return server->desk != NULL && __atomic_load_n(&server->desk->restored, __ATOMIC_RELAXED);
}

struct sent_chunks *desk_sent_chunks(const struct server *server)
{
    return server->desk->sent;
}

struct desk_advisories **desk_advisories(struct server *server)
{
    return &server->desk->advisories;
}

uint64_t desk_findings_generation(const struct server *server)
{
    return server->desk == NULL ? 0 : __atomic_load_n(&server->desk->findings_generation, __ATOMIC_RELAXED);
}

void desk_set_findings_generation(struct server *server, uint64_t generation)
{
    __atomic_store_n(&server->desk->findings_generation, generation, __ATOMIC_RELAXED);
}

bool desk_fix_known(struct server *server, uint32_t fix, int64_t *number)
{
    struct desk *desk = server->desk;

    (void)pthread_mutex_lock(&desk->lock);
    *number = fix < desk->fix_capacity ? desk->fixes[fix] : 0;
    (void)pthread_mutex_unlock(&desk->lock);
    return *number != 0;
}

/* Without memory it is written once more when it is met again. */
void desk_fix_note(struct server *server, uint32_t fix, int64_t number)
{
    struct desk *desk = server->desk;

    (void)pthread_mutex_lock(&desk->lock);
    if (fix >= desk->fix_capacity) {
        uint32_t capacity = fix + fix / 2 + 256;
        int64_t *grown = realloc(desk->fixes, capacity * sizeof(*grown));
        if (grown != NULL) {
            memset(grown + desk->fix_capacity, 0, (capacity - desk->fix_capacity) * sizeof(*grown));
            desk->fixes = grown;
            desk->fix_capacity = capacity;
        }
    }
    if (fix < desk->fix_capacity)
        desk->fixes[fix] = number;
    (void)pthread_mutex_unlock(&desk->lock);
}

void desk_fixes_forget(struct server *server)
{
    struct desk *desk = server->desk;

    (void)pthread_mutex_lock(&desk->lock);
    for (uint32_t i = 0; i < desk->fix_capacity; i++)
        desk->fixes[i] = 0;
    (void)pthread_mutex_unlock(&desk->lock);
}

static unsigned judge_host(struct server *server, const struct host_id *host)
{
    struct host_row row;

    if (!host_table_find(server->hosts, host, &row))
        return 403;
    return (row.flags & (FLEET_HOST_REVOKED | FLEET_HOST_REMOVED)) != 0 ? 403 : 0;
}

/* ---- at start ---- */

struct loading {
    struct server *server;
    struct fleet_store *reader; /* another handle than the one that streams */
    uint32_t without;           /* hosts whose inventory could not be indexed */
};

static bool load_chunks(struct loading *loading, uint32_t number, const struct fleet_host *host,
                        struct bytes chunks, struct error *err)
{
    struct agent_change changes[AGENT_BUCKETS];
    struct desk_inventory inventory = {.number = number,
                                       .os = host->facts.os,
                                       .codename = host->facts.codename,
                                       .kernel = host->facts.kernel,
                                       .scanned_us = host->facts.scanned_us,
                                       .changes = changes};

    for (unsigned i = 0; i < AGENT_BUCKETS; i++) {
        struct agent_change *change = &changes[inventory.change_count];
        change->bucket = (uint8_t)i;
        memcpy(change->hash.at, chunks.at + (size_t)i * sizeof(change->hash.at), sizeof(change->hash.at));
        if (!short_hash_is_zero(&change->hash))
            inventory.change_count++;
    }
    return desk_index_inventory(loading->server, loading->reader, &inventory, err);
}

static bool load_host(void *self, const struct fleet_host *host, struct bytes chunks, struct error *err)
{
    struct loading *loading = self;
    struct error why;
    uint32_t number;

    if (!host_table_add(loading->server->hosts, host, &number, err))
        return false;
    if (chunks.size == FLEET_CHUNKS_SIZE && load_chunks(loading, number, host, chunks, &why))
        return true;
    loading->without += chunks.size == FLEET_CHUNKS_SIZE ? 1 : 0;
    return fleet_index_expect(loading->server->index, number, err);
}

static bool load_state(struct server *server, struct fleet_store *store, struct error *err)
{
    struct fleet_state state;

    if (!fleet_store_state(store, &state, err))
        return false;
    __atomic_store_n(&server->desk->quarantined, state.quarantine, __ATOMIC_RELAXED);
    __atomic_store_n(&server->desk->restored, state.restored_us != 0, __ATOMIC_RELAXED);
    return true;
}

/* From the first start on the database is this fleet's. */
static bool claim(struct server *server, struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_FLEET};
    struct fleet_result result;

    memcpy(write.fleet, server->fleet.at, sizeof(write.fleet));
    if (!fleet_store_write(server->store, &write, 1, &result, err))
        return false;
    return result.outcome == FLEET_OUTCOME_DONE ||
           error_set(err, ERROR_CONFLICT, "the database: %s", result.why);
}

static bool load(struct server *server, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    struct loading loading = {.server = server};

    if (!readers_take(server, &lease, err))
        return false;
    loading.reader = lease.store;
    if (!load_state(server, server->store, err) ||
        !fleet_store_all_hosts(server->store, true, load_host, &loading, err))
        return false;
    if (loading.without > 0)
        log_line(LOG_ERROR, "desk", "%u hosts count as unknown: their inventories could not be read",
                 loading.without);
    log_line(LOG_INFO, "desk", "%u hosts", host_table_count(server->hosts));
    return true;
}

static bool start(struct server *server, struct error *err)
{
    uint64_t keys[3];

    server_random(server, keys, sizeof(keys));
    server->desk = calloc(1, sizeof(*server->desk));
    if (server->desk == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for the desk");
    (void)pthread_mutex_init(&server->desk->lock, NULL);
    if (!sent_chunks_make(keys[0], &server->desk->sent, err) ||
        !host_table_make(keys[1], &server->hosts, err) || !fleet_index_make(keys[2], &server->index, err) ||
        !claim(server, err) || !load(server, err) ||
        !committer_make(server->store, server->hosts, &server->committer, err))
        return false;
    server->guards.judge_host = judge_host;
    return true;
}

static void stop(struct server *server)
{
    committer_end(&server->committer);
    fleet_index_end(&server->index);
    host_table_end(&server->hosts);
    if (server->desk == NULL)
        return;
    desk_advisories_end(&server->desk->advisories); /* the index points into them: it has gone */
    sent_chunks_end(&server->desk->sent);
    (void)pthread_mutex_destroy(&server->desk->lock);
    free(server->desk->fixes);
    free(server->desk);
    server->desk = NULL;
}

const struct server_part desk_part = {.name = "desk", .start = start, .stop = stop};

/* ---- check-ins into the database ---- */

static bool write_seen(struct server *server, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct fleet_write *writes = ARENA_ARRAY(&arena, struct fleet_write, SEEN_BATCH);
    struct fleet_result *results = ARENA_ARRAY(&arena, struct fleet_result, SEEN_BATCH);
    size_t count;

    if (writes == NULL || results == NULL)
        return arena_full(&arena, err);
    do {
        count = host_table_take_seen(server->hosts, writes, SEEN_BATCH);
        if (count > 0 && !committer_write(server->committer, writes, count, results, err)) {
            host_table_unseen(server->hosts, writes, count);
            return false;
        }
    } while (count == SEEN_BATCH);
    return true;
}

static bool tick_seen(struct server *server, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};

    if (server->bulletin != NULL && server->settings->interval_s == 0)
        bulletin_set_interval(server->bulletin, pacing_interval_s(host_table_count(server->hosts)));
    return write_seen(server, err) && readers_take(server, &lease, err) &&
           load_state(server, lease.store, err);
}

/* At the clean stop nothing waits any more: what was seen last is written. */
static void stop_seen(struct server *server)
{
    struct error err;

    if (server->committer != NULL && !write_seen(server, &err))
        log_line(LOG_WARNING, "desk", "the last check-ins were not written: %s", err.text);
}

const struct server_part desk_seen_part = {
    .name = "check-ins", .stop = stop_seen, .tick_s = 5, .tick = tick_seen};
