#include "identify/fleet_index.h"

#include <assert.h>
#include <stdlib.h>

#include "base/own.h"
#include "identify/fleet_index_parts.h"

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_LIMIT, "no memory for the fleet's index");
}

bool fleet_index_make(uint64_t key, struct fleet_index **out, struct error *err)
{
    struct fleet_index *index = calloc(1, sizeof(*index));

    if (index == NULL)
        return no_memory(err);
    if (pthread_rwlock_init(&index->lock, NULL) != 0) {
        free(index);
        return error_set(err, ERROR_SYSTEM, "no lock for the fleet's index");
    }
    index->key = key;
    index->names = arena_with(LIMIT_FLEET_NAMES);
    index->texts = text_pool_with(&index->names);
    *out = index;
    return true;
}

static void end_chunks(struct fleet_index *index)
{
    for (uint32_t i = 0; i < index->chunks.count; i++)
        if (kept_chunk_at(index, i) != NULL)
            fleet_set_end(&kept_chunk_at(index, i)->hosts);
    for (uint32_t i = 0; i < index->variants.count; i++)
        if (kept_variant_at(index, i) != NULL) {
            free(kept_variant_at(index, i)->chunks.at);
            free(kept_variant_at(index, i)->holes);
        }
    for (uint32_t i = 0; i < index->sources.count; i++)
        if (kept_source_at(index, i) != NULL) {
            free(kept_source_at(index, i)->variants.at);
            free(kept_source_at(index, i)->ids);
        }
}

static void end_list(struct kept_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        free(list->at[i]);
    free(list->at);
    free(list->free.at);
}

void fleet_index_end(struct fleet_index **pointer)
{
    struct fleet_index *index = *pointer;

    if (index == NULL)
        return;
    end_chunks(index);
    end_list(&index->chunks);
    end_list(&index->variants);
    end_list(&index->sources);
    fleet_table_end(&index->chunk_table);
    fleet_table_end(&index->variant_table);
    fleet_table_end(&index->source_table);
    fleet_table_end(&index->fix_table);
    for (uint32_t i = 0; i < index->host_count; i++)
        free(index->hosts[i].chunks);
    free(index->hosts);
    free(index->fixes);
    arena_end(&index->names);
    (void)pthread_rwlock_destroy(&index->lock);
    free(index);
    *pointer = NULL;
}

/* Releases. */

uint32_t kept_release_find(const struct fleet_index *index, struct text name)
{
    for (uint32_t i = 1; i < LIMIT_FLEET_RELEASES; i++)
        if (index->releases[i].name[0] != '\0' && text_equal(text_of(index->releases[i].name), name))
            return i;
    return 0;
}

uint32_t kept_release_put(struct fleet_index *index, struct text name)
{
    uint32_t found = kept_release_find(index, name);

    if (found != 0 || name.size == 0 || name.size >= RELEASE_NAME_MAX)
        return found;
    for (uint32_t i = 1; i < LIMIT_FLEET_RELEASES; i++) {
        struct kept_release *release = &index->releases[i];
        if (release->name[0] != '\0' &&
            (release->hosts > 0 || release->sources > 0 || release->advisories != NULL))
            continue;
        *release = (struct kept_release){.hosts = 0};
        memcpy(release->name, name.at, name.size);
        return i;
    }
    return 0; /* more than there can be: some of them are invented, and a host of the last ones is of no known release */
}

/* Hosts. */

