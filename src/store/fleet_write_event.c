/*
 * Writes of events: each once.
 *
 * What was stored of an outbox is everything up to its ack, so that one number tells new events from those that come again, however
 * long the history that is kept. Rows of a run are held back and written together; before one is compared with what is
 * stored, and when the month changes, they are written.
 */
#include <stdio.h>

#include "base/control.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/fleet_inside.h"

#define EVENT_COLUMNS 8

struct outbox {
    int64_t hid;
    uint64_t epoch;
    uint64_t ack, lost;
    bool stored; /* it has a row */
    bool changed;
    int64_t made_us;
};

/* The machine of an outbox that is not stored yet. */
struct machine {
    int64_t hid;
    bool there;
    uint64_t outboxes; /* that it has */
};

struct run {
    struct fleet_batch *batch;
    size_t capacity; /* of both tables: a power of two, more than twice what is in them */
    struct outbox *outboxes;
    struct machine *machines;
    struct store_value *rows; /* held back */
    size_t row_count, row_capacity;
    int64_t month; /* of them */
};

/* ---- the outboxes of a run ---- */

static size_t place_of(const struct run *run, int64_t hid, uint64_t epoch)
{
    const uint64_t key[] = {(uint64_t)hid, epoch};

    return (size_t)text_hash((struct text){(const char *)key, sizeof(key)}, 1) & (run->capacity - 1);
}

/* Tables with linear probing: the row, or the empty one where it belongs. */
static struct outbox *outbox_of(const struct run *run, int64_t hid, uint64_t epoch)
{
    size_t place = place_of(run, hid, epoch);

    while (run->outboxes[place].hid != 0 &&
           (run->outboxes[place].hid != hid || run->outboxes[place].epoch != epoch))
        place = (place + 1) & (run->capacity - 1);
    return &run->outboxes[place];
}

static struct machine *machine_of(const struct run *run, int64_t hid)
{
    size_t place = place_of(run, hid, 0);

    while (run->machines[place].hid != 0 && run->machines[place].hid != hid)
        place = (place + 1) & (run->capacity - 1);
    return &run->machines[place];
}

static bool take_outbox(void *self, const struct store_value *columns, struct error *err)
{
    struct outbox *outbox = outbox_of(self, columns[0].number, (uint64_t)columns[1].number);

    (void)err;
    outbox->ack = (uint64_t)columns[2].number;
    outbox->lost = (uint64_t)columns[3].number;
    outbox->stored = true;
    return true;
}

static bool take_machine(void *self, const struct store_value *columns, struct error *err)
{
    struct machine *machine = machine_of(self, columns[0].number);

    (void)err;
    machine->there = true;
    machine->outboxes = (uint64_t)columns[1].number;
    return true;
}

static bool read_outboxes(struct run *run, const struct fleet_write *writes, size_t count,
                          struct store_value *keys, struct error *err)
{
    struct store_call call = {.sql =
                                  "SELECT hid, epoch, ack, lost FROM outbox WHERE (hid, epoch) IN ({rows})",
                              .types = "nn",
                              .values = keys,
                              .columns = "nnnn",
                              .each = take_outbox,
                              .self = run};

    for (size_t i = 0; i < count; i++) {
        const struct fleet_events *events = &writes[i].events;
        struct outbox *outbox = outbox_of(run, events->hid, events->epoch);
        if (outbox->hid != 0 || events->hid == 0)
            continue;
        *outbox = (struct outbox){.hid = events->hid, .epoch = events->epoch, .made_us = events->received_us};
        keys[call.rows * 2] = number_value(events->hid);
        keys[call.rows++ * 2 + 1] = count_value(events->epoch);
    }
    return call.rows == 0 || run->batch->store->kind->call(run->batch->store->handle, &call, err);
}

/* Those whose outbox is new: they must be there, and not have made too many. */
static bool read_machines(struct run *run, struct store_value *keys, struct error *err)
{
    struct store_call call = {
        .sql = "SELECT h.hid, (SELECT count(*) FROM outbox o WHERE o.hid = h.hid) FROM host h"
               " WHERE h.hid IN ({rows})",
        .types = "n",
        .values = keys,
        .columns = "nn",
        .each = take_machine,
        .self = run};

    for (size_t i = 0; i < run->capacity; i++) {
        const struct outbox *outbox = &run->outboxes[i];
        struct machine *machine = outbox->hid == 0 || outbox->stored ? NULL : machine_of(run, outbox->hid);
        if (machine == NULL || machine->hid != 0)
            continue;
        machine->hid = outbox->hid;
        keys[call.rows++] = number_value(outbox->hid);
    }
    return call.rows == 0 || run->batch->store->kind->call(run->batch->store->handle, &call, err);
}

