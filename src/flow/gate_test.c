#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/gate.h"
#include "store/state.h"

#define CHANGE(package, why, by)                                                                             \
    {                                                                                                        \
        .kind = CHANGE_UPGRADE, .reason = why, .name = TEXT(package), .arch = TEXT("amd64"),                 \
        .needed_by = TEXT(by)                                                                                \
    }

static const struct plan_change changes[] = {
    CHANGE("apache", CHANGE_DUE, ""),          CHANGE("expat", CHANGE_DUE, ""),
    CHANGE("libapr", CHANGE_NEEDED, "apache"), CHANGE("libdeep", CHANGE_PREREQUISITE, "libapr"),
    CHANGE("zlib", CHANGE_NAMED, ""),
};
static const struct plan plan = {.changes = changes, .change_count = COUNT_OF(changes)};

/* What a package that is held takes with it, and what is left to plan. */
static void test_holds(void **state)
{
    static const struct {
        const char *name;
        const char *held; /* package that brings a new timer */
        const char *rest, *why;
    } rows[] = {
        {"nothing new", "none", "apache:amd64 expat:amd64 zlib:amd64", NULL},
        {"one that was asked for", "expat", "apache:amd64 zlib:amd64", "expat brings a new timer, /x.timer"},
        {"what is needed holds who needs it", "libdeep", "expat:amd64 zlib:amd64",
         "apache needs libapr, which is held"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct power timer = {.kind = POWER_TIMER,
                              .is_new = true,
                              .count = 1,
                              .package = text_of(rows[i].held),
                              .arch = TEXT("amd64"),
                              .path = TEXT("/x.timer")};
        const struct trust_terms terms = {.held_powers = UINT32_MAX, .powers = {.at = &timer, .count = 1}};
        const int64_t first_us[COUNT_OF(changes)] = {0};
        struct gate_holds holds = {.count = 0};
        struct text *names, all = TEXT(""), last = TEXT("");
        struct error err = {0};
        size_t count;
        bool any;
        assert_done("judge", gate_judge(&plan, &terms, first_us, &arena, &holds, &err), &err);
        assert_done("needing", gate_hold_needing(&plan, &arena, &holds, &any, &err), &err);
        assert_done("rest", gate_rest(&plan, &holds, &arena, &names, &count, &err), &err);
        assert_int_equal(any, rows[i].why != NULL);
        for (size_t n = 0; n < count; n++)
            all = text_format(&arena, "%.*s%s%.*s", TEXT_ARG(all), n > 0 ? " " : "", TEXT_ARG(names[n]));
        assert_text(rows[i].name, all, rows[i].rest);
        if (holds.count > 0)
            last = text_format(&arena, "%.*s %.*s", TEXT_ARG(holds.at[holds.count - 1].change->name),
                               TEXT_ARG(holds.at[holds.count - 1].why));
        assert_text(rows[i].name, last, rows[i].why == NULL ? "" : rows[i].why);
        for (size_t h = 0; h < holds.count; h++) /* only what is held for itself can be approved */
            assert_int_equal(holds.at[h].subject.package.size > 0,
                             text_equal(holds.at[h].change->name, timer.package));
    }
}

/* A plan from elsewhere is what this machine says of it: what it does not plan itself, file for file, is unknown to it. */
static void test_judgement(void **state)
{
    const struct digest one = {.kind = DIGEST_SHA256, .at = {1}}, other = {.kind = DIGEST_SHA256, .at = {2}};
    const struct plan_change own[] = {
        {.kind = CHANGE_UPGRADE,
         .name = TEXT("oak"),
         .arch = TEXT("all"),
         .digest = one,
         .lane = LANE_SECURITY},
        {.kind = CHANGE_NEW,
         .name = TEXT("elm"),
         .arch = TEXT("all"),
         .digest = one,
         .lane = LANE_SECURITY,
         .follows = TEXT("elm1")},
    };
    const struct plan mine = {.changes = own, .change_count = COUNT_OF(own)};
    struct plan_change given[] = {
        {.kind = CHANGE_UPGRADE,
         .name = TEXT("oak"),
         .arch = TEXT("all"),
         .digest = one,
         .lane = LANE_CRISIS},
        {.kind = CHANGE_NEW, .name = TEXT("elm"), .arch = TEXT("all"), .digest = one},
        {.kind = CHANGE_UPGRADE,
         .name = TEXT("oak"),
         .arch = TEXT("all"),
         .digest = other,
         .lane = LANE_CRISIS},
        {.kind = CHANGE_NEW,
         .name = TEXT("evil"),
         .arch = TEXT("all"),
         .digest = one,
         .lane = LANE_CRISIS,
         .follows = TEXT("elm1")},
    };

    (void)state;
    gate_take_judgement(given, COUNT_OF(given), &mine);
    assert_int_equal(given[0].lane, LANE_SECURITY);
    assert_int_equal(given[1].lane, LANE_SECURITY);
    assert_false(given[1].new_package);
    assert_text("follows", given[1].follows, "elm1");
    assert_int_equal(given[2].lane, LANE_FUNCTIONAL);
    assert_int_equal(given[3].lane, LANE_FUNCTIONAL);
    assert_true(given[3].new_package);
    assert_int_equal(given[3].follows.size, 0);
    gate_take_judgement(given, COUNT_OF(given), NULL);
    assert_int_equal(given[0].lane, LANE_FUNCTIONAL);
    assert_true(given[1].new_package);
}

#define NOW INT64_C(1795305600000000) /* 2026-11-22T00:00:00Z */

/* What two people signed for every machine lifts a wait here, as long as it holds and its role has not expired (1 December). */
static void test_signed_approvals(void **state)
{
    static const struct {
        const char *name;
        int64_t now_us;
        size_t count;
    } rows[] = {{"before it was made", NOW - TIME_HOUR_US, 0},
                {"in force", NOW + TIME_HOUR_US, 1},
                {"its role has expired", NOW + 10 * TIME_DAY_US, 0},
                {"past its end", NOW + 40 * TIME_DAY_US, 0}};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct text from = text_format(&arena, "%s/store/trust_record/whole", getenv("SUTURE_GOLDEN"));
    struct error err = {0};
    struct state state_folder;
    struct bytes record;
    char folder[64];

    (void)state;
    test_folder(folder);
    assert_done("golden", file_read(from.at, LIMIT_TRUST_RECORD, &arena, &record, &err), &err);
    assert_done("state", state_open(folder, STATE_WRITE, &state_folder, &err), &err);
    assert_done("folder", file_make_folders(file_path(&arena, folder, "trust"), 0700, &err), &err);
    assert_done("record", file_replace(file_path(&arena, folder, "trust/record"), record, 0600, &err), &err);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int fleet = 0; fleet < 2; fleet++) {
            struct gate_lifted got = {.lifted_count = 9};
            assert_done(rows[i].name, gate_lifted(folder, rows[i].now_us, fleet, &arena, &got, &err), &err);
            assert_int_equal(got.lifted_count, rows[i].count);
            assert_int_equal(got.approved_count, 0);
            if (got.lifted_count == 1)
                assert_int_equal(got.lifted[0].at[15], 0xff);
        }
    }
    assert_done("tree", file_remove_tree(folder, &err), &err);
}

