/*
 * What a database must give to keep a fleet: one struct for each in store_NAME.c, all of them in stores.c.
 *
 * SQL is written once, in a subset that all of them understand, with these places that a database fills in (expand()):
 *
 *     {number} {bytes} {text}    types of columns: 64 bits, bytes, UTF-8 that is compared byte by byte
 *     {key}                      the type of a column that alone is its table's key, and a number
 *     {clustered}                behind a table: rows lie in the order of the key, where a database can
 *     {empty}                    no bytes, as a value
 *     {rows}                     the parameters, as a table: "INSERT INTO t (a, b) {rows} ON CONFLICT (a) DO NOTHING",
 *                                "SELECT a FROM t WHERE (a, b) IN ({rows})", "WITH r (a, b) AS ({rows}) UPDATE ..."
 *
 * With {rows} one call carries out many rows: one statement with arrays on PostgreSQL, one prepared statement stepped for each
 * on SQLite. So a statement may not name a row twice that it changes, and no row may depend on what another of the same
 * call did. Other parameters are ?1, ?2 and so on; not both. No column is ever NULL.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/bytes.h"

/* Of a parameter or a column: its type says which member is meant. */
struct store_value {
    int64_t number;
    struct bytes bytes; /* 'b' bytes and 't' text */
};

#define STORE_COLUMNS_MAX 48

/* Columns are the result's: they end when this returns. It must not use the same handle. */
typedef bool store_each(void *self, const struct store_value *columns, struct error *err);

struct store_call {
    const char *sql;
    const char *types;                /* of the parameters, of one row: "nbt"; NULL: none */
    const struct store_value *values; /* row by row */
    size_t rows;                      /* with {rows}; 0 does nothing */
    const char *columns;              /* of the result; NULL: none is wanted */
    store_each *each;
    void *self;
    int64_t *changed; /* rows inserted, changed or deleted; or NULL */
};

enum store_access { STORE_READ, STORE_WRITE };

struct store {
    const char *name;           /* "sqlite" */
    const char *const *schemes; /* how `where` begins; NULL: whatever no other takes */
    const char
        *prefix; /* "sqlite:": may stand in front of what it takes, and is left out when it is opened */
    const char *places[6];    /* {number}, {bytes}, {text}, {key}, {clustered}, {empty} */
    const char *count_tables; /* SQL for how many there are */

    bool (*open)(const char *where, bool make, bool read_only, void **out, struct error *err);
    void (*close)(void *handle);
    /* Statements without parameters and rows, ';' between them. */
    bool (*run)(void *handle, const char *sql, struct error *err);
    bool (*call)(void *handle, const struct store_call *call, struct error *err);
    /* All that is read until the end is of one state; what is written comes after all that was committed (serializable). */
    bool (*begin)(void *handle, enum store_access access, struct error *err);
    /* False: *unknown says whether it may have been committed all the same. */
    bool (*commit)(void *handle, bool *unknown, struct error *err);
    /* Ends the transaction, if there is one, and connects again where the connection is gone. After it the same may be tried again. */
    bool (*mend)(void *handle, struct error *err);
    /* Whether what failed last may hold at another try: a conflict with another writer, a lost connection. */
    bool (*may_try_again)(const void *handle, const struct error *err);
    /* A quiet minute's work. */
    bool (*tidy)(void *handle, struct error *err);
};

extern const struct store store_sqlite, store_postgres;

/* Ends with NULL. */
extern const struct store *const stores[];
/* The database that `where` names, never NULL; *rest is `where` without the prefix. */
const struct store *stores_find(const char *where, const char **rest);

/* sql with the places filled in, and {rows} by `rows`; in the arena, NUL-terminated; NULL when memory is out. */
char *store_expand(const struct store *store, const char *sql, const char *rows, struct arena *arena);

#endif
