/* Writes of what is installed: chunks, and the commits that put them together. */
#include <stdio.h>

#include "base/digest.h"
#include "base/limits.h"
#include "store/fleet_inside.h"

static const uint8_t nothing[FLEET_HASH_SIZE];

/* ---- chunks ---- */

bool fleet_write_chunk(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                       struct fleet_result *results, struct error *err)
{
    struct store_value *rows = ARENA_ARRAY(batch->arena, struct store_value, count * 3);
    size_t used = 0;

    if (rows == NULL)
        return arena_full(batch->arena, err);
    for (size_t i = 0; i < count; i++) {
        const struct fleet_chunk *chunk = &writes[i].chunk;
        if (!fleet_size_good(chunk->body, LIMIT_FLEET_CHUNK, "chunk", &results[i]))
            continue;
        rows[used++] = hash_value(chunk->hash, FLEET_HASH_SIZE);
        rows[used++] = number_value(chunk->at_us);
        rows[used++] = bytes_value(chunk->body);
        results[i].outcome = FLEET_OUTCOME_DONE;
    }
    return fleet_call_rows(batch->store,
                           "INSERT INTO chunk (hash, first_us, body) {rows} ON CONFLICT (hash) DO NOTHING",
                           "bnb", rows, used / 3, err);
}

/* ---- commits ---- */

/* The inventory as it is here, and what it becomes. */
struct commit {
    const struct fleet_inventory *said;
    bool there;
    bool first; /* the host had none */
    uint8_t root[FLEET_HASH_SIZE];
    uint8_t was[FLEET_CHUNKS_SIZE], becomes[FLEET_CHUNKS_SIZE];
    uint8_t lacks[FLEET_BUCKETS / 8];
    bool present[FLEET_BUCKETS]; /* of `changed`, by its index */
};

static bool take_inventory(void *self, const struct store_value *columns, struct error *err)
{
    struct commit *commit = self;
    const struct bytes root = columns[0].bytes, chunks = columns[1].bytes;

    if (root.size != FLEET_HASH_SIZE || (chunks.size != 0 && chunks.size != FLEET_CHUNKS_SIZE))
        return error_set(err, ERROR_INPUT, "an inventory of %zu bytes in the database", chunks.size);
    commit->there = true;
    commit->first = chunks.size == 0;
    memcpy(commit->root, root.at, FLEET_HASH_SIZE);
    if (chunks.size != 0)
        memcpy(commit->was, chunks.at, FLEET_CHUNKS_SIZE);
    return true;
}

static bool read_inventory(struct fleet_batch *batch, struct commit *commit, struct error *err)
{
    const struct store_value hid = number_value(commit->said->hid);
    const struct store_call call = {.sql = "SELECT root, chunks FROM inventory WHERE hid = ?1",
                                    .types = "n",
                                    .values = &hid,
                                    .columns = "bb",
                                    .each = take_inventory,
                                    .self = commit};

    return batch->store->kind->call(batch->store->handle, &call, err);
}

static bool same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, FLEET_HASH_SIZE) == 0;
}

/* The buckets as the message says that they become; false: it does not add up to its root. */
static bool apply(struct commit *commit, bool *adds_up, struct error *err)
{
    const struct fleet_inventory *said = commit->said;
    uint8_t root[FLEET_HASH_SIZE];

    if (!said->from_nothing)
        memcpy(commit->becomes, commit->was, FLEET_CHUNKS_SIZE);
    for (size_t i = 0; i < said->changed_count; i++)
        memcpy(commit->becomes + said->changed[i].bucket * FLEET_HASH_SIZE, said->changed[i].hash,
               FLEET_HASH_SIZE);
    if (!fleet_inventory_root(commit->becomes, root, err))
        return false;
    *adds_up = same(root, said->root);
    return true;
}

