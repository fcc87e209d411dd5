/*
 * PostgreSQL for a fleet that has outgrown one file. Many rows go as one statement with an array for each column; all that writes is
 * serializable, so that what is decided in C on what was read holds when it is committed; and a connection that is lost is
 * made again, to whichever of the hosts accepts writes by then.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "store/libpq.h"
#include "store/store.h"

#define STATEMENTS      256        /* a power of two */
#define ARRAYS_MAX      (16 * MIB) /* bytes of one statement's rows: more are several statements */
#define ROWS_MAX        20000
#define CONNECTS        5          /* tries, before the caller is told */
#define CONNECT_WAIT_NS 200000000L /* between them: a restart takes a second or two */

#define OID_NUMBER      20
#define OID_BYTES       17
#define OID_TEXT        25
#define OID_NUMBERS     1016
#define OID_BYTESES     1001
#define OID_TEXTS       1009

struct statement {
    char *sql; /* as it was given, before it was expanded */
    char name[32];
};

struct handle {
    struct libpq pq;
    char *where;
    bool read_only;
    PGconn *connection;
    bool lost;      /* to be made again */
    bool try_again; /* what failed last may hold at another try */
    unsigned made;  /* statements so far */
    struct statement statements[STATEMENTS];
};

/* ---- failures ---- */

/* The first line of the library's message. */
static bool connection_failed(struct handle *handle, const char *what, struct error *err)
{
    const char *message = handle->pq.message(handle->connection);
    size_t size = strcspn(message, "\n");

    handle->lost = true;
    handle->try_again = true;
    return error_set(err, ERROR_SYSTEM, "%s: %.*s", what, (int)size, message);
}

/* Classes of SQLSTATE that say more than "it failed". */
static bool statement_failed(struct handle *handle, const PGresult *result, struct error *err)
{
    static const struct {
        const char *state;
        enum error_kind kind;
        bool lost, try_again;
    } states[] = {
        {"40", ERROR_CONFLICT, false, true},    /* serialization, deadlock */
        {"23505", ERROR_CONFLICT, false, true}, /* both made what neither had seen: a month's tables */
        {"42P07", ERROR_CONFLICT, false, true},
        {"55P03", ERROR_CONFLICT, false, true}, /* a lock was not given in time */
        {"57P0", ERROR_SYSTEM, true, true},     /* the server goes down, or is not up yet */
        {"08", ERROR_SYSTEM, true, true},       /* the connection */
        {"25006", ERROR_SYSTEM, true, true},    /* read only: this one is no longer the leader */
        {"53", ERROR_LIMIT, false, false},      /* disk full, out of memory */
        {"XX001", ERROR_INPUT, false, false},   /* damaged */
        {"XX002", ERROR_INPUT, false, false},
    };
    const char *state = handle->pq.result_field(result, PG_DIAG_SQLSTATE);
    const char *message = handle->pq.result_field(result, PG_DIAG_MESSAGE_PRIMARY);

    if (state == NULL || handle->pq.status(handle->connection) == CONNECTION_BAD)
        return connection_failed(handle, "the connection was lost", err);
    handle->try_again = false;
    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
        if (strncmp(state, states[i].state, strlen(states[i].state)) != 0)
            continue;
        handle->lost = handle->lost || states[i].lost;
        handle->try_again = states[i].try_again;
        return error_set(err, states[i].kind, "%s (%s)", message == NULL ? "failed" : message, state);
    }
    return error_set(err, ERROR_SYSTEM, "%s (%s)", message == NULL ? "failed" : message, state);
}

static bool good(struct handle *handle, const PGresult *result)
{
    ExecStatusType status = handle->pq.result_status(result);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

static bool execute(struct handle *handle, const char *sql, struct error *err)
{
    PGresult *result = handle->pq.exec(handle->connection, sql);
    bool done = good(handle, result) || statement_failed(handle, result, err);

    handle->pq.clear(result);
    return done;
}

/* ---- statements ---- */

static void forget_statements(struct handle *handle)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        free(handle->statements[i].sql);
        handle->statements[i].sql = NULL;
    }
}

