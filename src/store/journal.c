#include "store/journal.h"

#include <assert.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"

#define VERSION        1
#define APPLICATION_ID 1398101074 /* "SUTR" */

static const char schema[] =
    "CREATE TABLE event (seq INTEGER PRIMARY KEY, what INTEGER NOT NULL, run TEXT NOT NULL,"
    " at_us INTEGER NOT NULL, kind INTEGER NOT NULL, state INTEGER NOT NULL,"
    " part INTEGER NOT NULL, pid INTEGER NOT NULL, plan TEXT NOT NULL,"
    " takes_back TEXT NOT NULL, note TEXT NOT NULL, seal BLOB NOT NULL,"
    " chain BLOB NOT NULL) STRICT;"
    "CREATE INDEX event_run ON event (run, seq);";

#define COLUMNS "seq, what, run, at_us, kind, state, part, pid, plan, takes_back, note, seal, chain"

enum event_kind {
    EVENT_UNKNOWN,
    EVENT_RUN_BEGUN,
    EVENT_STEP_BEGUN,
    EVENT_STEP_ENDED,
    EVENT_RUN_RESUMED,
    EVENT_RUN_ENDED,
    EVENT_COUNT
};

/* One row. kind and state are of the run or the step, part is the step's group. */
struct event {
    int64_t seq;
    int64_t what, at_us, kind, state, part, pid;
    struct text run, plan, takes_back, note;
    struct bytes seal;
    struct digest chain;
};

/* ---- rows ---- */

static void write_sized(struct writer *w, struct bytes bytes)
{
    writer_varint(w, bytes.size);
    writer_put(w, bytes);
}

/* chain = SHA-256("SJE1", the chain before, the row): its numbers in the order of the columns, then its texts. */
static bool chain_of(const struct event *event, const struct digest *before, struct digest *out,
                     struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(64 * KIB);
    const int64_t numbers[] = {event->seq,   event->what, event->at_us, event->kind,
                               event->state, event->part, event->pid};
    const struct text texts[] = {event->run, event->plan, event->takes_back, event->note};
    struct bytes raw;

    writer_string(&w, "SJE1");
    if (before->kind != DIGEST_UNKNOWN)
        writer_put(&w, (struct bytes){before->at, digest_size(before->kind)});
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        writer_u64(&w, (uint64_t)numbers[i]);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        write_sized(&w, bytes_of_text(texts[i]));
    write_sized(&w, event->seal);
    return writer_done(&w, &raw, err) && digest_bytes(DIGEST_SHA256, raw, out, err);
}

static bool text_column(const struct sqlite_query *query, int column, size_t limit, struct arena *arena,
                        struct text *out, struct error *err)
{
    struct bytes raw = sqlite_bytes(query, column, arena);

    if (raw.at == NULL)
        return arena_full(arena, err);
    return text_from_bytes(raw, limit, out, err);
}

static bool read_event(const struct sqlite_query *query, struct arena *arena, struct event *out,
                       struct error *err)
{
    struct event got = {
        .seq = sqlite_number(query, 0),
        .what = sqlite_number(query, 1),
        .at_us = sqlite_number(query, 3),
        .kind = sqlite_number(query, 4),
        .state = sqlite_number(query, 5),
        .part = sqlite_number(query, 6),
        .pid = sqlite_number(query, 7),
        .chain = {.kind = DIGEST_SHA256},
    };
    struct bytes chain = sqlite_bytes(query, 12, arena);

    if (!text_column(query, 2, RUN_ID_SIZE - 1, arena, &got.run, err) ||
        !text_column(query, 8, DIGEST_HEX_MAX, arena, &got.plan, err) ||
        !text_column(query, 9, RUN_ID_SIZE - 1, arena, &got.takes_back, err) ||
        !text_column(query, 10, LIMIT_NOTE, arena, &got.note, err))
        return error_at(err, "row %lld", (long long)got.seq);
    got.seal = sqlite_bytes(query, 11, arena);
    if (chain.at == NULL || got.seal.at == NULL)
        return arena_full(arena, err);
    bool step = got.what == EVENT_STEP_BEGUN || got.what == EVENT_STEP_ENDED;
    if (got.what <= EVENT_UNKNOWN || got.what >= EVENT_COUNT || got.kind < 0 || got.state < 0 ||
        got.kind >= (step ? (int64_t)STEP_KIND_COUNT : (int64_t)RUN_KIND_COUNT) ||
        got.state >= (step ? (int64_t)STEP_STATE_COUNT : (int64_t)RUN_STATE_COUNT) || got.part < 0 ||
        got.part > UINT32_MAX || got.pid < 0 || got.pid > UINT32_MAX || chain.size != 32 ||
        (got.seal.size != 0 && got.seal.size != 32))
        return error_set(err, ERROR_INPUT, "row %lld: is no event", (long long)got.seq);
    memcpy(got.chain.at, chain.at, chain.size);
    *out = got;
    return true;
}

