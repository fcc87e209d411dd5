/*
 * Between the parts of the fleet's index, for them alone: what is kept of releases, sources, variants, chunks and hosts
 * (fleet_index.c: hosts; fleet_index_chunks.c: chunks and what is in them; fleet_index_judge.c: what advisories say of variants;
 * fleet_index_ask.c: questions).
 *
 * Everything has a number; numbers of what is gone are given again. The lock is taken by the public functions alone.
 */
#ifndef IDENTIFY_FLEET_INDEX_PARTS_H
#define IDENTIFY_FLEET_INDEX_PARTS_H

#include <pthread.h>

#include "base/limits.h"
#include "identify/fleet_index.h"
#include "identify/fleet_set.h"
#include "identify/fleet_table.h"
#include "identify/text_pool.h"

#define KEPT_NONE UINT32_MAX

/* Numbers in no order. */
struct kept_numbers {
    uint32_t *at;
    uint32_t count, capacity;
};

/* Things by number. */
struct kept_list {
    void **at; /* NULL: the number is free */
    uint32_t count, capacity;
    struct kept_numbers free; /* to be given again */
};

struct kept_release {
    char name[RELEASE_NAME_MAX]; /* empty: the slot is free */
    uint32_t hosts, sources;
    const struct index *advisories; /* NULL: none */
};

/* One source package of one release. */
struct kept_source {
    uint64_t hash;   /* of release and name */
    uint64_t stated; /* what its release's index says of it, as a hash; 0: nothing */
    struct kept_numbers variants;
    uint32_t *ids; /* what some variant is exposed to, ascending, each once */
    uint32_t id_count;
    uint32_t release;
    uint8_t bucket;
    bool kernel; /* depends on which kernel runs: judged alone */
    uint8_t name_size;
    char name[];
};

/* What a variant is exposed to: ascending by id. */
struct kept_hole {
    uint32_t id; /* packed CVE, or KEPT_OTHER_ID | number of its text */
    uint32_t fix : 31;
    uint32_t open : 1; /* 0: the vendor does not know, or does not look any more */
};
#define KEPT_OTHER_ID UINT32_C(0x80000000)

/* The packages of one source as some machine has them. */
struct kept_variant {
    uint64_t hash;
    struct kept_numbers chunks;
    struct kept_hole *holes;
    uint32_t hole_count;
    uint32_t source;
    uint32_t body_size;
    uint8_t body
        []; /* the running kernel, then of each package source version, name, version, arch; each text as varint and bytes */
};

struct kept_chunk {
    uint8_t hash[FLEET_INDEX_HASH_SIZE];
    uint64_t kernel; /* hash of the running kernel's name where that matters, else 0 */
    struct fleet_set hosts;
    uint32_t release;
    uint16_t variant_count;
    uint8_t bucket;
    uint32_t variants[];
};

struct kept_host {
    uint32_t *chunks; /* FLEET_INDEX_BUCKETS numbers, KEPT_NONE where empty; NULL: nothing committed */
    uint64_t kernel;  /* hash of the running kernel's name */
    int64_t scanned_us;
    uint32_t release;
    bool present;
};

struct kept_fix {
    uint32_t release, source, fixed; /* texts of the pool */
};

struct fleet_index {
    pthread_rwlock_t lock;
    uint64_t key;
    uint64_t generation;
    struct kept_release
        releases[LIMIT_FLEET_RELEASES]; /* the first is that of hosts whose release is not known */
    struct kept_list sources, variants, chunks;
    struct fleet_table source_table, variant_table, chunk_table, fix_table;
    struct kept_host *hosts;
    uint32_t host_count, host_capacity; /* numbers in use are below host_count */
    struct arena names;                 /* of the pool: what trusted advisories say, never what agents do */
    struct text_pool texts;
    struct kept_fix *fixes;
    uint32_t fix_count, fix_capacity;
    size_t memory;
};

