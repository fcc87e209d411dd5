#include "store/fleet_write.h"

#include <assert.h>
#include <string.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "store/fleet_inside.h"
#include "store/fleet_read.h"

/* Nothing but the row of the audit log, which follows for every write that is done. */
static bool only_audit(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                       struct fleet_result *results, struct error *err)
{
    (void)batch, (void)err;
    for (size_t i = 0; i < count; i++) {
        assert(writes[i].audit != NULL);
        results[i].outcome = FLEET_OUTCOME_DONE;
    }
    return true;
}

static fleet_carry_out *const deeds[FLEET_WRITE_COUNT] = {
    [FLEET_WRITE_ENROL] = fleet_write_enrol,
    [FLEET_WRITE_CERTIFICATE] = fleet_write_certificate,
    [FLEET_WRITE_HOST_FLAGS] = fleet_write_host_flags,
    [FLEET_WRITE_SEEN] = fleet_write_seen,
    [FLEET_WRITE_CHUNK] = fleet_write_chunk,
    [FLEET_WRITE_INVENTORY] = fleet_write_inventory,
    [FLEET_WRITE_EVENTS] = fleet_write_events,
    [FLEET_WRITE_FIX] = fleet_write_fix,
    [FLEET_WRITE_FIX_GENERATION] = fleet_write_fix_generation,
    [FLEET_WRITE_FINDINGS] = fleet_write_findings,
    [FLEET_WRITE_GENERATION] = fleet_write_generation,
    [FLEET_WRITE_PLAN] = fleet_write_plan,
    [FLEET_WRITE_NOW_ITEM] = fleet_write_now_item,
    [FLEET_WRITE_USER] = fleet_write_user,
    [FLEET_WRITE_API_TOKEN] = fleet_write_api_token,
    [FLEET_WRITE_ENROL_TOKEN] = fleet_write_enrol_token,
    [FLEET_WRITE_AUDIT] = only_audit,
    [FLEET_WRITE_FLEET] = fleet_write_fleet,
    [FLEET_WRITE_QUARANTINE_END] = fleet_write_quarantine_end,
};

/* ---- one try ---- */

/*
 * The batch's number, in the same transaction as all else. It is there already when this batch was committed and only
 * the answer was lost; and as long as it is not known whether it was, this waits for the one that is under way.
 */
static bool note_batch(struct fleet_store *store, bool *new, struct error *err)
{
    const struct store_value values[] = {hash_value(store->writer, sizeof(store->writer)),
                                         number_value(store->batch), number_value(store->opened_us)};
    int64_t changed;

    if (!fleet_call(store,
                    "INSERT INTO writer (writer, batch, at_us) VALUES (?1, ?2, ?3) ON CONFLICT (writer)"
                    " DO UPDATE SET batch = excluded.batch WHERE writer.batch < excluded.batch",
                    "bnn", values, &changed, err))
        return false;
    *new = changed != 0;
    return true;
}

static bool read_restored(struct fleet_batch *batch, struct error *err)
{
    int64_t numbers[2];
    bool found;

    if (!fleet_ask_numbers(
            batch->store,
            "SELECT COALESCE(MAX(CASE WHEN name = 'restored' THEN number ELSE 0 END), 0),"
            " COALESCE(MAX(CASE WHEN name = 'quarantine' THEN number ELSE 0 END), 0) FROM meta",
            NULL, NULL, "nn", numbers, &found, err))
        return false;
    batch->restored = numbers[0] != 0;
    batch->quarantine = numbers[1] != 0;
    return true;
}

/* A row of the audit log that cannot be written refuses its write before anything is done. */
static bool audit_good(const struct fleet_write *write, struct fleet_result *result)
{
    const struct fleet_audit *audit = write->audit;

    return audit == NULL || (fleet_text_good(audit->actor, LIMIT_FLEET_TEXT, "audit actor", result) &&
                             fleet_text_good(audit->from, LIMIT_FLEET_TEXT, "audit address", result) &&
                             fleet_text_good(audit->deed, LIMIT_FLEET_TEXT, "audit deed", result) &&
                             fleet_text_good(audit->object, LIMIT_FLEET_TEXT, "audit object", result) &&
                             fleet_text_good(audit->detail, LIMIT_FLEET_ABOUT, "audit detail", result));
}

static bool carry_out_all(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                          struct fleet_result *results, struct error *err)
{
    size_t end;

    memset(results, 0, count * sizeof(*results));
    for (size_t at = 0; at < count; at = end) {
        end = at + 1;
        if (!audit_good(&writes[at], &results[at]))
            continue;
        while (end < count && writes[end].kind == writes[at].kind && audit_good(&writes[end], &results[end]))
            end++;
        assert(writes[at].kind > FLEET_WRITE_UNKNOWN && writes[at].kind < FLEET_WRITE_COUNT);
        if (!deeds[writes[at].kind](batch, writes + at, end - at, results + at, err))
            return false;
    }
    return fleet_write_audits(batch, writes, count, results, err);
}

