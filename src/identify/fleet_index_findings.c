#include <stdlib.h>

#include "base/own.h"
#include "identify/fleet_index_parts.h"
#include "identify/kernel.h"

/* One host's findings. */

typedef bool each_fix(void *self, uint32_t fix, struct error *err);

/* Every fix that the host is exposed to; one may come several times. False with ERROR_ABSENT when nothing is known. */
static bool walk_fixes(const struct fleet_index *index, uint32_t number, each_fix *each, void *self,
                       struct error *err)
{
    const struct kept_host *host = number < index->host_count ? &index->hosts[number] : NULL;

    if (host == NULL || host->chunks == NULL || index->releases[host->release].advisories == NULL)
        return error_set(err, ERROR_ABSENT, "nothing is known of what this host is exposed to");
    for (unsigned i = 0; i < FLEET_INDEX_BUCKETS; i++) {
        const struct kept_chunk *chunk =
            host->chunks[i] == KEPT_NONE ? NULL : kept_chunk_at(index, host->chunks[i]);
        for (uint32_t j = 0; chunk != NULL && j < chunk->variant_count; j++) {
            const struct kept_variant *variant = kept_variant_at(index, chunk->variants[j]);
            uint32_t last = KEPT_NONE;
            for (uint32_t k = 0; k < variant->hole_count; k++)
                if (variant->holes[k].open && variant->holes[k].fix != last) {
                    last = variant->holes[k].fix;
                    if (!each(self, last, err))
                        return false;
                }
        }
    }
    return true;
}

struct fix_numbers {
    struct arena *arena;
    uint32_t *at;
    size_t count, capacity;
};

static bool gather_fix(void *self, uint32_t fix, struct error *err)
{
    struct fix_numbers *numbers = self;
    uint32_t *grown = arena_grow(numbers->arena, numbers->at, numbers->count, &numbers->capacity,
                                 numbers->count + 1, sizeof(*grown));

    if (grown == NULL)
        return arena_full(numbers->arena, err);
    numbers->at = grown;
    grown[numbers->count++] = fix;
    return true;
}

/* Of a set: the order does not matter, so it is a sum. */
static uint64_t digest_of(const struct fix_numbers *numbers)
{
    uint64_t digest = numbers->count;

    for (size_t i = 0; i < numbers->count; i++)
        digest += kept_hash_mix(UINT64_C(0x2545f4914f6cdd1d), numbers->at[i] + UINT64_C(1));
    return digest;
}

static bool gather(const struct fleet_index *index, uint32_t host, struct fix_numbers *numbers,
                   struct error *err)
{
    if (!walk_fixes(index, host, gather_fix, numbers, err))
        return false;
    numbers->count = numbers_sort(numbers->at, numbers->count);
    return true;
}

static bool findings(const struct fleet_index *index, uint32_t host, struct arena *arena,
                     struct fleet_index_findings *out, struct error *err)
{
    struct fix_numbers numbers = {.arena = arena};

    if (!gather(index, host, &numbers, err))
        return false;
    struct fleet_index_fix *fixes = ARENA_ARRAY(arena, struct fleet_index_fix, numbers.count);
    if (fixes == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < numbers.count; i++)
        if (!kept_fix_texts(index, numbers.at[i], arena, &fixes[i], err))
            return false;
    *out = (struct fleet_index_findings){.generation = index->generation,
                                         .digest = digest_of(&numbers),
                                         .fixes = fixes,
                                         .count = numbers.count};
    return true;
}

bool fleet_index_findings(struct fleet_index *index, uint32_t host, struct arena *arena,
                          struct fleet_index_findings *out, struct error *err)
{
    (void)pthread_rwlock_rdlock(&index->lock);
    bool done = findings(index, host, arena, out, err);
    (void)pthread_rwlock_unlock(&index->lock);
    return done;
}

bool fleet_index_findings_digest(struct fleet_index *index, uint32_t host, uint64_t *digest,
                                 uint64_t *generation)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_CHUNK_MEMORY);
    struct fix_numbers numbers = {.arena = &arena};
    struct error ignored;

    (void)pthread_rwlock_rdlock(&index->lock);
    bool done = gather(index, host, &numbers, &ignored);
    *generation = index->generation;
    (void)pthread_rwlock_unlock(&index->lock);
    if (done)
        *digest = digest_of(&numbers);
    return done;
}

/* The ids of one fix. */

static bool gather_ids(const struct fleet_index *index, const struct kept_source *source, uint32_t fix,
                       struct fix_numbers *ids, struct error *err)
{
    for (uint32_t i = 0; i < source->variants.count; i++) {
        const struct kept_variant *variant = kept_variant_at(index, source->variants.at[i]);
        for (uint32_t j = 0; j < variant->hole_count; j++)
            if (variant->holes[j].fix == fix && !gather_fix(ids, variant->holes[j].id, err))
                return false;
    }
    return true;
}

/* A kernel's fixes are its signed twins' too, which are other sources. */
static bool gather_of_sources(const struct fleet_index *index, uint32_t fix, struct fix_numbers *ids,
                              struct error *err)
{
    struct text name = text_pool_at(&index->texts, index->fixes[fix].source);
    uint32_t release = kept_release_find(index, text_pool_at(&index->texts, index->fixes[fix].release));
    uint32_t number = kept_source_find(index, release, name);

    if (!kernel_is_source(name) && release != 0 && index->releases[release].advisories != NULL &&
        index->releases[release].advisories->release.order == VERSION_DEB)
        return number == KEPT_NONE || gather_ids(index, kept_source_at(index, number), fix, ids, err);
    for (uint32_t i = 0; i < index->sources.count; i++)
        if (kept_source_at(index, i) != NULL && kept_source_at(index, i)->release == release &&
            !gather_ids(index, kept_source_at(index, i), fix, ids, err))
            return false;
    return true;
}

static bool write_ids(const struct fleet_index *index, const struct fix_numbers *ids, struct arena *arena,
                      struct text **out, struct error *err)
{
    struct text *texts = ARENA_ARRAY(arena, struct text, ids->count);
    char cve[CVE_TEXT_MAX];

    if (texts == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; ids->at != NULL && i < ids->count; i++) {
        bool other = (ids->at[i] & KEPT_OTHER_ID) != 0;
        struct text text = other ? text_pool_at(&index->texts, ids->at[i] & ~KEPT_OTHER_ID)
                                 : (struct text){cve, cve_write(ids->at[i], cve)};
        texts[i] = text_copy(arena, text);
        if (texts[i].at == NULL)
            return arena_full(arena, err);
    }
    *out = texts;
    return true;
}

bool fleet_index_fix_ids(struct fleet_index *index, uint32_t fix, struct arena *arena, struct text **out,
                         size_t *count, struct error *err)
{
    struct fix_numbers ids = {.arena = arena};

    (void)pthread_rwlock_rdlock(&index->lock);
    bool done = fix < index->fix_count || error_set(err, ERROR_ABSENT, "there is no fix %u", fix);
    done = done && gather_of_sources(index, fix, &ids, err);
    if (done) {
        ids.count = numbers_sort(ids.at, ids.count);
        *count = ids.count;
        done = write_ids(index, &ids, arena, out, err);
    }
    (void)pthread_rwlock_unlock(&index->lock);
    return done;
}
