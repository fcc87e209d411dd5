#include "deploy/transaction.h"

#include <stdlib.h>

static bool is_in(const struct plan_change *change, uint32_t first, uint32_t last)
{
    return change->group >= first && change->group <= last;
}

struct placed {
    uint32_t place;
    size_t change;
};

static int compare_places(const void *a, const void *b)
{
    const struct placed *left = a, *right = b;

    if (left->place != right->place)
        return left->place < right->place ? -1 : 1;
    return left->change < right->change ? -1 : left->change > right->change;
}

bool transaction_groups(const struct transaction *transaction, uint32_t first, uint32_t last,
                        struct arena *arena, struct package_group *out, struct error *err)
{
    const struct plan *plan = transaction->plan;
    struct placed *placed = ARENA_ARRAY(arena, struct placed, plan->change_count);
    struct trusted_artifact *artifacts = ARENA_ARRAY(arena, struct trusted_artifact, plan->change_count);
    struct package_key *removals = ARENA_ARRAY(arena, struct package_key, plan->change_count);
    struct package_group group = {.rollback = transaction->rollback};
    size_t count = 0;

    if (placed == NULL || artifacts == NULL || removals == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < plan->change_count; i++)
        if (is_in(&plan->changes[i], first, last))
            placed[count++] = (struct placed){transaction->places == NULL ? 0 : transaction->places[i], i};
    if (count > 0)
        qsort(placed, count, sizeof(*placed), compare_places);
    for (size_t i = 0; i < count; i++) {
        const struct plan_change *change = &plan->changes[placed[i].change];
        if (change->kind == CHANGE_REMOVE)
            removals[group.removal_count++] = (struct package_key){change->name, change->arch};
        else
            artifacts[group.artifact_count++] = transaction->artifacts[placed[i].change];
    }
    group.artifacts = artifacts;
    group.removals = removals;
    *out = group;
    return true;
}

static bool is_same(const struct plan_change *planned, const struct package_change *found)
{
    if (!text_equal(planned->name, found->package.name) || !text_equal(planned->to, found->to) ||
        !text_equal(planned->from, found->from))
        return false;
    return text_equal(planned->arch, found->package.arch) ||
           (planned->kind == CHANGE_REMOVE && found->package.arch.size == 0);
}

static bool tell_unplanned(const struct package_change *found, struct error *err)
{
    if (found->kind == CHANGE_REMOVE)
        return error_set(err, ERROR_CONFLICT, "apt would also remove %.*s", TEXT_ARG(found->package.name));
    return error_set(err, ERROR_CONFLICT, "apt would make %.*s %.*s of %.*s, which is not planned",
                     TEXT_ARG(found->package.name), TEXT_ARG(found->to),
                     found->from.size > 0 ? (int)found->from.size : 7,
                     found->from.size > 0 ? found->from.at : "nothing");
}

bool transaction_compare(const struct transaction *transaction, const struct package_changes *changes,
                         uint32_t first, bool partly, struct arena *arena, const uint32_t **places,
                         struct error *err)
{
    const struct plan *plan = transaction->plan;
    uint32_t *found = ARENA_ARRAY(arena, uint32_t, plan->change_count);
    bool *seen = ARENA_ARRAY(arena, bool, plan->change_count);

    if (found == NULL || seen == NULL)
        return arena_full(arena, err);
    /* Both are sorted by name; a name stands there twice only with two architectures. */
    for (size_t i = 0, k = 0; i < changes->count; i++) {
        const struct package_change *change = &changes->at[i];
        while (k < plan->change_count && text_compare(plan->changes[k].name, change->package.name) < 0)
            k++;
        size_t at = k;
        while (at < plan->change_count && text_equal(plan->changes[at].name, change->package.name) &&
               (seen[at] || plan->changes[at].group < first || !is_same(&plan->changes[at], change)))
            at++;
        if (at == plan->change_count || !text_equal(plan->changes[at].name, change->package.name))
            return tell_unplanned(change, err);
        seen[at] = true;
        found[at] = change->order;
    }
    for (size_t i = 0; i < plan->change_count && !partly; i++)
        if (!seen[i] && plan->changes[i].group >= first)
            return error_set(err, ERROR_CONFLICT, "apt would leave %.*s as it is, which is planned to change",
                             TEXT_ARG(plan->changes[i].name));
    *places = found;
    return true;
}

bool transaction_marks(const struct transaction *transaction, uint32_t group, struct arena *arena,
                       const struct package_mark **out, size_t *count, struct error *err)
{
    const struct plan *plan = transaction->plan;
    struct package_mark *marks = ARENA_ARRAY(arena, struct package_mark, plan->change_count);
    size_t found = 0;

    if (marks == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        if (change->group == group && change->kind == CHANGE_NEW && change->automatic)
            marks[found++] = (struct package_mark){{change->name, change->arch}, true};
    }
    *out = marks;
    *count = found;
    return true;
}
