/*
 * CVSS 4.0: specification document, section 8. The macro vector of a vector has a score by table; from it the mean of
 * what separates the vector from the highest ones of its macro vector is taken off. All of it is fractions with small
 * denominators, so integers hold it exactly.
 */
#include <assert.h>

#include "model/cvss_table.h"

enum {
    AV,
    AC,
    AT,
    PR,
    UI,
    VC,
    VI,
    VA,
    SC,
    SI,
    SA, /* base, in the order of the modified ones */
    E,
    CR,
    IR,
    AR,
    MAV,
    MAC,
    MAT,
    MPR,
    MUI,
    MVC,
    MVI,
    MVA,
    MSC,
    MSI,
    MSA,
    S,
    AU,
    R,
    V,
    RE,
    U,
    METRIC_COUNT
};

/* Weights are levels of severity, 0 the worst; what is not defined is taken for the worst. */
#define IMPACT     "H|L|N", {0, 1, 2}, 0
#define SUBSEQUENT "H|L|N", {1, 2, 3}, 0
#define SAFETY                                                                                               \
    "H|L|N|S", {1, 2, 3, 0}, 0 /* a modified metric only: behind the values that the base one has */
#define REQUIREMENT CVSS_GROUP_ENVIRONMENTAL, "H|M|L", {0, 1, 2}, 0
static const struct cvss_metric metrics[METRIC_COUNT] = {
    [AV] = {"AV", "Attack Vector", CVSS_GROUP_BASE, "N|A|L|P", {0, 1, 2, 3}, 0},
    [AC] = {"AC", "Attack Complexity", CVSS_GROUP_BASE, "L|H", {0, 1}, 0},
    [AT] = {"AT", "Attack Requirements", CVSS_GROUP_BASE, "N|P", {0, 1}, 0},
    [PR] = {"PR", "Privileges Required", CVSS_GROUP_BASE, "N|L|H", {0, 1, 2}, 0},
    [UI] = {"UI", "User Interaction", CVSS_GROUP_BASE, "N|P|A", {0, 1, 2}, 0},
    [VC] = {"VC", "Vulnerable System Confidentiality", CVSS_GROUP_BASE, IMPACT},
    [VI] = {"VI", "Vulnerable System Integrity", CVSS_GROUP_BASE, IMPACT},
    [VA] = {"VA", "Vulnerable System Availability", CVSS_GROUP_BASE, IMPACT},
    [SC] = {"SC", "Subsequent System Confidentiality", CVSS_GROUP_BASE, SUBSEQUENT},
    [SI] = {"SI", "Subsequent System Integrity", CVSS_GROUP_BASE, SUBSEQUENT},
    [SA] = {"SA", "Subsequent System Availability", CVSS_GROUP_BASE, SUBSEQUENT},
    [E] = {"E", "Exploit Maturity", CVSS_GROUP_TEMPORAL, "A|P|U", {0, 1, 2}, 0},
    [CR] = {"CR", "Confidentiality Requirement", REQUIREMENT},
    [IR] = {"IR", "Integrity Requirement", REQUIREMENT},
    [AR] = {"AR", "Availability Requirement", REQUIREMENT},
    [MAV] = {"MAV", "Modified Attack Vector", CVSS_GROUP_ENVIRONMENTAL, "N|A|L|P", {0, 1, 2, 3}, 0},
    [MAC] = {"MAC", "Modified Attack Complexity", CVSS_GROUP_ENVIRONMENTAL, "L|H", {0, 1}, 0},
    [MAT] = {"MAT", "Modified Attack Requirements", CVSS_GROUP_ENVIRONMENTAL, "N|P", {0, 1}, 0},
    [MPR] = {"MPR", "Modified Privileges Required", CVSS_GROUP_ENVIRONMENTAL, "N|L|H", {0, 1, 2}, 0},
    [MUI] = {"MUI", "Modified User Interaction", CVSS_GROUP_ENVIRONMENTAL, "N|P|A", {0, 1, 2}, 0},
    [MVC] = {"MVC", "Modified Vulnerable System Confidentiality", CVSS_GROUP_ENVIRONMENTAL, IMPACT},
    [MVI] = {"MVI", "Modified Vulnerable System Integrity", CVSS_GROUP_ENVIRONMENTAL, IMPACT},
    [MVA] = {"MVA", "Modified Vulnerable System Availability", CVSS_GROUP_ENVIRONMENTAL, IMPACT},
    [MSC] = {"MSC", "Modified Subsequent System Confidentiality", CVSS_GROUP_ENVIRONMENTAL, SUBSEQUENT},
    [MSI] = {"MSI", "Modified Subsequent System Integrity", CVSS_GROUP_ENVIRONMENTAL, SAFETY},
    [MSA] = {"MSA", "Modified Subsequent System Availability", CVSS_GROUP_ENVIRONMENTAL, SAFETY},
    [S] = {"S", "Safety", CVSS_GROUP_SUPPLEMENTAL, "N|P", {0}, 0},
    [AU] = {"AU", "Automatable", CVSS_GROUP_SUPPLEMENTAL, "N|Y", {0}, 0},
    [R] = {"R", "Recovery", CVSS_GROUP_SUPPLEMENTAL, "A|U|I", {0}, 0},
    [V] = {"V", "Value Density", CVSS_GROUP_SUPPLEMENTAL, "D|C", {0}, 0},
    [RE] = {"RE", "Vulnerability Response Effort", CVSS_GROUP_SUPPLEMENTAL, "L|M|H", {0}, 0},
    [U] = {"U", "Provider Urgency", CVSS_GROUP_SUPPLEMENTAL, "Clear|Green|Amber|Red", {0}, 0},
};

