/*
 * What is installed here, told to the server: 256 buckets of packages (wire/agent_chunk.h), of which only those are sent that
 * changed, and only what the server has from nobody else.
 */
#ifndef AGENT_INVENTORY_H
#define AGENT_INVENTORY_H

#include "agent/agent.h"

struct inventory {
    struct short_hash hashes[AGENT_BUCKETS];
    struct bytes chunks[AGENT_BUCKETS]; /* size 0: empty */
    struct short_hash root;
    struct text arch; /* that dpkg itself is of */
};

/* Reads dpkg's status below the root, in the arena. */
bool inventory_make(const char *root, const uint8_t chunk_key[32], struct arena *arena, struct inventory *out,
                    struct error *err) MUST_USE;

/*
 * Brings the server up to date when it is not: `whole` from nothing, else from what it had. Cheap when dpkg's status is the
 * file that it was. Changes memory.
 */
bool inventory_tell(struct agent *agent, struct link *link, bool whole, struct error *err) MUST_USE;

/* What the server knows of this machine, chunk by chunk, as JSON: for `suture agent status --collected`. */
bool inventory_write_json(const struct agent *agent, struct writer *out, struct error *err) MUST_USE;

#endif
