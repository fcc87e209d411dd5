/*
 * All rows of one database into another, table by table in the order of their keys, and the digest that says that they are the
 * same. Tables and their columns are fleet_schema.c's, so that whoever adds one there has it copied.
 */
#include <stdio.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "store/fleet_inside.h"
#include "store/fleet_keep.h"
#include "store/fleet_schema.h"

#define ROWS_TOGETHER  1000
#define BYTES_TOGETHER (8 * MIB)

/* One table, by the name that it has there. */
struct place {
    const struct fleet_table *table;
    char name[48];
};

typedef bool with_place(void *self, const struct place *place, struct error *err);

/* Every table that is the same in a copy: those of months newest first. `month` has its rows made with their tables. */
static bool each_place(struct fleet_store *store, bool months_too, with_place *with, void *self,
                       struct error *err)
{
    struct fleet_months months;
    struct place place;

    if (!fleet_months(store, &months, err))
        return false;
    for (place.table = fleet_tables; place.table->name != NULL; place.table++) {
        (void)snprintf(place.name, sizeof(place.name), "%s", place.table->name);
        if ((months_too || strcmp(place.name, "month") != 0) && !with(self, &place, err))
            return error_at(err, "%s", place.name);
    }
    for (size_t i = 0; i < months.count; i++)
        for (place.table = fleet_month_tables; place.table->name != NULL; place.table++) {
            (void)snprintf(place.name, sizeof(place.name), "%s_%06lld", place.table->name,
                           (long long)months.at[i]);
            if (!with(self, &place, err))
                return error_at(err, "%s", place.name);
        }
    return true;
}

static bool read_place(struct fleet_store *store, const struct place *place, store_each *each, void *self,
                       struct error *err)
{
    char sql[1024];
    const struct store_call call = {.sql = sql, .columns = place->table->types, .each = each, .self = self};

    (void)snprintf(sql, sizeof(sql), "SELECT %s FROM %s%s ORDER BY %s", place->table->columns, place->name,
                   place->table->condition == NULL ? "" : place->table->condition, place->table->key);
    return store->kind->call(store->handle, &call, err);
}

/* ---- digests ---- */

struct digesting {
    struct fleet_store *store;
    struct digester digester;
    struct writer w;
    const struct place *place;
    struct fleet_copied copied;
};

static bool flush_digest(struct digesting *digesting, struct error *err)
{
    struct bytes made;

    if (!writer_done(&digesting->w, &made, err) || !digester_add(&digesting->digester, made, err))
        return false;
    writer_clear(&digesting->w);
    return true;
}

static bool digest_row(void *self, const struct store_value *columns, struct error *err)
{
    struct digesting *digesting = self;
    const char *types = digesting->place->table->types;

    for (size_t i = 0; types[i] != '\0'; i++) {
        writer_u64(&digesting->w, types[i] == 'n' ? (uint64_t)columns[i].number : columns[i].bytes.size);
        if (types[i] != 'n')
            writer_put(&digesting->w, columns[i].bytes);
    }
    digesting->copied.rows++;
    return writer_bytes(&digesting->w).size < MIB || flush_digest(digesting, err);
}

static bool digest_place(void *self, const struct place *place, struct error *err)
{
    struct digesting *digesting = self;
    uint64_t before = digesting->copied.rows;

    digesting->place = place;
    digesting->copied.tables++;
    writer_varint(&digesting->w, strlen(place->name));
    writer_string(&digesting->w, place->name);
    if (!read_place(digesting->store, place, digest_row, digesting, err))
        return false;
    writer_u64(&digesting->w, digesting->copied.rows - before);
    return flush_digest(digesting, err);
}

static void digesting_end(struct digesting *digesting)
{
    digester_end(&digesting->digester);
    writer_end(&digesting->w);
}

/* In the transaction that is open. */
static bool digest_all(struct fleet_store *store, struct fleet_copied *out, struct error *err)
{
    OWN(digesting_end) struct digesting digesting = {.store = store, .w = writer_with(16 * MIB)};
    struct digest digest;

    if (!digester_open(DIGEST_SHA256, &digesting.digester, err) ||
        !each_place(store, true, digest_place, &digesting, err))
        return false;
    digester_close(&digesting.digester, &digest);
    memcpy(digesting.copied.digest, digest.at, sizeof(digesting.copied.digest));
    *out = digesting.copied;
    return true;
}

static void leave(struct fleet_store *store)
{
    struct error err = {0};

    (void)!store->kind->mend(store->handle, &err); /* reading left nothing behind */
}

bool fleet_store_digest(struct fleet_store *store, struct fleet_copied *out, struct error *err)
{
    bool done = store->kind->begin(store->handle, STORE_READ, err) && digest_all(store, out, err);

    leave(store);
    return done;
}

/* ---- rows ---- */

struct copying {
    struct fleet_store *from, *to;
    const struct place *place;
    char sql[1024];
    struct arena arena; /* of the rows that wait */
    struct store_value *rows;
    size_t count, bytes;
};

