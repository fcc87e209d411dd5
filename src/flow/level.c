#include "flow/level.h"

#include <stdio.h>

#include "base/file.h"
#include "base/limits.h"
#include "store/state.h"
#include "store/trust_record.h"

#define FILE_NAME "order"

/* The path of the order; *out is NULL when there is no state folder yet. */
static bool find_file(const char *folder, struct arena *arena, const char **out, struct error *err)
{
    struct state state;
    struct error why;

    *out = NULL;
    if (folder == NULL)
        return true;
    if (!state_open(folder, STATE_READ, &state, &why)) {
        if (why.kind == ERROR_ABSENT)
            return true;
        *err = why;
        return false;
    }
    *out = state_path(&state, arena, FILE_NAME);
    return *out != NULL || arena_full(arena, err);
}

static bool read_file(const char *path, struct arena *arena, const struct order **out, struct error *err)
{
    struct order *order = ARENA_NEW(arena, struct order);
    bool found = false;

    if (order == NULL)
        return arena_full(arena, err);
    if (path != NULL && !order_read(path, arena, order, &found, err))
        return false;
    *out = found ? order : NULL;
    return true;
}

bool level_read(const char *state, struct arena *arena, const struct order **out, struct error *err)
{
    const char *path;

    return find_file(state, arena, &path, err) && read_file(path, arena, out, err);
}

/* ---- what people signed ---- */

static bool make_order(const struct trust_order *signed_order, struct arena *arena, struct order *out,
                       struct error *err)
{
    const struct signed_order *order = &signed_order->order;

    *out = (struct order){
        .level = order->level,
        .reason = order->reason,
        .by = text_format(arena, "%.*s, signed by %u", TEXT_ARG(order->by), signed_order->persons),
        .since_us = signed_order->begins_us,
        .begun_us = signed_order->begins_us,
        .end_us = order->ends_us,
    };
    (void)snprintf(out->id, sizeof(out->id), "%.*s", TEXT_ARG(order->id));
    return out->by.at != NULL || arena_full(arena, err);
}

/* An order of this kind and what has begun of it counts, as long as it is the strictest. */
static bool take_stricter(const struct trust_order *signed_order, int64_t now_us, struct arena *arena,
                          const struct order **out, struct error *err)
{
    struct order *order = ARENA_NEW(arena, struct order);

    if (order == NULL)
        return arena_full(arena, err);
    if (signed_order->order.kind != SIGNED_ORDER_CRISIS || signed_order->persons == 0 ||
        now_us < signed_order->begins_us || now_us < signed_order->order.made_us ||
        signed_order->order.ends_us <= signed_order->begins_us)
        return true;
    if (!make_order(signed_order, arena, order, err))
        return false;
    if (order_at(order, now_us).level > order_at(*out, now_us).level)
        *out = order;
    return true;
}

bool level_in_force(const char *state, int64_t now_us, struct arena *arena, const struct order **out,
                    struct error *err)
{
    const struct order *order = NULL;
    struct trust_record record;
    bool found = false;

    if (!level_read(state, arena, &order, err) || !trust_record_read(state, arena, &record, &found, err))
        return false;
    for (size_t i = 0; found && i < record.order_count; i++)
        if (!take_stricter(&record.orders[i], now_us, arena, &order, err))
            return false;
    *out = order;
    return true;
}

/* What is there now, for whoever replaces it: an order that cannot be read must not keep its own end from coming. */
static void read_former(const char *path, struct arena *arena, const struct order **former,
                        struct error *former_why)
{
    *former = NULL;
    *former_why = (struct error){0};
    if (!read_file(path, arena, former, former_why))
        *former = NULL;
}

bool level_set(const char *state, const struct level_wish *wish, struct arena *arena,
               const struct order **out, const struct order **former, struct error *former_why,
               struct error *err)
{
    struct order *order = ARENA_NEW(arena, struct order);
    struct state opened;

    if (order == NULL)
        return arena_full(arena, err);
    *order = (struct order){
        .level = wish->level,
        .reason = wish->reason,
        .by = wish->by,
        .since_us = wish->now_us,
        .begun_us = wish->now_us,
        .end_us = wish->end_us == TIME_ABSENT ? wish->now_us + ORDER_LENGTH_US : wish->end_us,
    };
    order_name(order, wish->random);
    if (!order_check(order, err) || !state_open(state, STATE_WRITE, &opened, err))
        return false;
    const char *path = state_path(&opened, arena, FILE_NAME);
    if (path == NULL)
        return arena_full(arena, err);
    read_former(path, arena, former, former_why);
    if (*former != NULL && order_at(*former, wish->now_us).level != LEVEL_NORMAL)
        order->since_us = (*former)->since_us;
    *out = order;
    return order_replace(path, order, err);
}

bool level_end(const char *state, struct arena *arena, const struct order **former, struct error *former_why,
               struct error *err)
{
    const char *path;

    *former = NULL;
    *former_why = (struct error){0};
    if (!find_file(state, arena, &path, err))
        return false;
    if (path == NULL)
        return true;
    read_former(path, arena, former, former_why);
    return order_remove(path, err);
}