/* False, with the outcome: a first message of an outbox that is not taken. */
static bool outbox_welcome(struct run *run, const struct outbox *outbox, struct fleet_result *result)
{
    const struct machine *machine;

    if (outbox->stored || outbox->changed)
        return true;
    machine = machine_of(run, outbox->hid);
    if (outbox->hid == 0 || !machine->there)
        return !fleet_refuse(result, FLEET_OUTCOME_ABSENT, "no such host");
    if (machine->outboxes >= LIMIT_FLEET_EPOCHS)
        return !fleet_refuse(result, FLEET_OUTCOME_LIMIT, "this machine made more than %d outboxes",
                             LIMIT_FLEET_EPOCHS);
    return true;
}

/* ---- rows ---- */

static bool flush(struct run *run, struct error *err)
{
    char sql[256];
    size_t count = run->row_count;

    run->row_count = 0;
    if (count == 0)
        return true;
    (void)snprintf(
        sql, sizeof(sql),
        "INSERT INTO event_%06lld (hid, epoch, seq, kind, at_us, received_us, digest, body) {rows}",
        (long long)run->month);
    return fleet_month_make(run->batch, run->month, err) &&
           fleet_call_rows(run->batch->store, sql, "nnnnnnbb", run->rows, count, err);
}

static bool digest_of(const struct fleet_event *event, struct arena *arena, uint8_t **out, struct error *err)
{
    OWN(digester_end) struct digester digester = {0};
    /* Without the server's mark: what an agent sends again is the same, whatever was thought of it the first time. */
    const uint64_t head[] = {event->seq, event->kind % FLEET_EVENT_MARK, (uint64_t)event->at_us};
    struct digest digest;

    if (!digester_open(DIGEST_SHA256, &digester, err) ||
        !digester_add(&digester, (struct bytes){(const uint8_t *)head, sizeof(head)}, err) ||
        !digester_add(&digester, event->body, err))
        return false;
    digester_close(&digester, &digest);
    uint8_t *copy = arena_take(arena, FLEET_HASH_SIZE);
    if (copy == NULL)
        return arena_full(arena, err);
    memcpy(copy, digest.at, FLEET_HASH_SIZE);
    *out = copy;
    return true;
}

static bool hold_back(struct run *run, const struct fleet_events *events, const struct fleet_event *event,
                      struct error *err)
{
    struct arena *arena = run->batch->arena;
    int64_t month = fleet_month_of(events->received_us);
    uint8_t *digest = NULL;

    if (month != run->month && !flush(run, err))
        return false;
    run->month = month;
    struct store_value *grown =
        arena_grow(arena, run->rows, run->row_count * EVENT_COLUMNS, &run->row_capacity,
                   (run->row_count + 1) * EVENT_COLUMNS, sizeof(*grown));
    if (grown == NULL)
        return arena_full(arena, err);
    run->rows = grown;
    if (!digest_of(event, arena, &digest, err))
        return false;
    const struct store_value row[EVENT_COLUMNS] = {
        number_value(events->hid),           count_value(events->epoch), count_value(event->seq),
        number_value(event->kind),           number_value(event->at_us), number_value(events->received_us),
        hash_value(digest, FLEET_HASH_SIZE), bytes_value(event->body)};
    memcpy(run->rows + run->row_count++ * EVENT_COLUMNS, row, sizeof(row));
    return true;
}

/* ---- those that come again ---- */

struct comparison {
    const uint8_t *digest;
    bool found, same;
};

static bool take_comparison(void *self, const struct store_value *columns, struct error *err)
{
    struct comparison *comparison = self;

    (void)err;
    comparison->found = true;
    comparison->same = columns[0].bytes.size == FLEET_HASH_SIZE &&
                       memcmp(columns[0].bytes.at, comparison->digest, FLEET_HASH_SIZE) == 0;
    return true;
}

/* False in *same only when it is stored and is another; what lies in months that were dropped is believed. */
static bool compare(struct run *run, const struct fleet_events *events, const struct fleet_event *event,
                    bool *same, struct error *err)
{
    const struct store_value key[] = {number_value(events->hid), count_value(events->epoch),
                                      count_value(event->seq)};
    struct comparison comparison = {0};
    struct fleet_months months;
    char sql[128];
    struct store_call call = {.sql = sql,
                              .types = "nnn",
                              .values = key,
                              .columns = "b",
                              .each = take_comparison,
                              .self = &comparison};
    uint8_t *digest = NULL;

    if (!flush(run, err) || !fleet_months(run->batch->store, &months, err) ||
        !digest_of(event, run->batch->arena, &digest, err))
        return false;
    comparison.digest = digest;
    for (size_t i = 0; i < months.count && !comparison.found; i++) {
        (void)snprintf(sql, sizeof(sql),
                       "SELECT digest FROM event_%06lld WHERE hid = ?1 AND epoch = ?2 AND seq = ?3",
                       (long long)months.at[i]);
        if (!run->batch->store->kind->call(run->batch->store->handle, &call, err))
            return false;
    }
    *same = !comparison.found || comparison.same;
    return true;
}

/* ---- one message ---- */