/* Equivalence sets, section 8.2. EQ3 and EQ6 depend on each other: they are two digits of the macro vector, and one step. */
struct macro {
    unsigned eq1, eq2, eq3, eq4, eq5, eq6;
};

/* Scores of all macro vectors in tenths: a row for EQ1, EQ2, EQ3, its columns by EQ4, EQ5, EQ6; 0 where there is none. */
static const uint8_t macro_scores[3 * 2 * 3][3 * 3 * 2] = {
    /* 000 */ {100, 99, 98, 95, 95, 92, 100, 96, 93, 87, 91, 81, 93, 90, 89, 80, 81, 68},
    /* 001 */ {98, 95, 95, 92, 90, 84, 93, 92, 89, 81, 81, 65, 88, 80, 78, 70, 69, 48},
    /* 002 */ {0, 92, 0, 82, 0, 72, 0, 79, 0, 69, 0, 50, 0, 69, 0, 55, 0, 27},
    /* 010 */ {99, 97, 95, 92, 92, 85, 95, 91, 90, 83, 84, 71, 92, 81, 82, 71, 72, 53},
    /* 011 */ {95, 93, 92, 85, 85, 73, 92, 82, 80, 72, 70, 59, 84, 70, 71, 52, 50, 30},
    /* 012 */ {0, 86, 0, 75, 0, 52, 0, 71, 0, 52, 0, 29, 0, 63, 0, 29, 0, 17},
    /* 100 */ {98, 95, 94, 87, 91, 81, 94, 89, 86, 74, 77, 64, 87, 75, 74, 63, 63, 49},
    /* 101 */ {94, 89, 88, 77, 76, 67, 86, 76, 74, 58, 59, 50, 72, 57, 57, 52, 52, 25},
    /* 102 */ {0, 83, 0, 70, 0, 54, 0, 65, 0, 58, 0, 26, 0, 53, 0, 21, 0, 13},
    /* 110 */ {95, 90, 88, 76, 76, 70, 90, 77, 75, 62, 61, 53, 77, 66, 68, 59, 52, 30},
    /* 111 */ {89, 78, 76, 67, 62, 58, 74, 59, 57, 57, 47, 23, 61, 52, 57, 29, 24, 16},
    /* 112 */ {0, 71, 0, 59, 0, 30, 0, 58, 0, 26, 0, 15, 0, 23, 0, 13, 0, 6},
    /* 200 */ {93, 87, 86, 72, 75, 58, 86, 74, 74, 61, 56, 34, 70, 54, 52, 40, 40, 22},
    /* 201 */ {85, 75, 74, 55, 62, 51, 72, 57, 55, 41, 46, 19, 53, 36, 34, 19, 19, 8},
    /* 202 */ {0, 64, 0, 51, 0, 20, 0, 47, 0, 21, 0, 11, 0, 24, 0, 9, 0, 4},
    /* 210 */ {88, 75, 73, 53, 60, 50, 73, 55, 59, 40, 41, 20, 54, 43, 45, 22, 20, 11},
    /* 211 */ {75, 55, 58, 45, 40, 21, 61, 51, 48, 18, 20, 9, 46, 18, 17, 7, 8, 2},
    /* 212 */ {0, 53, 0, 24, 0, 14, 0, 24, 0, 12, 0, 5, 0, 10, 0, 3, 0, 1},
};

