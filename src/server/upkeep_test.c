/* When a restored server may work again, and which numbers it then gives out. */
#include "base/testing.h"

#include "base/file.h"
#include "base/own.h"
#include "server/generations.h"
#include "server/upkeep.h"
#include "store/fleet_keep.h"
#include "store/fleet_testing.h"
#include "store/fleet_write.h"

#define NOW FLEET_TESTING_NOW

static void test_over(void **state)
{
    static const struct {
        const char *row;
        bool quarantine;
        uint64_t reported, awaited;
        int64_t now_us;
        bool over;
    } rows[] = {
        {"none", false, 9, 0, NOW + 30 * TIME_DAY_US, false},
        {"one is awaited", true, 9, 1, NOW + TIME_DAY_US, false},
        {"all have reported", true, 9, 0, NOW + TIME_DAY_US, true},
        {"nobody has, and nobody lived", true, 0, 0, NOW + TIME_DAY_US, false},
        {"seven days", true, 0, 9, NOW + 7 * TIME_DAY_US, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct fleet_state now = {.quarantine = rows[i].quarantine, .restored_us = NOW};
        const struct fleet_awaited awaited = {rows[i].reported, rows[i].awaited};
        if (upkeep_quarantine_over(&now, &awaited, rows[i].now_us) != rows[i].over)
            fail_msg("%s", rows[i].row);
    }
}

/* A server of nothing but its database. */
struct small {
    char folder[64];
    struct fleet_store *store;
    struct server server;
};

static void small_begin(struct small *small)
{
    char path[128];
    struct error err = {0};

    test_folder(small->folder);
    (void)snprintf(path, sizeof(path), "%s/a.db", small->folder);
    small->store = fleet_testing_open(path);
    assert_done("generations", generations_make(path, NOW, &small->server.generations, &err), &err);
}

static void small_end(struct small *small)
{
    struct error err = {0};

    generations_end(&small->server.generations);
    fleet_store_close(&small->store);
    assert_done("folder", file_remove_tree(small->folder, &err), &err);
}

static void test_numbers(void **state)
{
    OWN(small_end) struct small small = {0};
    uint64_t got = 0;
    struct error err = {0};

    (void)state;
    small_begin(&small);
    const struct {
        uint64_t wanted, expected;
    } rows[] = {{1000, 1000}, {5, 1001}, {1002, 1002}, {1002, 1003}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_done("take", generation_take(&small.server, FLEET_GENERATION_PLAN, rows[i].wanted, &got, &err),
                    &err);
        assert_int_equal(got, rows[i].expected);
    }
    assert_done("another kind", generation_take(&small.server, FLEET_GENERATION_PULSE, 7, &got, &err), &err);
    assert_int_equal(got, 7);
}

/* The drill: yesterday's backup comes back, and an agent has a higher plan than it knows. */
static void test_restored(void **state)
{
    OWN(small_end) struct small small = {0};
    struct small old = {0};
    struct fleet_write plan = {.kind = FLEET_WRITE_GENERATION, .generation = {FLEET_GENERATION_PLAN, 40}};
    struct fleet_copied copied;
    char path[128];
    uint64_t got = 0;
    struct error err = {0};

    (void)state;
    small_begin(&old);
    small_begin(&small);
    int64_t hid = fleet_testing_host(old.store, 1);
    const struct fleet_write seen = {
        .kind = FLEET_WRITE_SEEN,
        .seen = {.hid = hid, .seen = {.counter = 2, .seen_us = NOW + 2, .plan_generation = 55}}};
    const struct fleet_write before = {.kind = FLEET_WRITE_SEEN,
                                       .seen = {.hid = hid, .seen = {.counter = 1, .seen_us = NOW - 1}}};
    (void)fleet_testing_done(old.store, &plan);
    (void)fleet_testing_done(old.store, &before);
    (void)snprintf(path, sizeof(path), "%s/backup", old.folder);
    assert_done("backup", fleet_store_backup(old.store, path, NOW, &copied, &err), &err);
    assert_done("restore", fleet_store_restore(path, small.store, NOW, &copied, &err), &err);
    assert_false(generation_take(&small.server, FLEET_GENERATION_PLAN, 41, &got, &err));
    assert_failed("quarantine", &err, ERROR_CONFLICT,
                  "the database was restored from a backup: nothing is handed out until that is ended");
    assert_done("look", upkeep_look_at_quarantine(small.store, NOW + 1, &err), &err);
    assert_false(generation_take(&small.server, FLEET_GENERATION_PULSE, 41, &got, &err));
    (void)fleet_testing_done(small.store, &seen);
    assert_done("all have reported", upkeep_look_at_quarantine(small.store, NOW + 2, &err), &err);
    assert_done("take", generation_take(&small.server, FLEET_GENERATION_PLAN, 41, &got, &err), &err);
    assert_int_equal(got, 56);
    small_end(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_restored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