static bool message_good(const struct fleet_events *events, struct fleet_result *result)
{
    if (events->count > LIMIT_FLEET_EVENTS)
        return !fleet_refuse(result, FLEET_OUTCOME_LIMIT, "%zu events, more than %d", events->count,
                             LIMIT_FLEET_EVENTS);
    for (size_t i = 0; i < events->count; i++) {
        if (events->events[i].seq == 0 || events->events[i].seq > INT64_MAX ||
            events->events[i].seq != events->events[0].seq + i)
            return !fleet_refuse(result, FLEET_OUTCOME_LIMIT, "the events are not numbered one by one");
        if (!fleet_size_good(events->events[i].body, LIMIT_FLEET_EVENT, "event", result))
            return false;
    }
    return true;
}

/* Those up to the ack, compared; *again is how many. */
static bool compare_all(struct run *run, const struct fleet_events *events, const struct outbox *outbox,
                        struct fleet_result *result, size_t *again, struct error *err)
{
    bool same;

    for (*again = 0; *again < events->count && events->events[*again].seq <= outbox->ack; ++*again) {
        if (!compare(run, events, &events->events[*again], &same, err))
            return false;
        if (!same && control_holds(CONTROL_FLEET_EVENT_BODY))
            return fleet_refuse(result, FLEET_OUTCOME_CONFLICT, "event %llu is stored with another body",
                                (unsigned long long)events->events[*again].seq);
    }
    return true;
}

static bool events_one(struct run *run, const struct fleet_events *events, struct outbox *outbox,
                       struct fleet_result *result, struct error *err)
{
    size_t again;

    if (!message_good(events, result) || !outbox_welcome(run, outbox, result))
        return true;
    if (!compare_all(run, events, outbox, result, &again, err))
        return false;
    result->ack = outbox->ack;
    if (result->outcome != FLEET_OUTCOME_UNKNOWN)
        return true;
    if (again < events->count && events->events[again].seq > outbox->ack + 1) {
        uint64_t first = events->events[again].seq;
        if (events->oldest_kept <= outbox->ack + 1 || events->oldest_kept < first)
            return fleet_refuse(result, FLEET_OUTCOME_GAP, "events from %llu on are lacking",
                                (unsigned long long)outbox->ack + 1);
        result->number = first - outbox->ack - 1;
        outbox->lost += result->number;
    }
    for (size_t i = again; i < events->count; i++)
        if (!hold_back(run, events, &events->events[i], err))
            return false;
    if (again < events->count) {
        if (!outbox->stored && !outbox->changed)
            machine_of(run, outbox->hid)->outboxes++;
        outbox->ack = events->events[events->count - 1].seq;
        outbox->changed = true;
    }
    result->ack = outbox->ack;
    result->outcome = FLEET_OUTCOME_DONE;
    return true;
}

/* ---- a run ---- */

static bool put_outboxes(struct run *run, struct error *err)
{
    struct store_value *rows = ARENA_ARRAY(run->batch->arena, struct store_value, run->capacity * 5);
    size_t used = 0;

    if (rows == NULL)
        return arena_full(run->batch->arena, err);
    for (size_t i = 0; i < run->capacity; i++) {
        const struct outbox *outbox = &run->outboxes[i];
        if (!outbox->changed)
            continue;
        rows[used++] = number_value(outbox->hid);
        rows[used++] = count_value(outbox->epoch);
        rows[used++] = count_value(outbox->ack);
        rows[used++] = count_value(outbox->lost);
        rows[used++] = number_value(outbox->made_us);
    }
    return fleet_call_rows(
        run->batch->store,
        "INSERT INTO outbox (hid, epoch, ack, lost, made_us) {rows} ON CONFLICT (hid, epoch)"
        " DO UPDATE SET ack = excluded.ack, lost = excluded.lost",
        "nnnnn", rows, used / 5, err);
}

static bool run_begin(struct run *run, const struct fleet_write *writes, size_t count, struct error *err)
{
    struct arena *arena = run->batch->arena;
    struct store_value *keys = ARENA_ARRAY(arena, struct store_value, count * 2);

    run->capacity = 16;
    while (run->capacity < count * 2 + 2)
        run->capacity *= 2;
    run->outboxes = ARENA_ARRAY(arena, struct outbox, run->capacity);
    run->machines = ARENA_ARRAY(arena, struct machine, run->capacity);
    if (keys == NULL || run->outboxes == NULL || run->machines == NULL)
        return arena_full(arena, err);
    return read_outboxes(run, writes, count, keys, err) && read_machines(run, keys, err);
}

bool fleet_write_events(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                        struct fleet_result *results, struct error *err)
{
    struct run run = {.batch = batch};

    if (!run_begin(&run, writes, count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct outbox *outbox = outbox_of(&run, writes[i].events.hid, writes[i].events.epoch);
        if (!events_one(&run, &writes[i].events, outbox, &results[i], err))
            return false;
    }
    return flush(&run, err) && put_outboxes(&run, err);
}
