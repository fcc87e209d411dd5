#include "store/sqlite.h"

#include <dlfcn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"

#define BUSY_MS 10000 /* a reader meets a writer for some milliseconds */

/* cell_size_check and trusted_schema: the file is ours, but somebody may have written to it. */
#define SETTINGS                                                                                             \
    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"                              \
    "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA; PRAGMA temp_store=MEMORY;"

/* What of SQLite is used here, with the declarations of its header, so that the compiler checks the types. */
struct functions {
    __typeof__(&sqlite3_open_v2) open;
    __typeof__(&sqlite3_close) close;
    __typeof__(&sqlite3_errmsg) message;
    __typeof__(&sqlite3_busy_timeout) busy_timeout;
    __typeof__(&sqlite3_exec) exec;
    __typeof__(&sqlite3_prepare_v2) prepare;
    __typeof__(&sqlite3_finalize) finalize;
    __typeof__(&sqlite3_bind_int64) bind_int64;
    __typeof__(&sqlite3_bind_blob) bind_blob;
    __typeof__(&sqlite3_bind_text) bind_text;
    __typeof__(&sqlite3_step) step;
    __typeof__(&sqlite3_column_int64) column_int64;
    __typeof__(&sqlite3_column_blob) column_blob;
    __typeof__(&sqlite3_column_bytes) column_bytes;
    __typeof__(&sqlite3_reset) reset;
    __typeof__(&sqlite3_changes64) changes;
    __typeof__(&sqlite3_get_autocommit) autocommit;
};

static bool load(struct functions *out, struct error *err)
{
    static const char *const names[] = {
        "sqlite3_open_v2",       "sqlite3_close",        "sqlite3_errmsg",   "sqlite3_busy_timeout",
        "sqlite3_exec",          "sqlite3_prepare_v2",   "sqlite3_finalize", "sqlite3_bind_int64",
        "sqlite3_bind_blob",     "sqlite3_bind_text",    "sqlite3_step",     "sqlite3_column_int64",
        "sqlite3_column_blob",   "sqlite3_column_bytes", "sqlite3_reset",    "sqlite3_changes64",
        "sqlite3_get_autocommit"};
    void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void *symbols[sizeof(names) / sizeof(*names)];

    _Static_assert(sizeof(symbols) == sizeof(*out), "a name for each function, in the same order");
    if (library == NULL)
        return error_set(err, ERROR_ABSENT, "SQLite cannot be loaded, so there is no journal: %s", dlerror());
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if ((symbols[i] = dlsym(library, names[i])) == NULL)
            return error_set(err, ERROR_ABSENT, "SQLite: no %s in it", names[i]);
    memcpy(out, symbols, sizeof(symbols)); /* ISO C has no cast from an object to a function */
    return true;
}

static const struct functions *functions(const struct sqlite *db)
{
    return db->library;
}

static bool failed(const struct sqlite *db, int status, struct error *err)
{
    const char *message = functions(db)->message(db->database);

    switch (status) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return error_set(err, ERROR_INPUT, "damaged: %s", message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CONSTRAINT:
        return error_set(err, ERROR_CONFLICT, "%s", message);
    case SQLITE_CANTOPEN:
        return error_set(err, ERROR_ABSENT, "%s", message);
    case SQLITE_NOMEM:
    case SQLITE_FULL:
        return error_set(err, ERROR_LIMIT, "%s", message);
    default:
        return error_set(err, ERROR_SYSTEM, "%s", message);
    }
}

bool sqlite_open(const char *path, bool make, struct sqlite *out, struct error *err)
{
    static const struct sqlite_options making = {true, false, SETTINGS}, using = {false, false, SETTINGS};

    return sqlite_open_with(path, make ? &making : &using, out, err);
}

