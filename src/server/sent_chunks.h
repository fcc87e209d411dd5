/*
 * Which chunks each host has sent itself lately, so that it may commit them.
 *
 * Chunks are stored once for the fleet, and yet a host may name only those that it sent: else a name that somebody guessed, of
 * a package with a hole, would tell by the answer whether any machine has it. What is forgotten here (after one to two hours, or
 * at a restart) is asked for again.
 */
#ifndef SERVER_SENT_CHUNKS_H
#define SERVER_SENT_CHUNKS_H

#include "wire/agent_message.h"

struct sent_chunks;

/* OWN(sent_chunks_end). Any thread may call the others. */
bool sent_chunks_make(uint64_t key, struct sent_chunks **out, struct error *err) MUST_USE;
void sent_chunks_end(struct sent_chunks **sent);

void sent_chunks_put(struct sent_chunks *sent, uint32_t host, const struct short_hash *hash, int64_t now_us);
bool sent_chunks_has(struct sent_chunks *sent, uint32_t host, const struct short_hash *hash);

#endif
