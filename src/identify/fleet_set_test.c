#include "identify/fleet_set.h"

#include "base/own.h"
#include "base/testing.h"
#include "identify/fleet_table.h"

/* The same numbers from the same seed. */
static uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

#define UNIVERSE 4096

static void check_set(const struct fleet_set *set, const bool there[UNIVERSE], uint32_t count)
{
    uint64_t bits[UNIVERSE / 64] = {0};

    assert_int_equal(set->count, count);
    fleet_set_mark(set, bits, UNIVERSE / 64);
    for (uint32_t i = 0; i < UNIVERSE; i++) {
        assert_int_equal((bits[i / 64] >> i % 64 & 1) != 0, there[i]);
        assert_int_equal(fleet_set_has(set, i), there[i]);
    }
}

/* Against a plain table, through all forms and back: growing, then shrinking. */
static void sets_are_sets(void **state)
{
    (void)state;
    OWN(fleet_set_end) struct fleet_set set = {.count = 0};
    bool there[UNIVERSE] = {false}, forms[3] = {false};
    uint64_t seed = 1;
    uint32_t count = 0;
    struct error err;

    for (unsigned step = 0; step < 20000; step++) {
        uint32_t host = next_random(&seed) % UNIVERSE;
        bool add = next_random(&seed) % 100 < (step < 10000 ? 80 : 5);
        if (add)
            assert_done("add", fleet_set_add(&set, host, UNIVERSE, &err), &err);
        else
            fleet_set_remove(&set, host);
        count = count + (add && !there[host]) - (!add && there[host]);
        there[host] = add;
        forms[set.form] = true;
        if (step % 512 == 0)
            check_set(&set, there, count);
        assert_true(fleet_set_memory(&set) <= UNIVERSE / 8 + 8 || set.form != FLEET_SET_BITMAP);
    }
    check_set(&set, there, count);
    assert_true(forms[FLEET_SET_IN_PLACE] && forms[FLEET_SET_ARRAY] && forms[FLEET_SET_BITMAP]);
}

/* A set is never larger than the smaller of array and bitmap, but for the room to grow. */
static void sets_are_small(void **state)
{
    static const struct {
        uint32_t count, step;
        enum fleet_set_form form;
    } rows[] = {{2, 1, FLEET_SET_IN_PLACE},
                {3, 7, FLEET_SET_ARRAY},
                {100, 40, FLEET_SET_ARRAY},
                {2000, 2, FLEET_SET_BITMAP}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(fleet_set_end) struct fleet_set set = {.count = 0};
        struct error err;
        for (uint32_t j = 0; j < rows[i].count; j++)
            assert_done("add", fleet_set_add(&set, j * rows[i].step, UNIVERSE, &err), &err);
        assert_int_equal(set.form, rows[i].form);
        assert_true(fleet_set_memory(&set) <= (size_t)rows[i].count * 6 + 16);
    }
}

#define THINGS 3000

/* Numbers are found by their hash as long as they are there, also when many hashes collide. */
static void tables_forget(void **state)
{
    (void)state;
    OWN(fleet_table_end) struct fleet_table table = {.slots = NULL};
    bool there[THINGS] = {false};
    uint64_t seed = 3;
    struct error err;

    for (unsigned step = 0; step < 30000; step++) {
        uint32_t thing = next_random(&seed) % THINGS, number;
        uint64_t hash = (uint64_t)(thing % 500) << 32 | thing;
        bool found = false;
        for (size_t at = fleet_table_first(&table, hash);
             (number = fleet_table_next(&table, hash, &at)) != FLEET_TABLE_NONE;)
            found = found || number == thing;
        assert_int_equal(found, there[thing]);
        if (there[thing])
            fleet_table_drop(&table, hash, thing);
        else
            assert_done("put", fleet_table_put(&table, hash, thing, &err), &err);
        there[thing] = !there[thing];
    }
    fleet_table_drop(&table, 77, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_are_sets),
        cmocka_unit_test(sets_are_small),
        cmocka_unit_test(tables_forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
