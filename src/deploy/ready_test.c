#include "base/testing.h"

#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "deploy/ready.h"
#include "manager/apt_status.h"

struct place {
    char root[64];
    char power[96];
    struct plan plan;
    struct plan_change change;
};

static void write_file(struct place *place, const char *name, const char *content)
{
    char path[256];
    struct error err;

    (void)snprintf(path, sizeof(path), "%s%s", place->root, name);
    *strrchr(path, '/') = 0;
    assert_done(name, file_make_folders(path, 0755, &err), &err);
    (void)snprintf(path, sizeof(path), "%s%s", place->root, name);
    assert_done(name, file_replace(path, bytes_of_text(text_of(content)), 0644, &err), &err);
}

static int begin(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    char status[128];
    struct error err;

    test_folder(place->root);
    write_file(place, "/var/lib/dpkg/status", "");
    write_file(place, "/usr/x", "");
    write_file(place, "/boot/x", "");
    write_file(place, "/power/AC/type", "Mains\n");
    write_file(place, "/power/AC/online", "1\n");
    (void)snprintf(place->power, sizeof(place->power), "%s/power", place->root);
    (void)snprintf(status, sizeof(status), "%s/var/lib/dpkg/status", place->root);
    assert_done("digest", apt_status_digest(status, NULL, &place->plan.status, &err), &err);
    place->change = (struct plan_change){.size = 1000000, .disk_bytes = 500000};
    place->plan.changes = &place->change;
    place->plan.change_count = 1;
    place->plan.fetch_bytes = 1000000;
    *state = place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;
    struct error err;

    assert_done("remove", file_remove_tree(place->root, &err), &err);
    free(place);
    return 0;
}

static bool check(struct place *place, struct error *err)
{
    const struct ready_request request = {.plan = &place->plan,
                                          .root = place->root,
                                          .state = place->root,
                                          .power = place->power,
                                          .percent_min = 50};

    return ready_check(&request, err);
}

static void test_room(void **state)
{
    struct place *place = *state;
    struct ready_room room = ready_room_of(&place->plan, 7);

    assert_int_equal(room.state, 7 + 2000000 + 16 * MIB);
    assert_int_equal(room.root, 500000 + 5000000 + 16 * MIB);
}

static void test_ready(void **state)
{
    struct place *place = *state;
    struct error err;

    if (geteuid() != 0) {
        assert_false(check(place, &err));
        assert_failed("user", &err, ERROR_SYSTEM, "only root can change packages");
        return;
    }
    assert_done("ready", check(place, &err), &err);
    place->change.disk_bytes = INT64_C(1) << 60;
    assert_false(check(place, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    place->change.disk_bytes = 0;
    write_file(place, "/var/lib/dpkg/updates/0001", "Package: x\n");
    assert_false(check(place, &err));
    assert_failed("changed", &err, ERROR_CONFLICT,
                  "packages have changed since the plan was made: plan again");
}

static void test_battery(void **state)
{
    struct place *place = *state;
    struct error err;

    if (geteuid() != 0)
        return;
    write_file(place, "/power/AC/online", "0\n");
    write_file(place, "/power/BAT0/type", "Battery\n");
    write_file(place, "/power/BAT0/present", "1\n");
    write_file(place, "/power/BAT0/status", "Discharging\n");
    write_file(place, "/power/BAT0/capacity", "31\n");
    assert_false(check(place, &err));
    assert_failed("battery", &err, ERROR_CONFLICT, "on battery at 31 %, and 50 % is asked for, or mains");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_room, begin, end),
        cmocka_unit_test_setup_teardown(test_ready, begin, end),
        cmocka_unit_test_setup_teardown(test_battery, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