/* ---- opening ---- */

static bool read_number(struct sqlite *db, const char *sql, int64_t *out, struct error *err)
{
    OWN(sqlite_finish) struct sqlite_query query = {0};
    bool row;

    if (!sqlite_prepare(db, sql, &query, err) || !sqlite_step(&query, &row, err))
        return false;
    *out = row ? sqlite_number(&query, 0) : 0;
    return true;
}

static bool make_schema(struct sqlite *db, struct error *err)
{
    return sqlite_run(db, "BEGIN IMMEDIATE", err) && sqlite_run(db, schema, err) &&
           sqlite_run(db, "PRAGMA application_id = 1398101074; PRAGMA user_version = 1;", err) &&
           sqlite_run(db, "COMMIT", err);
}

static bool check_schema(struct sqlite *db, enum journal_use use, struct error *err)
{
    int64_t application, version, tables, others;

    if (!read_number(db, "PRAGMA application_id", &application, err) ||
        !read_number(db, "PRAGMA user_version", &version, err) ||
        !read_number(db, "SELECT count(*) FROM sqlite_schema", &tables, err))
        return false;
    if (application == 0 && version == 0 && tables == 0)
        return use == JOURNAL_WRITE ? make_schema(db, err)
                                    : error_set(err, ERROR_ABSENT, "there is nothing in it yet");
    if (application != APPLICATION_ID)
        return error_set(err, ERROR_INPUT, "is no journal of Suture");
    if (version > VERSION)
        return error_set(err, ERROR_INPUT, "was written by a newer Suture (version %lld, this one knows %d)",
                         (long long)version, VERSION);
    if (version != VERSION)
        return error_set(err, ERROR_INPUT, "version %lld is unknown", (long long)version);
    /* A trigger or a view would change or hide rows behind the chain's back. */
    if (!read_number(db,
                     "SELECT count(*) FROM sqlite_schema WHERE (type, name) NOT IN "
                     "(VALUES ('table', 'event'), ('index', 'event_run'))",
                     &others, err))
        return false;
    return others == 0 || error_set(err, ERROR_TRUST, "holds more than its table: the journal was changed");
}

static bool check_integrity(struct sqlite *db, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(sqlite_finish) struct sqlite_query query = {0};
    bool row;

    if (!sqlite_prepare(db, "PRAGMA integrity_check(1)", &query, err) || !sqlite_step(&query, &row, err))
        return false;
    struct bytes said = row ? sqlite_bytes(&query, 0, &arena) : (struct bytes){0};
    return (said.size == 2 && memcmp(said.at, "ok", 2) == 0) ||
           error_set(err, ERROR_INPUT, "damaged: %.*s", (int)(said.size < 160 ? said.size : 160),
                     (const char *)said.at);
}

static bool check_chain(struct journal *journal, struct error *err)
{
    OWN(sqlite_finish) struct sqlite_query query = {0};
    struct event event;
    struct digest chain;
    bool row = true;

    if (!sqlite_prepare(&journal->db, "SELECT " COLUMNS " FROM event ORDER BY seq", &query, err))
        return false;
    for (;;) {
        OWN(arena_end) struct arena arena = arena_with(64 * KIB); /* of one row */
        if (!sqlite_step(&query, &row, err))
            return false;
        if (!row)
            return true;
        if (!read_event(&query, &arena, &event, err) || !chain_of(&event, &journal->head, &chain, err))
            return false;
        if (event.seq != journal->rows + 1 || !digest_equal(&chain, &event.chain))
            return error_set(err, ERROR_TRUST, "row %lld is not as it was written: the journal was changed",
                             (long long)event.seq);
        if (++journal->rows > LIMIT_JOURNAL_ROWS)
            return error_set(err, ERROR_LIMIT, "more than %d rows", LIMIT_JOURNAL_ROWS);
        journal->head = chain;
    }
}

