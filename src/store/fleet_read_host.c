/* Reads of hosts and of what is installed on them. */
#include <assert.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "store/fleet_inside.h"
#include "store/fleet_read.h"

/* ---- a host's row ---- */

#define HOST_COLUMNS                                                                                         \
    "h.hid, h.id, h.flags, h.enrolled_us, h.token, h.class, h.ring, h.name, h.scanned_us,"                   \
    " h.certificate_end_us, h.certificate, h.revision, h.facts, f.os, f.codename, f.arch, f.kernel,"         \
    " s.counter, s.random, s.epoch, s.seen_us, s.agent, s.state, s.level, s.plan, s.advisories,"             \
    " s.repository, s.policy, s.due, s.late, s.open, s.unknown, COALESCE(o.ack, 0), i.root, i.committed_us," \
    " g.generation"
#define HOST_TYPES "nbnnntntnnbnnttttnnnnnnnnnnnnnnnnbnn"
#define HOST_FROM                                                                                            \
    " FROM host h JOIN facts f ON f.facts = h.facts JOIN host_seen s ON s.hid = h.hid"                       \
    " JOIN inventory i ON i.hid = h.hid JOIN host_finding g ON g.hid = h.hid"                                \
    " LEFT JOIN outbox o ON o.hid = h.hid AND o.epoch = s.epoch"
#define CHUNKS_COLUMN 36

static void read_seen(const struct store_value *at, struct fleet_seen *out)
{
    *out = (struct fleet_seen){
        .counter = (uint64_t)at[0].number,
        .random = (uint64_t)at[1].number,
        .epoch = (uint64_t)at[2].number,
        .seen_us = at[3].number,
        .agent_version = (uint32_t)at[4].number,
        .state = (uint32_t)at[5].number,
        .level = (uint32_t)at[6].number,
        .plan_generation = (uint64_t)at[7].number,
        .index_generation = (uint64_t)at[8].number,
        .repository = (uint64_t)at[9].number,
        .policy = (uint64_t)at[10].number,
        .due = (uint32_t)at[11].number,
        .late = (uint32_t)at[12].number,
        .open = (uint32_t)at[13].number,
        .unknown = (uint32_t)at[14].number,
    };
}

static bool read_host(const struct store_value *columns, struct arena *arena, void *to, struct error *err)
{
    struct fleet_host host = {
        .hid = columns[0].number,
        .flags = (uint32_t)columns[2].number,
        .enrolled_us = columns[3].number,
        .token = columns[4].number,
        .ring = (uint32_t)columns[6].number,
        .certificate_end_us = columns[9].number,
        .revision = (uint64_t)columns[11].number,
        .facts_number = columns[12].number,
        .facts.scanned_us = columns[8].number,
        .ack = (uint64_t)columns[32].number,
        .committed_us = columns[34].number,
        .finding_generation = (uint64_t)columns[35].number,
    };

    if (!fleet_take_exact(&columns[1], host.id, FLEET_ID_SIZE, err) ||
        !fleet_take_text(&columns[5], arena, &host.class, err) ||
        !fleet_take_text(&columns[7], arena, &host.facts.name, err) ||
        !fleet_take_exact(&columns[10], host.certificate, FLEET_SECRET_SIZE, err) ||
        !fleet_take_text(&columns[13], arena, &host.facts.os, err) ||
        !fleet_take_text(&columns[14], arena, &host.facts.codename, err) ||
        !fleet_take_text(&columns[15], arena, &host.facts.arch, err) ||
        !fleet_take_text(&columns[16], arena, &host.facts.kernel, err) ||
        !fleet_take_exact(&columns[33], host.root, FLEET_HASH_SIZE, err))
        return error_at(err, "host %lld", (long long)host.hid);
    read_seen(columns + 17, &host.seen);
    *(struct fleet_host *)to = host;
    return true;
}

static struct fleet_collect hosts_into(struct arena *arena, size_t limit)
{
    return (struct fleet_collect){
        .arena = arena, .read = read_host, .size = sizeof(struct fleet_host), .limit = limit};
}

/* ---- one, and all ---- */