static void at_place(const struct fleet_store *store, const char *place)
{
    if (store->at_place != NULL)
        store->at_place(store->self, place);
}

struct attempt {
    const struct fleet_write *writes;
    size_t count;
    struct fleet_result *results;
    bool unknown; /* one before this may have been committed, with these results */
};

static bool try_once(struct fleet_store *store, struct attempt *attempt, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_MEMORY);
    struct fleet_batch batch = {.store = store, .arena = &arena, .month = store->month};
    bool new;

    if (!store->kind->begin(store->handle, STORE_WRITE, err) || !note_batch(store, &new, err))
        return false;
    if (!new) {
        assert(attempt->unknown);
        return store->kind->mend(store->handle, err);
    }
    at_place(store, "begun");
    if (!read_restored(&batch, err) ||
        !carry_out_all(&batch, attempt->writes, attempt->count, attempt->results, err))
        return false;
    at_place(store, "commit");
    if (!store->kind->commit(store->handle, &attempt->unknown, err))
        return false;
    store->month = batch.month;
    return true;
}

bool fleet_store_write(struct fleet_store *store, const struct fleet_write *writes, size_t count,
                       struct fleet_result *results, struct error *err)
{
    struct attempt attempt = {writes, count, results, false};
    struct error failed = {0}, mending = {0};

    assert(!store->read_only && count <= LIMIT_FLEET_BATCH);
    store->batch++;
    for (unsigned tries = 1;; tries++) {
        if (try_once(store, &attempt, &failed))
            return true;
        bool again = tries < LIMIT_FLEET_TRIES &&
                     (attempt.unknown || store->kind->may_try_again(store->handle, &failed));
        if (store->kind->mend(store->handle, &mending) && again)
            continue;
        *err = failed;
        return mending.kind == ERROR_NONE ? false : error_at(err, "%s", mending.text);
    }
}

struct head {
    uint64_t seq;
    uint8_t chain[32];
};

static bool take_head(void *self, const struct store_value *columns, struct error *err)
{
    struct head *head = self;

    if (columns[1].bytes.size != sizeof(head->chain))
        return error_set(err, ERROR_INPUT, "the audit log's last chain has %zu bytes", columns[1].bytes.size);
    head->seq = (uint64_t)columns[0].number;
    memcpy(head->chain, columns[1].bytes.at, sizeof(head->chain));
    return true;
}

#define AUDIT_COLUMNS 8

static bool put_audit(struct fleet_batch *batch, const struct fleet_audit *from, struct head *head,
                      struct store_value *out, struct error *err)
{
    struct fleet_audit row = *from;
    uint8_t *chain = arena_take(batch->arena, 32);

    if (chain == NULL)
        return arena_full(batch->arena, err);
    row.seq = head->seq + 1;
    if (!fleet_audit_chain(&row, head->chain, chain, err))
        return false;
    head->seq = row.seq;
    memcpy(head->chain, chain, 32);
    const struct store_value values[AUDIT_COLUMNS] = {
        count_value(row.seq), number_value(row.at_us), text_value(row.actor),  text_value(row.from),
        text_value(row.deed), text_value(row.object),  text_value(row.detail), hash_value(chain, 32)};
    memcpy(out, values, sizeof(values));
    return true;
}

bool fleet_write_audits(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                        struct fleet_result *results, struct error *err)
{
    struct head head = {0};
    const struct store_call last = {.sql = "SELECT seq, chain FROM audit ORDER BY seq DESC LIMIT 1",
                                    .columns = "nb",
                                    .each = take_head,
                                    .self = &head};
    size_t wanted = 0, rows = 0;

    for (size_t i = 0; i < count; i++)
        wanted += writes[i].audit != NULL && results[i].outcome == FLEET_OUTCOME_DONE;
    if (wanted == 0)
        return true;
    struct store_value *values = ARENA_ARRAY(batch->arena, struct store_value, wanted * AUDIT_COLUMNS);
    if (values == NULL)
        return arena_full(batch->arena, err);
    if (!batch->store->kind->call(batch->store->handle, &last, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (writes[i].audit == NULL || results[i].outcome != FLEET_OUTCOME_DONE)
            continue;
        if (!put_audit(batch, writes[i].audit, &head, values + rows++ * AUDIT_COLUMNS, err))
            return false;
        if (writes[i].kind == FLEET_WRITE_AUDIT)
            results[i].number = head.seq;
    }
    return fleet_call_rows(
        batch->store, "INSERT INTO audit (seq, at_us, actor, address, deed, object, detail, chain) {rows}",
        "nntttttb", values, rows, err);
}
