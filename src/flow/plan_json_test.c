#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/plan_json.h"

static bool read_golden(const char *name, struct arena *arena, struct bytes *raw, struct plan *out,
                        struct error *err)
{
    const char *golden = getenv("SUTURE_GOLDEN");
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/flow/plan_json/%s.json", golden == NULL ? "test/golden" : golden,
                   name);
    assert_done(path, file_read(path, LIMIT_PLAN_FILE, arena, raw, err), err);
    return plan_read_json(*raw, arena, out, err);
}

static void test_what_is_read_is_written_again(void **state)
{
    static const char *const names[] = {"every-kind", "nothing"};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWN(arena_end) struct arena arena = arena_with(16 * MIB);
        OWN(writer_end) struct writer w = writer_with(MIB);
        struct bytes raw;
        struct plan plan;
        struct error err = {0};
        assert_done(names[i], read_golden(names[i], &arena, &raw, &plan, &err), &err);
        assert_done(names[i], plan_write_json(&plan, &w, &err), &err);
        assert_int_equal(err.kind, ERROR_NONE);
        assert_int_equal(writer_bytes(&w).size, raw.size);
        assert_memory_equal(writer_bytes(&w).at, raw.at, raw.size);
    }
}

static void test_what_is_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct bytes raw;
    struct plan plan;
    struct error err;
    (void)state;

    assert_done("read", read_golden("every-kind", &arena, &raw, &plan, &err), &err);
    assert_int_equal(plan.change_count, 5);
    assert_int_equal(plan.level, LEVEL_ESSENTIAL);
    assert_int_equal(plan.group_count, 3);
    assert_true(plan.reboot && plan.fetch_bytes == 4000 && plan.disk_bytes == 4096 + 8192 - 2048);
    assert_int_equal(plan.changes[0].cve_count, 2);
    assert_text("service", plan.changes[0].services[1], "ssh");
    assert_int_equal(plan.changes[2].kind, CHANGE_REMOVE);
    assert_true(plan.changes[2].disk_bytes == -2048);
    assert_int_equal(plan.left[0].reason, LEFT_HELD);
    assert_true(plan.data[1].generated_us == TIME_ABSENT);
}

static void test_bad_plans_are_refused(void **state)
{
    static const struct {
        const char *name;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"changed", ERROR_TRUST,
         "plan: its id is not that of its content: it was changed, or not made by suture"},
        {"other-sha256", ERROR_TRUST,
         "plan: its id is not that of its content: it was changed, or not made by suture"},
        {"unknown-key", ERROR_TRUST,
         "plan: its id is not that of its content: it was changed, or not made by suture"},
        {"newer-schema", ERROR_INPUT, "plan: its schema is \"suture.plan/2\", not suture.plan/1"},
        {"option-as-name", ERROR_INPUT, "plan: change 0: name \"-app\" is no package's name"},
        {"option-as-version", ERROR_INPUT, "plan: change 0: to \"--force\" is no version"},
        {"file-leads-out", ERROR_INPUT,
         "plan: change 0: file \"pool/../../etc/shadow\" is no path below its archive"},
        {"file-absolute", ERROR_INPUT, "plan: change 0: file \"/etc/shadow\" is no path below its archive"},
        {"no-uri", ERROR_INPUT, "plan: change 0: uri \"mirror/\" is no archive's"},
        {"no-digest", ERROR_INPUT, "plan: change 0: sha256 is missing"},
        {"twice", ERROR_INPUT, "plan: change 1: app is out of order, or there twice"},
        {"unsorted", ERROR_INPUT,
         "plan: change 1: linux-image-6.1.0-56-amd64 is out of order, or there twice"},
        {"group-beyond", ERROR_INPUT, "plan: change 0: group 3 of 3"},
        {"group-empty", ERROR_INPUT, "plan: 4 groups, of which 1 are empty"},
        {"sum", ERROR_INPUT, "plan: its sums are not those of its changes"},
        {"new-with-from", ERROR_INPUT, "plan: change 1: versions do not belong to \"new\""},
        {"removal-with-file", ERROR_INPUT, "plan: change 2: a removal fetches nothing"},
        {"unknown-kind", ERROR_INPUT, "plan: change 0: kind \"install\" is not known"},
        {"no-id", ERROR_INPUT, "plan: id is missing"},
        {"no-status", ERROR_INPUT, "plan: status is missing"},
        {"array", ERROR_INPUT, "plan: is no object"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(16 * MIB);
        struct text name = text_format(&arena, "bad/%s", rows[i].name);
        struct bytes raw;
        struct plan plan;
        struct error err;
        if (read_golden(text_string(&arena, name), &arena, &raw, &plan, &err))
            fail_msg("%s was taken", rows[i].name);
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
    }
}

/* Deltas come and go: the plan is the same one. */
static void test_deltas_stand_beside_the_id(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(writer_end) struct writer with = writer_with(MIB), wrong = writer_with(MIB);
    struct bytes raw;
    struct plan plan, again;
    struct error err;
    (void)state;

    assert_done("read", read_golden("every-kind", &arena, &raw, &plan, &err), &err);
    struct plan_change *changes = ARENA_ARRAY(&arena, struct plan_change, plan.change_count);
    assert_non_null(changes);
    memcpy(changes, plan.changes, plan.change_count * sizeof(*changes));
    changes[0].delta_size = 17;
    plan.changes = changes;
    plan.delta_bytes = plan.fetch_bytes - changes[0].size + 17;
    assert_done("write", plan_write_json(&plan, &with, &err), &err);
    assert_done("read again", plan_read_json(writer_bytes(&with), &arena, &again, &err), &err);
    assert_string_equal(again.id, plan.id);
    assert_true(again.delta_bytes == plan.delta_bytes && again.changes[0].delta_size == 17);
    plan.delta_bytes++;
    assert_done("write", plan_write_json(&plan, &wrong, &err), &err);
    assert_false(plan_read_json(writer_bytes(&wrong), &arena, &again, &err));
    assert_failed("sum", &err, ERROR_INPUT, "plan: delta_bytes is not what deltas leave to fetch");
}

/* No bit of a plan can be turned without being noticed, but those of "now". */
static void test_a_turned_bit_is_noticed(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct bytes raw;
    struct plan plan;
    struct error err;
    (void)state;

    assert_done("read", read_golden("every-kind", &arena, &raw, &plan, &err), &err);
    const uint8_t *now = memmem(raw.at, raw.size, "\"now\":", 6);
    assert_non_null(now);
    uint8_t *turned = arena_take(&arena, raw.size + 1);
    assert_non_null(turned);
    for (size_t i = 0; i < raw.size; i++) {
        OWN(arena_end) struct arena again = arena_with(16 * MIB);
        if (raw.at + i >= now && raw.at + i < now + 30)
            continue;
        memcpy(turned, raw.at, raw.size);
        turned[i] ^= (uint8_t)(1u << i % 8);
        if (plan_read_json((struct bytes){turned, raw.size}, &again, &plan, &err))
            fail_msg("byte %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read_is_written_again),
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_bad_plans_are_refused),
        cmocka_unit_test(test_deltas_stand_beside_the_id),
        cmocka_unit_test(test_a_turned_bit_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
