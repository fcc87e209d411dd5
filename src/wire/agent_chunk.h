/*
 * The inventory as it crosses the network: 256 buckets of packages.
 *
 * A package belongs to the bucket that is the first byte of the SHA-256 of its source's name. A bucket's chunk is:
 *
 *     "SAB1"   u8 bucket   u16 count (at least 1)   then of each entry, in order of (source, package, arch, version) by bytes
 *     text source, source version, package, version, arch   u8 flags
 *
 * Texts and integers as in wire/agent_message.h. A chunk says nothing of its machine, so machines with the same packages have the
 * same chunks, and the server keeps each once. Its name is the first 16 bytes of HMAC-SHA-256(the fleet's chunk key, the
 * chunk): whoever has not the key cannot tell from a name what is in it. An empty bucket has no chunk and a name of
 * zeros. The root of an inventory is the first 16 bytes of the SHA-256 of "suture-inventory-1" and its 256 names; that of
 * the empty inventory is zero.
 */
#ifndef WIRE_AGENT_CHUNK_H
#define WIRE_AGENT_CHUNK_H

#include "wire/agent_message.h"

#define AGENT_CHUNK_ENTRIES 4096 /* of one bucket: texlive's largest source makes 100 packages */

enum agent_entry_flag {
    AGENT_ENTRY_HELD = 1,    /* dpkg's hold */
    AGENT_ENTRY_BROKEN = 2,  /* not configured */
    AGENT_ENTRY_REMOVED = 4, /* only its configuration is left */
};

struct agent_entry {
    struct text source, source_version, package, version, arch;
    uint8_t flags;
};

struct agent_chunk {
    uint8_t bucket;
    uint16_t count;
    struct bytes entries; /* checked: agent_chunk_next cannot fail on them */
};

bool agent_bucket_of(struct text source, uint8_t *out, struct error *err) MUST_USE;

/* <0, 0, >0: the order of a chunk's entries. */
int agent_entry_compare(const struct agent_entry *a, const struct agent_entry *b);

/* Entries of one bucket, in order. */
void agent_chunk_write(struct writer *w, uint8_t bucket, const struct agent_entry *entries, size_t count);
/* ERROR_INPUT: form, order, an entry twice, or one that belongs to another bucket. Views point into raw. */
bool agent_chunk_parse(struct bytes raw, struct agent_chunk *out, struct error *err) MUST_USE;
struct agent_chunk_walk {
    struct reader left;
    uint16_t count;
};
struct agent_chunk_walk agent_chunk_walk_with(const struct agent_chunk *chunk);
bool agent_chunk_next(struct agent_chunk_walk *walk, struct agent_entry *out);

bool agent_chunk_hash(const uint8_t key[32], struct bytes raw, struct short_hash *out, struct error *err)
    MUST_USE;
bool agent_inventory_root(const struct short_hash hashes[AGENT_BUCKETS], struct short_hash *out,
                          struct error *err) MUST_USE;

#endif