/* What this machine's own root approved of: alone it is enough, in a fleet it is one person's word. */
static void test_own_approval(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct lift_subject subject = {.package = TEXT("oak"),
                                         .arch = TEXT("all"),
                                         .version = TEXT("1.1"),
                                         .digest = {.kind = DIGEST_SHA256}};
    struct gate_lifted got;
    struct error err = {0};
    struct state opened;
    char folder[64];

    (void)state;
    test_folder(folder);
    assert_done("state", state_open(folder, STATE_WRITE, &opened, &err), &err);
    assert_done("approve",
                gate_approve(folder, &subject, SIGNED_ORDER_LIFTS_WAIT, TEXT("anna"), NOW, &arena, &err),
                &err);
    assert_false(gate_fleet(folder, &arena) || gate_fleet(NULL, &arena));
    assert_done("lifted", gate_lifted(folder, NOW, false, &arena, &got, &err), &err);
    assert_true(got.lifted_count == 1 && got.approved_count == 0);
    assert_done("folder", file_make_folders(file_path(&arena, folder, "agent"), 0700, &err), &err);
    assert_done("enrolled", file_replace(file_path(&arena, folder, "agent/enrolled"), BYTES(""), 0600, &err),
                &err);
    assert_true(gate_fleet(folder, &arena));
    assert_done("lifted", gate_lifted(folder, NOW, true, &arena, &got, &err), &err);
    assert_true(got.lifted_count == 0 && got.approved_count == 1);
    assert_done("tree", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds),
        cmocka_unit_test(test_judgement),
        cmocka_unit_test(test_signed_approvals),
        cmocka_unit_test(test_own_approval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
