#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/crisis_hold.h"
#include "store/takeover.h"

#define NOW (1795320000 * TIME_SECOND_US)

struct machine {
    char folder[64], root[80], state[80];
    struct arena arena;
};

static int begin(void **state)
{
    struct machine *machine = calloc(1, sizeof(*machine));
    char path[128];
    struct error err;

    test_folder(machine->folder);
    (void)snprintf(machine->root, sizeof(machine->root), "%s/root", machine->folder);
    (void)snprintf(machine->state, sizeof(machine->state), "%s/state", machine->folder);
    (void)snprintf(path, sizeof(path), "%s/etc/systemd/system", machine->root);
    assert_done("root", file_make_folders(path, 0755, &err), &err);
    (void)snprintf(path, sizeof(path), "%s/etc/apt/apt.conf.d", machine->root);
    assert_done("apt", file_make_folders(path, 0755, &err), &err);
    machine->arena = arena_with(16 * MIB);
    *state = machine;
    return 0;
}

static int end(void **state)
{
    struct machine *machine = *state;
    struct error err;

    arena_end(&machine->arena);
    assert_done("remove", file_remove_tree(machine->folder, &err), &err);
    free(machine);
    return 0;
}

static enum crisis_hold_outcome hold(struct machine *machine, enum level level)
{
    static const struct updater updaters[] = {{{"unattended-upgrades", 19}, {"is on", 5}, true},
                                              {{"somebody", 8}, {"is on", 5}, true}};
    static const struct order order = {.id = "2026-11-22-9f3a1c07"};
    const struct order_force force = {.level = level, .order = level > LEVEL_NORMAL ? &order : NULL};
    const struct crisis_hold_request request = {.root = machine->root,
                                                .state = machine->state,
                                                .updaters = updaters,
                                                .updater_count = COUNT_OF(updaters),
                                                .force = &force,
                                                .now_us = NOW};
    enum crisis_hold_outcome outcome = CRISIS_HOLD_NOTHING;
    struct error err;

    assert_done("hold", crisis_hold(&request, &machine->arena, &outcome, &err), &err);
    return outcome;
}

static bool is_masked(const struct machine *machine)
{
    char path[160];
    struct text target;
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);
    struct error err;

    (void)snprintf(path, sizeof(path), "%s/etc/systemd/system/unattended-upgrades.service", machine->root);
    return file_link(path, &arena, &target, &err) && text_equal(target, TEXT("/dev/null"));
}

/* Held as long as the order, once; given back by itself. */
static void test_held_and_given_back(void **state)
{
    struct machine *machine = *state;

    assert_int_equal(hold(machine, LEVEL_NORMAL), CRISIS_HOLD_NOTHING);
    assert_int_equal(hold(machine, LEVEL_ESSENTIAL), CRISIS_HOLD_TAKEN);
    assert_true(is_masked(machine));
    assert_int_equal(hold(machine, LEVEL_EMERGENCY_ONLY), CRISIS_HOLD_NOTHING);
    assert_true(is_masked(machine));
    assert_int_equal(hold(machine, LEVEL_NORMAL), CRISIS_HOLD_GIVEN);
    assert_false(is_masked(machine));
    assert_int_equal(hold(machine, LEVEL_NORMAL), CRISIS_HOLD_NOTHING);
}

/* What people have taken over is theirs: no order's end gives it back. */
static void test_of_people(void **state)
{
    struct machine *machine = *state;
    char path[128];
    struct takeover record = {.phase = TAKEOVER_TAKEN, .begun_us = NOW, .by = TEXT("root (sudo: anna)")};
    struct error err;

    assert_int_equal(hold(machine, LEVEL_NORMAL), CRISIS_HOLD_NOTHING);
    (void)snprintf(path, sizeof(path), "%s/takeover", machine->state);
    assert_done("record", takeover_replace(path, &record, &err), &err);
    assert_int_equal(hold(machine, LEVEL_ESSENTIAL), CRISIS_HOLD_NOTHING);
    assert_int_equal(hold(machine, LEVEL_NORMAL), CRISIS_HOLD_NOTHING);
    assert_true(file_exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_held_and_given_back, begin, end),
        cmocka_unit_test_setup_teardown(test_of_people, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
