#include "base/control.h"

#include <stdlib.h>
#include <string.h>

#include "base/testing.h"

static void every_control_has_a_row(void **state)
{
    (void)state;
    for (size_t i = 1; i < CONTROL_COUNT; i++) {
        assert_non_null(controls[i].name);
        assert_non_null(controls[i].drill);
        assert_non_null(controls[i].what);
        for (size_t j = 1; j < i; j++)
            assert_string_not_equal(controls[i].name, controls[j].name);
    }
}

/* The one thing that a build which people use must not do: believe the environment. */
static void only_a_test_build_can_switch_one_off(void **state)
{
    (void)state;
    setenv("SUTURE_CONTROLS_OFF", "something,tuf-rollback", 1);
    assert_int_equal(control_holds(CONTROL_TUF_ROLLBACK), !control_switchable());
    setenv("SUTURE_CONTROLS_OFF", "tuf-roll,tuf-rollbacks", 1);
    assert_true(control_holds(CONTROL_TUF_ROLLBACK));
    unsetenv("SUTURE_CONTROLS_OFF");
    assert_true(control_holds(CONTROL_TUF_ROLLBACK));
}

/* Helpers have environments of their own: what is off here has to be off there. */
static void a_started_program_hears_of_it_in_a_test_build_alone(void **state)
{
    const char *const given[] = {"LC_ALL=C", NULL};
    const char *room[CONTROL_ENVIRONMENT_MAX];

    (void)state;
    unsetenv("SUTURE_CONTROLS_OFF");
    assert_ptr_equal(control_environment(given, room), given);
    setenv("SUTURE_CONTROLS_OFF", "tuf-rollback", 1);
    const char *const *got = control_environment(given, room);
    assert_string_equal(got[0], "LC_ALL=C");
    if (control_switchable())
        assert_string_equal(got[1], "SUTURE_CONTROLS_OFF=tuf-rollback");
    assert_null(got[control_switchable() ? 2 : 1]);
    unsetenv("SUTURE_CONTROLS_OFF");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_control_has_a_row),
        cmocka_unit_test(only_a_test_build_can_switch_one_off),
        cmocka_unit_test(a_started_program_hears_of_it_in_a_test_build_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