static bool reach_host(struct fleet_index *index, uint32_t host, struct error *err)
{
    uint32_t capacity = index->host_capacity;

    if (host >= LIMIT_FLEET_HOSTS)
        return error_set(err, ERROR_LIMIT, "host number %u, of at most %d", host, LIMIT_FLEET_HOSTS);
    while (capacity <= host)
        capacity = capacity == 0 ? 256 : capacity + capacity / 2;
    if (capacity > index->host_capacity) {
        struct kept_host *hosts = realloc(index->hosts, capacity * sizeof(*hosts));
        if (hosts == NULL)
            return no_memory(err);
        memset(hosts + index->host_capacity, 0, (capacity - index->host_capacity) * sizeof(*hosts));
        index->memory += (capacity - index->host_capacity) * sizeof(*hosts);
        index->hosts = hosts;
        index->host_capacity = capacity;
    }
    if (host >= index->host_count)
        index->host_count = host + 1;
    if (!index->hosts[host].present)
        index->hosts[host] = (struct kept_host){.present = true, .scanned_us = TIME_ABSENT};
    return true;
}

/* What a host will have: 256 numbers of chunks, beside those that it has. */
struct moving {
    struct fleet_index *index;
    uint32_t host;
    struct kept_site site;
    const uint32_t *old;
    uint32_t next[FLEET_INDEX_BUCKETS];
};

static uint32_t old_at(const struct moving *moving, unsigned bucket)
{
    return moving->old == NULL ? KEPT_NONE : moving->old[bucket];
}

static bool is_zero(const uint8_t hash[FLEET_INDEX_HASH_SIZE])
{
    static const uint8_t zero[FLEET_INDEX_HASH_SIZE];

    return memcmp(hash, zero, sizeof(zero)) == 0;
}

static bool find_next(struct moving *moving, const struct fleet_index_bucket *bucket, struct error *err)
{
    uint32_t *next = &moving->next[bucket->bucket];

    if (is_zero(bucket->hash)) {
        *next = KEPT_NONE;
        return true;
    }
    uint32_t found = kept_chunk_find(moving->index, &moving->site, bucket->hash);
    if (found != KEPT_NONE && kept_chunk_at(moving->index, found)->bucket != bucket->bucket)
        return error_set(err, ERROR_INPUT, "bucket %u: the chunk belongs to bucket %u", bucket->bucket,
                         kept_chunk_at(moving->index, found)->bucket);
    if (found == KEPT_NONE && !bucket->given)
        return error_set(err, ERROR_ABSENT, "bucket %u: the chunk is not known", bucket->bucket);
    if (found == KEPT_NONE && !kept_chunk_make(moving->index, &moving->site, bucket, &found, err))
        return error_at(err, "bucket %u", bucket->bucket);
    *next = found;
    return true;
}

/* What did not change is another chunk too, on a host that is of another release now, or runs another kernel. */
static bool move_rest(struct moving *moving, const struct fleet_index_commit *commit, struct error *err)
{
    size_t changed = 0;

    for (unsigned i = 0; i < FLEET_INDEX_BUCKETS; i++) {
        if (changed < commit->bucket_count && commit->buckets[changed].bucket == i)
            changed++;
        else if (old_at(moving, i) != KEPT_NONE &&
                 !kept_chunk_move(moving->index, &moving->site, old_at(moving, i), &moving->next[i], err))
            return false;
    }
    return true;
}

static void release_unused(struct moving *moving)
{
    for (unsigned i = 0; i < FLEET_INDEX_BUCKETS; i++)
        if (moving->next[i] != KEPT_NONE && moving->next[i] != old_at(moving, i) &&
            kept_chunk_at(moving->index, moving->next[i]) != NULL)
            kept_chunk_release(moving->index, moving->next[i]);
}

static bool set_memory(struct fleet_index *index, struct fleet_set *set, uint32_t host, struct error *err)
{
    size_t before = fleet_set_memory(set);
    bool done = fleet_set_add(set, host, index->host_count, err);

    index->memory += fleet_set_memory(set) - before;
    return done;
}

static void leave(struct fleet_index *index, uint32_t host, uint32_t chunk)
{
    struct fleet_set *set = &kept_chunk_at(index, chunk)->hosts;
    size_t before = fleet_set_memory(set);

    fleet_set_remove(set, host);
    index->memory -= before - fleet_set_memory(set);
    if (set->count == 0) {
        index->memory -= fleet_set_memory(set);
        kept_chunk_release(index, chunk);
    }
}