static bool take_present(void *self, const struct store_value *columns, struct error *err)
{
    struct commit *commit = self;

    if (columns[0].bytes.size != FLEET_HASH_SIZE)
        return error_set(err, ERROR_INPUT, "a hash of %zu bytes in the database", columns[0].bytes.size);
    for (size_t i = 0; i < commit->said->changed_count; i++)
        if (same(commit->said->changed[i].hash, columns[0].bytes.at))
            commit->present[i] = true;
    return true;
}

static bool find_lacking(struct fleet_batch *batch, struct commit *commit, bool *lacks, struct error *err)
{
    const struct fleet_inventory *said = commit->said;
    struct store_value rows[FLEET_BUCKETS];
    size_t used = 0;
    struct store_call call = {.sql = "SELECT hash FROM chunk WHERE hash IN ({rows})",
                              .types = "b",
                              .values = rows,
                              .columns = "b",
                              .each = take_present,
                              .self = commit};

    for (size_t i = 0; i < said->changed_count; i++)
        if (!same(said->changed[i].hash, nothing))
            rows[used++] = hash_value(said->changed[i].hash, FLEET_HASH_SIZE);
    call.rows = used;
    if (used > 0 && !batch->store->kind->call(batch->store->handle, &call, err))
        return false;
    *lacks = false;
    for (size_t i = 0; i < said->changed_count; i++) {
        uint8_t bucket = said->changed[i].bucket;
        if (commit->present[i] || same(said->changed[i].hash, nothing))
            continue;
        commit->lacks[bucket / 8] |= (uint8_t)(1 << (bucket % 8));
        *lacks = true;
    }
    return true;
}

/* ---- writing one ---- */

/* What makes the row of facts: its number is the hash of them, so that nobody has to look for it. */
static bool put_facts(struct fleet_batch *batch, const struct fleet_facts *facts, int64_t *number,
                      struct error *err)
{
    const struct text joined =
        text_format(batch->arena, "%.*s\n%.*s\n%.*s\n%.*s", TEXT_ARG(facts->os), TEXT_ARG(facts->codename),
                    TEXT_ARG(facts->arch), TEXT_ARG(facts->kernel));

    if (joined.at == NULL)
        return arena_full(batch->arena, err);
    if (!fleet_fix_number(joined, number, err))
        return false;
    const struct store_value values[] = {number_value(*number), text_value(facts->os),
                                         text_value(facts->codename), text_value(facts->arch),
                                         text_value(facts->kernel)};
    return fleet_call(batch->store,
                      "INSERT INTO facts (facts, os, codename, arch, kernel) VALUES (?1, ?2, ?3, ?4, ?5)"
                      " ON CONFLICT (facts) DO NOTHING",
                      "ntttt", values, NULL, err);
}

/* A row for each bucket that is another than before; the host's first inventory is no change. */
static bool put_changes(struct fleet_batch *batch, const struct commit *commit, struct error *err)
{
    struct store_value *rows = ARENA_ARRAY(batch->arena, struct store_value, FLEET_BUCKETS * 5);
    size_t used = 0;
    char sql[256];

    if (rows == NULL)
        return arena_full(batch->arena, err);
    for (size_t bucket = 0; bucket < FLEET_BUCKETS && !commit->first; bucket++) {
        const uint8_t *was = commit->was + bucket * FLEET_HASH_SIZE;
        const uint8_t *becomes = commit->becomes + bucket * FLEET_HASH_SIZE;
        if (same(was, becomes))
            continue;
        rows[used++] = number_value(commit->said->hid);
        rows[used++] = number_value(commit->said->at_us);
        rows[used++] = number_value((int64_t)bucket);
        rows[used++] = hash_value(was, FLEET_HASH_SIZE);
        rows[used++] = hash_value(becomes, FLEET_HASH_SIZE);
    }
    if (used == 0)
        return true;
    int64_t month = fleet_month_of(commit->said->at_us);
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO change_%06lld (hid, at_us, bucket, was, became) {rows}"
                   " ON CONFLICT (hid, at_us, bucket) DO NOTHING",
                   (long long)month);
    return fleet_month_make(batch, month, err) &&
           fleet_call_rows(batch->store, sql, "nnnbb", rows, used / 5, err);
}