bool sqlite_open_with(const char *path, const struct sqlite_options *options, struct sqlite *out,
                      struct error *err)
{
    struct sqlite db = {.library = malloc(sizeof(struct functions))};
    sqlite3 *database = NULL;
    int flags = SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE |
                (options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                (options->make ? SQLITE_OPEN_CREATE : 0);

    if (db.library == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!load(db.library, err)) {
        free(db.library);
        return false;
    }
    if (!options->make && !file_exists(path)) {
        free(db.library);
        return error_set(err, ERROR_ABSENT, "%s: is not there", path);
    }
    int status = functions(&db)->open(path, &database, flags, NULL);
    db.database = database;
    if (status == SQLITE_OK)
        status = functions(&db)->busy_timeout(database, BUSY_MS);
    if (status == SQLITE_OK)
        status = functions(&db)->exec(database, options->settings, NULL, NULL, NULL);
    if (status != SQLITE_OK) {
        (void)failed(&db, status, err);
        sqlite_close(&db);
        return error_at(err, "%s", path);
    }
    *out = db;
    return true;
}

void sqlite_close(struct sqlite *db)
{
    if (db->database != NULL)
        (void)functions(db)->close(
            db->database); /* every statement was finished, and what was committed is written */
    free(db->library);
    *db = (struct sqlite){0};
}

bool sqlite_run(struct sqlite *db, const char *sql, struct error *err)
{
    int status = functions(db)->exec(db->database, sql, NULL, NULL, NULL);

    return status == SQLITE_OK || failed(db, status, err);
}

bool sqlite_prepare(struct sqlite *db, const char *sql, struct sqlite_query *out, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int status = functions(db)->prepare(db->database, sql, -1, &statement, NULL);

    if (status != SQLITE_OK)
        return failed(db, status, err);
    *out = (struct sqlite_query){db, statement};
    return true;
}

void sqlite_finish(struct sqlite_query *query)
{
    if (query->statement != NULL)
        (void)functions(query->db)->finalize(query->statement); /* step has told of its failure */
    *query = (struct sqlite_query){0};
}

bool sqlite_bind_number(struct sqlite_query *query, int parameter, int64_t value, struct error *err)
{
    int status = functions(query->db)->bind_int64(query->statement, parameter, value);

    return status == SQLITE_OK || failed(query->db, status, err);
}

bool sqlite_bind_bytes(struct sqlite_query *query, int parameter, struct bytes value, struct error *err)
{
    int status = functions(query->db)->bind_blob(query->statement, parameter,
                                                 value.size > 0 ? (const void *)value.at : "",
                                                 (int)value.size, SQLITE_TRANSIENT);

    return status == SQLITE_OK || failed(query->db, status, err);
}

bool sqlite_bind_text(struct sqlite_query *query, int parameter, struct text value, struct error *err)
{
    int status = functions(query->db)->bind_text(query->statement, parameter, value.size > 0 ? value.at : "",
                                                 (int)value.size, SQLITE_TRANSIENT);

    return status == SQLITE_OK || failed(query->db, status, err);
}

bool sqlite_step(struct sqlite_query *query, bool *row, struct error *err)
{
    int status = functions(query->db)->step(query->statement);

    if (status != SQLITE_ROW && status != SQLITE_DONE)
        return failed(query->db, status, err);
    *row = status == SQLITE_ROW;
    return true;
}

int64_t sqlite_number(const struct sqlite_query *query, int column)
{
    return functions(query->db)->column_int64(query->statement, column);
}

struct bytes sqlite_view(const struct sqlite_query *query, int column)
{
    const void *at = functions(query->db)->column_blob(query->statement, column);

    return (struct bytes){at, (size_t)functions(query->db)->column_bytes(query->statement, column)};
}

void sqlite_reset(struct sqlite_query *query)
{
    (void)functions(query->db)->reset(query->statement); /* step has told of its failure */
}

int64_t sqlite_changed(const struct sqlite *db)
{
    return functions(db)->changes(db->database);
}

bool sqlite_in_transaction(const struct sqlite *db)
{
    return functions(db)->autocommit(db->database) == 0;
}

struct bytes sqlite_bytes(const struct sqlite_query *query, int column, struct arena *arena)
{
    const void *at = functions(query->db)->column_blob(query->statement, column);
    size_t size = (size_t)functions(query->db)->column_bytes(query->statement, column);
    uint8_t *copy = arena_take(arena, size + 1);

    if (copy != NULL && size > 0)
        memcpy(copy, at, size);
    return (struct bytes){copy, copy == NULL ? 0 : size};
}
