/*
 * CVSS 3.0 and 3.1: specification documents, sections 8 and 7, and 3.1's appendix A on rounding.
 *
 * They differ in how they round up and in the environmental formula for a changed scope. All steps are integers of 17
 * decimals. The weights' products have at most 16, so each step is exact but for the powers of a changed scope: their
 * error stays below 1e-15, and of all the sums that there can be none comes nearer to a tenth than 4e-6.
 */
#include "model/cvss_table.h"

enum { AV, AC, PR, UI, S, C, I, A, E, RL, RC, CR, IR, AR, MAV, MAC, MPR, MUI, MS, MC, MI, MA, METRIC_COUNT };
enum { SCOPE_UNCHANGED, SCOPE_CHANGED };

/* Weights in hundredths. */
#define IMPACT      "H|L|N", {56, 22, 0}, 0
#define REQUIREMENT CVSS_GROUP_ENVIRONMENTAL, "H|M|L", {150, 100, 50}, 100
static const struct cvss_metric metrics[METRIC_COUNT] = {
    [AV] = {"AV", "Attack Vector", CVSS_GROUP_BASE, "N|A|L|P", {85, 62, 55, 20}, 0},
    [AC] = {"AC", "Attack Complexity", CVSS_GROUP_BASE, "L|H", {77, 44}, 0},
    [PR] = {"PR", "Privileges Required", CVSS_GROUP_BASE, "N|L|H", {85, 62, 27}, 0},
    [UI] = {"UI", "User Interaction", CVSS_GROUP_BASE, "N|R", {85, 62}, 0},
    [S] = {"S", "Scope", CVSS_GROUP_BASE, "U|C", {SCOPE_UNCHANGED, SCOPE_CHANGED}, 0},
    [C] = {"C", "Confidentiality", CVSS_GROUP_BASE, IMPACT},
    [I] = {"I", "Integrity", CVSS_GROUP_BASE, IMPACT},
    [A] = {"A", "Availability", CVSS_GROUP_BASE, IMPACT},
    [E] = {"E", "Exploit Code Maturity", CVSS_GROUP_TEMPORAL, "H|F|P|U", {100, 97, 94, 91}, 100},
    [RL] = {"RL", "Remediation Level", CVSS_GROUP_TEMPORAL, "U|W|T|O", {100, 97, 96, 95}, 100},
    [RC] = {"RC", "Report Confidence", CVSS_GROUP_TEMPORAL, "C|R|U", {100, 96, 92}, 100},
    [CR] = {"CR", "Confidentiality Requirement", REQUIREMENT},
    [IR] = {"IR", "Integrity Requirement", REQUIREMENT},
    [AR] = {"AR", "Availability Requirement", REQUIREMENT},
    [MAV] = {"MAV", "Modified Attack Vector", CVSS_GROUP_ENVIRONMENTAL, "N|A|L|P", {85, 62, 55, 20}, 0},
    [MAC] = {"MAC", "Modified Attack Complexity", CVSS_GROUP_ENVIRONMENTAL, "L|H", {77, 44}, 0},
    [MPR] = {"MPR", "Modified Privileges Required", CVSS_GROUP_ENVIRONMENTAL, "N|L|H", {85, 62, 27}, 0},
    [MUI] = {"MUI", "Modified User Interaction", CVSS_GROUP_ENVIRONMENTAL, "N|R", {85, 62}, 0},
    [MS] = {"MS", "Modified Scope", CVSS_GROUP_ENVIRONMENTAL, "U|C", {SCOPE_UNCHANGED, SCOPE_CHANGED}, 0},
    [MC] = {"MC", "Modified Confidentiality", CVSS_GROUP_ENVIRONMENTAL, IMPACT},
    [MI] = {"MI", "Modified Integrity", CVSS_GROUP_ENVIRONMENTAL, IMPACT},
    [MA] = {"MA", "Modified Availability", CVSS_GROUP_ENVIRONMENTAL, IMPACT},
};

#define ONE INT64_C(100000000000000000) /* 17 decimals; the most there is, 10.8, fits 63 bits */

static int64_t times(int64_t a, int64_t b)
{
    return (int64_t)((__int128)a * b / ONE);
}

static int64_t power(int64_t x, int exponent)
{
    int64_t product = x;

    while (--exponent > 0)
        product = times(product, x);
    return product;
}

