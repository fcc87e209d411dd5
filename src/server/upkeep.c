/*
 * What the database needs from time to time: a quarantine that has seen what it waited for ends, months of history that
 * nobody is to look at any more are dropped, then chunks that no machine has and no change names.
 */
#include "server/upkeep.h"
#include "base/log.h"
#include "server/generations.h"
#include "store/fleet_keep.h"
#include "store/fleet_read.h"
#include "store/fleet_write.h"

#define HISTORY_US    (400 * TIME_DAY_US) /* thirteen months: a year can be compared with the one before */
#define CHUNKS_US     (30 * TIME_DAY_US)  /* one that was sent for a commit that never came */
#define QUARANTINE_US (7 * TIME_DAY_US)   /* so long machines keep what was acknowledged */

/* ---- quarantine ---- */

bool upkeep_quarantine_over(const struct fleet_state *state, const struct fleet_awaited *awaited,
                            int64_t now_us)
{
    return state->quarantine &&
           ((awaited->awaited == 0 && awaited->reported > 0) || now_us - state->restored_us >= QUARANTINE_US);
}

static bool end_quarantine(struct fleet_store *store, int64_t now_us, struct error *err)
{
    const struct fleet_audit audit = {.at_us = now_us,
                                      .actor = TEXT("sutured"),
                                      .deed = TEXT("quarantine.end"),
                                      .detail = TEXT("{\"by\":\"time or reports\"}")};
    const struct fleet_write write = {.kind = FLEET_WRITE_QUARANTINE_END, .audit = &audit};
    struct fleet_result result;

    if (!fleet_store_write(store, &write, 1, &result, err))
        return false;
    log_line(LOG_INFO, "upkeep", "the quarantine has ended");
    return true;
}

bool upkeep_look_at_quarantine(struct fleet_store *store, int64_t now_us, struct error *err)
{
    struct fleet_awaited awaited;
    struct fleet_state state;

    if (!fleet_store_state(store, &state, err))
        return false;
    if (!state.quarantine)
        return true;
    return fleet_store_awaited(store, &awaited, err) &&
           (!upkeep_quarantine_over(&state, &awaited, now_us) || end_quarantine(store, now_us, err));
}

static bool tick_quarantine(struct server *server, struct error *err)
{
    bool done = upkeep_look_at_quarantine(generations_hold(server), server_now_us(server), err);

    generations_let(server);
    return done;
}

const struct server_part quarantine_part = {.name = "quarantine", .tick_s = 30, .tick = tick_quarantine};

/* ---- what is over ---- */

static bool drop(struct fleet_store *store, int64_t now_us, struct error *err)
{
    size_t months, chunks;

    if (!fleet_store_drop_months(store, now_us - HISTORY_US, &months, err) ||
        !fleet_store_drop_chunks(store, now_us - CHUNKS_US, &chunks, err) || !fleet_store_tidy(store, err))
        return false;
    if (months > 0 || chunks > 0)
        log_line(LOG_INFO, "upkeep", "dropped %zu months of history and %zu chunks", months, chunks);
    return true;
}

/*
 * While this writes, batches wait for it, a second or two: so it does not come with the start, when all machines do, but from the
 * first night on.
 */
static bool tick_history(struct server *server, struct error *err)
{
    int64_t now_us = server_now_us(server);
    bool done = true;
    struct fleet_store *store = generations_hold(server);

    if (generations_due(server, now_us, TIME_DAY_US))
        done = drop(store, now_us, err);
    generations_let(server);
    return done;
}

const struct server_part history_part = {.name = "history", .tick_s = 60 * 60, .tick = tick_history};
