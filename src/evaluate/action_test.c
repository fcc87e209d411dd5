#include "base/testing.h"

#include "evaluate/action.h"
#include "evaluate/urgency.h"

/* One of the 2,880: a row of the urgency table, a remedy, cost, mitigation, dispensable. */
struct combination {
    size_t row;
    struct action_inputs inputs;
    struct action_choice choice;
};

#define RESPONSES 40 /* remedy x cost x mitigation x dispensable */

static struct combination combine(size_t row, size_t response)
{
    struct combination c = {.row = row};

    c.inputs = (struct action_inputs){.urgency = (enum urgency)urgency_ssvc.at[row],
                                      .remedy = (enum remedy)(response / 8 + REMEDY_READY),
                                      .cost_high = response & 1,
                                      .mitigation_known = response >> 1 & 1,
                                      .dispensable = response >> 2 & 1,
                                      .exploited = row / 24 == 2};
    c.choice = action_choose(&c.inputs);
    return c;
}

static void every_combination_has_an_outcome(void **state)
{
    size_t count = 0, by_action[ACTION_COUNT] = {0};
    (void)state;

    for (size_t row = 0; row < URGENCY_ROWS; row++)
        for (size_t response = 0; response < RESPONSES; response++, count++) {
            struct combination c = combine(row, response);
            if (c.choice.action <= ACTION_UNKNOWN || c.choice.action >= ACTION_COUNT)
                fail_msg("row %zu response %zu has no outcome", row, response);
            /* What cannot be installed is never planned to be. */
            if (!remedy_usable(c.inputs.remedy) &&
                (c.choice.action == ACTION_NOW || c.choice.action == ACTION_NEXT_WINDOW))
                fail_msg("row %zu response %zu installs what is not there", row, response);
            by_action[c.choice.action]++;
        }
    assert_int_equal(count, 2880);
    for (enum action action = ACTION_WAIT; action < ACTION_COUNT; action++)
        assert_true(by_action[action] > 0);
}

static void higher_urgency_never_gives_a_weaker_action(void **state)
{
    (void)state;
    for (size_t response = 0; response < RESPONSES; response++)
        for (size_t a = 0; a < URGENCY_ROWS; a++)
            for (size_t b = 0; b < URGENCY_ROWS; b++) {
                struct combination low = combine(a, response), high = combine(b, response);
                if (high.inputs.urgency > low.inputs.urgency && high.choice.action < low.choice.action)
                    fail_msg("response %zu: row %zu is %s, row %zu only %s", response, a,
                             action_name(low.choice.action), b, action_name(high.choice.action));
            }
}

static void exploited_and_open_never_waits(void **state)
{
    (void)state;
    for (size_t row = 64; row < URGENCY_ROWS; row++)
        for (size_t response = 0; response < RESPONSES; response++)
            if (combine(row, response).choice.action == ACTION_WAIT)
                fail_msg("row %zu response %zu waits", row, response);
}

struct cell_row {
    const char *name;
    struct action_inputs inputs;
    struct action_choice choice;
};

#define IN(u, r, ...)                                                                                        \
    {                                                                                                        \
        .urgency = URGENCY_##u, .remedy = REMEDY_##r, __VA_ARGS__                                            \
    }
#define OUT(a, ...)                                                                                          \
    {                                                                                                        \
        .action = ACTION_##a, __VA_ARGS__                                                                    \
    }

/* The table as the policy writes it, cell by cell. */
static const struct cell_row cell_rows[] = {
    {"immediate, ready", IN(IMMEDIATE, READY), OUT(NOW)},
    {"immediate, ready, dear", IN(IMMEDIATE, READY, .cost_high = true), OUT(NOW)},
    {"immediate, untested", IN(IMMEDIATE, UNTESTED), OUT(NOW, .canary = true)},
    {"immediate, mitigation", IN(IMMEDIATE, NONE, .mitigation_known = true), OUT(MITIGATE)},
    {"immediate, needed", IN(IMMEDIATE, NONE), OUT(SWITCH_OFF)},
    {"immediate, dispensable", IN(IMMEDIATE, BAD, .dispensable = true), OUT(SWITCH_OFF)},
    {"out-of-cycle, ready", IN(OUT_OF_CYCLE, READY), OUT(NOW)},
    {"out-of-cycle, ready, dear", IN(OUT_OF_CYCLE, READY, .cost_high = true),
     OUT(NEXT_WINDOW, .mitigate_now = true)},
    {"out-of-cycle, untested", IN(OUT_OF_CYCLE, UNTESTED), OUT(NEXT_WINDOW)},
    {"out-of-cycle, mitigation", IN(OUT_OF_CYCLE, BAD, .mitigation_known = true), OUT(MITIGATE)},
    {"out-of-cycle, needed", IN(OUT_OF_CYCLE, NONE), OUT(MITIGATE)},
    {"out-of-cycle, dispensable", IN(OUT_OF_CYCLE, NONE, .dispensable = true), OUT(SWITCH_OFF)},
    {"scheduled, ready", IN(SCHEDULED, READY), OUT(NEXT_WINDOW)},
    {"scheduled, ready, dear", IN(SCHEDULED, READY, .cost_high = true), OUT(BY_DATE)},
    {"scheduled, untested", IN(SCHEDULED, UNTESTED), OUT(BY_DATE)},
    {"scheduled, mitigation", IN(SCHEDULED, NONE, .mitigation_known = true), OUT(MITIGATE)},
    {"scheduled, end of life, mitigation", IN(SCHEDULED, END_OF_LIFE, .mitigation_known = true),
     OUT(MITIGATE, .replace = true)},
    {"scheduled, needed", IN(SCHEDULED, NONE), OUT(WAIT)},
    {"scheduled, needed, exploited", IN(SCHEDULED, NONE, .exploited = true), OUT(MITIGATE)},
    {"scheduled, dispensable", IN(SCHEDULED, NONE, .dispensable = true), OUT(WAIT)},
    {"scheduled, dispensable, exploited", IN(SCHEDULED, NONE, .dispensable = true, .exploited = true),
     OUT(SWITCH_OFF)},
    {"defer, ready", IN(DEFER, READY), OUT(WAIT)},
    {"defer, ready, dear", IN(DEFER, READY, .cost_high = true), OUT(WAIT)},
    {"defer, untested", IN(DEFER, UNTESTED), OUT(WAIT)},
    {"defer, mitigation", IN(DEFER, NONE, .mitigation_known = true), OUT(WAIT)},
    {"defer, end of life, mitigation", IN(DEFER, END_OF_LIFE, .mitigation_known = true),
     OUT(BY_DATE, .replace = true)},
    {"defer, end of life", IN(DEFER, END_OF_LIFE), OUT(WAIT, .replace = true)},
    {"defer, dispensable", IN(DEFER, NONE, .dispensable = true), OUT(WAIT)},
};

static void each_cell_is_as_the_policy_writes_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cell_rows); i++) {
        struct action_choice got = action_choose(&cell_rows[i].inputs);
        const struct action_choice *expected = &cell_rows[i].choice;
        if (got.action != expected->action || got.mitigate_now != expected->mitigate_now ||
            got.canary != expected->canary || got.replace != expected->replace)
            fail_msg("%s: %s, expected %s", cell_rows[i].name, action_name(got.action),
                     action_name(expected->action));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_has_an_outcome),
        cmocka_unit_test(higher_urgency_never_gives_a_weaker_action),
        cmocka_unit_test(exploited_and_open_never_waits),
        cmocka_unit_test(each_cell_is_as_the_policy_writes_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
