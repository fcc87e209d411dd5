#include "store/outbox.h"

#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"

static const char schema[] =
    "CREATE TABLE event (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, made_us INTEGER NOT NULL,"
    " acked_us INTEGER NOT NULL, body BLOB NOT NULL) STRICT;"
    "CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
    "PRAGMA user_version = 1;";

/* ---- one number, in or out ---- */

struct number {
    const char *sql;
    const int64_t *given;
    size_t count;
};

static bool bind_all(struct sqlite_query *query, const struct number *what, struct error *err)
{
    for (size_t i = 0; i < what->count; i++)
        if (!sqlite_bind_number(query, (int)i + 1, what->given[i], err))
            return false;
    return true;
}

/* The first column of the first row; `absent` when there is none. */
static bool ask(struct outbox *outbox, const struct number *what, int64_t absent, int64_t *out,
                struct error *err)
{
    OWN(sqlite_finish) struct sqlite_query query = {0};
    bool row;

    if (!sqlite_prepare(&outbox->db, what->sql, &query, err) || !bind_all(&query, what, err) ||
        !sqlite_step(&query, &row, err))
        return false;
    *out = row ? sqlite_number(&query, 0) : absent;
    return true;
}

static bool tell(struct outbox *outbox, const struct number *what, struct error *err)
{
    int64_t ignored;

    return ask(outbox, what, 0, &ignored, err);
}

static bool get_state(struct outbox *outbox, const char *name, int64_t *out, struct error *err)
{
    OWN(sqlite_finish) struct sqlite_query query = {0};
    bool row;

    if (!sqlite_prepare(&outbox->db, "SELECT value FROM state WHERE name = ?", &query, err) ||
        !sqlite_bind_text(&query, 1, text_of(name), err) || !sqlite_step(&query, &row, err))
        return false;
    *out = row ? sqlite_number(&query, 0) : 0;
    return true;
}

static bool put_state(struct outbox *outbox, const char *name, int64_t value, struct error *err)
{
    OWN(sqlite_finish) struct sqlite_query query = {0};
    bool row;

    return sqlite_prepare(
               &outbox->db,
               "INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
               &query, err) &&
           sqlite_bind_text(&query, 1, text_of(name), err) && sqlite_bind_number(&query, 2, value, err) &&
           sqlite_step(&query, &row, err);
}

/* ---- opening ---- */

static int64_t random_epoch(void)
{
    uint64_t epoch = 0;

    while (epoch == 0) {
        os_random(&epoch, sizeof(epoch));
        epoch &= INT64_MAX;
    }
    return (int64_t)epoch;
}

/* Inside a change: whatever comes of it, it is ended. */
static bool end_change(struct outbox *outbox, bool done, struct error *err)
{
    struct error ignored;

    if (done && sqlite_run(&outbox->db, "COMMIT", err))
        return true;
    (void)!sqlite_run(&outbox->db, "ROLLBACK", &ignored);
    return false;
}

static bool begin_change(struct outbox *outbox, struct error *err)
{
    return sqlite_run(&outbox->db, "BEGIN IMMEDIATE", err);
}

static bool make(struct outbox *outbox, struct error *err)
{
    int64_t version = 0;

    if (!begin_change(outbox, err))
        return false;
    bool done = ask(outbox, &(struct number){.sql = "PRAGMA user_version"}, 0, &version, err);
    if (done && version == 0)
        done = sqlite_run(&outbox->db, schema, err) && put_state(outbox, "epoch", random_epoch(), err);
    if (done && version > 1)
        done = error_set(err, ERROR_INPUT, "the outbox is of a newer Suture (%lld)", (long long)version);
    return end_change(outbox, done, err);
}

bool outbox_open(const char *path, struct outbox *out, struct error *err)
{
    OWN(outbox_close) struct outbox outbox = {0};

    if (!sqlite_open(path, true, &outbox.db, err) || !make(&outbox, err))
        return error_at(err, "outbox");
    *out = outbox;
    outbox = (struct outbox){0};
    return true;
}

void outbox_close(struct outbox *outbox)
{
    if (outbox->db.database != NULL)
        sqlite_close(&outbox->db);
    *outbox = (struct outbox){0};
}

/* ---- looking ---- */