bool journal_open(const char *path, enum journal_use use, struct journal *out, struct error *err)
{
    struct journal journal = {0};

    if (!sqlite_open(path, use == JOURNAL_WRITE, &journal.db, err))
        return false;
    if (!check_schema(&journal.db, use, err) || !check_integrity(&journal.db, err) ||
        !check_chain(&journal, err)) {
        journal_close(&journal);
        return error_at(err, "%s", path);
    }
    *out = journal;
    return true;
}

void journal_close(struct journal *journal)
{
    sqlite_close(&journal->db);
    *journal = (struct journal){0};
}

/* ---- runs out of events ---- */

/* A run that grows with each of its events. */
struct growing {
    struct run run;
    struct run_step *steps;
    size_t capacity;
};

static void copy_string(char *out, size_t size, struct text text)
{
    (void)snprintf(out, size, "%.*s", TEXT_ARG(text));
}

static struct run_step *find_begun(struct growing *growing, int64_t kind, int64_t part)
{
    for (size_t i = growing->run.step_count; i > 0; i--) {
        struct run_step *step = &growing->steps[i - 1];
        if (step->state == STEP_BEGUN && (int64_t)step->kind == kind && (int64_t)step->group == part)
            return step;
    }
    return NULL;
}

static bool add_step(struct growing *growing, const struct event *event, struct arena *arena,
                     struct error *err)
{
    struct run_step *steps = arena_grow(arena, growing->steps, growing->run.step_count, &growing->capacity,
                                        growing->run.step_count + 1, sizeof(*steps));

    if (steps == NULL)
        return arena_full(arena, err);
    growing->steps = steps;
    growing->run.steps = steps;
    steps[growing->run.step_count++] = (struct run_step){.kind = (enum step_kind)event->kind,
                                                         .state = STEP_BEGUN,
                                                         .group = (uint32_t)event->part,
                                                         .begun_us = event->at_us,
                                                         .ended_us = TIME_ABSENT};
    return true;
}

static bool end_step(struct growing *growing, const struct event *event, struct error *err)
{
    struct run_step *step = find_begun(growing, event->kind, event->part);

    if (step == NULL)
        return error_set(err, ERROR_CONFLICT, "run %s: %s has not begun", growing->run.id,
                         step_kind_name((enum step_kind)event->kind));
    step->state = (enum step_state)event->state;
    step->ended_us = event->at_us;
    step->note = event->note;
    if (event->seal.size > 0) {
        step->seal.kind = DIGEST_SHA256;
        memcpy(step->seal.at, event->seal.at, event->seal.size);
    }
    return true;
}

static bool add_event(struct growing *growing, const struct event *event, struct arena *arena,
                      struct error *err)
{
    struct run *run = &growing->run;

    switch (event->what) {
    case EVENT_RUN_BEGUN:
        run->kind = (enum run_kind)event->kind;
        run->state = RUN_OPEN;
        run->begun_us = event->at_us;
        run->ended_us = TIME_ABSENT;
        run->pid = (uint32_t)event->pid;
        copy_string(run->id, sizeof(run->id), event->run);
        copy_string(run->plan, sizeof(run->plan), event->plan);
        copy_string(run->takes_back, sizeof(run->takes_back), event->takes_back);
        return true;
    case EVENT_STEP_BEGUN:
        return add_step(growing, event, arena, err);
    case EVENT_STEP_ENDED:
        return end_step(growing, event, err);
    case EVENT_RUN_RESUMED:
        run->state = RUN_OPEN;
        run->ended_us = TIME_ABSENT;
        run->why = (struct text){0};
        run->pid = (uint32_t)event->pid;
        return true;
    default:
        run->state = (enum run_state)event->state;
        run->ended_us = event->at_us;
        run->why = event->note;
        return true;
    }
}

bool journal_get(struct journal *journal, const char *id, struct arena *arena, struct run *out,
                 struct error *err)
{
    OWN(sqlite_finish) struct sqlite_query query = {0};
    struct growing growing = {0};
    struct event event;
    bool row;