bool fleet_store_host(struct fleet_store *store, int64_t hid, struct arena *arena, struct fleet_host *out,
                      struct error *err)
{
    const struct store_value wanted = number_value(hid);
    const struct store_call call = {.sql = "SELECT " HOST_COLUMNS HOST_FROM " WHERE h.hid = ?1",
                                    .types = "n",
                                    .values = &wanted,
                                    .columns = HOST_TYPES};
    struct fleet_collect collect = hosts_into(arena, 1);

    return fleet_one(store, &call, &collect, "host", out, err);
}

bool fleet_store_host_by_id(struct fleet_store *store, const uint8_t id[FLEET_ID_SIZE], struct arena *arena,
                            struct fleet_host *out, struct error *err)
{
    const struct store_value wanted = hash_value(id, FLEET_ID_SIZE);
    const struct store_call call = {.sql = "SELECT " HOST_COLUMNS HOST_FROM " WHERE h.id = ?1",
                                    .types = "b",
                                    .values = &wanted,
                                    .columns = HOST_TYPES};
    struct fleet_collect collect = hosts_into(arena, 1);

    return fleet_one(store, &call, &collect, "host", out, err);
}

struct all_hosts {
    fleet_host_each *each;
    void *self;
    bool with_chunks;
    struct arena arena; /* of one row */
};

static bool each_host(void *self, const struct store_value *columns, struct error *err)
{
    struct all_hosts *all = self;
    struct fleet_host host;
    struct bytes chunks = {0};

    if (all->with_chunks)
        chunks = columns[CHUNKS_COLUMN].bytes;
    if (chunks.size != 0 && chunks.size != FLEET_CHUNKS_SIZE)
        return error_set(err, ERROR_INPUT, "host %lld: an inventory of %zu bytes",
                         (long long)columns[0].number, chunks.size);
    arena_end(&all->arena);
    return read_host(columns, &all->arena, &host, err) && all->each(all->self, &host, chunks, err);
}

bool fleet_store_all_hosts(struct fleet_store *store, bool with_chunks, fleet_host_each *each, void *self,
                           struct error *err)
{
    struct all_hosts all = {each, self, with_chunks, arena_with(MIB)};
    const struct store_value removed = number_value(FLEET_HOST_REMOVED);
    const struct store_call call = {
        .sql = with_chunks ? "SELECT " HOST_COLUMNS ", i.chunks" HOST_FROM " WHERE (h.flags & ?1) = 0"
                           : "SELECT " HOST_COLUMNS HOST_FROM " WHERE (h.flags & ?1) = 0",
        .types = "n",
        .values = &removed,
        .columns = with_chunks ? HOST_TYPES "b" : HOST_TYPES,
        .each = each_host,
        .self = &all};
    bool done = fleet_read(store, &call, err);

    arena_end(&all.arena);
    return done;
}

/* ---- pages ---- */

#define FILTER_PARAMETERS 16

/* A statement that grows by what is asked for. */
struct question {
    struct writer sql;
    struct store_value values[FILTER_PARAMETERS];
    char types[FILTER_PARAMETERS + 1];
    size_t count;
};

static void question_end(struct question *question)
{
    writer_end(&question->sql);
}

/* `condition` has one "?%", where the number of its parameter is put. */
static void ask(struct question *question, const char *condition, char type, struct store_value value)
{
    const char *place = strstr(condition, "?%");
    const struct text before = {condition, (size_t)(place - condition)};

    assert(question->count < FILTER_PARAMETERS);
    question->types[question->count] = type;
    question->values[question->count++] = value;
    writer_string(&question->sql, " AND ");
    writer_text(&question->sql, before);
    writer_format(&question->sql, "?%zu", question->count);
    writer_string(&question->sql, place + 2);
}

static void ask_text(struct question *question, const char *condition, struct text text)
{
    if (text.size > 0)
        ask(question, condition, 't', text_value(text));
}