bool outbox_look(struct outbox *outbox, struct outbox_state *out, struct error *err)
{
    int64_t epoch, made, made_before, acked, bytes, refused;

    /* What was deleted was acknowledged: the last number lives on in the acknowledgement. */
    if (!get_state(outbox, "epoch", &epoch, err) || !get_state(outbox, "acked", &acked, err) ||
        !get_state(outbox, "made", &made_before, err) || !get_state(outbox, "refused", &refused, err) ||
        !ask(outbox, &(struct number){.sql = "SELECT coalesce(max(number), 0) FROM event"}, 0, &made, err) ||
        !ask(outbox,
             &(struct number){.sql = "SELECT coalesce(sum(length(body)), 0) FROM event WHERE number > ?",
                              .given = &acked,
                              .count = 1},
             0, &bytes, err))
        return error_at(err, "outbox");
    *out = (struct outbox_state){(uint64_t)epoch, (uint64_t)(made > made_before ? made : made_before),
                                 (uint64_t)acked, (uint64_t)bytes, refused != 0};
    return true;
}

bool outbox_source(struct outbox *outbox, const char *source, uint64_t *position, struct error *err)
{
    int64_t value;

    if (!get_state(outbox, source, &value, err))
        return error_at(err, "outbox");
    *position = (uint64_t)value;
    return true;
}

/* ---- appending ---- */

static bool insert(struct outbox *outbox, uint64_t number, const struct outbox_event *event,
                   struct error *err)
{
    OWN(sqlite_finish) struct sqlite_query query = {0};
    bool row;

    return sqlite_prepare(&outbox->db, "INSERT INTO event VALUES (?, ?, ?, 0, ?)", &query, err) &&
           sqlite_bind_number(&query, 1, (int64_t)number, err) &&
           sqlite_bind_number(&query, 2, event->kind, err) &&
           sqlite_bind_number(&query, 3, event->made_us, err) &&
           sqlite_bind_bytes(&query, 4, event->body, err) && sqlite_step(&query, &row, err);
}

static bool insert_all(struct outbox *outbox, const struct outbox_event *events, size_t count, uint64_t made,
                       struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!insert(outbox, made + i + 1, &events[i], err))
            return false;
    return put_state(outbox, "made", (int64_t)(made + count), err);
}

static bool check_room(struct outbox *outbox, const struct outbox_state *state,
                       const struct outbox_event *events, size_t count, struct error *err)
{
    uint64_t size = state->bytes;
    struct error ignored;

    for (size_t i = 0; i < count; i++)
        size += events[i].body.size;
    if (size <= LIMIT_OUTBOX && state->made - state->acked + count <= LIMIT_OUTBOX_EVENTS)
        return true;
    (void)!put_state(outbox, "refused", 1, &ignored);
    return error_set(err, ERROR_LIMIT, "%llu bytes wait for the server: no more are taken",
                     (unsigned long long)state->bytes);
}

static bool append(struct outbox *outbox, const struct outbox_event *events, size_t count, const char *source,
                   uint64_t position, struct error *err)
{
    struct outbox_state state;
    uint64_t before = 0;

    if (!outbox_look(outbox, &state, err) || (source != NULL && !outbox_source(outbox, source, &before, err)))
        return false;
    if (source != NULL && position <= before)
        return error_set(err, ERROR_CONFLICT, "%s was read up to %llu", source, (unsigned long long)before);
    return insert_all(outbox, events, count, state.made, err) &&
           (source == NULL || put_state(outbox, source, (int64_t)position, err));
}

bool outbox_append(struct outbox *outbox, const struct outbox_event *events, size_t count, const char *source,
                   uint64_t position, struct error *err)
{
    struct outbox_state state;

    if (!outbox_look(outbox, &state, err))
        return false;
    if (!check_room(outbox, &state, events, count, err) || !begin_change(outbox, err))
        return error_at(err, "outbox");
    return end_change(outbox, append(outbox, events, count, source, position, err), err) ||
           error_at(err, "outbox");
}

/* ---- reading ---- */

static bool read_row(const struct sqlite_query *query, struct arena *arena, struct outbox_event *out,
                     struct error *err)
{
    *out = (struct outbox_event){
        .number = (uint64_t)sqlite_number(query, 0),
        .kind = (uint8_t)sqlite_number(query, 1),
        .made_us = sqlite_number(query, 2),
        .body = sqlite_bytes(query, 3, arena),
    };
    return out->body.at != NULL || arena_full(arena, err);
}

bool outbox_read(struct outbox *outbox, size_t count_max, size_t size_max, struct arena *arena,
                 struct outbox_batch *out, struct error *err)
{
    OWN(sqlite_finish) struct sqlite_query query = {0};
    struct outbox_batch got = {.events = ARENA_ARRAY(arena, struct outbox_event, count_max)};
    struct outbox_state state;
    size_t size = 0;
    bool row = true;