    if (!sqlite_prepare(&journal->db, "SELECT " COLUMNS " FROM event WHERE run = ?1 ORDER BY seq", &query,
                        err) ||
        !sqlite_bind_text(&query, 1, text_of(id), err))
        return false;
    for (;;) {
        if (!sqlite_step(&query, &row, err))
            return false;
        if (!row)
            break;
        if (!read_event(&query, arena, &event, err) || !add_event(&growing, &event, arena, err))
            return false;
    }
    if (growing.run.id[0] == 0)
        return error_set(err, ERROR_ABSENT, "there is no run %s", id);
    *out = growing.run;
    return true;
}

/* The names of all runs, newest first. */
static bool list_ids(struct journal *journal, struct arena *arena, struct text **out, size_t *out_count,
                     struct error *err)
{
    OWN(sqlite_finish) struct sqlite_query query = {0};
    struct text *ids = NULL;
    size_t count = 0, capacity = 0;
    bool row;

    if (!sqlite_prepare(&journal->db, "SELECT run FROM event WHERE what = 1 ORDER BY seq DESC", &query, err))
        return false;
    for (;;) {
        if (!sqlite_step(&query, &row, err))
            return false;
        if (!row)
            break;
        ids = arena_grow(arena, ids, count, &capacity, count + 1, sizeof(*ids));
        if (ids == NULL)
            return arena_full(arena, err);
        if (!text_column(&query, 0, RUN_ID_SIZE - 1, arena, &ids[count++], err))
            return false;
    }
    *out = ids;
    *out_count = count;
    return true;
}

bool journal_list(struct journal *journal, struct arena *arena, struct journal_runs *out, struct error *err)
{
    struct text *ids;
    size_t count;

    if (!list_ids(journal, arena, &ids, &count, err))
        return false;
    struct run *runs = ARENA_ARRAY(arena, struct run, count);
    if (runs == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++)
        if (!journal_get(journal, ids[i].at, arena, &runs[i], err))
            return false;
    *out = (struct journal_runs){runs, count};
    return true;
}

bool journal_get_open(struct journal *journal, struct arena *arena, struct run *out, struct error *err)
{
    struct run run;
    struct text *ids;
    size_t count;

    if (!list_ids(journal, arena, &ids, &count, err))
        return false;
    /* None begins while one is open, and only the last one is taken up again. */
    if (count == 0)
        return error_set(err, ERROR_ABSENT, "there was no run yet");
    if (!journal_get(journal, ids[0].at, arena, &run, err))
        return false;
    if (run.state != RUN_OPEN)
        return error_set(err, ERROR_ABSENT, "no run is open");
    *out = run;
    return true;
}

/* ---- writing ---- */

static bool insert(struct journal *journal, const struct event *event, struct error *err)
{
    OWN(sqlite_finish) struct sqlite_query query = {0};
    const int64_t numbers[] = {event->kind, event->state, event->part, event->pid};
    const struct text texts[] = {event->plan, event->takes_back, event->note};
    bool row;

    if (!sqlite_prepare(&journal->db,
                        "INSERT INTO event (" COLUMNS ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
                        &query, err) ||
        !sqlite_bind_number(&query, 1, event->seq, err) || !sqlite_bind_number(&query, 2, event->what, err) ||
        !sqlite_bind_text(&query, 3, event->run, err) || !sqlite_bind_number(&query, 4, event->at_us, err))
        return false;
    for (int i = 0; i < 4; i++)
        if (!sqlite_bind_number(&query, 5 + i, numbers[i], err))
            return false;
    for (int i = 0; i < 3; i++)
        if (!sqlite_bind_text(&query, 9 + i, texts[i], err))
            return false;
    return sqlite_bind_bytes(&query, 12, event->seal, err) &&
           sqlite_bind_bytes(&query, 13, (struct bytes){event->chain.at, 32}, err) &&
           sqlite_step(&query, &row, err);
}

static bool check_unchanged(struct journal *journal, struct error *err)
{
    int64_t rows;

    return read_number(&journal->db, "SELECT ifnull(max(seq), 0) FROM event", &rows, err) &&
           (rows == journal->rows || error_set(err, ERROR_CONFLICT, "another process wrote meanwhile"));
}

static bool append(struct journal *journal, struct event *event, struct error *err)
{
    struct error ignored;

    event->seq = journal->rows + 1;
    event->note = text_part(event->note, 0, LIMIT_NOTE);
    if (!chain_of(event, &journal->head, &event->chain, err) ||
        !sqlite_run(&journal->db, "BEGIN IMMEDIATE", err))
        return error_at(err, "journal");
    if (!check_unchanged(journal, err) || !insert(journal, event, err) ||
        !sqlite_run(&journal->db, "COMMIT", err)) {
        (void)!sqlite_run(&journal->db, "ROLLBACK", &ignored); /* the first failure is the one to report */
        return error_at(err, "journal");
    }
    journal->rows = event->seq;
    journal->head = event->chain;
    return true;
}

