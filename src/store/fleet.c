#include "store/fleet_inside.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/time.h"
#include "store/fleet_schema.h"

/* ---- opening ---- */

/* Handles of a year ago write no more. */
static bool forget_writers(struct fleet_store *store, int64_t now_us, struct error *err)
{
    const struct store_value before = number_value(now_us - 366 * TIME_DAY_US);

    return fleet_call(store, "DELETE FROM writer WHERE at_us < ?1", "n", &before, NULL, err);
}

static bool take_up(struct fleet_store *store, const struct fleet_store_options *options, struct error *err)
{
    uint32_t version;

    if (!fleet_schema_version(store->kind, store->handle, &version, err))
        return false;
    if (version == FLEET_SCHEMA)
        return options->read_only || forget_writers(store, options->now_us, err);
    if (options->read_only)
        return error_set(err, ERROR_ABSENT,
                         "its schema is %u, not %d: whoever writes to it must open it first", version,
                         FLEET_SCHEMA);
    if (version == 0 && !options->make)
        return error_set(err, ERROR_ABSENT, "there is nothing in it yet");
    return fleet_schema_upgrade(store->kind, store->handle, version, FLEET_SCHEMA, options->now_us, err);
}

/* The schema as it must be, whoever else opens the same database just now. */
static bool make_ready(struct fleet_store *store, const struct fleet_store_options *options,
                       struct error *err)
{
    enum store_access access = options->read_only ? STORE_READ : STORE_WRITE;
    struct error failed = {0}, mending = {0};
    bool unknown;

    for (unsigned tries = 1;; tries++) {
        if (store->kind->begin(store->handle, access, &failed) && take_up(store, options, &failed) &&
            store->kind->commit(store->handle, &unknown, &failed))
            return true;
        if (tries >= LIMIT_FLEET_TRIES || !store->kind->may_try_again(store->handle, &failed) ||
            !store->kind->mend(store->handle, &mending)) {
            *err = failed;
            return false;
        }
    }
}

bool fleet_store_open(const char *where, const struct fleet_store_options *options, struct fleet_store **out,
                      struct error *err)
{
    OWN(fleet_store_close) struct fleet_store *store = calloc(1, sizeof(*store));
    const char *rest;

    if (store == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    store->kind = stores_find(where, &rest);
    store->read_only = options->read_only;
    store->opened_us = options->now_us;
    os_random(store->writer, sizeof(store->writer));
    if (!store->kind->open(rest, options->make, options->read_only, &store->handle, err) ||
        !make_ready(store, options, err))
        return error_at(err, "the fleet's database (%s)", store->kind->name);
    *out = store;
    store = NULL;
    return true;
}

void fleet_store_close(struct fleet_store **store)
{
    if (*store == NULL)
        return;
    if ((*store)->handle != NULL)
        (*store)->kind->close((*store)->handle);
    free(*store);
    *store = NULL;
}

const char *fleet_store_kind(const struct fleet_store *store)
{
    return store->kind->name;
}

bool fleet_store_tidy(struct fleet_store *store, struct error *err)
{
    return store->kind->tidy(store->handle, err);
}

/* ---- calls ---- */

bool fleet_call(struct fleet_store *store, const char *sql, const char *types,
                const struct store_value *values, int64_t *changed, struct error *err)
{
    const struct store_call call = {
        .sql = sql, .types = types, .values = values, .rows = 1, .changed = changed};

    return store->kind->call(store->handle, &call, err);
}

bool fleet_call_rows(struct fleet_store *store, const char *sql, const char *types,
                     const struct store_value *values, size_t rows, struct error *err)
{
    const struct store_call call = {.sql = sql, .types = types, .values = values, .rows = rows};

    return rows == 0 || store->kind->call(store->handle, &call, err);
}

struct numbers {
    const char *columns;
    int64_t *out;
    bool *found;
};

static bool take_numbers(void *self, const struct store_value *columns, struct error *err)
{
    struct numbers *numbers = self;

    (void)err;
    for (size_t i = 0; numbers->columns[i] != '\0'; i++)
        numbers->out[i] = columns[i].number;
    *numbers->found = true;
    return true;
}

bool fleet_ask_numbers(struct fleet_store *store, const char *sql, const char *types,
                       const struct store_value *values, const char *columns, int64_t *out, bool *found,
                       struct error *err)
{
    struct numbers numbers = {columns, out, found};
    const struct store_call call = {.sql = sql,
                                    .types = types,
                                    .values = values,
                                    .rows = 1,
                                    .columns = columns,
                                    .each = take_numbers,
                                    .self = &numbers};

