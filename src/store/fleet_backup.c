/* A fleet's database as one file, and back; and what is let go of when its time is over. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"
#include "base/time.h"
#include "store/fleet_inside.h"
#include "store/fleet_keep.h"
#include "store/fleet_read.h"
#include "store/fleet_schema.h"

/* ---- backup ---- */

static bool write_backup(struct fleet_store *store, const char *path, int64_t now_us,
                         struct fleet_copied *out, struct error *err)
{
    OWN(fleet_store_close) struct fleet_store *to = NULL;
    const struct fleet_store_options options = {.make = true, .now_us = now_us};
    char where[LIMIT_PATH + 16], marks[256];

    (void)snprintf(where, sizeof(where), "sqlite:%s", path);
    (void)snprintf(marks, sizeof(marks),
                   "DELETE FROM meta WHERE name = 'backup';"
                   "INSERT INTO meta (name, number, value) VALUES ('backup', %lld, {empty})",
                   (long long)now_us);
    /* One file, without a log beside it that could be forgotten. */
    return fleet_store_open(where, &options, &to, err) && fleet_copy_marked(store, to, marks, out, err) &&
           to->kind->run(to->handle, "PRAGMA journal_mode=DELETE", err);
}

bool fleet_store_backup(struct fleet_store *store, const char *path, int64_t now_us, struct fleet_copied *out,
                        struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);
    static const char *const beside[] = {"", "-wal", "-shm", "-journal"};
    struct fleet_copied copied;
    struct error ignored = {0};

    /* It holds what the database holds: nobody else may read it, from its first byte on. */
    if (!file_create(path, (struct bytes){0}, 0600, err))
        return error_at(err, "backup");
    if (write_backup(store, path, now_us, &copied, err)) {
        *out = copied;
        return true;
    }
    for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
        const struct text name = text_format(&arena, "%s%s", path, beside[i]);
        if (name.at != NULL)
            (void)!file_remove(name.at, &ignored); /* why it failed is said already */
    }
    return error_at(err, "backup %s", path);
}

/* ---- restore ---- */

static bool schema_of(const char *path, uint32_t *out, struct error *err)
{
    void *handle = NULL;

    if (!store_sqlite.open(path, false, true, &handle, err))
        return false;
    bool done = fleet_schema_version(&store_sqlite, handle, out, err);
    store_sqlite.close(handle);
    return done;
}

/* The bytes of one file in another, which must not be there. */
static bool copy_file(const char *from, const char *to, struct error *err)
{
    OWN(own_fd) int in = -1;
    OWN(own_fd) int out = -1;
    OWN(own_memory) char *buffer = malloc(MIB);

    if (buffer == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!file_open(from, &in, err))
        return false;
    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0)
        return error_system(err, "%s", to);
    for (;;) {
        ssize_t got = read(in, buffer, MIB);
        if (got == 0)
            return true;
        if (got < 0)
            return error_system(err, "%s", from);
        for (ssize_t at = 0, put; at < got; at += put)
            if ((put = write(out, buffer + at, (size_t)(got - at))) < 0)
                return error_system(err, "%s", to);
    }
}

static bool restore_from(const char *path, bool read_only, struct fleet_store *to, int64_t now_us,
                         struct fleet_copied *out, struct error *err)
{
    OWN(fleet_store_close) struct fleet_store *from = NULL;
    const struct fleet_store_options options = {.read_only = read_only, .now_us = now_us};
    char where[LIMIT_PATH + 16], marks[1024];
    struct fleet_state state;

    (void)snprintf(where, sizeof(where), "sqlite:%s", path);
    if (!fleet_store_open(where, &options, &from, err) || !fleet_store_state(from, &state, err))
        return false;
    if (state.backup_us == 0)
        return error_set(err, ERROR_INPUT,
                         "is no backup, but a database that is in use: `sutured backup` makes one");
    (void)snprintf(marks, sizeof(marks),
                   "DELETE FROM meta WHERE name = 'restored' OR name = 'quarantine';"
                   "INSERT INTO meta (name, number, value) VALUES ('restored', %lld, {empty}), "
                   "('quarantine', 1, {empty});"
                   "UPDATE enrol_token SET revoked_us = %lld, revision = revision + 1 WHERE revoked_us = 0;"
                   "UPDATE api_token SET revoked_us = %lld, revision = revision + 1 WHERE revoked_us = 0;",
                   (long long)now_us, (long long)now_us, (long long)now_us);
    return fleet_copy_marked(from, to, marks, out, err);
}

bool fleet_store_restore(const char *path, struct fleet_store *to, int64_t now_us, struct fleet_copied *out,
                         struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);
    uint32_t schema;
    struct error ignored = {0};

    if (!schema_of(path, &schema, err))
        return error_at(err, "restore %s", path);
    if (schema == FLEET_SCHEMA)
        return restore_from(path, true, to, now_us, out, err) || error_at(err, "restore %s", path);
    /* An older sutured's: what is upgraded is a copy, the backup stays as it is. */
    const struct text copy = text_format(&arena, "%s.upgraded", path);
    if (copy.at == NULL)
        return arena_full(&arena, err);
    bool done = copy_file(path, copy.at, err) && restore_from(copy.at, false, to, now_us, out, err);
    (void)!file_remove(copy.at, &ignored); /* what is left of it is only in the way of the next */
    return done || error_at(err, "restore %s", path);
}