    if (got.events == NULL)
        return arena_full(arena, err);
    if (!outbox_look(outbox, &state, err) ||
        !sqlite_prepare(&outbox->db,
                        "SELECT number, kind, made_us, body FROM event WHERE number > ? ORDER BY number",
                        &query, err) ||
        !sqlite_bind_number(&query, 1, (int64_t)state.acked, err))
        return error_at(err, "outbox");
    while (got.count < count_max) {
        struct outbox_event *event = &got.events[got.count];
        if (!sqlite_step(&query, &row, err) || (row && !read_row(&query, arena, event, err)))
            return error_at(err, "outbox");
        if (!row || (got.count > 0 && size + event->body.size > size_max))
            break;
        size += event->body.size;
        got.count++;
    }
    *out = got;
    return true;
}

/* ---- acknowledging ---- */

/* What is left is numbered from 1: by way of negative numbers, for no number may be there twice on the way. */
static bool renumber(struct outbox *outbox, uint64_t behind, struct error *err)
{
    const int64_t given[] = {(int64_t)behind};
    int64_t made, before;

    if (!ask(outbox,
             &(struct number){.sql = "DELETE FROM event WHERE number <= ?", .given = given, .count = 1}, 0,
             &made, err) ||
        !ask(outbox, &(struct number){.sql = "SELECT coalesce(min(number), 1) - 1 FROM event"}, 0, &before,
             err))
        return false;
    return tell(outbox,
                &(struct number){.sql = "UPDATE event SET acked_us = 0, number = ? - number",
                                 .given = &before,
                                 .count = 1},
                err) &&
           sqlite_run(&outbox->db, "UPDATE event SET number = -number", err) &&
           ask(outbox, &(struct number){.sql = "SELECT count(*) FROM event"}, 0, &made, err) &&
           put_state(outbox, "made", made, err) && put_state(outbox, "acked", 0, err) &&
           put_state(outbox, "epoch", random_epoch(), err);
}

static bool note_ack(struct outbox *outbox, uint64_t ack, int64_t now_us, struct error *err)
{
    const int64_t noted[] = {now_us, (int64_t)ack}, behind[] = {(int64_t)ack},
                  old[] = {(int64_t)ack, now_us - OUTBOX_KEPT_US};

    return tell(outbox,
                &(struct number){.sql = "UPDATE event SET acked_us = ? WHERE number <= ? AND acked_us = 0",
                                 .given = noted,
                                 .count = 2},
                err) &&
           tell(outbox,
                &(struct number){
                    .sql = "UPDATE event SET acked_us = 0 WHERE number > ?", .given = behind, .count = 1},
                err) &&
           tell(outbox,
                &(struct number){
                    .sql = "DELETE FROM event WHERE number <= ? AND acked_us < ?", .given = old, .count = 2},
                err) &&
           put_state(outbox, "acked", (int64_t)ack, err) && put_state(outbox, "refused", 0, err);
}

static bool acknowledge(struct outbox *outbox, const struct outbox_state *state, uint64_t ack, int64_t now_us,
                        struct error *err)
{
    int64_t first;

    if (!ask(outbox, &(struct number){.sql = "SELECT min(number) FROM event"}, 0, &first, err))
        return false;
    /* What the server lacks is gone here: between its last event and our first is a hole. */
    if (ack < state->acked && (first == 0 ? ack < state->made : (uint64_t)first > ack + 1))
        return renumber(outbox, ack, err);
    return note_ack(outbox, ack, now_us, err);
}

bool outbox_acknowledge(struct outbox *outbox, uint64_t epoch, uint64_t ack, int64_t now_us,
                        struct error *err)
{
    struct outbox_state state;

    if (!outbox_look(outbox, &state, err))
        return false;
    if (epoch != state.epoch || ack > state.made)
        return error_set(err, ERROR_CONFLICT,
                         "outbox: the server has event %llu of epoch %llx, and %llu of %llx were made",
                         (unsigned long long)ack, (unsigned long long)epoch, (unsigned long long)state.made,
                         (unsigned long long)state.epoch);
    if (ack == state.acked && ack == state.made && !state.refused)
        return true;
    if (!begin_change(outbox, err))
        return error_at(err, "outbox");
    return end_change(outbox, acknowledge(outbox, &state, ack, now_us, err), err) || error_at(err, "outbox");
}

bool outbox_renew(struct outbox *outbox, struct error *err)
{
    struct outbox_state state;

    if (!outbox_look(outbox, &state, err))
        return false;
    if (!begin_change(outbox, err))
        return error_at(err, "outbox");
    return end_change(outbox, renumber(outbox, state.acked, err), err) || error_at(err, "outbox");
}
