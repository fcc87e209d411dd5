#include "population.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"

#define COMMON      850 /* sources that all images have */
#define OF_GROUP    50  /* that five images have: 25 % of the fleet */
#define OF_IMAGE    100
#define GROUPS      4
#define OWN_SOURCES 5000 /* from which machines have their own */
#define PACKAGES    512  /* of one bucket, at most */

uint64_t population_mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * UINT64_C(0x9E3779B97F4A7C15) + b + UINT64_C(0x632BE59BD9B4E019);

    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

bool population_open(const char *path, size_t count, struct population *out, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat found;

    if (fd < 0 || fstat(fd, &found) != 0)
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    const size_t size = 64 + count * sizeof(struct sim_agent);
    if ((size_t)found.st_size < size && ftruncate(fd, (off_t)size) != 0)
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    uint8_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    *out = (struct population){.agents = (struct sim_agent *)(void *)(at + 64), .count = count};
    memcpy(out->chunk_key, at, sizeof(out->chunk_key));
    return true;
}

void population_end(struct population *population)
{
    if (population->agents == NULL)
        return;
    uint8_t *at = (uint8_t *)population->agents - 64;
    memcpy(at, population->chunk_key, sizeof(population->chunk_key));
    munmap(at, 64 + population->count * sizeof(struct sim_agent));
    free(population->shared);
    free(population->buckets);
    *population = (struct population){0};
}

/* ---- what is installed ---- */

enum kind { COMMON_SOURCE, GROUP_SOURCE, IMAGE_SOURCE, OWN_SOURCE };

struct source {
    enum kind kind;
    unsigned place, number; /* which group, image; which of them */
    uint64_t seed;
    unsigned level;
};

static unsigned image_of(size_t agent)
{
    return (unsigned)(agent % POPULATION_IMAGES);
}

unsigned population_first_level(size_t agent)
{
    const uint64_t of_100 = population_mix(agent, 2) % 100;

    return of_100 < 85 ? 1 : of_100 < 95 ? 2 : 3;
}

static unsigned own_count(size_t agent)
{
    const uint64_t of_100 = population_mix(agent, 1) % 100;

    return of_100 < 70 ? 3 : of_100 < 95 ? 20 : 150;
}

static void source_name(const struct source *source, char out[32])
{
    static const char *const forms[] = {"common-%u%04u", "group%u-%04u", "image%u-%04u", "own-%u%04u"};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(out, 32, forms[source->kind], source->place, source->number);
#pragma GCC diagnostic pop
}

/* Where a kind's sources begin in the table of buckets. */
static size_t row_of(const struct source *source)
{
    static const size_t first[] = {0, COMMON, COMMON + GROUPS * OF_GROUP,
                                   COMMON + GROUPS * OF_GROUP + POPULATION_IMAGES * OF_IMAGE};
    static const size_t each[] = {0, OF_GROUP, OF_IMAGE, 0};

    return first[source->kind] + source->place * each[source->kind] + source->number;
}
#define ROWS (COMMON + GROUPS * OF_GROUP + POPULATION_IMAGES * OF_IMAGE + OWN_SOURCES)

static bool find_buckets(uint8_t *buckets, struct error *err)
{
    static const unsigned places[] = {1, GROUPS, POPULATION_IMAGES, 1};
    static const unsigned numbers[] = {COMMON, OF_GROUP, OF_IMAGE, OWN_SOURCES};

    for (unsigned kind = COMMON_SOURCE; kind <= OWN_SOURCE; kind++)
        for (unsigned place = 0; place < places[kind]; place++)
            for (unsigned number = 0; number < numbers[kind]; number++) {
                const struct source source = {.kind = (enum kind)kind, .place = place, .number = number};
                char name[32];
                source_name(&source, name);
                if (!agent_bucket_of(text_of(name), &buckets[row_of(&source)], err))
                    return false;
            }
    return true;
}

/* One in ten sources had an update between two levels. */
static unsigned update_of(const struct source *source)
{
    unsigned update = 1;

    for (unsigned at = source->level; at < POPULATION_LEVELS; at++)
        update += population_mix(source->seed, at) % 10 == 0;
    return update;
}

struct entries {
    struct agent_entry list[PACKAGES];
    char texts[PACKAGES][3][48];
    size_t count;
};

/* One to three packages of the source; 2,000 of a whole machine. */
static void add_packages(const struct source *source, struct entries *out)
{
    const unsigned packages = 1 + (unsigned)(source->seed % 3);
    const unsigned update = update_of(source);

    for (unsigned i = 0; i < packages && out->count < PACKAGES; i++) {
        char(*texts)[48] = out->texts[out->count];
        char name[32];
        source_name(source, name);
        snprintf(texts[0], 48, "%s", name);
        snprintf(texts[1], 48, "%s%s", name, i == 0 ? "" : i == 1 ? "-data" : "-dev");
        snprintf(texts[2], 48, "%u.%u-1+deb12u%u", 1 + (unsigned)(source->seed / 3 % 9),
                 (unsigned)(source->seed / 27 % 30), update);
        out->list[out->count++] = (struct agent_entry){.source = text_of(texts[0]),
                                                       .source_version = text_of(texts[2]),
                                                       .package = text_of(texts[1]),
                                                       .version = text_of(texts[2]),
                                                       .arch = TEXT("amd64")};
    }
}

