#include "flow/blocks.h"

struct text blocks_say(const struct trust_order *order, struct arena *arena)
{
    return text_format(arena, "%.*s by %.*s: %.*s", TEXT_ARG(order->order.id), TEXT_ARG(order->order.by),
                       TEXT_ARG(order->order.reason));
}

bool blocks_check_plan(const char *state, const struct plan *plan, int64_t now_us, struct arena *arena,
                       struct error *err)
{
    struct trust_record record;
    bool found = false;

    if (!trust_record_read(state, arena, &record, &found, err))
        return false;
    for (size_t i = 0; found && i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        const struct trust_order *order =
            change->to.size == 0
                ? NULL
                : trust_record_block(&record, change->name, change->to, &change->digest, now_us);
        if (order != NULL)
            return error_set(err, ERROR_TRUST, "block: %.*s %.*s must not be installed: %.*s",
                             TEXT_ARG(change->name), TEXT_ARG(change->to),
                             TEXT_ARG(blocks_say(order, arena)));
    }
    return true;
}