static bool put_commit(struct fleet_batch *batch, const struct commit *commit, struct error *err)
{
    const struct fleet_inventory *said = commit->said;
    int64_t facts;

    if (!put_facts(batch, &said->facts, &facts, err) || !put_changes(batch, commit, err))
        return false;
    const struct store_value inventory[] = {number_value(said->hid), hash_value(said->root, FLEET_HASH_SIZE),
                                            number_value(said->at_us),
                                            hash_value(commit->becomes, FLEET_CHUNKS_SIZE)};
    const struct store_value host[] = {number_value(said->hid), text_value(said->facts.name),
                                       number_value(facts), number_value(said->facts.scanned_us)};
    return fleet_call(batch->store,
                      "UPDATE inventory SET root = ?2, committed_us = ?3, chunks = ?4 WHERE hid = ?1", "nbnb",
                      inventory, NULL, err) &&
           fleet_call(batch->store,
                      "UPDATE host SET name = ?2, facts = ?3, scanned_us = ?4 WHERE hid = ?1"
                      " AND (name <> ?2 OR facts <> ?3 OR scanned_us <> ?4)",
                      "ntnn", host, NULL, err);
}

static bool message_good(const struct fleet_inventory *said, struct fleet_result *result)
{
    bool seen[FLEET_BUCKETS] = {0};

    if (said->changed_count > FLEET_BUCKETS)
        return !fleet_refuse(result, FLEET_OUTCOME_LIMIT, "%zu buckets, more than there are",
                             said->changed_count);
    for (size_t i = 0; i < said->changed_count; i++) {
        if (seen[said->changed[i].bucket])
            return !fleet_refuse(result, FLEET_OUTCOME_LIMIT, "bucket %u twice", said->changed[i].bucket);
        seen[said->changed[i].bucket] = true;
    }
    return fleet_text_good(said->facts.name, LIMIT_FLEET_TEXT, "host name", result) &&
           fleet_text_good(said->facts.os, LIMIT_FLEET_TEXT, "os", result) &&
           fleet_text_good(said->facts.codename, LIMIT_FLEET_TEXT, "release", result) &&
           fleet_text_good(said->facts.arch, LIMIT_FLEET_TEXT, "architecture", result) &&
           fleet_text_good(said->facts.kernel, LIMIT_FLEET_TEXT, "kernel", result);
}

static bool inventory_one(struct fleet_batch *batch, const struct fleet_inventory *said,
                          struct fleet_result *result, struct error *err)
{
    struct commit commit = {.said = said};
    bool adds_up, lacks;

    if (!message_good(said, result))
        return true;
    if (!read_inventory(batch, &commit, err))
        return false;
    if (!commit.there)
        return fleet_refuse(result, FLEET_OUTCOME_ABSENT, "no such host");
    if (!commit.first && same(commit.root, said->root)) {
        result->outcome = FLEET_OUTCOME_DONE;
        return true;
    }
    if (!said->from_nothing && !same(commit.root, said->base))
        return fleet_refuse(result, FLEET_OUTCOME_CONFLICT, "another inventory is here than the base");
    if (!apply(&commit, &adds_up, err))
        return false;
    if (!adds_up)
        return fleet_refuse(result, FLEET_OUTCOME_CONFLICT, "the buckets do not add up to the root");
    if (!find_lacking(batch, &commit, &lacks, err))
        return false;
    if (lacks) {
        memcpy(result->lacks, commit.lacks, sizeof(result->lacks));
        return fleet_refuse(result, FLEET_OUTCOME_LACKS, "chunks are lacking");
    }
    result->outcome = FLEET_OUTCOME_DONE;
    return put_commit(batch, &commit, err);
}

bool fleet_write_inventory(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                           struct fleet_result *results, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!inventory_one(batch, &writes[i].inventory, &results[i], err))
            return false;
    return true;
}
