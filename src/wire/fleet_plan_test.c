#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/signature.h"
#include "wire/fleet_plan.h"

static struct bytes golden(const char *name, struct arena *arena)
{
    const char *folder = getenv("SUTURE_GOLDEN");
    struct bytes raw = {0};
    struct error err;
    struct text path =
        text_format(arena, "%s/wire/fleet_plan/%s", folder == NULL ? "test/golden" : folder, name);

    assert_done(name, path.at != NULL && file_read(path.at, MIB, arena, &raw, &err), &err);
    return raw;
}

static void test_golden(void **state)
{
    static const char *const names[] = {"plan", "bare"};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct fleet_plan plan;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWN(writer_end) struct writer w = writer_with(MIB);
        struct bytes raw = golden(names[i], &arena);
        assert_done(names[i], fleet_plan_parse(raw, &arena, &plan, &err), &err);
        assert_true(plan.generation == 42 && plan.interval_s == 600 && plan.repository == 9);
        assert_int_equal(plan.advisories, i == 0 ? 17 : 0);
        assert_int_equal(plan.now_count, i == 0 ? 1 : 0);
        fleet_plan_write(&w, &plan);
        if (w.size != raw.size || memcmp(w.at, raw.at, raw.size) != 0)
            fail_msg("%s: written as %.*s", names[i], (int)w.size, (const char *)w.at);
    }
}

static void test_orders(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct fleet_plan plan;
    struct error err;

    (void)state;
    assert_done("plan", fleet_plan_parse(golden("plan", &arena), &arena, &plan, &err), &err);
    assert_text("id", plan.now[0].id, "4b2f");
    assert_text("fix", plan.now[0].fix, "CVE-2026-12345");
    assert_text("by", plan.now[0].by, "anna");
    assert_true(plan.now[0].ends_us - plan.now[0].made_us == 7 * TIME_DAY_US &&
                plan.advisories_size == 5123456);
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"bad/newer", "plan: schema \"suture.fleet-plan/2\" is not suture.fleet-plan/1"},
        {"bad/id", "plan: now: 0: id: no letter, digit or \"-\" at 1"},
        {"bad/ends", "plan: now: 0: it ends before it was made"},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct fleet_plan plan;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(fleet_plan_parse(golden(rows[i].name, &arena), &arena, &plan, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
    assert_false(fleet_plan_parse(golden("bad/spaces", &arena), &arena, &plan, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
}

/* No bit of a sealed plan can be turned. */
static void test_seal(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    OWN(secret_key_end) struct secret_key key = {0};
    struct bytes json = golden("plan", &arena), opened;
    struct signature signature;
    struct error err;

    (void)state;
    assert_done("key", signature_make_key(&key, &err), &err);
    assert_done("sign", signature_sign(&key, json, &signature, &err), &err);
    fleet_plan_seal(&w, signature.at, json);
    struct bytes sealed = writer_bytes(&w);
    assert_done("open", fleet_plan_open(sealed, key.public_key.at, &opened, &err), &err);
    assert_true(opened.size == json.size && memcmp(opened.at, json.at, json.size) == 0);
    for (size_t i = 0; i < sealed.size; i++) {
        w.at[i] ^= 4;
        assert_false(fleet_plan_open(sealed, key.public_key.at, &opened, &err));
        w.at[i] ^= 4;
    }
    key.public_key.at[0] ^= 1;
    assert_false(fleet_plan_open(sealed, key.public_key.at, &opened, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden), cmocka_unit_test(test_orders),
                                       cmocka_unit_test(test_refused), cmocka_unit_test(test_seal)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
