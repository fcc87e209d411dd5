#include "evaluate/urgency.h"

#include <assert.h>

const char *safety_name(enum safety safety)
{
    static const char *const names[SAFETY_COUNT] = {
        [SAFETY_UNKNOWN] = "unknown",           [SAFETY_NEGLIGIBLE] = "negligible",
        [SAFETY_MARGINAL] = "marginal",         [SAFETY_CRITICAL] = "critical",
        [SAFETY_CATASTROPHIC] = "catastrophic",
    };
    return names[(unsigned)safety < SAFETY_COUNT ? safety : SAFETY_UNKNOWN];
}

const char *mission_name(enum mission mission)
{
    static const char *const names[MISSION_COUNT] = {
        [MISSION_UNKNOWN] = "unknown",
        [MISSION_DEGRADED] = "degraded",
        [MISSION_CRIPPLED] = "mef support crippled",
        [MISSION_MEF_FAILURE] = "mef failure",
        [MISSION_FAILURE] = "mission failure",
    };
    return names[(unsigned)mission < MISSION_COUNT ? mission : MISSION_UNKNOWN];
}

size_t urgency_row(enum exploitation exploitation, enum exposure exposure, enum answer automatable,
                   enum impact impact)
{
    assert(exploitation > EXPLOITATION_UNKNOWN && exploitation < EXPLOITATION_COUNT);
    assert(exposure > EXPOSURE_UNKNOWN && exposure < EXPOSURE_COUNT);
    assert(automatable > ANSWER_UNKNOWN && automatable < ANSWER_COUNT);
    assert(impact > IMPACT_UNKNOWN && impact < IMPACT_COUNT);
    return (((size_t)exploitation - 1) * 3 + (size_t)exposure - 1) * 8 + ((size_t)automatable - 1) * 4 +
           (size_t)impact - 1;
}

size_t impact_row(enum safety safety, enum mission mission)
{
    assert(safety > SAFETY_UNKNOWN && safety < SAFETY_COUNT);
    assert(mission > MISSION_UNKNOWN && mission < MISSION_COUNT);
    return ((size_t)safety - 1) * 4 + (size_t)mission - 1;
}

static bool fail_row(size_t row, const char *what, struct error *err)
{
    return error_set(
        err, ERROR_INPUT, "row %s / %s / %s / %s %s", exploitation_name((enum exploitation)(row / 24 + 1)),
        exposure_name((enum exposure)(row / 8 % 3 + 1)), answer_name((enum answer)(row / 4 % 2 + 1)),
        impact_name((enum impact)(row % 4 + 1)), what);
}

/* A row whose input is worse by one and that is less urgent all the same, or URGENCY_ROWS. */
static size_t find_less_urgent(const struct urgency_table *table, size_t row)
{
    /* How far away the row is whose input is worse by one, and how many values that input has. */
    static const struct {
        size_t step, values;
    } inputs[] = {{24, 3}, {8, 3}, {4, 2}, {1, 4}};

    for (size_t i = 0; i < sizeof(inputs) / sizeof(*inputs); i++) {
        bool worst = row / inputs[i].step % inputs[i].values == inputs[i].values - 1;
        size_t worse = row + inputs[i].step;
        if (!worst && table->at[worse] < table->at[row])
            return worse;
    }
    return URGENCY_ROWS;
}

bool urgency_check(const struct urgency_table *table, struct error *err)
{
    for (size_t row = 0; row < URGENCY_ROWS; row++) {
        if (table->at[row] == URGENCY_UNKNOWN)
            return fail_row(row, "is missing", err);
        if (table->at[row] == URGENCY_DEFER && row / 24 == 2 && row / 8 % 3 == 2)
            return fail_row(row, "may not be defer: it is exploited and open", err);
    }
    for (size_t row = 0; row < URGENCY_ROWS; row++) {
        size_t worse = find_less_urgent(table, row);
        if (worse < URGENCY_ROWS)
            return fail_row(worse, "is less urgent than a row with a better input", err);
    }
    return true;
}
