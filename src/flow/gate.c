#include "flow/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/control.h"
#include "base/file.h"
#include "base/own.h"
#include "flow/plan_json.h"
#include "store/agent_state.h"
#include "store/approvals.h"
#include "store/trust_record.h"
#include "store/versions_seen.h"
#include "trust/machine_key.h"

struct lane_terms gate_lanes(const struct policy *policy, bool fleet)
{
    return (struct lane_terms){fleet, duration_add(policy->minimum_age, 0, &policy->zone)};
}

bool gate_fleet(const char *state, struct arena *arena)
{
    const struct state place = {state};

    return state != NULL && agent_state_is_enrolled(&place, arena) && control_holds(CONTROL_LANE_FLEET);
}

/* ---- what is remembered ---- */

/* No approval was ever given where there is no file of them: then no key is needed, and none is made. */
static bool read_own(const char *state, struct arena *arena, struct lifts *out, struct error *err)
{
    OWN(secret_key_end) struct secret_key key = {0};
    const char *path = file_path(arena, state, APPROVALS_FILE);
    const char *key_path = file_path(arena, state, MACHINE_KEY_NAME);
    struct approvals approvals = {0};

    if (path == NULL || key_path == NULL)
        return arena_full(arena, err);
    if (file_exists(path) && (!machine_key_read(key_path, &key, err) ||
                              !approvals_read(path, &key.public_key, arena, &approvals, err)))
        return false;
    *out = (struct lifts){approvals.at, approvals.count, approvals.count};
    return true;
}

/* Those that were given here, and those that people signed for all machines of the pinned repository and that have effect. */
static bool read_approvals(const char *state, int64_t now_us, struct arena *arena, struct lifts *out,
                           struct error *err)
{
    struct trust_record record;
    struct lifts own;
    bool found;

    if (!read_own(state, arena, &own, err) || !trust_record_read(state, arena, &record, &found, err))
        return false;
    if (!found)
        record.order_count = 0;
    struct signed_order *all = ARENA_ARRAY(arena, struct signed_order, own.count + record.order_count);
    size_t count = own.count;
    if (all == NULL)
        return arena_full(arena, err);
    if (own.count > 0)
        memcpy(all, own.at, own.count * sizeof(*all));
    for (size_t i = 0; i < record.order_count; i++)
        if (record.orders[i].order.kind == SIGNED_ORDER_APPROVAL &&
            trust_order_holds(&record, &record.orders[i], now_us))
            all[count++] = record.orders[i].order;
    *out = (struct lifts){all, count, own.count};
    return true;
}

bool gate_terms(const struct gate_place *place, const struct plan *plan, const struct powers *powers,
                struct arena *arena, struct trust_terms *out, int64_t *first_us, struct error *err)
{
    const char *path = file_path(arena, place->state, VERSIONS_SEEN_FILE);
    struct trust_terms terms = {.lanes = place->lanes,
                                .held_powers = place->held_powers,
                                .powers = *powers,
                                .clock_us = place->clock_us};
    struct versions_seen seen;

    if (path == NULL)
        return arena_full(arena, err);
    if (!versions_seen_read(path, arena, &seen, err) ||
        !read_approvals(place->state, place->clock_us, arena, &terms.lifts, err))
        return false;
    terms.now_us = versions_seen_now(&seen, place->clock_us);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        const struct version_seen version = {.archive =
                                                 versions_seen_archive(change->uri, change->suite, arena),
                                             .name = change->name,
                                             .arch = change->arch,
                                             .version = change->to,
                                             .digest = change->digest};
        if (version.archive.at == NULL)
            return arena_full(arena, err);
        first_us[i] = versions_seen_first(&seen, &version);
    }
    *out = terms;
    return true;
}

/* The files of those that lift a wait and are in effect. */
static bool list_files(const struct lifts *lifts, int64_t clock_us, struct arena *arena,
                       const struct digest **out, size_t *count, struct error *err)
{
    struct digest *found = ARENA_ARRAY(arena, struct digest, lifts->count);
    size_t found_count = 0;

    if (found == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < lifts->count; i++)
        if ((lifts->at[i].lifts & SIGNED_ORDER_LIFTS_WAIT) != 0 && lifts->at[i].made_us <= clock_us &&
            lifts->at[i].ends_us > clock_us)
            found[found_count++] = lifts->at[i].digests[0];
    *out = found;
    *count = found_count;
    return true;
}