/* Whether the event fits to what the run is so far, before it is written. */
static bool check_fits(struct journal *journal, const struct event *event, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_JOURNAL_MEMORY);
    struct growing growing = {0};
    char id[RUN_ID_SIZE];

    copy_string(id, sizeof(id), event->run);
    if (!journal_get(journal, id, &arena, &growing.run, err))
        return false;
    bool ended = growing.run.state != RUN_OPEN;
    if (event->what == EVENT_RUN_RESUMED)
        return !ended || growing.run.state == RUN_STOPPED ||
               error_set(err, ERROR_CONFLICT, "run %s has ended: %s", id, run_state_name(growing.run.state));
    if (ended)
        return error_set(err, ERROR_CONFLICT, "run %s is not open", id);
    if (event->what != EVENT_STEP_ENDED)
        return true;
    growing.steps = ARENA_ARRAY(&arena, struct run_step, growing.run.step_count);
    if (growing.steps == NULL)
        return arena_full(&arena, err);
    if (growing.run.step_count > 0)
        memcpy(growing.steps, growing.run.steps, growing.run.step_count * sizeof(*growing.steps));
    return end_step(&growing, event, err);
}

static bool append_fitting(struct journal *journal, struct event *event, struct error *err)
{
    return check_fits(journal, event, err) && append(journal, event, err);
}

bool journal_begin_run(struct journal *journal, const struct run *run, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_JOURNAL_MEMORY);
    struct event event = {.what = EVENT_RUN_BEGUN,
                          .run = text_of(run->id),
                          .at_us = run->begun_us,
                          .kind = run->kind,
                          .state = RUN_OPEN,
                          .pid = run->pid,
                          .plan = text_of(run->plan),
                          .takes_back = text_of(run->takes_back)};
    struct run other;

    assert(strlen(run->id) == RUN_ID_SIZE - 1);
    if (journal_get_open(journal, &arena, &other, err))
        return error_set(err, ERROR_CONFLICT, "run %s is open", other.id);
    if (err->kind != ERROR_ABSENT)
        return false;
    if (journal_get(journal, run->id, &arena, &other, err))
        return error_set(err, ERROR_CONFLICT, "there is a run %s", run->id);
    return err->kind == ERROR_ABSENT && append(journal, &event, err);
}

bool journal_resume_run(struct journal *journal, const char *run, uint32_t pid, int64_t now_us,
                        struct error *err)
{
    struct event event = {
        .what = EVENT_RUN_RESUMED, .run = text_of(run), .at_us = now_us, .state = RUN_OPEN, .pid = pid};

    return append_fitting(journal, &event, err);
}

bool journal_end_run(struct journal *journal, const char *run, enum run_state state, struct text why,
                     int64_t now_us, struct error *err)
{
    struct event event = {
        .what = EVENT_RUN_ENDED, .run = text_of(run), .at_us = now_us, .state = state, .note = why};

    assert(state != RUN_OPEN && state != RUN_STATE_UNKNOWN);
    return append_fitting(journal, &event, err);
}

bool journal_begin_step(struct journal *journal, const char *run, enum step_kind kind, uint32_t group,
                        int64_t now_us, struct error *err)
{
    struct event event = {.what = EVENT_STEP_BEGUN,
                          .run = text_of(run),
                          .at_us = now_us,
                          .kind = kind,
                          .state = STEP_BEGUN,
                          .part = group};

    return append_fitting(journal, &event, err);
}

bool journal_end_step(struct journal *journal, const char *run, const struct run_step *step,
                      struct error *err)
{
    struct event event = {.what = EVENT_STEP_ENDED,
                          .run = text_of(run),
                          .at_us = step->ended_us,
                          .kind = step->kind,
                          .state = step->state,
                          .part = step->group,
                          .note = step->note};

    if (step->seal.kind != DIGEST_UNKNOWN)
        event.seal = (struct bytes){step->seal.at, digest_size(DIGEST_SHA256)};
    return append_fitting(journal, &event, err);
}
