#include "evaluate/profile.h"

/* Where several inputs are open, more ways than this to fill them in are not tried: the answer stays open. */
#define COMPLETIONS_MAX 64

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

static enum truth rule_holds(const struct profile_rule *rule, const uint8_t *possible)
{
    enum truth truth = TRUTH_TRUE;

    for (size_t i = 0; i < rule->condition_count; i++) {
        unsigned values = possible[rule->conditions[i].input];
        unsigned accepts = rule->conditions[i].accepts;
        if ((values & accepts) == 0)
            return TRUTH_FALSE;
        if ((values & ~accepts) != 0)
            truth = TRUTH_OPEN;
    }
    return truth;
}

/* Index of the first rule that holds, or the count of rules when none does; *open tells that an open one came before. */
static size_t first_rule(const struct profile *profile, const uint8_t *possible, bool *open)
{
    for (size_t i = 0; i < profile->rule_count; i++) {
        enum truth truth = rule_holds(&profile->rules[i], possible);
        if (truth == TRUTH_TRUE)
            return i;
        *open = *open || truth == TRUTH_OPEN;
    }
    return profile->rule_count;
}

static bool same_outcome(const struct profile_rule *a, const struct profile_rule *b)
{
    return a->within.unit == b->within.unit && a->within.count == b->within.count && a->triage == b->triage &&
           a->clock_count == b->clock_count && memcmp(a->clocks, b->clocks, a->clock_count) == 0;
}

/* The inputs that rules ask for and that may have several values. */
static size_t open_inputs(const struct profile *profile, const uint8_t *possible, uint8_t *inputs,
                          size_t *ways)
{
    size_t count = 0;
    unsigned seen = 0;

    *ways = 1;
    for (size_t i = 0; i < profile->rule_count; i++)
        for (size_t j = 0; j < profile->rules[i].condition_count; j++) {
            uint8_t input = profile->rules[i].conditions[j].input;
            size_t values = (size_t)__builtin_popcount(possible[input]);
            if (values < 2 || (seen >> input & 1) != 0)
                continue;
            seen |= 1u << input;
            inputs[count++] = input;
            *ways *= values;
        }
    return count;
}

/* The n-th of an input's possible values, as its bit. */
static uint8_t nth_value(uint8_t possible, size_t n)
{
    unsigned left = possible;

    for (; n > 0; n--)
        left &= left - 1;
    return (uint8_t)(left & -left);
}

/*
 * The rule that applies whatever the open inputs are: each way to fill them in is tried. When the outcomes differ the
 * profile cannot be evaluated.
 */
static enum verdict_kind find_open_rule(const struct profile *profile, const uint8_t *possible, size_t *index,
                                        enum decision_input *missing)
{
    uint8_t inputs[PROFILE_INPUT_COUNT] = {0}, filled[PROFILE_INPUT_COUNT];
    size_t ways, count = open_inputs(profile, possible, inputs, &ways);
    bool ignored = false;

    *missing = missing_names[inputs[0]];
    if (ways > COMPLETIONS_MAX)
        return VERDICT_CANNOT_EVALUATE;
    for (size_t way = 0; way < ways; way++) {
        size_t rest = way;
        memcpy(filled, possible, sizeof(filled));
        for (size_t i = 0; i < count; i++) {
            size_t values = (size_t)__builtin_popcount(possible[inputs[i]]);
            filled[inputs[i]] = nth_value(possible[inputs[i]], rest % values);
            rest /= values;
        }
        size_t found = first_rule(profile, filled, &ignored);
        if (way == 0)
            *index = found;
        else if ((found == profile->rule_count) != (*index == profile->rule_count) ||
                 (found < profile->rule_count &&
                  !same_outcome(&profile->rules[found], &profile->rules[*index])))
            return VERDICT_CANNOT_EVALUATE;
    }
    return *index == profile->rule_count ? VERDICT_DOES_NOT_APPLY : VERDICT_DUE;
}

/* Index of the rule that applies, or what prevents the answer. */
static enum verdict_kind find_rule(const struct profile *profile, const uint8_t *possible, size_t *index,
                                   enum decision_input *missing)
{
    bool open = false;

    *index = first_rule(profile, possible, &open);
    if (open)
        return find_open_rule(profile, possible, index, missing);
    return *index == profile->rule_count ? VERDICT_DOES_NOT_APPLY : VERDICT_DUE;
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

    verdict.kind = find_rule(profile, facts->possible, &index, &missing);
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
