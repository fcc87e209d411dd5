#include "server/now_orders.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "model/cve.h"
#include "server/bulletin.h"
#include "server/readers.h"
#include "store/fleet_read.h"

struct now_orders {
    pthread_mutex_t lock;
    uint64_t published; /* hash of what the plan has; 0: nothing, or not known yet */
};

bool now_orders_check_fix(struct text fix, struct error *err)
{
    static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.";

    if (cve_pack(fix) != 0)
        return true;
    /* Debian policy, 5.6.1: at least two characters, the first a letter or digit. */
    bool name = fix.size >= 2 && fix.size <= LIMIT_PACKAGE_NAME && memchr(rest, fix.at[0], 36) != NULL;
    for (size_t i = 0; name && i < fix.size; i++)
        name = memchr(rest, fix.at[i], sizeof(rest) - 1) != NULL;
    return name || error_set(err, ERROR_INPUT, "fix: \"%.*s\" is neither a CVE nor a source package's name",
                             TEXT_ARG(text_part(fix, 0, 60)));
}

bool now_orders_check_class(struct text class, struct error *err)
{
    return class.size == 0 || text_equal(class, TEXT("security")) || text_equal(class, TEXT("functional")) ||
           error_set(err, ERROR_INPUT, "class: there is security and functional");
}

/* ---- the plan ---- */

static bool read_in_force(struct server *server, struct arena *arena, struct fleet_now_items *out,
                          struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};

    return readers_take(server, &lease, err) &&
           fleet_store_now_items(lease.store, server_now_us(server), arena, out, err);
}

static bool as_plan(const struct fleet_now_items *items, struct arena *arena, struct fleet_now **out,
                    struct error *err)
{
    struct fleet_now *now = ARENA_ARRAY(arena, struct fleet_now, items->count + 1);

    if (now == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < items->count; i++) {
        const struct fleet_now_item *item = &items->at[i];
        now[i] = (struct fleet_now){
            .id = text_format(arena, "%lld", (long long)item->number),
            .fix = item->fix,
            .class = item->class.size > 0 ? item->class : TEXT("security"),
            .by = item->by,
            .reason = item->reason,
            .made_us = item->made_us,
            .ends_us = item->ends_us,
        };
        if (now[i].id.at == NULL)
            return arena_full(arena, err);
    }
    *out = now;
    return true;
}

/* Which ones they are: their rows never change but by being withdrawn. */
static uint64_t hash_of(const struct fleet_now_items *items)
{
    uint64_t hash = 0;

    for (size_t i = 0; i < items->count; i++)
        hash = text_hash((struct text){(const char *)&items->at[i].number, sizeof(items->at[i].number)},
                         hash + 1);
    return hash;
}

static bool publish_locked(struct server *server, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_API_ANSWER);
    struct fleet_now_items items;
    struct fleet_now *now;

    if (!read_in_force(server, &arena, &items, err))
        return false;
    if (items.count > FLEET_PLAN_NOW)
        return error_set(err, ERROR_LIMIT, "more than %d orders are in force: end some", FLEET_PLAN_NOW);
    if (hash_of(&items) == server->now_orders->published)
        return true;
    if (!as_plan(&items, &arena, &now, err) || !bulletin_set_now(server->bulletin, now, items.count, err))
        return false;
    server->now_orders->published = hash_of(&items);
    return true;
}

bool now_orders_publish(struct server *server, struct error *err)
{
    (void)pthread_mutex_lock(&server->now_orders->lock);
    bool published = publish_locked(server, err);
    (void)pthread_mutex_unlock(&server->now_orders->lock);
    return published;
}

/* ---- the part ---- */

static bool tick(struct server *server, struct error *err)
{
    return now_orders_publish(server, err);
}

static bool start(struct server *server, struct error *err)
{
    struct now_orders *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory for orders");
    (void)pthread_mutex_init(&made->lock, NULL);
    server->now_orders = made;
    return true;
}

static void stop(struct server *server)
{
    if (server->now_orders == NULL)
        return;
    (void)pthread_mutex_destroy(&server->now_orders->lock);
    free(server->now_orders);
    server->now_orders = NULL;
}

const struct server_part now_orders_part = {
    .name = "now_orders",
    .start = start,
    .stop = stop,
    .tick_s = 60,
    .tick = tick,
};
