#include "flow/unattended_hold.h"

static bool is_held(const struct unattended_holds *holds, struct text name, struct text arch)
{
    for (size_t i = 0; i < holds->count; i++)
        if (text_equal(holds->at[i].name, name) && text_equal(holds->at[i].arch, arch))
            return true;
    return false;
}

static bool hold(struct unattended_holds *holds, const struct plan_change *change, struct text why,
                 struct arena *arena, struct error *err)
{
    if (is_held(holds, change->name, change->arch))
        return true;
    holds->at =
        arena_grow(arena, holds->at, holds->count, &holds->capacity, holds->count + 1, sizeof(*holds->at));
    /* Texts of a plan live as long as its arena, which is the caller's: the same as that of the holds. */
    if (holds->at == NULL || why.at == NULL)
        return arena_full(arena, err);
    holds->at[holds->count++] = (struct unattended_held){change->name, change->arch, why};
    return true;
}

static struct text why_of(const struct power *power, struct arena *arena)
{
    return text_format(arena, "%s %s, %.*s", power->is_new ? "brings a new" : "changes a",
                       power_kind_words(power->kind), TEXT_ARG(power->path));
}

bool unattended_hold_powers(const struct plan *plan, const struct powers *powers, struct arena *arena,
                            struct unattended_holds *holds, struct error *err)
{
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        for (size_t p = 0; p < powers->count; p++) {
            const struct power *power = &powers->at[p];
            if (power->small || !text_equal(power->package, change->name) ||
                !text_equal(power->arch, change->arch))
                continue;
            if (!hold(holds, change, why_of(power, arena), arena, err))
                return false;
            break;
        }
    }
    return true;
}

bool unattended_hold_needing(const struct plan *plan, struct arena *arena, struct unattended_holds *holds,
                             bool *any, struct error *err)
{
    bool found = false, grew = true;

    while (grew) { /* who needs it may be needed itself */
        size_t before = holds->count;
        for (size_t i = 0; i < plan->change_count; i++) {
            const struct plan_change *change = &plan->changes[i];
            if (!is_held(holds, change->name, change->arch))
                continue;
            found = true;
            struct text why = text_format(arena, "needs %.*s, which is held", TEXT_ARG(change->name));
            for (size_t k = 0; k < plan->change_count && change->needed_by.size > 0; k++)
                if (text_equal(plan->changes[k].name, change->needed_by) &&
                    !hold(holds, &plan->changes[k], why, arena, err))
                    return false;
        }
        grew = holds->count > before;
    }
    *any = found;
    return true;
}

bool unattended_rest(const struct plan *plan, const struct unattended_holds *holds, struct arena *arena,
                     struct text **out, size_t *count, struct error *err)
{
    struct text *names = ARENA_ARRAY(arena, struct text, plan->change_count);
    size_t found = 0;

    if (names == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        bool asked = change->reason == CHANGE_DUE || change->reason == CHANGE_NAMED;
        if (!asked || change->kind != CHANGE_UPGRADE || is_held(holds, change->name, change->arch))
            continue;
        names[found] = text_format(arena, "%.*s:%.*s", TEXT_ARG(change->name), TEXT_ARG(change->arch));
        if (names[found++].at == NULL)
            return arena_full(arena, err);
    }
    *out = names;
    *count = found;
    return true;
}