static Oid oid_of(char type, bool array)
{
    if (type == 'n')
        return array ? OID_NUMBERS : OID_NUMBER;
    if (type == 't')
        return array ? OID_TEXTS : OID_TEXT;
    return array ? OID_BYTESES : OID_BYTES;
}

/* "SELECT * FROM unnest($1, $2, ...)" */
static bool rows_of(const char *types, char *out, size_t size, struct error *err)
{
    size_t used = (size_t)snprintf(out, size, "SELECT * FROM unnest($1");

    assert(types != NULL);
    for (size_t i = 1; types[i] != '\0' && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, ", $%zu", i + 1);
    if (used + 2 > size)
        return error_set(err, ERROR_LIMIT, "a row with too many columns");
    (void)snprintf(out + used, size - used, ")");
    return true;
}

static bool prepare(struct handle *handle, const struct store_call *call, const char *name, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_SQL * 4);
    bool many = strstr(call->sql, "{rows}") != NULL;
    char rows[64 + STORE_COLUMNS_MAX * 8] = "";
    Oid oids[STORE_COLUMNS_MAX];
    size_t count = call->types == NULL ? 0 : strlen(call->types);

    assert(count <= STORE_COLUMNS_MAX);
    if (many && !rows_of(call->types, rows, sizeof(rows), err))
        return false;
    char *sql = store_expand(&store_postgres, call->sql, rows, &arena);
    if (sql == NULL)
        return arena_full(&arena, err);
    for (char *at = sql; *at != '\0'; at++)
        if (*at == '?')
            *at = '$';
    for (size_t i = 0; i < count; i++)
        oids[i] = oid_of(call->types[i], many);
    PGresult *result = handle->pq.prepare(handle->connection, name, sql, (int)count, oids);
    bool done = good(handle, result) || statement_failed(handle, result, err);
    handle->pq.clear(result);
    return done;
}

static bool statement_for(struct handle *handle, const struct store_call *call, const char **name,
                          struct error *err)
{
    struct statement *place = &handle->statements[text_hash(text_of(call->sql), 1) & (STATEMENTS - 1)];
    char drop[64];

    if (place->sql == NULL || strcmp(place->sql, call->sql) != 0) {
        (void)snprintf(drop, sizeof(drop), "DEALLOCATE %s", place->name);
        if (place->sql != NULL && !execute(handle, drop, err))
            return false;
        free(place->sql);
        place->sql = NULL;
        (void)snprintf(place->name, sizeof(place->name), "s%u", ++handle->made);
        if (!prepare(handle, call, place->name, err))
            return false;
        if ((place->sql = strdup(call->sql)) == NULL)
            return error_set(err, ERROR_LIMIT, "out of memory");
    }
    *name = place->name;
    return true;
}

/* ---- parameters: PostgreSQL's binary form, big-endian ---- */

static void put_u32(struct writer *w, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        writer_byte(w, (uint8_t)(value >> shift));
}

static void put_number(struct writer *w, int64_t value)
{
    put_u32(w, (uint32_t)((uint64_t)value >> 32));
    put_u32(w, (uint32_t)((uint64_t)value & UINT32_MAX));
}

static void put_value(struct writer *w, char type, const struct store_value *value)
{
    if (type == 'n')
        put_number(w, value->number);
    else
        writer_put(w, value->bytes);
}

/* One column of all rows: dimensions, "has nulls", type of the elements, then count, lower bound, and each with its size. */
static void put_array(struct writer *w, char type, const struct store_value *first, size_t width, size_t rows)
{
    put_u32(w, 1);
    put_u32(w, 0);
    put_u32(w, oid_of(type, false));
    put_u32(w, (uint32_t)rows);
    put_u32(w, 1);
    for (size_t i = 0; i < rows; i++) {
        const struct store_value *value = first + i * width;
        put_u32(w, type == 'n' ? 8 : (uint32_t)value->bytes.size);
        put_value(w, type, value);
    }
}