/* ---- what is over ---- */

static bool drop_month(struct fleet_store *store, int64_t month, struct error *err)
{
    char sql[256];

    (void)snprintf(sql, sizeof(sql),
                   "DROP TABLE event_%06lld; DROP TABLE change_%06lld; DELETE FROM month WHERE month = %lld",
                   (long long)month, (long long)month, (long long)month);
    return store->kind->run(store->handle, sql, err);
}

bool fleet_store_drop_months(struct fleet_store *store, int64_t before_us, size_t *dropped, struct error *err)
{
    struct fleet_months months;
    struct error mending = {0};
    bool unknown, done;
    size_t count = 0;

    done = store->kind->begin(store->handle, STORE_WRITE, err) && fleet_months(store, &months, err);
    for (size_t i = 0; done && i < months.count; i++)
        if (months.at[i] < fleet_month_of(before_us)) {
            done = drop_month(store, months.at[i], err);
            count++;
        }
    done = done && store->kind->commit(store->handle, &unknown, err);
    store->month = 0; /* asked for again */
    if (!done)
        return store->kind->mend(store->handle, &mending) ? false : error_at(err, "%s", mending.text);
    *dropped = count;
    return true;
}

struct chunks {
    struct arena arena;
    struct map used;
    struct store_value *over; /* hashes */
    size_t count, capacity;
};

static void chunks_end(struct chunks *chunks)
{
    arena_end(&chunks->arena);
}

static bool use(struct chunks *chunks, const uint8_t *hash, struct error *err)
{
    const struct text key = {(const char *)hash, FLEET_HASH_SIZE};

    if (map_get(&chunks->used, key) != MAP_NONE)
        return true;
    const struct text copy = text_copy(&chunks->arena, key);
    return copy.at == NULL ? arena_full(&chunks->arena, err) : map_put(&chunks->used, copy, 1, err);
}

/* Every column is hashes, one or many behind each other. */
static bool use_all(void *self, const struct store_value *columns, struct error *err)
{
    struct chunks *chunks = self;

    for (size_t i = 0; i < 2; i++)
        for (size_t at = 0; at + FLEET_HASH_SIZE <= columns[i].bytes.size; at += FLEET_HASH_SIZE)
            if (!use(chunks, columns[i].bytes.at + at, err))
                return false;
    return true;
}

static bool note_over(void *self, const struct store_value *columns, struct error *err)
{
    struct chunks *chunks = self;
    const struct bytes hash = columns[0].bytes;
    struct bytes copy;

    if (hash.size != FLEET_HASH_SIZE ||
        map_get(&chunks->used, (struct text){(const char *)hash.at, hash.size}) != MAP_NONE)
        return true;
    struct store_value *grown = arena_grow(&chunks->arena, chunks->over, chunks->count, &chunks->capacity,
                                           chunks->count + 1, sizeof(*grown));
    if (grown == NULL)
        return arena_full(&chunks->arena, err);
    chunks->over = grown;
    if (!fleet_take_bytes(&columns[0], &chunks->arena, &copy, err))
        return false;
    chunks->over[chunks->count++] = bytes_value(copy);
    return true;
}

static bool find_over(struct fleet_store *store, int64_t before_us, struct chunks *chunks, struct error *err)
{
    const struct store_value before = number_value(before_us);
    const struct store_call inventories = {.sql =
                                               "SELECT chunks, root FROM inventory WHERE committed_us <> 0",
                                           .columns = "bb",
                                           .each = use_all,
                                           .self = chunks};
    const struct store_call old = {.sql = "SELECT hash FROM chunk WHERE first_us < ?1",
                                   .types = "n",
                                   .values = &before,
                                   .columns = "b",
                                   .each = note_over,
                                   .self = chunks};
    struct fleet_months months;
    char sql[128];
    const struct store_call changes = {.sql = sql, .columns = "bb", .each = use_all, .self = chunks};

    if (!store->kind->call(store->handle, &inventories, err) || !fleet_months(store, &months, err))
        return false;
    for (size_t i = 0; i < months.count; i++) {
        (void)snprintf(sql, sizeof(sql), "SELECT was, became FROM change_%06lld", (long long)months.at[i]);
        if (!store->kind->call(store->handle, &changes, err))
            return false;
    }
    return store->kind->call(store->handle, &old, err);
}

bool fleet_store_drop_chunks(struct fleet_store *store, int64_t before_us, size_t *dropped, struct error *err)
{
    OWN(chunks_end) struct chunks chunks = {.arena = arena_with(LIMIT_FLEET_MEMORY)};
    struct error mending = {0};
    bool unknown;

    chunks.used = map_with(&chunks.arena);
    /* One transaction: a commit that names a chunk meanwhile either sees it go or keeps it. */
    if (!store->kind->begin(store->handle, STORE_WRITE, err) || !find_over(store, before_us, &chunks, err) ||
        !fleet_call_rows(store, "DELETE FROM chunk WHERE hash IN ({rows})", "b", chunks.over, chunks.count,
                         err) ||
        !store->kind->commit(store->handle, &unknown, err))
        return store->kind->mend(store->handle, &mending) ? false : error_at(err, "%s", mending.text);
    *dropped = chunks.count;
    return true;
}
