#include "server/sent_chunks.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/time.h"
#include "identify/fleet_table.h"

struct sent_one {
    uint32_t host;
    struct short_hash hash;
};

/* Two halves: the older one is forgotten as a whole when the newer one is full or an hour old. */
struct half {
    struct sent_one *at;
    size_t count, capacity;
    struct fleet_table table;
    int64_t since_us;
};

struct sent_chunks {
    pthread_mutex_t lock;
    uint64_t key;
    struct half newer, older;
};

bool sent_chunks_make(uint64_t key, struct sent_chunks **out, struct error *err)
{
    struct sent_chunks *sent = calloc(1, sizeof(*sent));

    if (sent == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for the chunks that are sent");
    (void)pthread_mutex_init(&sent->lock, NULL);
    sent->key = key;
    *out = sent;
    return true;
}

static void end_half(struct half *half)
{
    free(half->at);
    fleet_table_end(&half->table);
    *half = (struct half){.at = NULL};
}

void sent_chunks_end(struct sent_chunks **pointer)
{
    struct sent_chunks *sent = *pointer;

    if (sent == NULL)
        return;
    end_half(&sent->newer);
    end_half(&sent->older);
    (void)pthread_mutex_destroy(&sent->lock);
    free(sent);
    *pointer = NULL;
}

static uint64_t hash_of(const struct sent_chunks *sent, uint32_t host, const struct short_hash *hash)
{
    return text_hash((struct text){(const char *)hash->at, sizeof(hash->at)}, sent->key + host);
}

static bool find(const struct half *half, uint64_t key, uint32_t host, const struct short_hash *hash)
{
    uint32_t number;

    for (size_t at = fleet_table_first(&half->table, key);
         (number = fleet_table_next(&half->table, key, &at)) != FLEET_TABLE_NONE;)
        if (half->at[number].host == host && short_hash_equal(&half->at[number].hash, hash))
            return true;
    return false;
}

/* Without memory nothing is remembered, and the host sends it again. */
static void put(struct half *half, uint64_t key, uint32_t host, const struct short_hash *hash)
{
    struct error ignored;

    if (half->count == half->capacity) {
        size_t capacity = half->capacity == 0 ? 256 : half->capacity * 2;
        struct sent_one *grown = realloc(half->at, capacity * sizeof(*grown));
        if (grown == NULL)
            return;
        half->at = grown;
        half->capacity = capacity;
    }
    if (!fleet_table_put(&half->table, key, (uint32_t)half->count, &ignored))
        return;
    half->at[half->count++] = (struct sent_one){host, *hash};
}

void sent_chunks_put(struct sent_chunks *sent, uint32_t host, const struct short_hash *hash, int64_t now_us)
{
    uint64_t key = hash_of(sent, host, hash);

    (void)pthread_mutex_lock(&sent->lock);
    if (sent->newer.count >= LIMIT_SENT_CHUNKS / 2 || now_us - sent->newer.since_us > TIME_HOUR_US) {
        end_half(&sent->older);
        sent->older = sent->newer;
        sent->newer = (struct half){.since_us = now_us};
    }
    if (!find(&sent->newer, key, host, hash))
        put(&sent->newer, key, host, hash);
    (void)pthread_mutex_unlock(&sent->lock);
}

bool sent_chunks_has(struct sent_chunks *sent, uint32_t host, const struct short_hash *hash)
{
    uint64_t key = hash_of(sent, host, hash);

    (void)pthread_mutex_lock(&sent->lock);
    bool found = find(&sent->newer, key, host, hash) || find(&sent->older, key, host, hash);
    (void)pthread_mutex_unlock(&sent->lock);
    return found;
}
