#include "base/testing.h"

#include <signal.h>
#include <unistd.h>

#include "base/child.h"
#include "base/own.h"
#include "base/stop.h"

static void test_asked(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        OWN(stop_end) struct stop stop = STOP_NONE;
        assert_false(stop_asked(&stop));
        assert_done("begin", stop_begin(&stop, &err), &err);
        assert_false(stop_asked(&stop));
        assert_int_equal(kill(getpid(), signals[i]), 0);
        assert_true(stop_asked(&stop));
        assert_true(stop_asked(&stop)); /* it stays so */
        assert_int_equal(kill(getpid(), signals[i]),
                         0); /* and a second one does not end us when all is given back */
    }
}

static void test_children_are_not_held(void **state)
{
    static const char *const argv[] = {"/bin/sh", "-c", "kill -TERM $$; echo survived", NULL};
    const struct child_command command = {.argv = argv, .timeout_ms = 10000, .output_limit = 100};
    OWN(stop_end) struct stop stop = STOP_NONE;
    OWN(arena_end) struct arena arena = arena_with(4096);
    struct child_result result;
    struct error err;

    (void)state;
    assert_done("begin", stop_begin(&stop, &err), &err);
    assert_done("run", child_run(&command, &arena, &result, &err), &err);
    assert_int_equal(result.status, 128 + SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_asked),
                                       cmocka_unit_test(test_children_are_not_held)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