struct parameters {
    const char *at[STORE_COLUMNS_MAX];
    int sizes[STORE_COLUMNS_MAX], formats[STORE_COLUMNS_MAX];
    size_t count;
};

/* rows 0: one value each, else arrays. The bytes are the writer's. */
static bool parameters_of(const char *types, const struct store_value *values, size_t rows, struct writer *w,
                          struct parameters *out, struct error *err)
{
    size_t places[STORE_COLUMNS_MAX + 1] = {0};
    struct bytes made;

    out->count = types == NULL ? 0 : strlen(types);
    for (size_t i = 0; i < out->count; i++) {
        if (rows == 0)
            put_value(w, types[i], &values[i]);
        else
            put_array(w, types[i], &values[i], out->count, rows);
        places[i + 1] = writer_bytes(w).size;
        writer_byte(w, 0); /* so that none of them has no address */
        places[i + 1]++;
    }
    if (!writer_done(w, &made, err))
        return false;
    for (size_t i = 0; i < out->count; i++) {
        out->at[i] = (const char *)made.at + places[i];
        out->sizes[i] = (int)(places[i + 1] - places[i] - 1);
        out->formats[i] = 1;
    }
    return true;
}

/* ---- results ---- */

static int64_t number_of(const uint8_t *at, size_t size)
{
    uint64_t number = size > 0 && (at[0] & 0x80) != 0 ? UINT64_MAX : 0;

    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    return (int64_t)number;
}

static bool each_row(struct handle *handle, const PGresult *result, int row, const struct store_call *call,
                     struct error *err)
{
    struct store_value columns[STORE_COLUMNS_MAX];
    int count = handle->pq.columns(result);

    assert(count <= STORE_COLUMNS_MAX && (size_t)count == strlen(call->columns));
    for (int i = 0; i < count; i++) {
        const uint8_t *at = (const uint8_t *)handle->pq.value(result, row, i);
        size_t size = (size_t)handle->pq.length(result, row, i);
        columns[i] = call->columns[i] == 'n' ? (struct store_value){.number = number_of(at, size)}
                                             : (struct store_value){.bytes = {at, size}};
    }
    return call->each(call->self, columns, err);
}

/* One result of a statement, which is one row while rows come one by one. */
static bool take_result(struct handle *handle, const PGresult *result, const struct store_call *call,
                        int64_t *changed, struct error *err)
{
    ExecStatusType status = handle->pq.result_status(result);

    if (status != PGRES_SINGLE_TUPLE && !good(handle, result))
        return statement_failed(handle, result, err);
    for (int row = 0; call->columns != NULL && row < handle->pq.rows(result); row++)
        if (!each_row(handle, result, row, call, err)) {
            handle->try_again = false;
            return false;
        }
    if (status == PGRES_COMMAND_OK)
        *changed += strtoll(handle->pq.changed((PGresult *)(uintptr_t)result), NULL, 10);
    return true;
}

static bool send(struct handle *handle, const struct store_call *call, const struct parameters *parameters,
                 int64_t *changed, struct error *err)
{
    const char *name;
    bool done = true;

    if (!statement_for(handle, call, &name, err))
        return false;
    if (handle->pq.send(handle->connection, name, (int)parameters->count, parameters->at, parameters->sizes,
                        parameters->formats, 1) == 0)
        return connection_failed(handle, "the connection was lost", err);
    if (call->columns != NULL)
        (void)handle->pq.single_rows(
            handle->connection); /* else all of them come at once, which is no less right */
    /* What was sent must be taken to its end, or the connection is of no more use. */
    for (PGresult *result; (result = handle->pq.result(handle->connection)) != NULL; handle->pq.clear(result))
        if (done)
            done = take_result(handle, result, call, changed, err);
    return done;
}

/* ---- calls ---- */