static struct source shared_source(unsigned image, unsigned level, unsigned index)
{
    struct source source = {.kind = COMMON_SOURCE, .number = index, .level = level};

    if (index >= COMMON + OF_GROUP)
        source = (struct source){IMAGE_SOURCE, image, index - COMMON - OF_GROUP, 0, level};
    else if (index >= COMMON)
        source = (struct source){GROUP_SOURCE, image % GROUPS, index - COMMON, 0, level};
    source.seed = population_mix(((uint64_t)source.kind << 32) + source.place, source.number);
    return source;
}

/* A developer has his own builds: their versions are shared by few. */
static struct source own_source(size_t agent, unsigned index, unsigned count)
{
    /* Each from a stretch of its own, so that none comes twice. */
    const unsigned stretch = OWN_SOURCES / count;
    const unsigned number = index * stretch + (unsigned)(population_mix(agent, 1000 + index) % stretch);
    struct source source = {.kind = OWN_SOURCE, .number = number, .seed = population_mix(3, number)};

    if (count > 20)
        source.seed = source.seed / 30 * 30 + population_mix(agent, 5000 + index) % 30;
    return source;
}

static int by_entry(const void *a, const void *b)
{
    return agent_entry_compare(a, b);
}

#define NOBODY SIZE_MAX

/* Of nobody: what its image has. */
static void put_chunk(const struct population *population, unsigned image, unsigned level, uint8_t bucket,
                      size_t agent, struct writer *out)
{
    OWN(own_memory) struct entries *entries = malloc(sizeof(*entries));
    const unsigned own = agent == NOBODY ? 0 : own_count(agent);

    if (entries == NULL)
        abort();
    entries->count = 0;
    for (unsigned i = 0; i < COMMON + OF_GROUP + OF_IMAGE; i++) {
        const struct source source = shared_source(image, level, i);
        if (population->buckets[row_of(&source)] == bucket)
            add_packages(&source, entries);
    }
    for (unsigned i = 0; i < own; i++) {
        const struct source source = own_source(agent, i, own);
        if (population->buckets[row_of(&source)] == bucket)
            add_packages(&source, entries);
    }
    qsort(entries->list, entries->count, sizeof(*entries->list), by_entry);
    writer_clear(out);
    if (entries->count > 0)
        agent_chunk_write(out, bucket, entries->list, entries->count);
}

void population_chunk(const struct population *population, size_t agent, uint8_t bucket, struct writer *out)
{
    put_chunk(population, image_of(agent), population->agents[agent].level, bucket, agent, out);
}

static bool name_chunk(const struct population *population, const struct writer *chunk,
                       struct short_hash *out, struct error *err)
{
    if (writer_bytes(chunk).size > 0)
        return agent_chunk_hash(population->chunk_key, writer_bytes(chunk), out, err);
    *out = (struct short_hash){{0}};
    return true;
}

bool population_begin_inventories(struct population *population, struct error *err)
{
    OWN(writer_end) struct writer chunk = writer_with(AGENT_CHUNK_MAX);
    struct short_hash *at =
        calloc((size_t)POPULATION_IMAGES * POPULATION_LEVELS * AGENT_BUCKETS, sizeof(*at));

    population->shared = at;
    population->buckets = calloc(ROWS, 1);
    if (at == NULL || population->buckets == NULL)
        return error_set(err, ERROR_SYSTEM, "out of memory");
    if (!find_buckets(population->buckets, err))
        return false;
    for (unsigned image = 0; image < POPULATION_IMAGES; image++)
        for (unsigned level = 0; level < POPULATION_LEVELS; level++)
            for (unsigned bucket = 0; bucket < AGENT_BUCKETS; bucket++) {
                put_chunk(population, image, level, (uint8_t)bucket, NOBODY, &chunk);
                if (!name_chunk(population, &chunk, at++, err))
                    return false;
            }
    return true;
}

bool population_inventory(const struct population *population, size_t agent,
                          struct short_hash hashes[AGENT_BUCKETS], struct short_hash *root, struct error *err)
{
    OWN(writer_end) struct writer chunk = writer_with(AGENT_CHUNK_MAX);
    const unsigned level = population->agents[agent].level, own = own_count(agent);
    bool done[AGENT_BUCKETS] = {false};

    memcpy(hashes, &population->shared[((size_t)image_of(agent) * POPULATION_LEVELS + level) * AGENT_BUCKETS],
           AGENT_BUCKETS * sizeof(*hashes));
    for (unsigned i = 0; i < own; i++) {
        const struct source source = own_source(agent, i, own);
        const uint8_t bucket = population->buckets[row_of(&source)];
        if (done[bucket])
            continue;
        done[bucket] = true;
        population_chunk(population, agent, bucket, &chunk);
        if (!name_chunk(population, &chunk, &hashes[bucket], err))
            return false;
    }
    return agent_inventory_root(hashes, root, err);
}
