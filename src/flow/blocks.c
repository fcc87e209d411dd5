#include "flow/blocks.h"

#include "base/control.h"

struct text blocks_say(const struct trust_order *order, struct arena *arena)
{
    return text_format(arena, "%.*s by %.*s: %.*s", TEXT_ARG(order->order.id), TEXT_ARG(order->order.by),
                       TEXT_ARG(order->order.reason));
}

/* ERROR_TRUST where somebody blocked this file. */
static bool check_one(const struct trust_record *record, struct text name, struct text version,
                      const struct digest *digest, int64_t now_us, struct arena *arena, struct error *err)
{
    const struct trust_order *order =
        version.size == 0 ? NULL : trust_record_block(record, name, version, digest, now_us);

    return order == NULL || error_set(err, ERROR_TRUST, "block: %.*s %.*s must not be installed: %.*s",
                                      TEXT_ARG(name), TEXT_ARG(version), TEXT_ARG(blocks_say(order, arena)));
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
        if (!check_one(&record, change->name, change->to, &change->digest, now_us, arena, err))
            return false;
    }
    return true;
}

bool blocks_check_back(const char *state, const struct rollback_step *steps, size_t count, int64_t now_us,
                       struct arena *arena, struct error *err)
{
    struct trust_record record;
    bool found = false;

    if (!trust_record_read(state, arena, &record, &found, err))
        return false;
    for (size_t i = 0; found && i < count; i++) {
        const struct kept_change *change = steps[i].change;
        if (!steps[i].is_as_it_was && control_holds(CONTROL_BLOCK_ROLLBACK) &&
            !check_one(&record, change->name, change->from, &change->deb.digest, now_us, arena, err))
            return false;
    }
    return true;
}