bool gate_lifted(const char *state, int64_t clock_us, bool fleet, struct arena *arena,
                 struct gate_lifted *out, struct error *err)
{
    struct gate_lifted got = {0};
    struct lifts all;

    if (!read_approvals(state, clock_us, arena, &all, err))
        return false;
    const struct lifts many = fleet ? lifts_of_many(&all) : all;
    const struct lifts one = fleet ? lifts_of_one(&all) : (struct lifts){0};
    if (!list_files(&many, clock_us, arena, &got.lifted, &got.lifted_count, err) ||
        !list_files(&one, clock_us, arena, &got.approved, &got.approved_count, err))
        return false;
    *out = got;
    return true;
}

bool gate_approve(const char *state, const struct lift_subject *subject, unsigned lifts, struct text by,
                  int64_t now_us, struct arena *arena, struct error *err)
{
    OWN(secret_key_end) struct secret_key key = {0};
    const char *path = file_path(arena, state, APPROVALS_FILE);
    const char *key_path = file_path(arena, state, MACHINE_KEY_NAME);
    const struct signed_order approval = {.kind = SIGNED_ORDER_APPROVAL,
                                          .by = by,
                                          .made_us = now_us - now_us % TIME_SECOND_US,
                                          .ends_us = now_us - now_us % TIME_SECOND_US + APPROVALS_LAST_US,
                                          .package = subject->package,
                                          .arch = subject->arch,
                                          .version = subject->version,
                                          .digests = &subject->digest,
                                          .digest_count = 1,
                                          .powers = subject->powers,
                                          .lifts = lifts};

    if (path == NULL || key_path == NULL)
        return arena_full(arena, err);
    return machine_key_need(key_path, &key, err) && approvals_put(path, &key, &approval, arena, err);
}

/* ---- holding ---- */

static struct gate_held *find(const struct gate_holds *holds, struct text name, struct text arch)
{
    for (size_t i = 0; i < holds->count; i++)
        if (text_equal(holds->at[i].change->name, name) && text_equal(holds->at[i].change->arch, arch))
            return &holds->at[i];
    return NULL;
}

bool gate_is_held(const struct gate_holds *holds, struct text name, struct text arch)
{
    return find(holds, name, arch) != NULL;
}

static bool hold(struct gate_holds *holds, const struct gate_held *held, struct arena *arena,
                 struct error *err)
{
    if (gate_is_held(holds, held->change->name, held->change->arch))
        return true;
    holds->at =
        arena_grow(arena, holds->at, holds->count, &holds->capacity, holds->count + 1, sizeof(*holds->at));
    if (holds->at == NULL || held->why.at == NULL)
        return arena_full(arena, err);
    holds->at[holds->count++] = *held;
    return true;
}

bool gate_judge(const struct plan *plan, const struct trust_terms *terms, const int64_t *first_us,
                struct arena *arena, struct gate_holds *holds, struct error *err)
{
    for (size_t i = 0; i < plan->change_count; i++) {
        struct trust_gates gates;
        if (!trust_gates_look(&plan->changes[i], first_us[i], terms, arena, &gates, err))
            return false;
        enum trust_gate gate = trust_gates_first(&gates);
        if (gate == TRUST_GATE_COUNT)
            continue;
        struct gate_held held = {
            .change = &plan->changes[i], .gate = gate, .until_us = gates.until_us, .subject = gates.subject};
        for (; gate < TRUST_GATE_COUNT; gate++)
            if (gates.shut[gate] && !gates.lifted[gate]) {
                held.lifts |= trust_gate_lift(gate);
                held.why = text_format(arena, "%.*s%s%.*s", TEXT_ARG(held.why), held.why.size > 0 ? "; " : "",
                                       TEXT_ARG(gates.why[gate]));
            }
        if (!hold(holds, &held, arena, err))
            return false;
    }
    return true;
}

bool gate_hold_needing(const struct plan *plan, struct arena *arena, struct gate_holds *holds, bool *any,
                       struct error *err)
{
    bool found = false, grew = true;

