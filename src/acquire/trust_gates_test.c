#include "base/testing.h"

#include "acquire/trust_gates.h"
#include "base/limits.h"
#include "base/own.h"

#define NOON (INT64_C(20779) * TIME_DAY_US)

static const struct plan_change oak = {.kind = CHANGE_UPGRADE,
                                       .name = TEXT("oak"),
                                       .arch = TEXT("amd64"),
                                       .from = TEXT("1.0"),
                                       .to = TEXT("1.1"),
                                       .source = TEXT("oak"),
                                       .lane = LANE_SECURITY};

#define POWER(kind_, new_, small_, package_, arch_)                                                          \
    {                                                                                                        \
        .kind = kind_, .is_new = new_, .small = small_, .package = TEXT(package_), .arch = TEXT(arch_),      \
        .path = TEXT("x"), .count = 1                                                                        \
    }

/* Which powers hold a package: its own, of kinds that the policy holds, and not those that moved on with a number. */
static void test_powers(void **state)
{
    static struct {
        const char *name;
        struct power powers[2];
        uint32_t held;
        const char *why; /* NULL: it is not held */
    } rows[] = {
        {"a timer", {POWER(POWER_TIMER, true, false, "oak", "amd64")}, UINT32_MAX, "brings a new timer, x"},
        {"and one more",
         {POWER(POWER_SCRIPT, false, false, "oak", "amd64"), POWER(POWER_TIMER, true, false, "oak", "amd64")},
         UINT32_MAX,
         "changes a maintainer script, x, and 1 more"},
        {"small", {POWER(POWER_SCRIPT, false, true, "oak", "amd64")}, UINT32_MAX, NULL},
        {"of another package", {POWER(POWER_TIMER, true, false, "ash", "amd64")}, UINT32_MAX, NULL},
        {"of another architecture", {POWER(POWER_TIMER, true, false, "oak", "i386")}, UINT32_MAX, NULL},
        {"of a kind that is not held",
         {POWER(POWER_TIMER, true, false, "oak", "amd64")},
         ~(UINT32_C(1) << POWER_TIMER),
         NULL},
        {"taken, all of them", {POWER(POWER_SETUID, true, false, "oak", "amd64")}, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct trust_terms terms = {
            .held_powers = rows[i].held,
            .powers = {.at = rows[i].powers, .count = rows[i].powers[1].kind == POWER_UNKNOWN ? 1 : 2},
            .clock_us = NOON};
        struct trust_gates gates;
        struct error err = {0};
        assert_done(rows[i].name, trust_gates_look(&oak, TIME_ABSENT, &terms, &arena, &gates, &err), &err);
        assert_int_equal(gates.shut[TRUST_GATE_POWERS], rows[i].why != NULL);
        assert_int_equal(trust_gates_first(&gates),
                         rows[i].why != NULL ? TRUST_GATE_POWERS : TRUST_GATE_COUNT);
        if (rows[i].why != NULL)
            assert_text(rows[i].name, gates.why[TRUST_GATE_POWERS], rows[i].why);
    }
}

/* What was shown is what was approved: anything else of it has another digest. */
static void test_digest(void **state)
{
    struct power one = POWER(POWER_SCRIPT, false, false, "oak", "amd64");
    const struct powers powers = {.at = &one, .count = 1};
    struct digest nothing, first, other;
    struct error err = {0};

    (void)state;
    assert_done("ash", powers_digest(&powers, TEXT("ash"), TEXT("amd64"), &nothing, &err), &err);
    assert_done("oak", powers_digest(&powers, oak.name, oak.arch, &first, &err), &err);
    assert_false(digest_equal(&nothing, &first));
    const struct power variants[] = {
        {POWER_SETUID, false, false, oak.name, oak.arch, TEXT("x"), 1, {0}, {0}},
        {POWER_SCRIPT, true, false, oak.name, oak.arch, TEXT("x"), 1, {0}, {0}},
        {POWER_SCRIPT, false, true, oak.name, oak.arch, TEXT("x"), 1, {0}, {0}},
        {POWER_SCRIPT, false, false, oak.name, oak.arch, TEXT("y"), 1, {0}, {0}},
        {POWER_SCRIPT, false, false, oak.name, oak.arch, TEXT("x"), 2, {0}, {0}},
        {POWER_SCRIPT, false, false, oak.name, oak.arch, TEXT("x"), 1, TEXT("mode 4755"), {0}},
        {POWER_SCRIPT, false, false, oak.name, oak.arch, TEXT("x"), 1, {0}, TEXT("+rm")},
    };
    for (size_t i = 0; i < COUNT_OF(variants); i++) {
        one = variants[i];
        assert_done("variant", powers_digest(&powers, oak.name, oak.arch, &other, &err), &err);
        if (digest_equal(&first, &other))
            fail_msg("variant %zu has the same digest", i);
    }
}

/* What goes away has no gates. */
static void test_removal(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct plan_change removal = {
        .kind = CHANGE_REMOVE, .name = TEXT("oak"), .arch = TEXT("amd64"), .new_package = true};
    const struct trust_terms terms = {.lanes = {true, LANE_FUNCTIONAL_WAIT_US}, .clock_us = NOON};
    struct trust_gates gates;
    struct error err = {0};

    (void)state;
    assert_done("look", trust_gates_look(&removal, TIME_ABSENT, &terms, &arena, &gates, &err), &err);
    assert_int_equal(trust_gates_first(&gates), TRUST_GATE_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_powers),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_removal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
