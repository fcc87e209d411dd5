#include "evaluate/profile.h"

/* The three answers to "do the conditions hold". */
enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_OPEN };

static const enum decision_input missing_names[PROFILE_INPUT_COUNT] = {
    [PROFILE_SEVERITY] = INPUT_SCORE,
    [PROFILE_VENDOR_SEVERITY] = INPUT_VENDOR_SEVERITY,
    [PROFILE_KEV] = INPUT_KEV,
    [PROFILE_EXPLOITED] = INPUT_KEV,
    [PROFILE_EXPLOITATION] = INPUT_EXPLOITATION,
    [PROFILE_EXPOSURE] = INPUT_EXPOSURE,
    [PROFILE_AUTOMATABLE] = INPUT_AUTOMATABLE,
    [PROFILE_TECHNICAL_IMPACT] = INPUT_TECHNICAL_IMPACT,
    [PROFILE_NCSC] = INPUT_NCSC_LABEL,
};

static enum truth rule_holds(const struct profile_rule *rule, const struct profile_facts *facts,
                             enum decision_input *missing)
{
    enum truth truth = TRUTH_TRUE;

    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct profile_condition *condition = &rule->conditions[i];
        unsigned possible = facts->possible[condition->input];
        if ((possible & condition->accepts) == 0)
            return TRUTH_FALSE;
        if ((possible & ~(unsigned)condition->accepts) != 0 && truth == TRUTH_TRUE) {
            truth = TRUTH_OPEN;
            *missing = missing_names[condition->input];
        }
    }
    return truth;
}

static bool same_outcome(const struct profile_rule *a, const struct profile_rule *b)
{
    return a->within.unit == b->within.unit && a->within.count == b->within.count && a->triage == b->triage &&
           a->clock_count == b->clock_count && memcmp(a->clocks, b->clocks, a->clock_count) == 0;
}

/* Index of the rule that applies whatever the unknown inputs are, or what prevents the answer. */
static enum verdict_kind find_rule(const struct profile *profile, const struct profile_facts *facts,
                                   size_t *index, enum decision_input *missing)
{
    bool open = false;

    for (size_t i = 0; i < profile->rule_count; i++) {
        enum decision_input unknown = INPUT_NONE;
        enum truth truth = rule_holds(&profile->rules[i], facts, &unknown);
        if (truth == TRUTH_FALSE)
            continue;
        if (open && !same_outcome(&profile->rules[i], &profile->rules[*index]))
            return VERDICT_CANNOT_EVALUATE;
        if (!open)
            *index = i;
        if (truth == TRUTH_TRUE)
            return VERDICT_DUE;
        if (!open)
            *missing = unknown;
        open = true;
    }
    return open ? VERDICT_CANNOT_EVALUATE : VERDICT_DOES_NOT_APPLY;
}

struct verdict profile_evaluate(const struct profile *profile, const struct profile_facts *facts,
                                const struct zone *zone)
{
    struct verdict verdict = {.profile = profile->id,
                              .due_us = TIME_ABSENT,
                              .clock_us = TIME_ABSENT,
                              .law = profile->law,
                              .stops_mitigated = profile->stops_mitigated};
    enum decision_input missing = INPUT_NONE;
    size_t index = 0;

    verdict.kind = find_rule(profile, facts, &index, &missing);
    if (verdict.kind == VERDICT_CANNOT_EVALUATE)
        verdict.missing = missing;
    if (verdict.kind != VERDICT_DUE)
        return verdict;

    const struct profile_rule *rule = &profile->rules[index];
    verdict.rule = (uint8_t)index;
    verdict.triage = rule->triage;
    if (profile->stops_mitigated && facts->mitigated) {
        verdict.kind = VERDICT_STOPPED;
        return verdict;
    }
    if (rule->within.unit == DURATION_NEXT_UPGRADE) {
        verdict.kind = VERDICT_NO_DATE;
        return verdict;
    }
    /* The catalogue's own date is read, never computed from another. */
    if (rule->clocks[0] == CLOCK_KEV_DUE && facts->times.at[CLOCK_KEV_DUE] == TIME_ABSENT) {
        verdict.kind = VERDICT_CANNOT_EVALUATE;
        verdict.missing = INPUT_KEV;
        return verdict;
    }
    struct clock_choice choice = clock_choose(rule->clocks, rule->clock_count, &facts->times);
    verdict.clock = choice.clock;
    verdict.origin = choice.origin;
    verdict.clock_assumed = choice.assumed;
    verdict.clock_us = choice.us;
    if (choice.us == TIME_ABSENT)
        verdict.kind = VERDICT_NOT_BEGUN;
    else
        verdict.due_us = duration_add(rule->within, choice.us, zone);
    return verdict;
}

const struct profile *profiles_find(struct text id)
{
    for (size_t i = 0; profiles[i] != NULL; i++)
        if (text_equal(id, text_of(profiles[i]->id)))
            return profiles[i];
    return NULL;
}
