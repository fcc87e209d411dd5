/* Reads of what happened: events, findings, generations of fixes. */
#include <assert.h>
#include <stdio.h>

#include "base/limits.h"
#include "store/fleet_inside.h"
#include "store/fleet_read.h"

/* ---- events ---- */

static bool read_event(const struct store_value *columns, struct arena *arena, void *out, struct error *err)
{
    struct fleet_event_row row = {
        .hid = columns[0].number,
        .epoch = (uint64_t)columns[1].number,
        .received_us = columns[5].number,
        .event = {.seq = (uint64_t)columns[2].number,
                  .kind = (uint32_t)columns[3].number,
                  .at_us = columns[4].number},
    };

    if (!fleet_take_bytes(&columns[6], arena, &row.event.body, err))
        return false;
    *(struct fleet_event_row *)out = row;
    return true;
}

#define EVENT_TYPES "nnnnnnb"

/* Behind (received_us, epoch, seq), newest first; a kind above 62 is asked for by kinds 0 only. */
static void events_sql(const struct fleet_event_filter *filter, int64_t month, char *out, size_t size)
{
    (void)snprintf(out, size,
                   "SELECT hid, epoch, seq, kind, at_us, received_us, %s FROM event_%06lld WHERE hid = ?1"
                   " AND received_us <= ?2 AND (received_us < ?2 OR epoch < ?3 OR (epoch = ?3 AND seq < ?4))"
                   " AND (?5 = 0 OR (kind < 63 AND ((?5 >> CAST(kind AS INTEGER)) & 1) = 1))"
                   " ORDER BY received_us DESC, epoch DESC, seq DESC LIMIT ?6",
                   filter->bodies ? "body" : "substr(body, 1, 0)", (long long)month);
}

bool fleet_store_events(struct fleet_store *store, const struct fleet_event_filter *filter,
                        struct arena *arena, struct fleet_event_rows *out, struct error *err)
{
    bool begins = filter->before_us == 0;
    const struct store_value values[] = {number_value(filter->hid),
                                         number_value(begins ? INT64_MAX : filter->before_us),
                                         count_value(filter->before_epoch),
                                         count_value(filter->before_seq),
                                         number_value((int64_t)(filter->kinds & INT64_MAX)),
                                         number_value((int64_t)filter->limit + 1)};
    struct fleet_collect collect = {
        .arena = arena, .read = read_event, .size = sizeof(struct fleet_event_row), .limit = filter->limit};
    struct fleet_months months;
    char sql[512];
    const struct store_call call = {.sql = sql, .types = "nnnnnn", .values = values, .columns = EVENT_TYPES};

    assert(filter->limit > 0 && filter->limit <= LIMIT_FLEET_PAGE);
    if (!fleet_months(store, &months, err))
        return false;
    for (size_t i = 0; i < months.count && !collect.more; i++) {
        if (!begins && months.at[i] > fleet_month_of(filter->before_us))
            continue;
        events_sql(filter, months.at[i], sql, sizeof(sql));
        if (!fleet_collect(store, &call, &collect, err))
            return false;
    }
    *out = (struct fleet_event_rows){collect.at, collect.count, collect.more};
    return true;
}

bool fleet_store_event(struct fleet_store *store, int64_t hid, uint64_t epoch, uint64_t seq,
                       struct arena *arena, struct fleet_event_row *out, struct error *err)
{
    const struct store_value values[] = {number_value(hid), count_value(epoch), count_value(seq)};
    struct fleet_collect collect = {.arena = arena, .read = read_event, .size = sizeof(*out), .limit = 1};
    struct fleet_months months;
    char sql[256];
    const struct store_call call = {.sql = sql, .types = "nnn", .values = values, .columns = EVENT_TYPES};

    if (!fleet_months(store, &months, err))
        return false;
    for (size_t i = 0; i < months.count && collect.count == 0; i++) {
        (void)snprintf(sql, sizeof(sql),
                       "SELECT hid, epoch, seq, kind, at_us, received_us, body FROM event_%06lld"
                       " WHERE hid = ?1 AND epoch = ?2 AND seq = ?3",
                       (long long)months.at[i]);
        if (!fleet_collect(store, &call, &collect, err))
            return false;
    }
    if (collect.count == 0)
        return error_set(err, ERROR_ABSENT, "no such event");
    *out = *(struct fleet_event_row *)collect.at;
    return true;
}

/* ---- findings ---- */

static bool read_finding(const struct store_value *columns, struct arena *arena, void *out, struct error *err)
{
    (void)arena, (void)err;
    *(struct fleet_finding *)out = (struct fleet_finding){
        .hid = columns[0].number,
        .fix = columns[1].number,
        .opened_us = columns[2].number,
        .closed_us = columns[3].number,
        .opened_generation = (uint64_t)columns[4].number,
        .closed_generation = (uint64_t)columns[5].number,
    };
    return true;
}

#define FINDING_SELECT "SELECT hid, fix, opened_us, closed_us, opened, closed FROM finding WHERE "
#define FINDING_OPEN   " AND (closed_us = 0 OR ?4 = 0) "