    while (grew) { /* who needs it may be needed itself */
        size_t before = holds->count;
        for (size_t i = 0; i < plan->change_count; i++) {
            const struct plan_change *change = &plan->changes[i];
            const struct gate_held *because = find(holds, change->name, change->arch);
            if (because == NULL)
                continue;
            found = true;
            struct gate_held held = *because;
            held.subject = (struct lift_subject){0};
            held.why = text_format(arena, "needs %.*s, which is held", TEXT_ARG(change->name));
            for (size_t k = 0; k < plan->change_count && change->needed_by.size > 0; k++) {
                held.change = &plan->changes[k];
                if (text_equal(plan->changes[k].name, change->needed_by) && !hold(holds, &held, arena, err))
                    return false;
            }
        }
        grew = holds->count > before;
    }
    *any = found;
    return true;
}

bool gate_rest(const struct plan *plan, const struct gate_holds *holds, struct arena *arena,
               struct text **out, size_t *count, struct error *err)
{
    struct text *names = ARENA_ARRAY(arena, struct text, plan->change_count);
    size_t found = 0;

    if (names == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        bool asked = change->reason == CHANGE_DUE || change->reason == CHANGE_NAMED;
        if (!asked || change->kind != CHANGE_UPGRADE || gate_is_held(holds, change->name, change->arch))
            continue;
        names[found] = text_format(arena, "%.*s:%.*s", TEXT_ARG(change->name), TEXT_ARG(change->arch));
        if (names[found++].at == NULL)
            return arena_full(arena, err);
    }
    *out = names;
    *count = found;
    return true;
}

static int by_name(const void *a, const void *b)
{
    const struct plan_left *x = a, *y = b;
    int order = text_compare(x->name, y->name);

    return order != 0 ? order : text_compare(x->arch, y->arch);
}

/* A new package is not left: it was never there. What needs it is. */
bool gate_leave(struct plan *plan, const struct gate_holds *holds, struct arena *arena, struct error *err)
{
    static const enum left_reason reasons[TRUST_GATE_COUNT] = {
        [TRUST_GATE_SOAK] = LEFT_SOAK,
        [TRUST_GATE_POWERS] = LEFT_POWERS,
        [TRUST_GATE_NEW_PACKAGE] = LEFT_NEW_PACKAGE,
    };
    struct plan_left *left = ARENA_ARRAY(arena, struct plan_left, plan->left_count + holds->count);
    size_t count = 0;

    if (left == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < plan->left_count; i++)
        if (!gate_is_held(holds, plan->left[i].name, plan->left[i].arch))
            left[count++] = plan->left[i];
    for (size_t i = 0; i < holds->count; i++) {
        const struct gate_held *held = &holds->at[i];
        const struct plan_change *change = held->change;
        if (change->kind != CHANGE_UPGRADE)
            continue;
        left[count++] =
            (struct plan_left){.name = change->name,
                               .arch = change->arch,
                               .from = change->from,
                               .to = change->to,
                               .source = change->source,
                               .reason = reasons[held->gate],
                               .why = held->why,
                               .size = change->size,
                               .cve_count = (uint32_t)change->cve_count,
                               .due_us = change->due_us,
                               .until_us = held->gate == TRUST_GATE_SOAK ? held->until_us : TIME_ABSENT,
                               .reboot = change->reboot};
    }
    if (count > 1)
        qsort(left, count, sizeof(*left), by_name);
    plan->left = left;
    plan->left_count = count;
    return plan_name(plan, err);
}

/* ---- a plan from elsewhere ---- */

void gate_take_judgement(struct plan_change *changes, size_t count, const struct plan *own)
{
    for (size_t i = 0; i < count; i++) {
        struct plan_change *change = &changes[i];
        const struct plan_change *same = NULL;
        for (size_t k = 0; own != NULL && k < own->change_count && same == NULL; k++)
            if (text_equal(own->changes[k].name, change->name) &&
                text_equal(own->changes[k].arch, change->arch) && own->changes[k].kind == change->kind &&
                digest_equal(&own->changes[k].digest, &change->digest))
                same = &own->changes[k];
        change->lane = same == NULL ? LANE_FUNCTIONAL : same->lane;
        change->new_package = same == NULL ? change->kind == CHANGE_NEW : same->new_package;
        change->follows = same == NULL ? (struct text){0} : same->follows;
    }
}
