#include "base/testing.h"

#include "model/decision.h"

struct names_row {
    const char *what;
    const char *(*name)(int value);
    int count;
};

#define NAMES_OF(type, function)                                                                             \
    static const char *name_of_##type(int value)                                                             \
    {                                                                                                        \
        return function((enum type)value);                                                                   \
    }
NAMES_OF(urgency, urgency_name)
NAMES_OF(action, action_name)
NAMES_OF(level, level_name)
NAMES_OF(standing, standing_name)
NAMES_OF(exposure, exposure_name)
NAMES_OF(impact, impact_name)
NAMES_OF(remedy, remedy_name)
NAMES_OF(exploitation, exploitation_name)
NAMES_OF(answer, answer_name)
NAMES_OF(technical_impact, technical_impact_name)
NAMES_OF(clock, clock_name)
NAMES_OF(clock_origin, clock_origin_name)
NAMES_OF(decision_input, decision_input_name)
NAMES_OF(decision_override, decision_override_name)
NAMES_OF(verdict_kind, verdict_kind_name)

static const struct names_row names_rows[] = {
    {"urgency", name_of_urgency, URGENCY_COUNT},
    {"action", name_of_action, ACTION_COUNT},
    {"level", name_of_level, LEVEL_COUNT},
    {"standing", name_of_standing, STANDING_COUNT},
    {"exposure", name_of_exposure, EXPOSURE_COUNT},
    {"impact", name_of_impact, IMPACT_COUNT},
    {"remedy", name_of_remedy, REMEDY_COUNT},
    {"exploitation", name_of_exploitation, EXPLOITATION_COUNT},
    {"answer", name_of_answer, ANSWER_COUNT},
    {"technical impact", name_of_technical_impact, TECHNICAL_IMPACT_COUNT},
    {"clock", name_of_clock, CLOCK_COUNT},
    {"clock origin", name_of_clock_origin, CLOCK_ORIGIN_COUNT},
    {"input", name_of_decision_input, INPUT_COUNT},
    {"override", name_of_decision_override, OVERRIDE_COUNT},
    {"verdict", name_of_verdict_kind, VERDICT_KIND_COUNT},
};

/* No value without a name, no two with the same, and no reading outside the table. */
static void every_value_has_its_own_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names_rows); i++) {
        const struct names_row *row = &names_rows[i];
        for (int a = 0; a < row->count; a++) {
            if (row->name(a) == NULL || row->name(a)[0] == 0)
                fail_msg("%s %d has no name", row->what, a);
            for (int b = 0; b < a; b++)
                if (strcmp(row->name(a), row->name(b)) == 0)
                    fail_msg("%s %d and %d are both \"%s\"", row->what, a, b, row->name(a));
        }
        assert_string_equal(row->name(row->count), row->name(0));
        assert_string_equal(row->name(-1), row->name(0));
    }
}

/* Screens and scripts depend on these words. */
static void the_scale_of_action_has_its_words(void **state)
{
    static const char *const words[] = {"unknown",  "wait", "by-date",   "next-window",
                                        "mitigate", "now",  "switch-off"};
    (void)state;

    assert_int_equal(COUNT_OF(words), ACTION_COUNT);
    for (int i = 0; i < ACTION_COUNT; i++)
        assert_string_equal(action_name((enum action)i), words[i]);
}

static void levels_are_found_by_name(void **state)
{
    (void)state;
    assert_int_equal(level_find(TEXT("normal")), LEVEL_NORMAL);
    assert_int_equal(level_find(TEXT("essential")), LEVEL_ESSENTIAL);
    assert_int_equal(level_find(TEXT("emergency-only")), LEVEL_EMERGENCY_ONLY);
    assert_int_equal(level_find(TEXT("unknown")), LEVEL_UNKNOWN);
    assert_int_equal(level_find(TEXT("Essential")), LEVEL_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_has_its_own_name),
        cmocka_unit_test(the_scale_of_action_has_its_words),
        cmocka_unit_test(levels_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