#define SCORE_NONE INT64_C(-1)

/* SCORE_NONE when there is no such macro vector: a set was raised above its last level, or EQ3 is 2 and EQ6 is 0. */
static int64_t macro_score(struct macro m)
{
    if (m.eq1 > 2 || m.eq2 > 1 || m.eq3 > 2 || m.eq4 > 2 || m.eq5 > 2 || m.eq6 > 1 ||
        (m.eq3 == 2 && m.eq6 == 0))
        return SCORE_NONE;
    return macro_scores[(m.eq1 * 2 + m.eq2) * 3 + m.eq3][(m.eq4 * 3 + m.eq5) * 2 + m.eq6];
}

/* The highest vectors of one level of a set (table 24 of the specification), and how many steps it is deep. */
#define PART_METRICS 6
struct part {
    uint8_t depth;
    uint8_t highest_count;
    uint8_t highest[5][PART_METRICS];
};
/* AV, PR, UI */
static const struct part parts_1[3] = {
    {1, 1, {{0, 0, 0}}},
    {4, 3, {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
    {5, 2, {{3, 0, 0}, {1, 1, 1}}},
};
/* AC, AT */
static const struct part parts_2[2] = {
    {1, 1, {{0, 0}}},
    {2, 2, {{1, 0}, {0, 1}}},
};
/* VC, VI, VA, CR, IR, AR; by EQ3 and EQ6 */
static const struct part parts_36[3][2] = {
    {{7, 1, {{0, 0, 0, 0, 0, 0}}}, {6, 2, {{0, 0, 1, 1, 1, 0}, {0, 0, 0, 1, 1, 1}}}},
    {{8, 2, {{1, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 0, 0}}},
     {8,
      5,
      {{1, 0, 1, 0, 1, 0}, {1, 0, 0, 0, 1, 1}, {0, 1, 0, 1, 0, 1}, {0, 1, 1, 1, 0, 0}, {1, 1, 0, 0, 0, 1}}}},
    {{1, 0, {{0}}}, {10, 1, {{1, 1, 1, 0, 0, 0}}}},
};
/* SC, SI, SA */
static const struct part parts_4[3] = {
    {6, 1, {{1, 0, 0}}},
    {5, 1, {{1, 1, 1}}},
    {4, 1, {{2, 2, 2}}},
};
/* E */
static const struct part part_5 = {1, 1, {{0}}};

/* The levels in the order of the parts. */
struct levels {
    uint8_t part_1[3], part_2[2], part_36[6], part_4[3];
    uint8_t exploit;
};

static uint8_t level(const struct cvss_vector *v, size_t metric)
{
    return (uint8_t)(metric <= SA ? cvss_weight_modified(metrics, v, metric, metric - AV + MAV)
                                  : cvss_weight(metrics, v, metric));
}

static struct levels levels_of(const struct cvss_vector *v)
{
    return (struct levels){
        .part_1 = {level(v, AV), level(v, PR), level(v, UI)},
        .part_2 = {level(v, AC), level(v, AT)},
        .part_36 = {level(v, VC), level(v, VI), level(v, VA), level(v, CR), level(v, IR), level(v, AR)},
        .part_4 = {level(v, SC), level(v, SI), level(v, SA)},
        .exploit = level(v, E),
    };
}

static struct macro macro_of(const struct levels *l)
{
    uint8_t av = l->part_1[0], pr = l->part_1[1], ui = l->part_1[2];
    uint8_t vc = l->part_36[0], vi = l->part_36[1], va = l->part_36[2];
    uint8_t sc = l->part_4[0], si = l->part_4[1], sa = l->part_4[2];
    bool worst =
        (vc == 0 && l->part_36[3] == 0) || (vi == 0 && l->part_36[4] == 0) || (va == 0 && l->part_36[5] == 0);
    struct macro m = {.eq5 = l->exploit, .eq6 = worst ? 0 : 1};

    if (av == 0 && pr == 0 && ui == 0)
        m.eq1 = 0;
    else
        m.eq1 = av != 3 && (av == 0 || pr == 0 || ui == 0) ? 1 : 2;
    m.eq2 = l->part_2[0] == 0 && l->part_2[1] == 0 ? 0 : 1;
    if (vc == 0 && vi == 0)
        m.eq3 = 0;
    else
        m.eq3 = vc == 0 || vi == 0 || va == 0 ? 1 : 2;
    if (si == 0 || sa == 0)
        m.eq4 = 0;
    else
        m.eq4 = sc == 1 || si == 1 || sa == 1 ? 1 : 2;
    return m;
}

/* How many steps the vector is below the first of the highest ones that is nowhere below it. Each part has one. */
static int64_t distance(const struct part *part, const uint8_t *levels, size_t count)
{
    for (size_t i = 0;; i++) {
        int64_t steps = 0;
        size_t j = 0;
        assert(i < part->highest_count);
        for (; j < count && levels[j] >= part->highest[i][j]; j++)
            steps += levels[j] - part->highest[i][j];
        if (j == count)
            return steps;
    }
}

/* The score of the next lower macro vector by EQ3 and EQ6, section 8.2: where two ways lead down, the higher one. */
static int64_t next_36(struct macro m)
{
    struct macro by_3 = m, by_6 = m;

    by_3.eq3++;
    by_6.eq6++;
    if (m.eq6 == 1)
        return macro_score(by_3);
    int64_t score_3 = macro_score(by_3), score_6 = macro_score(by_6);
    return m.eq3 == 0 && score_3 > score_6 ? score_3 : score_6;
}

/* The common denominator of what is taken off: all depths divide it. */
#define DEPTHS 840

static int16_t overall_tenths(const struct levels *l)
{
    struct macro m = macro_of(l);
    const struct part *part_1 = &parts_1[m.eq1], *part_2 = &parts_2[m.eq2], *part_4 = &parts_4[m.eq4];
    const struct part *part_36 = &parts_36[m.eq3][m.eq6];
    const struct {
        const struct part *part;
        int64_t next, steps;
    } rows[] = {
        {part_1, macro_score((struct macro){m.eq1 + 1, m.eq2, m.eq3, m.eq4, m.eq5, m.eq6}),
         distance(part_1, l->part_1, 3)},
        {part_2, macro_score((struct macro){m.eq1, m.eq2 + 1, m.eq3, m.eq4, m.eq5, m.eq6}),
         distance(part_2, l->part_2, 2)},
        {part_36, next_36(m), distance(part_36, l->part_36, 6)},
        {part_4, macro_score((struct macro){m.eq1, m.eq2, m.eq3, m.eq4 + 1, m.eq5, m.eq6}),
         distance(part_4, l->part_4, 3)},
        /* EQ5 has one vector at each level: never a step below it, but it counts in the mean. */
        {&part_5, macro_score((struct macro){m.eq1, m.eq2, m.eq3, m.eq4, m.eq5 + 1, m.eq6}), 0},
    };
    int64_t score = macro_score(m), sum = 0, count = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].next != SCORE_NONE) {
            sum += (score - rows[i].next) * rows[i].steps * (DEPTHS / rows[i].part->depth);
            count++;
        }
    if (count == 0)
        return (int16_t)score;
    int64_t whole = DEPTHS * count;
    return (int16_t)((2 * (score * whole - sum) + whole) / (2 * whole)); /* halves up */
}

static bool has_impact(const struct levels *l)
{
    return l->part_36[0] < 2 || l->part_36[1] < 2 || l->part_36[2] < 2 || l->part_4[0] < 3 ||
           l->part_4[1] < 3 || l->part_4[2] < 3;
}

static struct cvss_scores score(const struct cvss_vector *vector)
{
    struct levels levels = levels_of(vector);

    return (struct cvss_scores){CVSS_NONE, CVSS_NONE, CVSS_NONE,
                                has_impact(&levels) ? overall_tenths(&levels) : 0};
}

const struct cvss_table cvss_table_40 = {
    .name = "4.0",
    .prefix = "CVSS:4.0/",
    .not_defined = "X",
    .metrics = metrics,
    .metric_count = METRIC_COUNT,
    .score = score,
};
