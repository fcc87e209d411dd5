#include "server/desk.h"

#include "base/limits.h"
#include "base/own.h"
#include "identify/fleet_index.h"
#include "model/release.h"
#include "store/fleet_read.h"
#include "wire/agent_chunk.h"

void desk_release(struct text os, struct text codename, struct release *out)
{
    if (!release_from_codename(codename, out) && !release_from_os(os, codename, codename, out))
        *out = (struct release){.order = VERSION_ORDER_UNKNOWN};
}

/* Only what is installed: of a removed package there is nothing left that could have a hole. */
static bool entries_of(struct bytes body, struct arena *arena, struct fleet_index_bucket *out,
                       struct error *err)
{
    struct agent_chunk chunk;
    struct agent_entry entry;

    if (!agent_chunk_parse(body, &chunk, err))
        return false;
    struct fleet_index_entry *entries = ARENA_ARRAY(arena, struct fleet_index_entry, chunk.count);
    if (entries == NULL)
        return arena_full(arena, err);
    struct agent_chunk_walk walk = agent_chunk_walk_with(&chunk);
    while (agent_chunk_next(&walk, &entry))
        if ((entry.flags & AGENT_ENTRY_REMOVED) == 0)
            entries[out->entry_count++] = (struct fleet_index_entry){
                entry.source, entry.source_version, entry.package, entry.version, entry.arch};
    out->entries = entries;
    out->given = true;
    return true;
}

static bool bucket_of(struct server *server, struct fleet_store *store,
                      const struct fleet_index_commit *commit, const struct agent_change *change,
                      struct arena *arena, struct fleet_index_bucket *out, struct error *err)
{
    struct bytes body;

    *out = (struct fleet_index_bucket){.bucket = change->bucket};
    memcpy(out->hash, change->hash.at, sizeof(out->hash));
    if (short_hash_is_zero(&change->hash) ||
        fleet_index_knows(server->index, commit->release, commit->kernel, out->hash))
        return true;
    return fleet_store_chunk(store, out->hash, arena, &body, err) && entries_of(body, arena, out, err);
}

bool desk_index_inventory(struct server *server, struct fleet_store *store,
                          const struct desk_inventory *inventory, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_MEMORY);
    struct fleet_index_bucket *buckets =
        ARENA_ARRAY(&arena, struct fleet_index_bucket, inventory->change_count);
    struct release release;

    if (buckets == NULL)
        return arena_full(&arena, err);
    desk_release(inventory->os, inventory->codename, &release);
    struct fleet_index_commit commit = {.release = text_of(release.name),
                                        .kernel = inventory->kernel,
                                        .scanned_us = inventory->scanned_us,
                                        .buckets = buckets,
                                        .bucket_count = inventory->change_count};
    for (size_t i = 0; i < inventory->change_count; i++)
        if (!bucket_of(server, store, &commit, &inventory->changes[i], &arena, &buckets[i], err))
            return error_at(err, "bucket %u", inventory->changes[i].bucket);
    return fleet_index_put(server->index, inventory->number, &commit, err);
}