/* The host into the sets of its new chunks: all of them, or none. */
static bool enter_all(struct moving *moving, struct error *err)
{
    for (unsigned i = 0; i < FLEET_INDEX_BUCKETS; i++) {
        if (moving->next[i] == KEPT_NONE || moving->next[i] == old_at(moving, i) ||
            set_memory(moving->index, &kept_chunk_at(moving->index, moving->next[i])->hosts, moving->host,
                       err))
            continue;
        for (unsigned j = 0; j < i; j++)
            if (moving->next[j] != KEPT_NONE && moving->next[j] != old_at(moving, j))
                fleet_set_remove(&kept_chunk_at(moving->index, moving->next[j])->hosts, moving->host);
        return false;
    }
    return true;
}

static bool move(struct moving *moving, const struct fleet_index_commit *commit, struct error *err)
{
    struct kept_host *host = &moving->index->hosts[moving->host];
    bool elsewhere = host->release != moving->site.release || host->kernel != moving->site.kernel;

    for (size_t i = 0; i < commit->bucket_count; i++) {
        if (i > 0 && commit->buckets[i].bucket <= commit->buckets[i - 1].bucket)
            return error_set(err, ERROR_INPUT, "bucket %u comes after bucket %u", commit->buckets[i].bucket,
                             commit->buckets[i - 1].bucket);
        if (!find_next(moving, &commit->buckets[i], err))
            return false;
    }
    return (!elsewhere || move_rest(moving, commit, err)) && enter_all(moving, err);
}

static void settle_host(struct moving *moving, uint32_t *chunks, int64_t scanned_us)
{
    struct fleet_index *index = moving->index;
    struct kept_host *host = &index->hosts[moving->host];

    for (unsigned i = 0; i < FLEET_INDEX_BUCKETS; i++)
        if (old_at(moving, i) != KEPT_NONE && old_at(moving, i) != moving->next[i])
            leave(index, moving->host, moving->old[i]);
    if (host->chunks != NULL)
        index->releases[host->release].hosts--;
    index->releases[moving->site.release].hosts++;
    memcpy(chunks, moving->next, sizeof(moving->next));
    host->chunks = chunks;
    host->release = moving->site.release;
    host->kernel = moving->site.kernel;
    host->scanned_us = scanned_us;
}

static bool put(struct fleet_index *index, uint32_t host, const struct fleet_index_commit *commit,
                struct error *err)
{
    struct moving moving = {.index = index, .host = host};

    if (!reach_host(index, host, err))
        return false;
    uint32_t *chunks = index->hosts[host].chunks;
    moving.old = chunks;
    moving.site = (struct kept_site){.release = kept_release_put(index, commit->release),
                                     .kernel = kept_kernel_hash(index, commit->kernel),
                                     .kernel_name = commit->kernel};
    for (unsigned i = 0; i < FLEET_INDEX_BUCKETS; i++)
        moving.next[i] = old_at(&moving, i);
    if (chunks == NULL) {
        chunks = malloc(sizeof(moving.next));
        if (chunks == NULL)
            return no_memory(err);
        index->memory += sizeof(moving.next);
    }
    if (move(&moving, commit, err)) {
        settle_host(&moving, chunks, commit->scanned_us);
        return true;
    }
    release_unused(&moving);
    if (chunks != index->hosts[host].chunks) {
        index->memory -= sizeof(moving.next);
        free(chunks);
    }
    return false;
}

bool fleet_index_put(struct fleet_index *index, uint32_t host, const struct fleet_index_commit *commit,
                     struct error *err)
{
    (void)pthread_rwlock_wrlock(&index->lock);
    bool done = put(index, host, commit, err);
    (void)pthread_rwlock_unlock(&index->lock);
    return done;
}