    *found = false;
    return store->kind->call(store->handle, &call, err);
}

/* ---- reads ---- */

struct reading {
    const struct store_call *call;
    bool begun;
};

static bool each_read(void *self, const struct store_value *columns, struct error *err)
{
    struct reading *reading = self;

    reading->begun = true;
    return reading->call->each(reading->call->self, columns, err);
}

bool fleet_read(struct fleet_store *store, const struct store_call *call, struct error *err)
{
    struct reading reading = {call, false};
    struct store_call watched = *call;
    struct error failed = {0}, mending = {0};

    watched.each = each_read;
    watched.self = &reading;
    if (store->kind->call(store->handle, &watched, &failed))
        return true;
    if (!reading.begun && store->kind->may_try_again(store->handle, &failed) &&
        store->kind->mend(store->handle, &mending))
        return store->kind->call(store->handle, &watched, err);
    *err = failed;
    return false;
}

bool fleet_collect_row(void *self, const struct store_value *columns, struct error *err)
{
    struct fleet_collect *collect = self;

    if (collect->count == collect->limit) {
        collect->more = true;
        return true;
    }
    void *grown = arena_grow(collect->arena, collect->at, collect->count, &collect->capacity,
                             collect->count + 1, collect->size);
    if (grown == NULL)
        return arena_full(collect->arena, err);
    collect->at = grown;
    if (!collect->read(columns, collect->arena, (uint8_t *)grown + collect->count * collect->size, err))
        return false;
    collect->count++;
    return true;
}

bool fleet_collect(struct fleet_store *store, const struct store_call *call, struct fleet_collect *collect,
                   struct error *err)
{
    struct store_call collecting = *call;

    collecting.each = fleet_collect_row;
    collecting.self = collect;
    return fleet_read(store, &collecting, err);
}

bool fleet_one(struct fleet_store *store, const struct store_call *call, struct fleet_collect *collect,
               const char *name, void *out, struct error *err)
{
    if (!fleet_collect(store, call, collect, err))
        return false;
    if (collect->count == 0)
        return error_set(err, ERROR_ABSENT, "no such %s", name);
    memcpy(out, collect->at, collect->size);
    return true;
}

bool fleet_take_text(const struct store_value *value, struct arena *arena, struct text *out,
                     struct error *err)
{
    struct text checked;

    if (!text_from_lines(value->bytes, LIMIT_FLEET_ABOUT, &checked, err))
        return error_at(err, "a text of the database");
    *out = text_copy(arena, checked);
    return out->at != NULL || arena_full(arena, err);
}

bool fleet_take_bytes(const struct store_value *value, struct arena *arena, struct bytes *out,
                      struct error *err)
{
    uint8_t *copy = arena_take(arena, value->bytes.size + 1);

