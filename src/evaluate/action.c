#include "evaluate/action.h"

#include <assert.h>

enum column { READY_LOW, READY_HIGH, UNTESTED, MITIGATION, NEEDED, DISPENSABLE, COLUMN_COUNT };

struct cell {
    enum action action, exploited; /* exploited: when it differs, else UNKNOWN */
    bool mitigate_now, canary;
};

static const struct cell cells[URGENCY_COUNT][COLUMN_COUNT] =
    {
        [URGENCY_IMMEDIATE] =
            {
                [READY_LOW] = {.action = ACTION_NOW},
                [READY_HIGH] = {.action = ACTION_NOW},
                [UNTESTED] = {.action = ACTION_NOW, .canary = true},
                [MITIGATION] = {.action = ACTION_MITIGATE},
                [NEEDED] = {.action = ACTION_SWITCH_OFF},
                [DISPENSABLE] = {.action = ACTION_SWITCH_OFF},
            },
        [URGENCY_OUT_OF_CYCLE] =
            {
                [READY_LOW] = {.action = ACTION_NOW},
                [READY_HIGH] = {.action = ACTION_NEXT_WINDOW, .mitigate_now = true},
                [UNTESTED] = {.action = ACTION_NEXT_WINDOW},
                [MITIGATION] = {.action = ACTION_MITIGATE},
                [NEEDED] = {.action = ACTION_MITIGATE},
                [DISPENSABLE] = {.action = ACTION_SWITCH_OFF},
            },
        [URGENCY_SCHEDULED] =
            {
                [READY_LOW] = {.action = ACTION_NEXT_WINDOW},
                [READY_HIGH] = {.action = ACTION_BY_DATE},
                [UNTESTED] = {.action = ACTION_BY_DATE},
                [MITIGATION] = {.action = ACTION_MITIGATE},
                [NEEDED] = {.action = ACTION_WAIT, .exploited = ACTION_MITIGATE},
                [DISPENSABLE] = {.action = ACTION_WAIT, .exploited = ACTION_SWITCH_OFF},
            },
        [URGENCY_DEFER] =
            {
                [READY_LOW] = {.action = ACTION_WAIT},
                [READY_HIGH] = {.action = ACTION_WAIT},
                [UNTESTED] = {.action = ACTION_WAIT},
                [MITIGATION] = {.action = ACTION_WAIT},
                [NEEDED] = {.action = ACTION_WAIT},
                [DISPENSABLE] = {.action = ACTION_WAIT},
            },
};

bool remedy_usable(enum remedy remedy)
{
    return remedy == REMEDY_READY || remedy == REMEDY_UNTESTED;
}

static enum column column_of(const struct action_inputs *inputs)
{
    if (inputs->remedy == REMEDY_READY)
        return inputs->cost_high ? READY_HIGH : READY_LOW;
    if (inputs->remedy == REMEDY_UNTESTED)
        return UNTESTED;
    if (inputs->mitigation_known)
        return MITIGATION;
    return inputs->dispensable ? DISPENSABLE : NEEDED;
}

struct action_choice action_choose(const struct action_inputs *inputs)
{
    assert(inputs->urgency > URGENCY_UNKNOWN && inputs->urgency < URGENCY_COUNT);
    assert(inputs->remedy > REMEDY_UNKNOWN && inputs->remedy < REMEDY_COUNT);
    enum column column = column_of(inputs);
    const struct cell *cell = &cells[inputs->urgency][column];
    struct action_choice choice = {cell->action, cell->mitigate_now, cell->canary,
                                   inputs->remedy == REMEDY_END_OF_LIFE};

    if (inputs->exploited && cell->exploited != ACTION_UNKNOWN)
        choice.action = cell->exploited;
    if (choice.replace && column == MITIGATION && choice.action == ACTION_WAIT)
        choice.action = ACTION_BY_DATE;
    return choice;
}
