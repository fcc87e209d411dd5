/*
 * The simulated machines: what each remembers between calls, in one file that is mapped, and what each has installed.
 *
 * Inventories of about 2,000 packages, shared as in a real fleet (design: fleet.md): 20 images whose 1,000 sources are
 * common to all (850), to five images (50) or of one image (100), in four states of being patched, and sources of a
 * machine's own: 3 on a managed machine (70 of 100), 20 on a mixed one (25), 150 on a developer's (5), these in versions that few
 * share. All of it follows from the number of the machine, so nothing of it is stored.
 */
#ifndef FLEET_POPULATION_H
#define FLEET_POPULATION_H

#include "wire/agent_chunk.h"
#include "wire/agent_message.h"

#define POPULATION_IMAGES      20
#define POPULATION_LEVELS      4 /* how far behind: 0 is the newest */
#define POPULATION_CERTIFICATE 872

struct sim_agent {
    struct host_id host;
    uint64_t counter, random;
    uint64_t epoch, made, acked;
    struct short_hash committed; /* root that the server has */
    uint64_t plan, advisories;
    uint32_t level; /* of patching; changed by whoever wants inventories to change */
    uint16_t certificate_size;
    uint8_t certificate[POPULATION_CERTIFICATE];
    uint16_t safe_lane;
};

struct population {
    struct sim_agent *agents;
    size_t count;
    uint8_t chunk_key[32];
    struct short_hash *shared; /* of (image, level, bucket) */
    uint8_t *buckets;          /* of every source there is */
};

/* The file is made, or grows, to hold `count`. */
bool population_open(const char *path, size_t count, struct population *out, struct error *err) MUST_USE;
void population_end(struct population *population);
/* Once the fleet's key is known. */
bool population_begin_inventories(struct population *population, struct error *err) MUST_USE;

/* Names of all buckets of a machine, and its root. */
bool population_inventory(const struct population *population, size_t agent,
                          struct short_hash hashes[AGENT_BUCKETS], struct short_hash *root, struct error *err)
    MUST_USE;
/* The chunk of a bucket. */
void population_chunk(const struct population *population, size_t agent, uint8_t bucket, struct writer *out);

/* Most are one update behind, few two or three. */
unsigned population_first_level(size_t agent);
/* The same for the same input on every run. */
uint64_t population_mix(uint64_t a, uint64_t b);

#endif
