#include "trust/repo_orders.h"

#include "trust/repo_testing.h"

/* One made by dan at a time of the test, valid for a week, without a reason to be refused. */
static struct signed_order order_with(enum signed_order_kind kind, int64_t made_us)
{
    struct signed_order order = {
        .kind = kind, .by = TEXT("dan"), .reason = TEXT("it breaks printing"), .made_us = made_us};

    order.ends_us = made_us + 7 * TIME_DAY_US;
    if (kind == SIGNED_ORDER_CRISIS)
        order.level = LEVEL_ESSENTIAL;
    else
        order.package = TEXT("zlib1g");
    return order;
}

static bool stage(struct repo_place *place, struct signed_order *order, uint32_t random, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(repo_close) struct repo repo = {.lock = -1};
    struct repo_changed changed;

    assert_done("open", repo_open(place->repo, REPO_WRITE, &arena, &repo, err), err);
    assert_done("name", signed_order_name(order, random, &place->arena, err), err);
    return repo_orders_stage(&repo, order, &changed, err);
}

/* "ID STATE SIGNERS/THRESHOLD", one a line; then what leaves. */
static void assert_listed(struct repo_place *place, int64_t now_us, const char *due)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(repo_close) struct repo repo = {.lock = -1};
    OWN(writer_end) struct writer w = writer_with(4 * KIB);
    struct repo_orders orders;
    struct error err;

    assert_done("open", repo_open(place->repo, REPO_READ, &arena, &repo, &err), &err);
    assert_done("list", repo_orders_list(&repo, now_us, &orders, &err), &err);
    for (size_t i = 0; i < orders.count; i++)
        writer_format(&w, "%.*s %s %zu/%u%s\n", TEXT_ARG(orders.at[i].path),
                      repo_order_state_name(orders.at[i].state), orders.at[i].signers.count,
                      orders.at[i].threshold, orders.at[i].leaves ? " leaves" : "");
    writer_byte(&w, '\0');
    assert_string_equal((const char *)w.at, due);
}

static void test_life(void **state)
{
    struct repo_place *place = *state;
    struct signed_order block = order_with(SIGNED_ORDER_BLOCK, TEST_NOW_US);
    struct signed_order crisis = order_with(SIGNED_ORDER_CRISIS, TEST_NOW_US + TIME_DAY_US);
    struct repo_published published;
    struct error err;

    repo_test_init(place, 5);
    repo_test_sign(place, NULL, 1u << ANNA | 1u << BEN | 1u << CARLA | 1u << DAN | 1u << EVE);
    repo_test_published(place, TEST_NOW_US, &published);
    assert_listed(place, TEST_NOW_US, "");

    assert_done("block", stage(place, &block, 0x9f3a1c07, &err), &err);
    assert_done("crisis", stage(place, &crisis, 7, &err), &err);
    assert_listed(place, TEST_NOW_US,
                  "orders/block/2026-11-22-9f3a1c07.json waits 0/1\n"
                  "orders/crisis/2026-11-23-00000007.json waits 0/2\n");

    repo_test_sign(place, "block", 1u << ANNA);
    repo_test_sign(place, "crisis", 1u << ANNA | 1u << BEN);
    repo_test_published(place, TEST_NOW_US, &published);
    assert_listed(place, TEST_NOW_US + TIME_HOUR_US,
                  "orders/block/2026-11-22-9f3a1c07.json in-force 1/1\n"
                  "orders/crisis/2026-11-23-00000007.json not-begun 2/2\n");
    /* Of one person the block has decayed; the crisis goes on. */
    assert_listed(place, TEST_NOW_US + 3 * TIME_DAY_US,
                  "orders/block/2026-11-22-9f3a1c07.json ended 1/1\n"
                  "orders/crisis/2026-11-23-00000007.json in-force 2/2\n");

    assert_done(
        "remove",
        repo_test_change(place, "block", "orders/block/2026-11-22-9f3a1c07.json", NULL, TEST_NOW_US, &err),
        &err);
    assert_listed(place, TEST_NOW_US,
                  "orders/block/2026-11-22-9f3a1c07.json in-force 1/1 leaves\n"
                  "orders/crisis/2026-11-23-00000007.json not-begun 2/2\n");
}

/* Dan proposes: his own signature is none of the two, and his seat is nobody's turn. */
static void test_proposer(void **state)
{
    struct repo_place *place = *state;
    struct signed_order crisis = order_with(SIGNED_ORDER_CRISIS, TEST_NOW_US);
    struct signed_order block = order_with(SIGNED_ORDER_BLOCK, TEST_NOW_US);
    struct error err;

    repo_test_init(place, 5);
    assert_done("crisis", stage(place, &crisis, 7, &err), &err);
    assert_done("block", stage(place, &block, 7, &err), &err);
    repo_test_sign_some(place, "crisis", 1u << DAN);
    repo_test_sign_some(place, "crisis", 1u << EVE);
    /* Where one is enough he acts alone, as anybody of the role does. */
    repo_test_sign(place, "block", 1u << DAN);
    assert_listed(place, TEST_NOW_US,
                  "orders/block/2026-11-22-00000007.json waits 1/1\n"
                  "orders/crisis/2026-11-22-00000007.json waits 1/2\n");
    repo_test_sign(place, "crisis", 1u << ANNA);
    assert_listed(place, TEST_NOW_US,
                  "orders/block/2026-11-22-00000007.json waits 1/1\n"
                  "orders/crisis/2026-11-22-00000007.json waits 2/2\n");
}

/* What machines would refuse is not staged. */
static void test_refused(void **state)
{
    struct repo_place *place = *state;
    struct signed_order order = order_with(SIGNED_ORDER_CRISIS, TEST_NOW_US);
    struct error err;

    repo_test_init(place, 5);
    order.ends_us = TEST_NOW_US + 31 * TIME_DAY_US;
    assert_false(stage(place, &order, 1, &err));
    assert_string_equal(err.text, "an order of kind crisis lasts 30 days at most; renewing is a new order");
    order = order_with(SIGNED_ORDER_BLOCK, TEST_NOW_US);
    order.package = TEXT("zlib 1");
    assert_false(stage(place, &order, 1, &err));
    assert_string_equal(err.text, "package: \"zlib 1\" has a character that no such name has");
    assert_listed(place, TEST_NOW_US, "");
}

/* A broken order is shown as one, with its path, and hides no other. */
static void test_broken(void **state)
{
    struct repo_place *place = *state;
    struct signed_order order = order_with(SIGNED_ORDER_BLOCK, TEST_NOW_US);
    struct error err;

    repo_test_init(place, 5);
    assert_done("stage", stage(place, &order, 1, &err), &err);
    assert_done("change", repo_test_change(place, "block", "orders/block/0.json", "{}", TEST_NOW_US, &err),
                &err);
    assert_listed(place, TEST_NOW_US,
                  "orders/block/0.json unknown 0/1\norders/block/2026-11-22-00000001.json waits 0/1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life, repo_test_begin, repo_test_end),
        cmocka_unit_test_setup_teardown(test_proposer, repo_test_begin, repo_test_end),
        cmocka_unit_test_setup_teardown(test_refused, repo_test_begin, repo_test_end),
        cmocka_unit_test_setup_teardown(test_broken, repo_test_begin, repo_test_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
