#include "base/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/order.h"

#define DAY   TIME_DAY_US
#define BEGUN (20000 * DAY)

static struct order order_with(enum level level, int64_t length_us)
{
    struct order order = {.level = level,
                          .reason = TEXT("a reason"),
                          .by = TEXT("root"),
                          .since_us = BEGUN,
                          .begun_us = BEGUN,
                          .end_us = BEGUN + length_us};

    order_name(&order, 0x9f3a1c07);
    return order;
}

static void test_written_is_read(void **state)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_ORDER_FILE);
    struct order order = order_with(LEVEL_EMERGENCY_ONLY, 3 * DAY), again;
    struct error err = {0};

    (void)state;
    order.reason = TEXT("  elections, no change that can wait ");
    order.by = TEXT("root (sudo: ann\xc3\xa9)");
    order_write(&w, &order);
    assert_done("parse", order_parse(writer_bytes(&w), &again, &err), &err);
    assert_string_equal(again.id, "2024-10-04-9f3a1c07");
    assert_int_equal(again.level, LEVEL_EMERGENCY_ONLY);
    assert_text("reason", again.reason, "elections, no change that can wait");
    assert_text("by", again.by, "root (sudo: ann\xc3\xa9)");
    assert_int_equal(again.begun_us, order.begun_us);
    assert_int_equal(again.end_us, order.end_us);
}

static void test_refused(void **state)
{
    static const struct {
        const char *file;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"control", ERROR_INPUT, "Reason: byte 0x1b at 0 is not text"},
        {"empty", ERROR_INPUT, "is empty"},
        {"ends-at-once", ERROR_INPUT, "an order that ends before it begins"},
        {"id", ERROR_INPUT, "Id is none of an order"},
        {"level-normal", ERROR_INPUT, "the level of an order is essential or emergency-only"},
        {"level-unknown", ERROR_INPUT, "the level of an order is essential or emergency-only"},
        {"lines", ERROR_INPUT, "Reason: byte 0x0a at 3 is not text"},
        {"newer", ERROR_INPUT, "format \"2\", this version of Suture knows 1"},
        {"no-end", ERROR_INPUT, "End is missing"},
        {"no-reason", ERROR_INPUT, "Reason is missing"},
        {"since", ERROR_INPUT, "Since is after Begun"},
        {"time", ERROR_INPUT, "End: \"2026-13-05T07:50:00Z\" is not a time"},
        {"too-long", ERROR_LIMIT, "an order lasts 30 days at most; renewing is a new order"},
        {"twice", ERROR_INPUT, "line 9: Level is given twice"},
        {"two", ERROR_INPUT, "line 10: more than one order"},
        {"zeros", ERROR_INPUT, "line 1: \"\" is neither a field nor the continuation of one"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(64 * KIB);
        struct order order;
        struct bytes raw = {0};
        struct error err = {0};
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/store/order/bad/%s", getenv("SUTURE_GOLDEN"), rows[i].file);
        assert_done(rows[i].file, file_read(path, LIMIT_ORDER_FILE, &arena, &raw, &err), &err);
        if (order_parse(raw, &order, &err))
            fail_msg("%s: was read", rows[i].file);
        assert_failed(rows[i].file, &err, rows[i].kind, rows[i].text);
    }
}

/* Every prefix of a good order is refused. */
static void test_cut_short(void **state)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_ORDER_FILE);
    struct order order = order_with(LEVEL_ESSENTIAL, DAY), again;
    struct error err;

    (void)state;
    order_write(&w, &order);
    for (size_t size = 0; size < w.size; size++)
        if (order_parse((struct bytes){w.at, size}, &again, &err))
            fail_msg("%zu bytes of %zu were read as the whole", size, w.size);
}

