/*
 * What each level makes of a decision. The essential: what is exploited, or due before the order ends. Everything
 * else waits with its dates unchanged.
 *
 *                                 essential                        emergency-only
 *   immediate, out-of-cycle       as decided                       now if exploited or due within 72 h, else mitigate
 *   scheduled                     next window if exploited or due  held: mitigate, the deadline runs on
 *                                 before the end, else postponed
 *   defer                         the same                         postponed
 *   closes no hole                postponed                        postponed
 *   kind unknown                  as a hole without a score        as a hole without a score
 *   reboots                       for what is taken                for what is exploited
 *
 * A date that the law sets is never waived: what it asks for before the order ends goes on as decided.
 */
#include "evaluate/action.h"
#include "evaluate/decide_run.h"

#define EMERGENCY_DUE_US (72 * TIME_HOUR_US)

static enum level level_of(const struct decide_run *run)
{
    return run->context->level == LEVEL_UNKNOWN ? LEVEL_NORMAL : run->context->level;
}

static void override(struct decision *decision, enum decision_override which)
{
    decision->overrides = (uint16_t)(decision->overrides | 1u << which);
}

static void let_wait(const struct decide_run *run, struct decision *decision, enum standing standing,
                     enum action action)
{
    override(decision, OVERRIDE_CRISIS);
    decision->standing = standing;
    decision->action = action;
    decision->planned_us = action == ACTION_WAIT ? run->order_end_us : run->context->now_us;
    decision->waived_until_us = run->order_end_us;
    decision->order = run->context->order;
}

static void take_now(const struct decide_run *run, struct decision *decision, enum action action,
                     int64_t planned_us)
{
    if (decision->action >= action)
        return;
    override(decision, OVERRIDE_CRISIS);
    decision->action = action;
    decision->planned_us = planned_us < run->context->now_us ? run->context->now_us : planned_us;
}

static void apply_essential(const struct decide_run *run, struct decision *decision, bool exploited)
{
    const struct decide_slots *slots =
        &run->slots[decision->asset_class == UINT8_MAX ? run->policy->class_count : decision->asset_class];

    if (decision->urgency >= URGENCY_OUT_OF_CYCLE)
        return;
    if (exploited || (decision->due_us != TIME_ABSENT && decision->due_us <= run->order_end_us))
        take_now(run, decision, ACTION_NEXT_WINDOW, slots->next_us);
    else
        let_wait(run, decision, STANDING_POSTPONED, ACTION_WAIT);
}

static void apply_emergency(const struct decide_run *run, struct decision *decision, bool exploited)
{
    int64_t now_us = run->context->now_us;
    bool soon = decision->due_us != TIME_ABSENT && decision->due_us <= now_us + EMERGENCY_DUE_US;

    if (decision->urgency >= URGENCY_OUT_OF_CYCLE && (exploited || soon))
        take_now(run, decision, ACTION_NOW, now_us);
    else if (decision->urgency == URGENCY_DEFER && !exploited)
        let_wait(run, decision, STANDING_POSTPONED, ACTION_WAIT);
    else
        let_wait(run, decision, STANDING_HELD, ACTION_MITIGATE);
}

void crisis_apply(const struct decide_run *run, struct decision *decision, int64_t law_due_us)
{
    bool exploited = decision->exploitation == EXPLOITATION_ACTIVE;
    enum level level = level_of(run);

    /* A level is about patching: where there is no patch to hold back the decision stands. */
    if (level == LEVEL_NORMAL || !remedy_usable(decision->remedy))
        return;
    struct decision before = *decision;
    if (level == LEVEL_ESSENTIAL)
        apply_essential(run, decision, exploited);
    else
        apply_emergency(run, decision, exploited);
    if (decision->standing != STANDING_TAKEN && law_due_us != TIME_ABSENT &&
        law_due_us <= run->order_end_us) {
        *decision = before;
        override(decision, OVERRIDE_LAW_FLOOR);
    }
}

void crisis_apply_functional(const struct decide_run *run, struct update_decision *decision)
{
    if (level_of(run) == LEVEL_NORMAL)
        return;
    decision->overrides = (uint16_t)(decision->overrides | 1u << OVERRIDE_CRISIS);
    decision->standing = STANDING_POSTPONED;
    decision->action = ACTION_WAIT;
    decision->planned_us = run->order_end_us;
    decision->waived_until_us = run->order_end_us;
    decision->order = run->context->order;
}

bool crisis_allows_reboot(const struct decide_run *run, bool exploited)
{
    return level_of(run) != LEVEL_EMERGENCY_ONLY || exploited;
}