/* How many of the rows fit into one statement. */
static size_t rows_that_fit(const struct store_call *call, size_t from)
{
    size_t width = strlen(call->types), size = 0, rows = 0;

    for (; from + rows < call->rows && rows < ROWS_MAX; rows++) {
        for (size_t i = 0; i < width; i++)
            size += 4 + (call->types[i] == 'n' ? 8 : call->values[(from + rows) * width + i].bytes.size);
        if (size > ARRAYS_MAX && rows > 0)
            break;
    }
    return rows;
}

static bool call_postgres(void *of, const struct store_call *call, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_FLEET_MEMORY);
    struct handle *handle = of;
    struct parameters parameters;
    bool many = strstr(call->sql, "{rows}") != NULL;
    int64_t changed = 0;

    if (!many) {
        if (!parameters_of(call->types, call->values, 0, &w, &parameters, err) ||
            !send(handle, call, &parameters, &changed, err))
            return false;
    }
    for (size_t at = 0, rows; many && at < call->rows; at += rows) {
        rows = rows_that_fit(call, at);
        writer_clear(&w);
        if (!parameters_of(call->types, call->values + at * strlen(call->types), rows, &w, &parameters,
                           err) ||
            !send(handle, call, &parameters, &changed, err))
            return false;
    }
    if (call->changed != NULL)
        *call->changed = changed;
    return true;
}

static bool run_postgres(void *of, const char *sql, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_SQL * 4);
    char *expanded = store_expand(&store_postgres, sql, "", &arena);

    return expanded == NULL ? arena_full(&arena, err) : execute(of, expanded, err);
}

/* ---- transactions ---- */

static bool begin_postgres(void *of, enum store_access access, struct error *err)
{
    return execute(of,
                   access == STORE_WRITE ? "BEGIN ISOLATION LEVEL SERIALIZABLE"
                                         : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                   err);
}

static bool commit_postgres(void *of, bool *unknown, struct error *err)
{
    struct handle *handle = of;
    PGresult *result = handle->pq.exec(handle->connection, "COMMIT");
    bool done = good(handle, result) || statement_failed(handle, result, err);

    *unknown = false;
    if (!done)
        *unknown = handle->lost;
    else if (strcmp(handle->pq.deed(result), "COMMIT") != 0)
        done = error_set(err, ERROR_SYSTEM, "the transaction was rolled back, not committed");
    handle->pq.clear(result);
    return done;
}

static bool may_try_again_postgres(const void *of, const struct error *err)
{
    const struct handle *handle = of;

    (void)err;
    return handle->try_again;
}

static bool tidy_postgres(void *of, struct error *err)
{
    (void)of, (void)err; /* its autovacuum does it */
    return true;
}

/* ---- connections ---- */

static void be_quiet(void *self, const char *message)
{
    (void)self, (void)message; /* notices are not failures, and only roofs print */
}

struct asked {
    char fsync[8];
    char synchronous[16];
};

static bool take_settings(void *self, const struct store_value *columns, struct error *err)
{
    struct asked *asked = self;

    (void)err;
    (void)snprintf(asked->fsync, sizeof(asked->fsync), "%.*s", (int)columns[0].bytes.size,
                   (const char *)columns[0].bytes.at);
    (void)snprintf(asked->synchronous, sizeof(asked->synchronous), "%.*s", (int)columns[1].bytes.size,
                   (const char *)columns[1].bytes.at);
    return true;
}

/* "Acknowledged" must mean "on the disk": what the server, or this user's defaults, say otherwise is set right or refused. */
static bool check_server(struct handle *handle, struct error *err)
{
    struct asked asked = {0};
    const struct store_call call = {
        .sql = "SELECT current_setting('fsync'), current_setting('synchronous_commit')",
        .columns = "tt",
        .each = take_settings,
        .self = &asked,
    };
    const char *encoding = handle->pq.parameter(handle->connection, "server_encoding");

    if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
        return error_set(err, ERROR_INPUT, "the database's encoding is %s; it must be UTF8",
                         encoding == NULL ? "not known" : encoding);
    if (!call_postgres(handle, &call, err))
        return false;
    if (strcmp(asked.fsync, "off") == 0)
        return error_set(err, ERROR_INPUT, "the server has fsync off: what it acknowledges can be lost");
    if (strcmp(asked.synchronous, "off") == 0 || strcmp(asked.synchronous, "local") == 0)
        return execute(handle, "SET synchronous_commit = on", err);
    return true;
}