    if (copy == NULL)
        return arena_full(arena, err);
    if (value->bytes.size > 0)
        memcpy(copy, value->bytes.at, value->bytes.size);
    *out = (struct bytes){copy, value->bytes.size};
    return true;
}

bool fleet_take_exact(const struct store_value *value, uint8_t *out, size_t size, struct error *err)
{
    if (value->bytes.size != size)
        return error_set(err, ERROR_INPUT, "%zu bytes in the database where %zu are due", value->bytes.size,
                         size);
    memcpy(out, value->bytes.at, size);
    return true;
}

/* ---- outcomes ---- */

const char *fleet_outcome_name(enum fleet_outcome outcome)
{
    static const char *const names[FLEET_OUTCOME_COUNT] = {
        "unknown", "done", "absent", "conflict", "refused", "lacks", "gap", "limit", "quarantine"};

    assert(outcome < FLEET_OUTCOME_COUNT);
    return names[outcome];
}

bool fleet_refuse(struct fleet_result *result, enum fleet_outcome outcome, const char *format, ...)
{
    va_list arguments;

    result->outcome = outcome;
    va_start(arguments, format);
    (void)vsnprintf(result->why, sizeof(result->why), format, arguments);
    va_end(arguments);
    return true;
}

bool fleet_text_good(struct text text, size_t limit, const char *what, struct fleet_result *result)
{
    struct text checked;
    struct error err = {0};

    if (text_from_lines(bytes_of_text(text), limit, &checked, &err))
        return true;
    (void)fleet_refuse(result, FLEET_OUTCOME_LIMIT, "%s: %.80s", what, err.text);
    return false;
}

bool fleet_size_good(struct bytes bytes, size_t limit, const char *what, struct fleet_result *result)
{
    if (bytes.size <= limit)
        return true;
    (void)fleet_refuse(result, FLEET_OUTCOME_LIMIT, "%s: %zu bytes, more than %zu", what, bytes.size, limit);
    return false;
}

/* ---- numbers ---- */

int64_t fleet_new_number(struct fleet_store *store, int64_t now_us)
{
    const int64_t start_us = INT64_C(1577836800000000); /* 2020: 41 bits of milliseconds last until 2089 */
    uint64_t ms = now_us > start_us ? (uint64_t)(now_us - start_us) / 1000 : 0;
    uint32_t chance;

    os_random(&chance, sizeof(chance));
    int64_t number = (int64_t)((ms & ((UINT64_C(1) << 41) - 1)) << 22 | (chance & 0x3fffff));
    store->last_number = number > store->last_number ? number : store->last_number + 1;
    return store->last_number;
}

bool fleet_inventory_root(const uint8_t chunks[FLEET_CHUNKS_SIZE], uint8_t out[FLEET_HASH_SIZE],
                          struct error *err)
{
    static const uint8_t none[FLEET_CHUNKS_SIZE];
    OWN(digester_end) struct digester digester = {0};
    struct digest digest = {.at = {0}};

    if (memcmp(chunks, none, sizeof(none)) != 0) {
        if (!digester_open(DIGEST_SHA256, &digester, err) ||
            !digester_add(&digester, BYTES("suture-inventory-1"), err) ||
            !digester_add(&digester, (struct bytes){chunks, FLEET_CHUNKS_SIZE}, err))
            return false;
        digester_close(&digester, &digest);
    }
    memcpy(out, digest.at, FLEET_HASH_SIZE);
    return true;
}

bool fleet_fix_number(struct text name, int64_t *out, struct error *err)
{
    struct digest digest;
    uint64_t number = 0;

    if (!digest_bytes(DIGEST_SHA256, bytes_of_text(name), &digest, err))
        return false;
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | digest.at[i];
    *out = (int64_t)(number >> 1);
    return true;
}

/* ---- months ---- */

int64_t fleet_month_of(int64_t time_us)
{
    const struct civil civil = time_civil(time_us);

    return (int64_t)civil.year * 100 + civil.month;
}

bool fleet_month_make(struct fleet_batch *batch, int64_t month, struct error *err)
{
    const struct store_value wanted = number_value(month);
    struct fleet_store *store = batch->store;
    int64_t there;
    bool found;

    if (month == batch->month)
        return true;
    if (!fleet_ask_numbers(store, "SELECT month FROM month WHERE month = ?1", "n", &wanted, "n", &there,
                           &found, err))
        return false;
    if (!found && !fleet_schema_month(store->kind, store->handle, month, err))
        return false;
    batch->month = month;
    return true;
}

static bool take_month(void *self, const struct store_value *columns, struct error *err)
{
    struct fleet_months *months = self;

    if (months->count == FLEET_MONTHS_MAX)
        return error_set(err, ERROR_LIMIT, "more than %d months of history", FLEET_MONTHS_MAX);
    months->at[months->count++] = columns[0].number;
    return true;
}

bool fleet_months(struct fleet_store *store, struct fleet_months *out, struct error *err)
{
    const struct store_call call = {.sql = "SELECT month FROM month ORDER BY month DESC",
                                    .columns = "n",
                                    .each = take_month,
                                    .self = out};

    out->count = 0;
    return store->kind->call(store->handle, &call, err);
}