static void test_falls_by_one_step(void **state)
{
    const int64_t hour = TIME_HOUR_US;
    const struct {
        enum level ordered;
        int64_t length_us, at_us;
        enum order_phase phase;
        enum level level;
        int64_t end_us;
        enum level next;
        bool soon;
    } rows[] = {
        {LEVEL_ESSENTIAL, 14 * DAY, -1, ORDER_NOT_BEGUN, LEVEL_NORMAL, TIME_ABSENT, LEVEL_NORMAL, false},
        {LEVEL_ESSENTIAL, 14 * DAY, 0, ORDER_IN_FORCE, LEVEL_ESSENTIAL, 14 * DAY, LEVEL_NORMAL, false},
        {LEVEL_ESSENTIAL, 14 * DAY, 11 * DAY - 1, ORDER_IN_FORCE, LEVEL_ESSENTIAL, 14 * DAY, LEVEL_NORMAL,
         false},
        {LEVEL_ESSENTIAL, 14 * DAY, 11 * DAY, ORDER_IN_FORCE, LEVEL_ESSENTIAL, 14 * DAY, LEVEL_NORMAL, true},
        {LEVEL_ESSENTIAL, 14 * DAY, 14 * DAY - 1, ORDER_IN_FORCE, LEVEL_ESSENTIAL, 14 * DAY, LEVEL_NORMAL,
         true},
        {LEVEL_ESSENTIAL, 14 * DAY, 14 * DAY, ORDER_ENDED, LEVEL_NORMAL, TIME_ABSENT, LEVEL_NORMAL, false},
        {LEVEL_EMERGENCY_ONLY, 5 * DAY, DAY, ORDER_IN_FORCE, LEVEL_EMERGENCY_ONLY, 5 * DAY, LEVEL_ESSENTIAL,
         false},
        {LEVEL_EMERGENCY_ONLY, 5 * DAY, 5 * DAY, ORDER_FALLEN, LEVEL_ESSENTIAL, 10 * DAY, LEVEL_NORMAL,
         false},
        {LEVEL_EMERGENCY_ONLY, 5 * DAY, 10 * DAY - hour, ORDER_FALLEN, LEVEL_ESSENTIAL, 10 * DAY,
         LEVEL_NORMAL, true},
        {LEVEL_EMERGENCY_ONLY, 5 * DAY, 10 * DAY, ORDER_ENDED, LEVEL_NORMAL, TIME_ABSENT, LEVEL_NORMAL,
         false},
        {LEVEL_EMERGENCY_ONLY, 30 * DAY, 43 * DAY, ORDER_FALLEN, LEVEL_ESSENTIAL, 44 * DAY, LEVEL_NORMAL,
         true},
        {LEVEL_EMERGENCY_ONLY, 30 * DAY, 44 * DAY, ORDER_ENDED, LEVEL_NORMAL, TIME_ABSENT, LEVEL_NORMAL,
         false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct order order = order_with(rows[i].ordered, rows[i].length_us);
        struct order_force force = order_at(&order, BEGUN + rows[i].at_us);
        int64_t end_us = rows[i].end_us == TIME_ABSENT ? TIME_ABSENT : BEGUN + rows[i].end_us;
        if (force.phase != rows[i].phase || force.level != rows[i].level || force.end_us != end_us ||
            force.next != rows[i].next || force.ends_soon != rows[i].soon)
            fail_msg("row %zu: phase %d, %s, %lld, then %s, %d", i, (int)force.phase, level_name(force.level),
                     (long long)force.end_us, level_name(force.next), (int)force.ends_soon);
    }
    assert_int_equal(order_at(NULL, BEGUN).level, LEVEL_NORMAL);
}

static void test_file(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);
    struct order order = order_with(LEVEL_ESSENTIAL, 14 * DAY), again;
    struct error err = {0};
    bool found = true;
    char folder[64], path[80], expected[240];

    (void)state;
    test_folder(folder);
    (void)snprintf(path, sizeof(path), "%s/order", folder);
    assert_done("none", order_read(path, &arena, &again, &found, &err), &err);
    assert_false(found);
    assert_done("remove none", order_remove(path, &err), &err);
    assert_done("replace", order_replace(path, &order, &err), &err);
    assert_done("read", order_read(path, &arena, &again, &found, &err), &err);
    assert_true(found);
    assert_string_equal(again.id, order.id);

    assert_int_equal(chmod(path, 0622), 0);
    assert_false(order_read(path, &arena, &again, &found, &err));
    (void)snprintf(expected, sizeof(expected), "%s: belongs to another user, or others may write it", path);
    assert_failed("writable by others", &err, ERROR_TRUST, expected);
    assert_int_equal(chmod(path, 0600), 0);

    assert_int_equal(truncate(path, 40), 0);
    assert_false(order_read(path, &arena, &again, &found, &err));
    (void)snprintf(expected, sizeof(expected),
                   "%s: is cut short; suture level normal ends the order, whatever it was", path);
    assert_failed("cut", &err, ERROR_INPUT, expected);

    order.end_us = order.begun_us + ORDER_LENGTH_MAX_US + 1;
    assert_false(order_replace(path, &order, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_done("remove", order_remove(path, &err), &err);
    assert_false(file_exists(path));
    assert_done("clean", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_is_read),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_falls_by_one_step),
        cmocka_unit_test(test_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