/* "%part%" in lower case, with what LIKE takes as a sign escaped. */
static bool like_of(struct text part, struct arena *arena, struct text *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(4 * LIMIT_FLEET_TEXT);
    struct bytes made;

    writer_byte(&w, '%');
    for (size_t i = 0; i < part.size && i < LIMIT_FLEET_TEXT; i++) {
        char byte = part.at[i];
        if (byte == '%' || byte == '_' || byte == '!')
            writer_byte(&w, '!');
        writer_byte(&w, (uint8_t)(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte));
    }
    writer_byte(&w, '%');
    if (!writer_done(&w, &made, err))
        return false;
    *out = text_copy(arena, (struct text){(const char *)made.at, made.size});
    return out->at != NULL || arena_full(arena, err);
}

static bool ask_filter(struct question *question, const struct fleet_host_filter *filter, struct arena *arena,
                       struct error *err)
{
    uint32_t none = filter->flags_none | (FLEET_HOST_REMOVED & ~filter->flags_all);
    struct text like = {0};

    if (filter->name.size > 0 && !like_of(filter->name, arena, &like, err))
        return false;
    ask_text(question, "lower(h.name) LIKE ?% ESCAPE '!'", like);
    ask_text(question, "f.os = ?%", filter->os);
    ask_text(question, "f.codename = ?%", filter->codename);
    ask_text(question, "f.arch = ?%", filter->arch);
    ask_text(question, "h.class = ?%", filter->class);
    ask(question, "(h.flags & ?%) = 0", 'n', number_value(none));
    if (filter->flags_all != 0)
        ask(question, "(~h.flags & ?%) = 0", 'n', number_value(filter->flags_all));
    if (filter->seen_from_us != 0)
        ask(question, "s.seen_us >= ?%", 'n', number_value(filter->seen_from_us));
    if (filter->seen_before_us != 0)
        ask(question, "s.seen_us < ?%", 'n', number_value(filter->seen_before_us));
    if (filter->fix != 0)
        ask(question,
            "EXISTS (SELECT 1 FROM finding x WHERE x.fix = ?% AND x.hid = h.hid AND x.closed_us = 0)", 'n',
            number_value(filter->fix));
    if (filter->after_hid != 0) {
        ask(question, "h.name >= ?%", 't', text_value(filter->after_name));
        size_t name = question->count;
        ask(question, "(h.hid > ?%", 'n', number_value(filter->after_hid));
        writer_format(&question->sql, " OR h.name > ?%zu)", name);
    }
    return true;
}

bool fleet_store_hosts(struct fleet_store *store, const struct fleet_host_filter *filter, struct arena *arena,
                       struct fleet_hosts *out, struct error *err)
{
    OWN(question_end) struct question question = {.sql = writer_with(LIMIT_FLEET_SQL)};
    struct fleet_collect collect = hosts_into(arena, filter->limit);
    struct store_call call = {.columns = HOST_TYPES};

    assert(filter->limit > 0 && filter->limit <= LIMIT_FLEET_PAGE);
    writer_string(&question.sql, "SELECT " HOST_COLUMNS HOST_FROM " WHERE 1 = 1");
    bool asked = ask_filter(&question, filter, arena, err);
    writer_format(&question.sql, " ORDER BY h.name, h.hid LIMIT %zu", filter->limit + 1);
    writer_byte(&question.sql, '\0');
    if (!asked)
        return false;
    if (!writer_ok(&question.sql))
        return error_set(err, ERROR_LIMIT, "out of memory");
    call.sql = (const char *)writer_bytes(&question.sql).at;
    call.types = question.types;
    call.values = question.values;
    if (!fleet_collect(store, &call, &collect, err))
        return false;
    *out = (struct fleet_hosts){collect.at, collect.count, collect.more};
    return true;
}

/* ---- what is installed ---- */

struct exact {
    uint8_t *out;
    size_t size;
    bool found;
};

static bool take_chunks(void *self, const struct store_value *columns, struct error *err)
{
    struct exact *exact = self;

    if (columns[0].bytes.size == 0)
        return true;
    exact->found = true;
    return fleet_take_exact(columns, exact->out, exact->size, err);
}

