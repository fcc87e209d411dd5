/*
 * SQLite for a fleet: a write-ahead log, so that readers and the one writer do not wait for each other, and a sync of it at each commit
 * (FULL), so that what was committed stays when the power goes. One commit of many rows costs as much as one of a row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "store/sqlite.h"
#include "store/store.h"

#define STATEMENTS 256 /* a power of two; all that the store uses, with room for two years of months */

/* journal_size_limit: after a burst the log gives its place on the disk back. */
#define SETTINGS                                                                                             \
    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"    \
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000;"                      \
    "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-16384;"
#define SETTINGS_READ                                                                                        \
    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"

struct statement {
    char *sql; /* as it was given, before it was expanded */
    struct sqlite_query query;
};

struct handle {
    struct sqlite db;
    struct statement statements[STATEMENTS];
};

/* ---- statements ---- */

static void statement_end(struct statement *statement)
{
    sqlite_finish(&statement->query);
    free(statement->sql);
    *statement = (struct statement){0};
}

/* "VALUES (?1, ?2, ...)" */
static bool rows_of(const char *types, char *out, size_t size, struct error *err)
{
    size_t used = (size_t)snprintf(out, size, "VALUES (?1");

    for (size_t i = 1; types[i] != '\0' && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, ", ?%zu", i + 1);
    if (used + 2 > size)
        return error_set(err, ERROR_LIMIT, "a row with too many columns");
    (void)snprintf(out + used, size - used, ")");
    return true;
}

static bool prepare(struct handle *handle, const struct store_call *call, struct sqlite_query *out,
                    struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_SQL * 4);
    char rows[STORE_COLUMNS_MAX * 8] = "";

    if (call->types != NULL && !rows_of(call->types, rows, sizeof(rows), err))
        return false;
    char *sql = store_expand(&store_sqlite, call->sql, rows, &arena);
    if (sql == NULL)
        return arena_full(&arena, err);
    return sqlite_prepare(&handle->db, sql, out, err);
}

/* The statement for this text, kept for the next time; where its place is another's, that one goes. */
static bool statement_for(struct handle *handle, const struct store_call *call, struct sqlite_query **out,
                          struct error *err)
{
    struct statement *place = &handle->statements[text_hash(text_of(call->sql), 1) & (STATEMENTS - 1)];

    if (place->sql == NULL || strcmp(place->sql, call->sql) != 0) {
        statement_end(place);
        if ((place->sql = strdup(call->sql)) == NULL)
            return error_set(err, ERROR_LIMIT, "out of memory");
        if (!prepare(handle, call, &place->query, err)) {
            statement_end(place);
            return false;
        }
    }
    *out = &place->query;
    return true;
}

static bool bind_row(struct sqlite_query *query, const char *types, const struct store_value *values,
                     struct error *err)
{
    for (int i = 0; types[i] != '\0'; i++) {
        const struct bytes bytes = values[i].bytes;
        const struct text text = {(const char *)bytes.at, bytes.size};
        bool bound = types[i] == 'n'   ? sqlite_bind_number(query, i + 1, values[i].number, err)
                     : types[i] == 't' ? sqlite_bind_text(query, i + 1, text, err)
                                       : sqlite_bind_bytes(query, i + 1, bytes, err);
        if (!bound)
            return false;
    }
    return true;
}

/* ---- calls ---- */

static bool each_row(const struct sqlite_query *query, const struct store_call *call, struct error *err)
{
    struct store_value columns[STORE_COLUMNS_MAX];

    if (call->columns == NULL)
        return true;
    for (int i = 0; call->columns[i] != '\0'; i++)
        columns[i] = call->columns[i] == 'n' ? (struct store_value){.number = sqlite_number(query, i)}
                                             : (struct store_value){.bytes = sqlite_view(query, i)};
    return call->each(call->self, columns, err);
}

static bool step_all(struct sqlite_query *query, const struct store_call *call, int64_t *changed,
                     struct error *err)
{
    bool row = true;

    while (row)
        if (!sqlite_step(query, &row, err) || (row && !each_row(query, call, err)))
            return false;
    *changed += sqlite_changed(query->db);
    return true;
}

static bool call_sqlite(void *of, const struct store_call *call, struct error *err)
{
    struct handle *handle = of;
    struct sqlite_query *query;
    size_t width = call->types == NULL ? 0 : strlen(call->types);
    bool many = strstr(call->sql, "{rows}") != NULL, done = true;
    int64_t changed = 0;

    if (!statement_for(handle, call, &query, err))
        return false;
    for (size_t i = 0; i < (many ? call->rows : 1) && done; i++) {
        done = (width == 0 || bind_row(query, call->types, call->values + i * width, err)) &&
               step_all(query, call, &changed, err);
        sqlite_reset(query);
    }
    if (done && call->changed != NULL)
        *call->changed = changed;
    return done;
}

static bool run_sqlite(void *of, const char *sql, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_SQL * 4);
    struct handle *handle = of;
    char *expanded = store_expand(&store_sqlite, sql, "", &arena);

    return expanded == NULL ? arena_full(&arena, err) : sqlite_run(&handle->db, expanded, err);
}

/* ---- transactions ---- */

static bool begin_sqlite(void *of, enum store_access access, struct error *err)
{
    struct handle *handle = of;

    return sqlite_run(&handle->db, access == STORE_WRITE ? "BEGIN IMMEDIATE" : "BEGIN", err);
}

/* A commit that failed may lie in the log all the same, if it was the last sync that failed. */
static bool commit_sqlite(void *of, bool *unknown, struct error *err)
{
    struct handle *handle = of;

    *unknown = false;
    if (sqlite_run(&handle->db, "COMMIT", err))
        return true;
    *unknown = true;
    return false;
}

static bool mend_sqlite(void *of, struct error *err)
{
    struct handle *handle = of;

    return !sqlite_in_transaction(&handle->db) || sqlite_run(&handle->db, "ROLLBACK", err);
}

static bool may_try_again_sqlite(const void *of, const struct error *err)
{
    (void)of;
    return err->kind == ERROR_CONFLICT;
}

static bool tidy_sqlite(void *of, struct error *err)
{
    struct handle *handle = of;

    return sqlite_run(&handle->db, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize;", err);
}

/* ---- opening ---- */

static void close_sqlite(void *of)
{
    struct handle *handle = of;

    for (size_t i = 0; i < STATEMENTS; i++)
        statement_end(&handle->statements[i]);
    sqlite_close(&handle->db);
    free(handle);
}

static bool open_sqlite(const char *where, bool make, bool read_only, void **out, struct error *err)
{
    const struct sqlite_options options = {make, read_only, read_only ? SETTINGS_READ : SETTINGS};
    struct handle *handle = calloc(1, sizeof(*handle));

    if (handle == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!sqlite_open_with(where, &options, &handle->db, err)) {
        free(handle);
        return false;
    }
    *out = handle;
    return true;
}

const struct store store_sqlite = {
    .name = "sqlite",
    .prefix = "sqlite:",
    .places = {"BIGINT", "BLOB", "TEXT", "INTEGER PRIMARY KEY", "WITHOUT ROWID", "x''"},
    .count_tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'",
    .open = open_sqlite,
    .close = close_sqlite,
    .run = run_sqlite,
    .call = call_sqlite,
    .begin = begin_sqlite,
    .commit = commit_sqlite,
    .mend = mend_sqlite,
    .may_try_again = may_try_again_sqlite,
    .tidy = tidy_sqlite,
};
