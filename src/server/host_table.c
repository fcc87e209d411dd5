#include "server/host_table.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "identify/fleet_table.h"

#define PAGE_ROWS 1024
#define PAGES_MAX (LIMIT_FLEET_HOSTS / PAGE_ROWS)
#define STRIPES   64 /* locks of rows: check-ins of different hosts seldom meet in one */

struct kept_row {
    struct host_row row;
    uint32_t chunks_sent; /* since then, or the last commit */
    int64_t chunks_since_us;
    bool used;
    bool unseen; /* in the queue of check-ins to be written */
    bool owed;   /* in the queue of findings */
    bool accept; /* the next check-in counts, whatever its counter */
};

struct queue {
    uint32_t *numbers;
    size_t count, capacity;
};

struct host_table {
    pthread_rwlock_t lock; /* of the tables and of which numbers there are */
    pthread_mutex_t stripes[STRIPES];
    pthread_mutex_t queues; /* always taken last */
    uint64_t key;
    struct fleet_table by_id, by_hid;
    struct kept_row *pages[PAGES_MAX];
    uint32_t count, live;
    struct queue seen, owed;
};

bool host_table_make(uint64_t key, struct host_table **out, struct error *err)
{
    struct host_table *table = calloc(1, sizeof(*table));

    if (table == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for the hosts");
    (void)pthread_rwlock_init(&table->lock, NULL);
    (void)pthread_mutex_init(&table->queues, NULL);
    for (unsigned i = 0; i < STRIPES; i++)
        (void)pthread_mutex_init(&table->stripes[i], NULL);
    table->key = key;
    *out = table;
    return true;
}

void host_table_end(struct host_table **pointer)
{
    struct host_table *table = *pointer;

    if (table == NULL)
        return;
    for (unsigned i = 0; i < PAGES_MAX; i++)
        free(table->pages[i]);
    fleet_table_end(&table->by_id);
    fleet_table_end(&table->by_hid);
    free(table->seen.numbers);
    free(table->owed.numbers);
    for (unsigned i = 0; i < STRIPES; i++)
        (void)pthread_mutex_destroy(&table->stripes[i]);
    (void)pthread_mutex_destroy(&table->queues);
    (void)pthread_rwlock_destroy(&table->lock);
    free(table);
    *pointer = NULL;
}

/* ---- rows ---- */

static uint64_t hash_of_id(const struct host_table *table, const struct host_id *id)
{
    return text_hash((struct text){(const char *)id->at, sizeof(id->at)}, table->key);
}

static uint64_t hash_of_hid(const struct host_table *table, int64_t hid)
{
    return text_hash((struct text){(const char *)&hid, sizeof(hid)}, table->key);
}

static struct kept_row *row_at(const struct host_table *table, uint32_t number)
{
    return &table->pages[number / PAGE_ROWS][number % PAGE_ROWS];
}

static pthread_mutex_t *stripe_of(struct host_table *table, uint32_t number)
{
    return &table->stripes[number % STRIPES];
}

/* Under the table's lock. A row's id and hid never change. */
static uint32_t number_of_id(const struct host_table *table, const struct host_id *id)
{
    uint64_t hash = hash_of_id(table, id);
    uint32_t number;

    for (size_t at = fleet_table_first(&table->by_id, hash);
         (number = fleet_table_next(&table->by_id, hash, &at)) != FLEET_TABLE_NONE;)
        if (memcmp(row_at(table, number)->row.id.at, id->at, sizeof(id->at)) == 0)
            return number;
    return HOST_NUMBER_NONE;
}

static uint32_t number_of_hid(const struct host_table *table, int64_t hid)
{
    uint64_t hash = hash_of_hid(table, hid);
    uint32_t number;

    for (size_t at = fleet_table_first(&table->by_hid, hash);
         (number = fleet_table_next(&table->by_hid, hash, &at)) != FLEET_TABLE_NONE;)
        if (row_at(table, number)->row.hid == hid)
            return number;
    return HOST_NUMBER_NONE;
}

/* What is to be done with one row, under its lock. */
typedef void with_row(struct host_table *table, struct kept_row *row, void *self);

static bool do_with(struct host_table *table, uint32_t number, with_row *what, void *self)
{
    if (number >= table->count || !row_at(table, number)->used)
        return false;
    (void)pthread_mutex_lock(stripe_of(table, number));
    what(table, row_at(table, number), self);
    (void)pthread_mutex_unlock(stripe_of(table, number));
    return true;
}

static bool with_number(struct host_table *table, uint32_t number, with_row *what, void *self)
{
    (void)pthread_rwlock_rdlock(&table->lock);
    bool done = do_with(table, number, what, self);
    (void)pthread_rwlock_unlock(&table->lock);
    return done;
}

static bool with_id(struct host_table *table, const struct host_id *id, with_row *what, void *self)
{
    (void)pthread_rwlock_rdlock(&table->lock);
    bool done = do_with(table, number_of_id(table, id), what, self);
    (void)pthread_rwlock_unlock(&table->lock);
    return done;
}

static bool with_hid(struct host_table *table, int64_t hid, with_row *what, void *self)
{
    (void)pthread_rwlock_rdlock(&table->lock);
    bool done = do_with(table, number_of_hid(table, hid), what, self);
    (void)pthread_rwlock_unlock(&table->lock);
    return done;
}

/* ---- adding ---- */

static struct host_row row_of(const struct fleet_host *host, uint32_t number)
{
    struct host_row row = {
        .hid = host->hid,
        .number = number,
        .flags = host->flags,
        .seen = host->seen,
        .ack = host->ack,
        .enrolled_us = host->enrolled_us,
        .committed_us = host->committed_us,
        .certificate_end_us = host->certificate_end_us,
        .findings_generation = host->finding_generation,
    };

    memcpy(row.id.at, host->id, sizeof(row.id.at));
    memcpy(row.root.at, host->root, sizeof(row.root.at));
    return row;
}

static bool put_row(struct host_table *table, const struct fleet_host *host, uint32_t *out, struct error *err)
{
    uint32_t number = table->count;
    struct host_row row = row_of(host, number);

    if (number >= LIMIT_FLEET_HOSTS)
        return error_set(err, ERROR_LIMIT, "more than %d hosts", LIMIT_FLEET_HOSTS);
    if (table->pages[number / PAGE_ROWS] == NULL)
        table->pages[number / PAGE_ROWS] = calloc(PAGE_ROWS, sizeof(struct kept_row));
    if (table->pages[number / PAGE_ROWS] == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for the hosts");
    if (!fleet_table_put(&table->by_id, hash_of_id(table, &row.id), number, err))
        return false;
    if (!fleet_table_put(&table->by_hid, hash_of_hid(table, row.hid), number, err)) {
        fleet_table_drop(&table->by_id, hash_of_id(table, &row.id), number);
        return false;
    }
    *row_at(table, number) = (struct kept_row){.row = row, .used = true};
    table->count++;
    table->live++;
    *out = number;
    return true;
}

bool host_table_add(struct host_table *table, const struct fleet_host *host, uint32_t *number,
                    struct error *err)
{
    struct host_id id;

    memcpy(id.at, host->id, sizeof(id.at));
    (void)pthread_rwlock_wrlock(&table->lock);
    *number = number_of_id(table, &id);
    bool done = *number != HOST_NUMBER_NONE || put_row(table, host, number, err);
    (void)pthread_rwlock_unlock(&table->lock);
    return done;
}

/* ---- looking ---- */

static void copy_row(struct host_table *table, struct kept_row *row, void *self)
{
    (void)table;
    *(struct host_row *)self = row->row;
}

bool host_table_find(struct host_table *table, const struct host_id *id, struct host_row *out)
{
    return with_id(table, id, copy_row, out);
}

bool host_table_find_hid(struct host_table *table, int64_t hid, struct host_row *out)
{
    return with_hid(table, hid, copy_row, out);
}

bool host_table_at(struct host_table *table, uint32_t number, struct host_row *out)
{
    return with_number(table, number, copy_row, out);
}

uint32_t host_table_count(struct host_table *table)
{
    return __atomic_load_n(&table->live, __ATOMIC_RELAXED);
}

uint32_t host_table_numbers(struct host_table *table)
{
    (void)pthread_rwlock_rdlock(&table->lock);
    uint32_t count = table->count;
    (void)pthread_rwlock_unlock(&table->lock);
    return count;
}

size_t host_table_memory(struct host_table *table)
{
    (void)pthread_rwlock_rdlock(&table->lock);
    size_t pages = ((size_t)table->count + PAGE_ROWS - 1) / PAGE_ROWS;
    size_t size = sizeof(*table) + pages * PAGE_ROWS * sizeof(struct kept_row) +
                  (table->by_id.capacity + table->by_hid.capacity) * sizeof(uint64_t);
    (void)pthread_rwlock_unlock(&table->lock);
    (void)pthread_mutex_lock(&table->queues);
    size += (table->seen.capacity + table->owed.capacity) * sizeof(uint32_t);
    (void)pthread_mutex_unlock(&table->queues);
    return size;
}

/* ---- queues ---- */

/* False without memory: then the row is not marked, and is put in the next time. */
static bool enqueue(struct host_table *table, struct queue *queue, uint32_t number)
{
    bool done = true;

    (void)pthread_mutex_lock(&table->queues);
    if (queue->count == queue->capacity) {
        size_t capacity = queue->capacity == 0 ? 256 : queue->capacity * 2;
        uint32_t *grown = realloc(queue->numbers, capacity * sizeof(*grown));
        done = grown != NULL;
        if (done) {
            queue->numbers = grown;
            queue->capacity = capacity;
        }
    }
    if (done)
        queue->numbers[queue->count++] = number;
    (void)pthread_mutex_unlock(&table->queues);
    return done;
}

/* The oldest ones. */
static size_t dequeue(struct host_table *table, struct queue *queue, uint32_t *numbers, size_t room)
{
    (void)pthread_mutex_lock(&table->queues);
    size_t count = queue->count < room ? queue->count : room;
    if (count > 0) {
        memcpy(numbers, queue->numbers, count * sizeof(*numbers));
        memmove(queue->numbers, queue->numbers + count, (queue->count - count) * sizeof(*numbers));
        queue->count -= count;
    }
    (void)pthread_mutex_unlock(&table->queues);
    return count;
}

static void mark_unseen(struct host_table *table, struct kept_row *row, void *self)
{
    (void)self;
    if (!row->unseen)
        row->unseen = enqueue(table, &table->seen, row->row.number);
}

static void take_seen(struct host_table *table, struct kept_row *row, void *self)
{
    struct fleet_write *write = self;

    (void)table;
    row->unseen = false;
    *write =
        (struct fleet_write){.kind = FLEET_WRITE_SEEN, .seen = {.hid = row->row.hid, .seen = row->row.seen}};
}

size_t host_table_take_seen(struct host_table *table, struct fleet_write *writes, size_t room)
{
    uint32_t numbers[512];
    size_t taken = 0, count;

    do {
        size_t want = room - taken < 512 ? room - taken : 512;
        count = dequeue(table, &table->seen, numbers, want);
        for (size_t i = 0; i < count; i++)
            if (with_number(table, numbers[i], take_seen, &writes[taken]))
                taken++;
    } while (count > 0 && taken < room);
    return taken;
}

void host_table_unseen(struct host_table *table, const struct fleet_write *writes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)with_hid(table, writes[i].seen.hid, mark_unseen, NULL);
}

static void owe(struct host_table *table, struct kept_row *row, void *self)
{
    (void)self;
    if (!row->owed)
        row->owed = enqueue(table, &table->owed, row->row.number);
}

void host_table_owe_findings(struct host_table *table, uint32_t number)
{
    (void)with_number(table, number, owe, NULL);
}

static void take_owed(struct host_table *table, struct kept_row *row, void *self)
{
    (void)table;
    (void)self;
    row->owed = false;
}

size_t host_table_take_owed(struct host_table *table, uint32_t *numbers, size_t room)
{
    size_t count = dequeue(table, &table->owed, numbers, room);

    for (size_t i = 0; i < count; i++)
        (void)with_number(table, numbers[i], take_owed, NULL);
    return count;
}

static void set_findings(struct host_table *table, struct kept_row *row, void *self)
{
    const uint64_t *values = self;

    (void)table;
    row->row.findings_generation = values[0];
    row->row.findings_digest = values[1];
}

void host_table_set_findings(struct host_table *table, uint32_t number, uint64_t generation, uint64_t digest)
{
    uint64_t values[2] = {generation, digest};

    (void)with_number(table, number, set_findings, values);
}

/* ---- check-ins ---- */

struct checking_in {
    const struct agent_checkin *checkin;
    int64_t now_us;
    enum host_checkin verdict;
    struct host_row *out;
};

static enum host_checkin judge(const struct kept_row *row, const struct agent_checkin *checkin)
{
    if (row->accept || checkin->counter > row->row.seen.counter)
        return HOST_CHECKIN_NEW;
    if (checkin->counter == row->row.seen.counter && checkin->random == row->row.seen.random)
        return HOST_CHECKIN_AGAIN;
    return HOST_CHECKIN_CLONE;
}

/* It may be a thousand times a second's business: what is said is taken over, nothing is looked up. */
static void take_over(struct host_table *table, struct kept_row *row, const struct agent_checkin *checkin,
                      int64_t now_us)
{
    struct host_row *known = &row->row;

    if (known->seen.epoch != checkin->epoch)
        known->ack = 0; /* another outbox: what of it is stored is known when it sends some */
    known->seen = (struct fleet_seen){
        .counter = checkin->counter,
        .random = checkin->random,
        .epoch = checkin->epoch,
        .seen_us = now_us,
        .agent_version =
            (uint32_t)checkin->major << 16 | (uint32_t)(checkin->minor & 255) << 8 | (checkin->patch & 255),
        .state = checkin->flags,
        .plan_generation = checkin->plan,
        .index_generation = checkin->advisories,
    };
    known->due = checkin->due;
    known->late = checkin->late;
    known->open = checkin->open;
    known->unknown = checkin->unknown;
    known->clock_us = checkin->clock_us;
    known->level = checkin->level;
    row->accept = false;
    mark_unseen(table, row, NULL);
}

static void check_in(struct host_table *table, struct kept_row *row, void *self)
{
    struct checking_in *checking = self;

    checking->verdict = judge(row, checking->checkin);
    if (checking->verdict == HOST_CHECKIN_NEW)
        take_over(table, row, checking->checkin, checking->now_us);
    if (checking->verdict == HOST_CHECKIN_CLONE) {
        if (row->row.flags & FLEET_HOST_SAFE_LANE)
            checking->verdict =
                HOST_CHECKIN_AGAIN; /* known as one already: it is answered, and nothing is taken over */
        row->row.flags |= FLEET_HOST_SAFE_LANE;
    }
    *checking->out = row->row;
}

enum host_checkin host_table_checkin(struct host_table *table, const struct agent_checkin *checkin,
                                     int64_t now_us, struct host_row *out)
{
    struct checking_in checking = {.checkin = checkin, .now_us = now_us, .out = out};

    return with_id(table, &checkin->host, check_in, &checking) ? checking.verdict : HOST_CHECKIN_UNKNOWN;
}

static void hold(struct host_table *table, struct kept_row *row, void *self)
{
    (void)table;
    *(bool *)self = (row->row.flags & FLEET_HOST_SAFE_LANE) == 0;
    row->row.flags |= FLEET_HOST_SAFE_LANE;
}

bool host_table_hold(struct host_table *table, uint32_t number)
{
    bool is_new = false;

    return with_number(table, number, hold, &is_new) && is_new;
}

struct sending {
    int64_t now_us;
    bool may;
};

static void send_one(struct host_table *table, struct kept_row *row, void *self)
{
    struct sending *sending = self;

    (void)table;
    if (sending->now_us - row->chunks_since_us > HOST_CHUNKS_RESET_S * TIME_SECOND_US) {
        row->chunks_sent = 0;
        row->chunks_since_us = sending->now_us;
    }
    sending->may = row->chunks_sent < HOST_CHUNKS_MAX;
    row->chunks_sent += sending->may ? 1 : 0;
}

bool host_table_may_send(struct host_table *table, uint32_t number, int64_t now_us)
{
    struct sending sending = {.now_us = now_us};

    return with_number(table, number, send_one, &sending) && sending.may;
}

/* ---- what was written ---- */

struct written {
    const struct fleet_write *write;
    const struct fleet_result *result;
};

static void take_flags(struct host_table *table, struct kept_row *row, const struct fleet_host_flags *flags)
{
    bool was_removed = (row->row.flags & FLEET_HOST_REMOVED) != 0;

    row->row.flags = (row->row.flags | flags->set) & ~flags->clear;
    if (flags->accept) {
        row->row.flags &= ~(uint32_t)FLEET_HOST_SAFE_LANE;
        row->accept = true;
    }
    if (!was_removed && (row->row.flags & FLEET_HOST_REMOVED) != 0) {
        (void)__atomic_fetch_sub(&table->live, 1, __ATOMIC_RELAXED);
        owe(table, row, NULL); /* it leaves the fleet's index then */
    }
}

static void take_inventory(struct kept_row *row, const struct fleet_inventory *inventory)
{
    memcpy(row->row.root.at, inventory->root, sizeof(row->row.root.at));
    row->row.committed_us = inventory->at_us;
    row->chunks_sent = 0;
}

static void take_written(struct host_table *table, struct kept_row *row, void *self)
{
    const struct written *written = self;
    const struct fleet_write *write = written->write;

    if (write->kind == FLEET_WRITE_HOST_FLAGS)
        take_flags(table, row, &write->host_flags);
    else if (write->kind == FLEET_WRITE_CERTIFICATE &&
             write->certificate.certificate_end_us > row->row.certificate_end_us)
        row->row.certificate_end_us = write->certificate.certificate_end_us;
    else if (write->kind == FLEET_WRITE_INVENTORY)
        take_inventory(row, &write->inventory);
    else if (write->kind == FLEET_WRITE_EVENTS && write->events.epoch == row->row.seen.epoch &&
             written->result->ack > row->row.ack)
        row->row.ack = written->result->ack;
}

/* 0: no write that a row has a part in. */
static int64_t hid_of(const struct fleet_write *write)
{
    if (write->kind == FLEET_WRITE_HOST_FLAGS)
        return write->host_flags.hid;
    if (write->kind == FLEET_WRITE_CERTIFICATE)
        return write->certificate.hid;
    if (write->kind == FLEET_WRITE_INVENTORY)
        return write->inventory.hid;
    return write->kind == FLEET_WRITE_EVENTS ? write->events.hid : 0;
}

void host_table_written(struct host_table *table, const struct fleet_write *write,
                        const struct fleet_result *result)
{
    struct written written = {write, result};
    int64_t hid = hid_of(write);

    if (hid != 0 && result->outcome == FLEET_OUTCOME_DONE)
        (void)with_hid(table, hid, take_written, &written);
}
