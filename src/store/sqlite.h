/*
 * SQLite, loaded when the first database is opened and not before: no other part of Suture needs it, and a scan must not
 * pay for it. Where it is missing, opening fails with ERROR_ABSENT.
 *
 * A database here is one file that is whole whenever nobody writes: a rollback journal (journal_mode DELETE) and
 * synchronous EXTRA, so that what was committed is on the disk and stays committed when the power goes a moment later. A
 * write-ahead log would be faster, but leaves a second and third file without which the first is old, needs shared memory
 * even to be read, and we write a few dozen rows a day. The fleet's database (store_sqlite.c), which is written all day while
 * others read it, opens its file with settings of its own.
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "base/arena.h"
#include "base/bytes.h"

struct sqlite {
    void *library; /* our table of its functions */
    void *database;
};

/* make: the file is made when it is not there; else ERROR_ABSENT. OWN(sqlite_close). */
bool sqlite_open(const char *path, bool make, struct sqlite *out, struct error *err) MUST_USE;
/* The same with other settings than these: pragmas, ';' between them. read_only: no statement can change it. */
struct sqlite_options {
    bool make, read_only;
    const char *settings;
};
bool sqlite_open_with(const char *path, const struct sqlite_options *options, struct sqlite *out,
                      struct error *err) MUST_USE;
void sqlite_close(struct sqlite *db);

/* Statements without parameters and rows. */
bool sqlite_run(struct sqlite *db, const char *sql, struct error *err) MUST_USE;

/* OWN(sqlite_finish). Parameters count from 1, columns from 0. */
struct sqlite_query {
    struct sqlite *db;
    void *statement;
};
bool sqlite_prepare(struct sqlite *db, const char *sql, struct sqlite_query *out, struct error *err) MUST_USE;
void sqlite_finish(struct sqlite_query *query);
bool sqlite_bind_number(struct sqlite_query *query, int parameter, int64_t value, struct error *err) MUST_USE;
bool sqlite_bind_bytes(struct sqlite_query *query, int parameter, struct bytes value, struct error *err)
    MUST_USE;
bool sqlite_bind_text(struct sqlite_query *query, int parameter, struct text value, struct error *err)
    MUST_USE;
/* The next row; *row is false behind the last. */
bool sqlite_step(struct sqlite_query *query, bool *row, struct error *err) MUST_USE;
int64_t sqlite_number(const struct sqlite_query *query, int column);
/* Text or blob, as long as the row is there. */
struct bytes sqlite_view(const struct sqlite_query *query, int column);
/* The statement from its start, to be stepped again with the same or other parameters. */
void sqlite_reset(struct sqlite_query *query);
/* Rows that the last statement inserted, changed or deleted. */
int64_t sqlite_changed(const struct sqlite *db);
/* Whether a transaction is open. */
bool sqlite_in_transaction(const struct sqlite *db);
/* Text or blob, in the arena; at == NULL when memory is out. */
struct bytes sqlite_bytes(const struct sqlite_query *query, int column, struct arena *arena);

#endif