bool fleet_store_host_chunks(struct fleet_store *store, int64_t hid, uint8_t out[FLEET_CHUNKS_SIZE],
                             struct error *err)
{
    const struct store_value wanted = number_value(hid);
    uint8_t got[FLEET_CHUNKS_SIZE];
    struct exact exact = {got, sizeof(got), false};
    const struct store_call call = {.sql = "SELECT chunks FROM inventory WHERE hid = ?1",
                                    .types = "n",
                                    .values = &wanted,
                                    .columns = "b",
                                    .each = take_chunks,
                                    .self = &exact};

    if (!fleet_read(store, &call, err))
        return false;
    if (!exact.found)
        return error_set(err, ERROR_ABSENT, "no inventory of this host");
    memcpy(out, got, sizeof(got));
    return true;
}

static bool read_bytes(const struct store_value *columns, struct arena *arena, void *out, struct error *err)
{
    return fleet_take_bytes(columns, arena, out, err);
}

bool fleet_store_chunk(struct fleet_store *store, const uint8_t hash[FLEET_HASH_SIZE], struct arena *arena,
                       struct bytes *out, struct error *err)
{
    const struct store_value wanted = hash_value(hash, FLEET_HASH_SIZE);
    const struct store_call call = {
        .sql = "SELECT body FROM chunk WHERE hash = ?1", .types = "b", .values = &wanted, .columns = "b"};
    struct fleet_collect collect = {.arena = arena, .read = read_bytes, .size = sizeof(*out), .limit = 1};

    return fleet_one(store, &call, &collect, "chunk", out, err);
}

struct all_chunks {
    fleet_chunk_each *each;
    void *self;
};

static bool each_chunk(void *self, const struct store_value *columns, struct error *err)
{
    const struct all_chunks *all = self;
    uint8_t hash[FLEET_HASH_SIZE];

    return fleet_take_exact(columns, hash, sizeof(hash), err) &&
           all->each(all->self, hash, columns[1].bytes, err);
}

bool fleet_store_all_chunks(struct fleet_store *store, fleet_chunk_each *each, void *self, struct error *err)
{
    struct all_chunks all = {each, self};
    const struct store_call call = {
        .sql = "SELECT hash, body FROM chunk", .columns = "bb", .each = each_chunk, .self = &all};

    return fleet_read(store, &call, err);
}

/* ---- how it changed ---- */

static bool read_change(const struct store_value *columns, struct arena *arena, void *out, struct error *err)
{
    struct fleet_change change = {.at_us = columns[0].number, .bucket = (uint8_t)columns[1].number};

    (void)arena;
    if (!fleet_take_exact(&columns[2], change.was, FLEET_HASH_SIZE, err) ||
        !fleet_take_exact(&columns[3], change.became, FLEET_HASH_SIZE, err))
        return false;
    *(struct fleet_change *)out = change;
    return true;
}

bool fleet_store_changes(struct fleet_store *store, int64_t hid, int bucket, int64_t before_us, size_t limit,
                         struct arena *arena, struct fleet_changes *out, struct error *err)
{
    const struct store_value values[] = {number_value(hid), number_value(bucket),
                                         number_value(before_us == 0 ? INT64_MAX : before_us),
                                         number_value((int64_t)limit)};
    struct fleet_collect collect = {
        .arena = arena, .read = read_change, .size = sizeof(struct fleet_change), .limit = limit};
    struct fleet_months months;
    char sql[256];
    const struct store_call call = {.sql = sql, .types = "nnnn", .values = values, .columns = "nnbb"};

    assert(limit > 0 && limit <= LIMIT_FLEET_PAGE);
    if (!fleet_months(store, &months, err))
        return false;
    for (size_t i = 0; i < months.count && collect.count < limit; i++) {
        (void)snprintf(
            sql, sizeof(sql),
            "SELECT at_us, bucket, was, became FROM change_%06lld WHERE hid = ?1 AND (bucket = ?2 OR ?2 < 0)"
            " AND at_us < ?3 ORDER BY at_us DESC, bucket LIMIT ?4",
            (long long)months.at[i]);
        if (!fleet_collect(store, &call, &collect, err))
            return false;
    }
    *out = (struct fleet_changes){collect.at, collect.count};
    return true;
}
