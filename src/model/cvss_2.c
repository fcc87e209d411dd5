/* CVSS 2: the complete guide, section 3.2. Every number has finitely many decimals, so integers hold each step exactly. */
#include "model/cvss_table.h"

enum { AV, AC, AU, C, I, A, E, RL, RC, CDP, TD, CR, IR, AR, METRIC_COUNT };

/* Weights in thousandths: AV, AC, Au, C, I, A; in hundredths: all else. */
static const struct cvss_metric metrics[METRIC_COUNT] = {
    [AV] = {"AV", "Access Vector", CVSS_GROUP_BASE, "L|A|N", {395, 646, 1000}, 0},
    [AC] = {"AC", "Access Complexity", CVSS_GROUP_BASE, "H|M|L", {350, 610, 710}, 0},
    [AU] = {"Au", "Authentication", CVSS_GROUP_BASE, "M|S|N", {450, 560, 704}, 0},
    [C] = {"C", "Confidentiality Impact", CVSS_GROUP_BASE, "N|P|C", {0, 275, 660}, 0},
    [I] = {"I", "Integrity Impact", CVSS_GROUP_BASE, "N|P|C", {0, 275, 660}, 0},
    [A] = {"A", "Availability Impact", CVSS_GROUP_BASE, "N|P|C", {0, 275, 660}, 0},
    [E] = {"E", "Exploitability", CVSS_GROUP_TEMPORAL, "U|POC|F|H", {85, 90, 95, 100}, 100},
    [RL] = {"RL", "Remediation Level", CVSS_GROUP_TEMPORAL, "OF|TF|W|U", {87, 90, 95, 100}, 100},
    [RC] = {"RC", "Report Confidence", CVSS_GROUP_TEMPORAL, "UC|UR|C", {90, 95, 100}, 100},
    [CDP] = {"CDP",
             "Collateral Damage Potential",
             CVSS_GROUP_ENVIRONMENTAL,
             "N|L|LM|MH|H",
             {0, 10, 30, 40, 50},
             0},
    [TD] = {"TD", "Target Distribution", CVSS_GROUP_ENVIRONMENTAL, "N|L|M|H", {0, 25, 75, 100}, 100},
    [CR] = {"CR", "Confidentiality Requirement", CVSS_GROUP_ENVIRONMENTAL, "L|M|H", {50, 100, 151}, 100},
    [IR] = {"IR", "Integrity Requirement", CVSS_GROUP_ENVIRONMENTAL, "L|M|H", {50, 100, 151}, 100},
    [AR] = {"AR", "Availability Requirement", CVSS_GROUP_ENVIRONMENTAL, "L|M|H", {50, 100, 151}, 100},
};

/* 21 decimals need 73 bits. */
typedef __int128 wide;

static wide ten_to(unsigned exponent)
{
    wide power = 1;

    while (exponent-- > 0)
        power *= 10;
    return power;
}

/* x / one to the nearest integer, halves away from zero. */
static int64_t rounded(wide x, wide one)
{
    return (int64_t)((x < 0 ? x - one / 2 : x + one / 2) / one);
}

/* 1 less the part of the impact, in 5 decimals. */
static wide impact_left(const struct cvss_vector *v, size_t impact, size_t requirement, bool adjusted)
{
    int64_t required = adjusted ? cvss_weight(metrics, v, requirement) : 100;

    return ten_to(5) - required * cvss_weight(metrics, v, impact);
}

/* The base equation, in tenths; adjusted by the requirements, it can be below zero. */
static int64_t base_tenths(const struct cvss_vector *v, bool adjusted)
{
    wide left =
        impact_left(v, C, CR, adjusted) * impact_left(v, I, IR, adjusted) * impact_left(v, A, AR, adjusted);
    wide impact = 1041 * (ten_to(15) - left); /* 17 decimals */
    wide exploitability = (wide)20 * cvss_weight(metrics, v, AV) * cvss_weight(metrics, v, AC) *
                          cvss_weight(metrics, v, AU); /* 9 decimals */

    if (impact == 0)
        return 0;
    if (adjusted && impact > ten_to(18))
        impact = ten_to(18);
    wide sum = 6 * impact + 4 * exploitability * ten_to(8) - 15 * ten_to(17); /* 18 decimals */
    return rounded(1176 * sum, ten_to(20));                                   /* 21 decimals, to tenths */
}

static int64_t temporal_tenths(const struct cvss_vector *v, int64_t base)
{
    return rounded((wide)base * cvss_weight(metrics, v, E) * cvss_weight(metrics, v, RL) *
                       cvss_weight(metrics, v, RC),
                   ten_to(6));
}

/* (AdjustedTemporal + (10 - AdjustedTemporal) * CollateralDamagePotential) * TargetDistribution */
static int64_t environmental_tenths(const struct cvss_vector *v)
{
    int64_t temporal = temporal_tenths(v, base_tenths(v, true));
    int64_t thousandths = 100 * temporal + (100 - temporal) * cvss_weight(metrics, v, CDP);

    return rounded((wide)thousandths * cvss_weight(metrics, v, TD), ten_to(4));
}

static int16_t not_below_zero(int64_t tenths)
{
    return (int16_t)(tenths < 0 ? 0 : tenths);
}

static struct cvss_scores score(const struct cvss_vector *v)
{
    struct cvss_scores scores = {
        .base = not_below_zero(base_tenths(v, false)), CVSS_NONE, CVSS_NONE, CVSS_NONE};

    scores.overall = scores.base;
    if (cvss_has_group(metrics, METRIC_COUNT, v, CVSS_GROUP_TEMPORAL))
        scores.overall = scores.temporal = not_below_zero(temporal_tenths(v, scores.base));
    if (cvss_has_group(metrics, METRIC_COUNT, v, CVSS_GROUP_ENVIRONMENTAL))
        scores.overall = scores.environmental = not_below_zero(environmental_tenths(v));
    return scores;
}

const struct cvss_table cvss_table_2 = {
    .name = "2.0",
    .prefix = "",
    .not_defined = "ND",
    .metrics = metrics,
    .metric_count = METRIC_COUNT,
    .score = score,
};