/* The smallest tenth that is not below x. 3.1 first rounds to five decimals, so that noise beyond these is no tenth more. */
static int64_t round_up(enum cvss_version version, int64_t x)
{
    if (version == CVSS_30)
        return (x + ONE / 10 - 1) / (ONE / 10);
    int64_t decimals_5 = (x + ONE / 200000) / (ONE / 100000);
    return (decimals_5 + 9999) / 10000;
}

/* The weight as the environment sees it, or as the base vector says. */
static int64_t weight(const struct cvss_vector *v, size_t base, size_t modified, bool environmental)
{
    return environmental ? cvss_weight_modified(metrics, v, base, modified) : cvss_weight(metrics, v, base);
}

/* 1 less the impact times its requirement, in four decimals. */
static int64_t impact_left(const struct cvss_vector *v, size_t impact, size_t requirement, bool environmental)
{
    int64_t required = environmental ? cvss_weight(metrics, v, requirement) : 100;

    return 10000 - required * weight(v, impact, impact - C + MC, environmental);
}

static int64_t impact(const struct cvss_vector *v, bool changed, bool environmental)
{
    int64_t left = impact_left(v, C, CR, environmental) * impact_left(v, I, IR, environmental) *
                   impact_left(v, A, AR, environmental);
    int64_t lost = (INT64_C(1000000000000) - left) * 100000;

    if (lost > ONE / 1000 * 915) /* the base metrics alone stay below */
        lost = ONE / 1000 * 915;
    if (!changed)
        return times(ONE / 100 * 642, lost);
    int64_t much = environmental && v->version == CVSS_31
                       ? power(times(lost, ONE / 10000 * 9731) - ONE / 50, 13)
                       : power(lost - ONE / 50, 15);
    return times(ONE / 100 * 752, lost - ONE / 1000 * 29) - times(ONE / 100 * 325, much);
}

static int64_t exploitability(const struct cvss_vector *v, bool changed, bool environmental)
{
    static const int64_t privileges_changed[] = {85, 68, 50};
    size_t pr = environmental && v->values[MPR] != CVSS_NOT_DEFINED ? MPR : PR;
    int64_t privileges = changed ? privileges_changed[v->values[pr]] : cvss_weight(metrics, v, pr);
    int64_t product = 822 * weight(v, AV, MAV, environmental) * weight(v, AC, MAC, environmental) *
                      privileges * weight(v, UI, MUI, environmental); /* 10 decimals */

    return product * (ONE / INT64_C(10000000000));
}

/* The base score, or the environmental one before its temporal part, in tenths. */
static int64_t whole_tenths(const struct cvss_vector *v, bool environmental)
{
    bool changed = weight(v, S, MS, environmental) == SCOPE_CHANGED;
    int64_t harm = impact(v, changed, environmental);

    if (harm <= 0)
        return 0;
    int64_t sum = harm + exploitability(v, changed, environmental);
    if (changed)
        sum = times(ONE / 100 * 108, sum);
    return round_up(v->version, sum < 10 * ONE ? sum : 10 * ONE);
}

static int16_t temporal_tenths(const struct cvss_vector *v, int64_t tenths)
{
    int64_t product = tenths * cvss_weight(metrics, v, E) * cvss_weight(metrics, v, RL) *
                      cvss_weight(metrics, v, RC); /* 7 decimals */

    return (int16_t)round_up(v->version, product * (ONE / 10000000));
}

/*
 * The environmental score is defined without environmental metrics too, where 3.1's formula gives up to 0.1 more than its
 * base score: then it is not what the calculator shows.
 */
static struct cvss_scores score(const struct cvss_vector *v)
{
    struct cvss_scores scores = {.base = (int16_t)whole_tenths(v, false)};

    scores.temporal = temporal_tenths(v, scores.base);
    scores.environmental = temporal_tenths(v, whole_tenths(v, true));
    scores.overall = cvss_has_group(metrics, METRIC_COUNT, v, CVSS_GROUP_ENVIRONMENTAL) ? scores.environmental
                                                                                        : scores.temporal;
    return scores;
}

const struct cvss_table cvss_table_30 = {
    .name = "3.0",
    .prefix = "CVSS:3.0/",
    .not_defined = "X",
    .metrics = metrics,
    .metric_count = METRIC_COUNT,
    .score = score,
};

const struct cvss_table cvss_table_31 = {
    .name = "3.1",
    .prefix = "CVSS:3.1/",
    .not_defined = "X",
    .metrics = metrics,
    .metric_count = METRIC_COUNT,
    .score = score,
};