bool fleet_index_knows(struct fleet_index *index, struct text release, struct text kernel,
                       const uint8_t hash[FLEET_INDEX_HASH_SIZE])
{
    (void)pthread_rwlock_rdlock(&index->lock);
    struct kept_site site = {.release = kept_release_find(index, release),
                             .kernel = kept_kernel_hash(index, kernel)};
    /* A release that is not known yet gets a slot of its own when its first host commits. */
    bool known = (site.release != 0 || release.size == 0) && kept_chunk_find(index, &site, hash) != KEPT_NONE;
    (void)pthread_rwlock_unlock(&index->lock);
    return known;
}

bool fleet_index_expect(struct fleet_index *index, uint32_t host, struct error *err)
{
    (void)pthread_rwlock_wrlock(&index->lock);
    bool done = reach_host(index, host, err);
    (void)pthread_rwlock_unlock(&index->lock);
    return done;
}

void fleet_index_confirm(struct fleet_index *index, uint32_t host, int64_t scanned_us)
{
    (void)pthread_rwlock_rdlock(&index->lock);
    if (host < index->host_count && index->hosts[host].chunks != NULL)
        __atomic_store_n(&index->hosts[host].scanned_us, scanned_us, __ATOMIC_RELAXED);
    (void)pthread_rwlock_unlock(&index->lock);
}

bool fleet_index_hashes(struct fleet_index *index, uint32_t number,
                        uint8_t out[FLEET_INDEX_BUCKETS][FLEET_INDEX_HASH_SIZE])
{
    (void)pthread_rwlock_rdlock(&index->lock);
    const uint32_t *chunks = number < index->host_count ? index->hosts[number].chunks : NULL;
    for (unsigned i = 0; chunks != NULL && i < FLEET_INDEX_BUCKETS; i++) {
        if (chunks[i] == KEPT_NONE)
            memset(out[i], 0, FLEET_INDEX_HASH_SIZE);
        else
            memcpy(out[i], kept_chunk_at(index, chunks[i])->hash, FLEET_INDEX_HASH_SIZE);
    }
    (void)pthread_rwlock_unlock(&index->lock);
    return chunks != NULL;
}

void fleet_index_drop(struct fleet_index *index, uint32_t number)
{
    (void)pthread_rwlock_wrlock(&index->lock);
    if (number < index->host_count) {
        struct kept_host *host = &index->hosts[number];
        for (unsigned i = 0; host->chunks != NULL && i < FLEET_INDEX_BUCKETS; i++)
            if (host->chunks[i] != KEPT_NONE)
                leave(index, number, host->chunks[i]);
        if (host->chunks != NULL) {
            index->releases[host->release].hosts--;
            index->memory -= FLEET_INDEX_BUCKETS * sizeof(*host->chunks);
        }
        free(host->chunks);
        *host = (struct kept_host){.present = false};
    }
    (void)pthread_rwlock_unlock(&index->lock);
}

uint64_t fleet_index_generation(struct fleet_index *index)
{
    (void)pthread_rwlock_rdlock(&index->lock);
    uint64_t generation = index->generation;
    (void)pthread_rwlock_unlock(&index->lock);
    return generation;
}

void fleet_index_size(struct fleet_index *index, struct fleet_index_size *out)
{
    (void)pthread_rwlock_rdlock(&index->lock);
    *out = (struct fleet_index_size){
        .chunks = (uint32_t)index->chunk_table.count,
        .variants = (uint32_t)index->variant_table.count,
        .sources = (uint32_t)index->source_table.count,
        .fixes = index->fix_count,
        .memory = sizeof(*index) + index->memory + index->names.used +
                  sizeof(uint64_t) * (index->chunk_table.capacity + index->variant_table.capacity +
                                      index->source_table.capacity + index->fix_table.capacity),
    };
    for (uint32_t i = 0; i < index->host_count; i++)
        out->hosts += index->hosts[i].present;
    (void)pthread_rwlock_unlock(&index->lock);
}
