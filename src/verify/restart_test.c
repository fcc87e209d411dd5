#include "base/testing.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "verify/restart.h"

/* A systemctl that writes down what it was called with, and fails for the unit "broken". */
static const char script[] =
    "#!/bin/sh\n"
    "echo \"$*\" >>\"${0%/*}/calls\"\n"
    "case \" $* \" in *\" broken \"*) echo 'Failed to restart broken.service: no such' >&2; exit 5;; esac\n";

struct place {
    char folder[64], systemctl[96], calls[96];
    struct arena arena;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    struct error err;

    test_folder(place->folder);
    place->arena = arena_with(16 * MIB);
    (void)snprintf(place->systemctl, sizeof(place->systemctl), "%s/systemctl", place->folder);
    (void)snprintf(place->calls, sizeof(place->calls), "%s/calls", place->folder);
    *state = place;
    return file_replace(place->systemctl, BYTES(script), 0755, &err) ? 0 : 1;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    struct error err;
    bool removed = file_remove_tree(place->folder, &err);

    arena_end(&place->arena);
    free(place);
    return !removed;
}

static void assert_calls(struct place *place, const char *expected)
{
    struct bytes calls = {0};
    struct error err = {0};

    if (!file_read(place->calls, MIB, &place->arena, &calls, &err))
        assert_int_equal(err.kind, ERROR_ABSENT);
    assert_text("calls", (struct text){(const char *)calls.at, calls.size}, expected);
}

static void all_units_go_in_one_call(void **state)
{
    struct place *place = *state;
    const struct text units[] = {TEXT("cron"), TEXT("postgresql@15-main"), TEXT("ssh")};
    struct error err;

    assert_done("restart",
                restart_run(&(struct restart){place->systemctl, units, 3, true}, &place->arena, &err), &err);
    assert_calls(place, "daemon-reexec\nrestart --no-ask-password -- cron postgresql@15-main ssh\n");
}

static void what_systemctl_says_is_told(void **state)
{
    struct place *place = *state;
    const struct text units[] = {TEXT("broken"), TEXT("cron")};
    struct error err;

    assert_false(restart_run(&(struct restart){place->systemctl, units, 2, false}, &place->arena, &err));
    assert_failed("broken", &err, ERROR_SYSTEM,
                  "systemctl restart: Failed to restart broken.service: no such (status 5)");
}

static void options_are_no_units(void **state)
{
    struct place *place = *state;
    const struct text units[] = {TEXT("--force")};
    struct error err;

    assert_false(restart_run(&(struct restart){place->systemctl, units, 1, false}, &place->arena, &err));
    assert_failed("option", &err, ERROR_INPUT, "\"--force\" is no name of a unit");
    assert_calls(place, "");
    assert_done("nothing",
                restart_run(&(struct restart){place->systemctl, units, 0, false}, &place->arena, &err), &err);
    assert_calls(place, "");
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_PLACE(all_units_go_in_one_call),
        IN_A_PLACE(what_systemctl_says_is_told),
        IN_A_PLACE(options_are_no_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