static bool connect_once(struct handle *handle, struct error *err)
{
    /* What stands behind dbname is ours to say; what stands before it, `where` may say otherwise. */
    const char *const names[] = {
        "connect_timeout",      "tcp_user_timeout", "keepalives_idle", "application_name",
        "target_session_attrs", "dbname",           "client_encoding", NULL};
    const char *const values[] = {"5", "10000", "30", "sutured", "read-write", handle->where, "UTF8", NULL};

    handle->connection = handle->pq.connect(names, values, 1);
    if (handle->connection == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (handle->pq.status(handle->connection) != CONNECTION_OK)
        return connection_failed(handle, "no connection", err);
    handle->lost = false;
    (void)handle->pq.set_notice(handle->connection, be_quiet, NULL);
    /* A try whose outcome is not known holds its row until the server has seen that its client is gone. */
    return execute(handle, "SET lock_timeout = '10s'", err) &&
           (!handle->read_only || execute(handle, "SET default_transaction_read_only = on", err)) &&
           check_server(handle, err);
}

static void disconnect(struct handle *handle)
{
    forget_statements(handle);
    if (handle->connection != NULL)
        handle->pq.finish(handle->connection);
    handle->connection = NULL;
}

static bool connect_again(struct handle *handle, struct error *err)
{
    const struct timespec wait = {0, CONNECT_WAIT_NS};

    for (int tries = 1;; tries++) {
        disconnect(handle);
        if (connect_once(handle, err))
            return true;
        if (tries == CONNECTS)
            return false;
        (void)nanosleep(&wait, NULL); /* a signal only makes it shorter */
    }
}

static bool mend_postgres(void *of, struct error *err)
{
    struct handle *handle = of;

    if (handle->lost || handle->connection == NULL || handle->pq.status(handle->connection) == CONNECTION_BAD)
        return connect_again(handle, err);
    return handle->pq.transaction(handle->connection) == PQTRANS_IDLE || execute(handle, "ROLLBACK", err);
}

static void close_postgres(void *of)
{
    struct handle *handle = of;

    disconnect(handle);
    free(handle->where);
    free(handle);
}

static bool open_postgres(const char *where, bool make, bool read_only, void **out, struct error *err)
{
    struct handle *handle = calloc(1, sizeof(*handle));

    (void)make; /* the database itself is made by who runs PostgreSQL */
    if (handle == NULL || (handle->where = strdup(where)) == NULL) {
        free(handle);
        return error_set(err, ERROR_LIMIT, "out of memory");
    }
    handle->read_only = read_only;
    if (!libpq_load(&handle->pq, err) || !connect_once(handle, err)) {
        if (handle->connection != NULL)
            disconnect(handle);
        free(handle->where);
        free(handle);
        return false;
    }
    *out = handle;
    return true;
}

static const char *const schemes[] = {
    "postgresql://", "postgres://", "host=", "hostaddr=", "dbname=", "service=", "user=", "port=", NULL};

const struct store store_postgres = {
    .name = "postgres",
    .schemes = schemes,
    .prefix = "postgres:",
    .places = {"BIGINT", "BYTEA", "TEXT COLLATE \"C\"", "BIGINT PRIMARY KEY", "", "''"},
    .count_tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()",
    .open = open_postgres,
    .close = close_postgres,
    .run = run_postgres,
    .call = call_postgres,
    .begin = begin_postgres,
    .commit = commit_postgres,
    .mend = mend_postgres,
    .may_try_again = may_try_again_postgres,
    .tidy = tidy_postgres,
};