static void copying_end(struct copying *copying)
{
    arena_end(&copying->arena);
}

static bool flush_rows(struct copying *copying, struct error *err)
{
    bool done = fleet_call_rows(copying->to, copying->sql, copying->place->table->types, copying->rows,
                                copying->count, err);

    arena_end(&copying->arena);
    copying->arena = arena_with(LIMIT_FLEET_MEMORY);
    copying->rows = NULL;
    copying->count = copying->bytes = 0;
    return done;
}

static bool copy_row(void *self, const struct store_value *columns, struct error *err)
{
    struct copying *copying = self;
    const char *types = copying->place->table->types;
    size_t width = strlen(types);

    if (copying->rows == NULL)
        copying->rows = ARENA_ARRAY(&copying->arena, struct store_value, width * ROWS_TOGETHER);
    if (copying->rows == NULL)
        return arena_full(&copying->arena, err);
    struct store_value *row = copying->rows + copying->count * width;
    for (size_t i = 0; i < width; i++) {
        row[i] = columns[i];
        if (types[i] != 'n' && !fleet_take_bytes(&columns[i], &copying->arena, &row[i].bytes, err))
            return false;
        copying->bytes += types[i] == 'n' ? 8 : columns[i].bytes.size;
    }
    copying->count++;
    return (copying->count < ROWS_TOGETHER && copying->bytes < BYTES_TOGETHER) || flush_rows(copying, err);
}

static bool copy_place(void *self, const struct place *place, struct error *err)
{
    struct copying *copying = self;
    char drop[256];

    copying->place = place;
    (void)snprintf(copying->sql, sizeof(copying->sql), "INSERT INTO %s (%s) {rows}", place->name,
                   place->table->columns);
    /* What a new database has already: generations, and the facts that are none. */
    (void)snprintf(drop, sizeof(drop), "DELETE FROM %s%s", place->name,
                   place->table->condition == NULL ? "" : place->table->condition);
    return copying->to->kind->run(copying->to->handle, drop, err) &&
           read_place(copying->from, place, copy_row, copying, err) && flush_rows(copying, err);
}

static bool make_months(struct fleet_store *from, struct fleet_store *to, struct error *err)
{
    struct fleet_months months;

    if (!fleet_months(from, &months, err))
        return false;
    for (size_t i = 0; i < months.count; i++)
        if (!fleet_schema_month(to->kind, to->handle, months.at[i], err))
            return false;
    return true;
}

/* ---- whole databases ---- */

static bool check_empty(struct fleet_store *to, struct error *err)
{
    int64_t rows = 0;
    bool found;

    if (!fleet_ask_numbers(
            to,
            "SELECT (SELECT count(*) FROM host) + (SELECT count(*) FROM person)"
            " + (SELECT count(*) FROM audit) + (SELECT count(*) FROM enrol_token)"
            " + (SELECT count(*) FROM chunk) + (SELECT count(*) FROM fix) + (SELECT count(*) FROM month)"
            " + (SELECT count(*) FROM meta WHERE name = 'fleet')",
            NULL, NULL, "n", &rows, &found, err))
        return false;
    return rows == 0 || error_set(err, ERROR_CONFLICT, "there is something in it already: it must be empty");
}

/* In the transactions that are open on both. */
static bool copy_rows(struct fleet_store *from, struct fleet_store *to, struct fleet_copied *out,
                      struct error *err)
{
    OWN(copying_end)
    struct copying copying = {.from = from, .to = to, .arena = arena_with(LIMIT_FLEET_MEMORY)};
    struct fleet_copied here, there;

    if (!check_empty(to, err) || !make_months(from, to, err) ||
        !each_place(from, false, copy_place, &copying, err) || !digest_all(from, &here, err) ||
        !digest_all(to, &there, err))
        return false;
    if (here.rows != there.rows || memcmp(here.digest, there.digest, sizeof(here.digest)) != 0)
        return error_set(err, ERROR_TRUST,
                         "the copy is not what was copied (%llu rows and %llu, or one of them differs)",
                         (unsigned long long)here.rows, (unsigned long long)there.rows);
    *out = here;
    return true;
}

bool fleet_copy_marked(struct fleet_store *from, struct fleet_store *to, const char *marks,
                       struct fleet_copied *out, struct error *err)
{
    bool unknown, done = false;

    if (from->kind->begin(from->handle, STORE_READ, err) && to->kind->begin(to->handle, STORE_WRITE, err))
        done = copy_rows(from, to, out, err) && (marks == NULL || to->kind->run(to->handle, marks, err)) &&
               to->kind->commit(to->handle, &unknown, err);
    leave(from);
    leave(to);
    return done;
}

bool fleet_store_copy(struct fleet_store *from, struct fleet_store *to, struct fleet_copied *out,
                      struct error *err)
{
    return fleet_copy_marked(from, to, NULL, out, err);
}