bool fleet_store_findings(struct fleet_store *store, const struct fleet_finding_filter *filter,
                          struct arena *arena, struct fleet_findings_page *out, struct error *err)
{
    bool of_host = filter->fix == 0;
    const struct store_value values[] = {
        number_value(of_host ? filter->hid : filter->fix), number_value(filter->after_number),
        number_value(filter->after_opened_us), number_value(filter->open_only),
        number_value((int64_t)filter->limit + 1)};
    const struct store_call call = {
        .sql = of_host ? FINDING_SELECT "hid = ?1 AND fix >= ?2 AND (fix > ?2 OR opened_us > ?3)" FINDING_OPEN
                                        "ORDER BY fix, opened_us LIMIT ?5"
                       : FINDING_SELECT "fix = ?1 AND hid >= ?2 AND (hid > ?2 OR opened_us > ?3)" FINDING_OPEN
                                        "ORDER BY hid, opened_us LIMIT ?5",
        .types = "nnnnn",
        .values = values,
        .columns = "nnnnnn"};
    struct fleet_collect collect = {
        .arena = arena, .read = read_finding, .size = sizeof(struct fleet_finding), .limit = filter->limit};

    assert(filter->limit > 0 && filter->limit <= LIMIT_FLEET_PAGE &&
           (filter->hid == 0) != (filter->fix == 0));
    if (!fleet_collect(store, &call, &collect, err))
        return false;
    *out = (struct fleet_findings_page){collect.at, collect.count, collect.more};
    return true;
}

/* ---- fixes ---- */

static bool read_fix(const struct store_value *columns, struct arena *arena, void *out, struct error *err)
{
    struct fleet_fix fix = {.number = columns[0].number};

    if (!fleet_take_text(&columns[1], arena, &fix.name, err) ||
        !fleet_take_text(&columns[2], arena, &fix.about, err))
        return false;
    *(struct fleet_fix *)out = fix;
    return true;
}

bool fleet_store_fix(struct fleet_store *store, int64_t number, struct arena *arena, struct fleet_fix *out,
                     struct error *err)
{
    const struct store_value wanted = number_value(number);
    const struct store_call call = {.sql = "SELECT fix, name, about FROM fix WHERE fix = ?1",
                                    .types = "n",
                                    .values = &wanted,
                                    .columns = "ntt"};
    struct fleet_collect collect = {.arena = arena, .read = read_fix, .size = sizeof(*out), .limit = 1};

    return fleet_one(store, &call, &collect, "fix", out, err);
}

struct all_fixes {
    fleet_fix_each *each;
    void *self;
    struct arena arena; /* of one row */
};

static bool each_fix(void *self, const struct store_value *columns, struct error *err)
{
    struct all_fixes *all = self;
    struct fleet_fix fix;

    arena_end(&all->arena);
    return read_fix(columns, &all->arena, &fix, err) && all->each(all->self, &fix, err);
}

bool fleet_store_all_fixes(struct fleet_store *store, fleet_fix_each *each, void *self, struct error *err)
{
    struct all_fixes all = {each, self, arena_with(MIB)};
    const struct store_call call = {
        .sql = "SELECT fix, name, about FROM fix", .columns = "ntt", .each = each_fix, .self = &all};
    bool done = fleet_read(store, &call, err);

    arena_end(&all.arena);
    return done;
}

/* ---- generations ---- */

#define GENERATION_COLUMNS "fix, generation, at_us, hosts, unknown, stale, chunks"
#define GENERATION_TYPES   "nnnnnnb"

static struct fleet_fix_generation_row generation_of(const struct store_value *columns)
{
    return (struct fleet_fix_generation_row){
        .fix = columns[0].number,
        .generation = (uint64_t)columns[1].number,
        .at_us = columns[2].number,
        .hosts = (uint64_t)columns[3].number,
        .unknown = (uint64_t)columns[4].number,
        .stale = (uint64_t)columns[5].number,
        .chunks = columns[6].bytes,
    };
}

static bool read_generation(const struct store_value *columns, struct arena *arena, void *out,
                            struct error *err)
{
    struct fleet_fix_generation_row row = generation_of(columns);

    if (!fleet_take_bytes(&columns[6], arena, &row.chunks, err))
        return false;
    *(struct fleet_fix_generation_row *)out = row;
    return true;
}

bool fleet_store_fix_generations(struct fleet_store *store, int64_t fix, size_t limit, struct arena *arena,
                                 struct fleet_fix_generations *out, struct error *err)
{
    const struct store_value values[] = {number_value(fix), number_value((int64_t)limit)};
    const struct store_call call = {.sql = "SELECT " GENERATION_COLUMNS " FROM fix_generation WHERE fix = ?1"
                                           " ORDER BY generation DESC LIMIT ?2",
                                    .types = "nn",
                                    .values = values,
                                    .columns = GENERATION_TYPES};
    struct fleet_collect collect = {.arena = arena,
                                    .read = read_generation,
                                    .size = sizeof(struct fleet_fix_generation_row),
                                    .limit = limit};

    if (!fleet_collect(store, &call, &collect, err))
        return false;
    *out = (struct fleet_fix_generations){collect.at, collect.count};
    return true;
}

struct newest {
    fleet_fix_generation_each *each;
    void *self;
};

static bool each_generation(void *self, const struct store_value *columns, struct error *err)
{
    const struct newest *newest = self;
    const struct fleet_fix_generation_row row = generation_of(columns);

    return newest->each(newest->self, &row, err);
}

bool fleet_store_newest_fix_generations(struct fleet_store *store, fleet_fix_generation_each *each,
                                        void *self, struct error *err)
{
    struct newest newest = {each, self};
    const struct store_call call = {
        .sql = "SELECT " GENERATION_COLUMNS " FROM fix_generation a WHERE NOT EXISTS"
               " (SELECT 1 FROM fix_generation b WHERE b.fix = a.fix AND b.generation > a.generation)",
        .columns = GENERATION_TYPES,
        .each = each_generation,
        .self = &newest};

    return fleet_read(store, &call, err);
}