static inline struct kept_source *kept_source_at(const struct fleet_index *index, uint32_t number)
{
    return index->sources.at[number];
}
static inline struct kept_variant *kept_variant_at(const struct fleet_index *index, uint32_t number)
{
    return index->variants.at[number];
}
static inline struct kept_chunk *kept_chunk_at(const struct fleet_index *index, uint32_t number)
{
    return index->chunks.at[number];
}
static inline struct text kept_source_name(const struct kept_source *source)
{
    return (struct text){source->name, source->name_size};
}
static inline uint64_t kept_hash_mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

/* Walks the packages of a variant. The running kernel is read first. */
struct kept_part {
    struct text source_version, package, version, arch;
};
struct text kept_variant_kernel(const struct kept_variant *variant, struct reader *walk);
bool kept_part_next(struct reader *walk, struct kept_part *out);

/* Arrays that grow by halves; false: no memory. */
bool kept_numbers_add(struct fleet_index *index, struct kept_numbers *numbers, uint32_t number,
                      struct error *err) MUST_USE;
void kept_numbers_drop(struct kept_numbers *numbers, uint32_t number);

/* ---- fleet_index.c ---- */

/* The slot of a release; 0: there is none. */
uint32_t kept_release_find(const struct fleet_index *index, struct text name);
/* A new one where it is not known; 0 for a name that is none, or when there are too many. */
uint32_t kept_release_put(struct fleet_index *index, struct text name);

/* ---- fleet_index_chunks.c ---- */

/* KEPT_NONE: no host has it. */
uint32_t kept_source_find(const struct fleet_index *index, uint32_t release, struct text name);

/* Where a host is: what tells its chunks from those of others with the same entries. */
struct kept_site {
    uint32_t release;
    uint64_t kernel; /* hash */
    struct text kernel_name;
};
uint64_t kept_kernel_hash(const struct fleet_index *index, struct text kernel);
/* KEPT_NONE: not known. */
uint32_t kept_chunk_find(const struct fleet_index *index, const struct kept_site *site,
                         const uint8_t hash[FLEET_INDEX_HASH_SIZE]);
/* A new chunk without hosts; its variants are judged. */
bool kept_chunk_make(struct fleet_index *index, const struct kept_site *site,
                     const struct fleet_index_bucket *bucket, uint32_t *out, struct error *err) MUST_USE;
/* The same entries elsewhere: found, or made. */
bool kept_chunk_move(struct fleet_index *index, const struct kept_site *site, uint32_t chunk, uint32_t *out,
                     struct error *err) MUST_USE;
/* Forgets the chunk if no host has it, and what was only there for it. */
void kept_chunk_release(struct fleet_index *index, uint32_t chunk);
/* The variant of this source in the chunk; NULL: none. */
const struct kept_variant *kept_chunk_variant(const struct fleet_index *index, const struct kept_chunk *chunk,
                                              uint32_t source);

/* ---- fleet_index_judge.c ---- */

/* What these variants, each of another source of one release, are exposed to, by the advisories given. */
struct kept_verdict {
    struct kept_hole *holes; /* of malloc */
    uint32_t count;
};
bool kept_judge(struct fleet_index *index, const struct index *advisories,
                struct kept_variant *const *variants, size_t count, struct kept_verdict *out,
                struct error *err) MUST_USE;
/* Judges variants that are new, by the advisories that count now, and adds to their sources' ids. */
bool kept_judge_new(struct fleet_index *index, uint32_t release, struct kept_variant *const *variants,
                    size_t count, struct error *err) MUST_USE;
/* What the advisories say of one source, as a hash. 0: nothing. */
bool kept_stated(const struct index *advisories, const struct index_source *source, uint64_t *out,
                 struct error *err) MUST_USE;
bool kept_stated_one(const struct index *advisories, struct text source, uint64_t *out, struct error *err)
    MUST_USE;

/* ---- fleet_index_advise.c ---- */

/* The names of a fix, copied. */
bool kept_fix_texts(const struct fleet_index *index, uint32_t number, struct arena *arena,
                    struct fleet_index_fix *out, struct error *err) MUST_USE;

#endif
