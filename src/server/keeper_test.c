#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "server/keeper.h"
#include "wire/fleet_plan.h"

#define NOW (INT64_C(1795320000) * TIME_SECOND_US)

static const uint8_t fleet[CERTIFICATE_FLEET_ID] = {0xf1, 0xee, 0x70};

struct place {
    char folder[64];
    struct arena arena;
    struct bytes authority;
    struct public_key key;
    struct keeper keeper;
};

static void open_place(struct place *place)
{
    struct error err;

    assert_done("open", keeper_open(place->folder, place->authority, &place->arena, &place->keeper, &err),
                &err);
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    struct bytes key;
    struct error err;

    test_folder(place->folder);
    place->arena = arena_with(16 * MIB);
    assert_done("key", certificate_make_key(&place->arena, &key, &err), &err);
    assert_done("file", file_replace(file_path(&place->arena, place->folder, "ca.key"), key, 0600, &err),
                &err);
    assert_done("authority",
                certificate_make_authority(key, fleet, NOW, &place->arena, &place->authority, &err), &err);
    assert_done("plan key",
                keeper_key_make(file_path(&place->arena, place->folder, "plan.key"), &place->key, &err),
                &err);
    open_place(place);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    struct error err;

    keeper_close(&place->keeper);
    bool removed = file_remove_tree(place->folder, &err);
    arena_end(&place->arena);
    free(place);
    return !removed;
}

/* Asks, and takes the answer's body into the place's arena. */
static bool ask(struct place *place, const struct keeper_question *question, struct bytes *body,
                struct error *err)
{
    OWN(writer_end)
    struct writer w = writer_with(KEEPER_MESSAGE_MAX), answer = writer_with(KEEPER_MESSAGE_MAX);
    struct bytes got = {0};

    keeper_question_write(&w, question);
    keeper_answer(&place->keeper, writer_bytes(&w), NOW, &answer);
    if (!keeper_answer_parse(writer_bytes(&answer), &got, err))
        return false;
    uint8_t *copy = arena_take(&place->arena, got.size + 1);
    memcpy(copy, got.at, got.size);
    *body = (struct bytes){copy, got.size};
    return true;
}

static void refuse(struct place *place, const char *row, const struct keeper_question *question,
                   enum error_kind kind, const char *text)
{
    struct bytes body;
    struct error err = {0};

    if (ask(place, question, &body, &err))
        fail_msg("%s: the keeper did it", row);
    if (text == NULL)
        assert_int_equal(err.kind, kind);
    else
        assert_failed(row, &err, kind, text);
}

static void check_signature(struct place *place, struct bytes message, struct bytes body)
{
    struct signature signature;
    struct error err;

    assert_int_equal(body.size, KEEPER_SIGNATURE_SIZE);
    memcpy(signature.at, body.at, body.size);
    assert_done("signature", signature_verify(&place->key, message, &signature, &err), &err);
}

static void test_issue(void **state)
{
    struct place *place = *state;
    OWN(certificate_judge_end) struct certificate_judge judge = {.state = NULL};
    struct keeper_question question = {.kind = KEEPER_ISSUE, .now_us = NOW, .host = {{7}}};
    struct certificate_host host;
    struct bytes key, body;
    struct error err;

    assert_done("key", certificate_make_key(&place->arena, &key, &err), &err);
    assert_done("request", certificate_make_request(key, &place->arena, &question.body, &err), &err);
    assert_done("ask", ask(place, &question, &body, &err), &err);
    assert_done("judge", certificate_judge_open(place->authority, &judge, &err), &err);
    assert_done("host", certificate_judge_host(&judge, body, &host, &err), &err);
    assert_int_equal(host.host[0], 7);
    /* A front with a clock of its own choosing would get certificates that hold for years. */
    question.now_us = NOW + 6 * TIME_MINUTE_US;
    refuse(place, "late", &question, ERROR_TRUST, "keeper: the front's clock is another one");
    question.now_us = NOW - 6 * TIME_MINUTE_US;
    refuse(place, "early", &question, ERROR_TRUST, "keeper: the front's clock is another one");
    question.now_us = NOW;
    question.body.size--;
    refuse(place, "cut", &question, ERROR_INPUT, NULL);
}

static struct bytes write_plan(struct place *place, const struct fleet_plan *plan)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_PLAN_MAX);

    fleet_plan_write(&w, plan);
    uint8_t *copy = arena_take(&place->arena, w.size + 1);
    memcpy(copy, w.at, w.size);
    return (struct bytes){copy, w.size};
}

static void test_plan(void **state)
{
    struct place *place = *state;
    struct fleet_plan plan = {.generation = 42, .made_us = NOW, .interval_s = 600, .repository = 9};
    struct keeper_question question = {.kind = KEEPER_PLAN, .now_us = NOW};
    struct bytes body;
    struct error err;

    memcpy(plan.fleet.at, fleet, sizeof(fleet));
    question.body = write_plan(place, &plan);
    assert_done("sign", ask(place, &question, &body, &err), &err);
    check_signature(place, question.body, body);
    refuse(place, "again", &question, ERROR_CONFLICT, "keeper: plan: generation 42 is not above 42");
    plan.generation = 43;
    plan.made_us = NOW + TIME_HOUR_US;
    question.body = write_plan(place, &plan);
    refuse(place, "of tomorrow", &question, ERROR_TRUST, "keeper: plan: not of now");
    plan.made_us = NOW;
    plan.fleet.at[0] ^= 1;
    question.body = write_plan(place, &plan);
    refuse(place, "of others", &question, ERROR_TRUST, "keeper: plan: of another fleet");
    plan.fleet.at[0] ^= 1;
    question.body = write_plan(place, &plan);
    question.body.size--;
    refuse(place, "cut", &question, ERROR_INPUT, NULL);
    question.body = BYTES("{\"schema\":\"suture.fleet-plan/1\"}");
    refuse(place, "empty", &question, ERROR_INPUT, NULL);
    /* What was signed is remembered by the next keeper. */
    keeper_close(&place->keeper);
    open_place(place);
    plan.generation = 42;
    question.body = write_plan(place, &plan);
    refuse(place, "after a restart", &question, ERROR_CONFLICT,
           "keeper: plan: generation 42 is not above 42");
}

/* Canonical bytes are the only ones: a second spelling would be another thing that was signed. */
static void test_plan_spelling(void **state)
{
    struct place *place = *state;
    struct fleet_plan plan = {.generation = 42, .made_us = NOW, .interval_s = 600};
    struct keeper_question question = {.kind = KEEPER_PLAN, .now_us = NOW};

    memcpy(plan.fleet.at, fleet, sizeof(fleet));
    struct bytes json = write_plan(place, &plan);
    struct text spaced = text_format(&place->arena, "{ %.*s", (int)json.size - 1, (const char *)json.at + 1);
    question.body = bytes_of_text(spaced);
    refuse(place, "spaced", &question, ERROR_INPUT, NULL);
}

static void test_pulse(void **state)
{
    struct place *place = *state;
    OWN(writer_end) struct writer w = writer_with(AGENT_PULSE_SIZE);
    struct agent_pulse pulse = {
        .ring = 1, .generation = 5, .plan = 4, .made_us = NOW, .urgency = AGENT_URGENCY_NOW};
    struct keeper_question question = {.kind = KEEPER_PULSE, .now_us = NOW};
    struct bytes body;
    struct error err;

    memcpy(pulse.fleet.at, fleet, sizeof(fleet));
    agent_pulse_write(&w, &pulse);
    question.body = (struct bytes){w.at, AGENT_PULSE_SIGNED};
    assert_done("sign", ask(place, &question, &body, &err), &err);
    check_signature(place, question.body, body);
    assert_done("the same for another ring", ask(place, &question, &body, &err), &err);
    writer_clear(&w);
    pulse.generation = 4;
    agent_pulse_write(&w, &pulse);
    question.body = (struct bytes){w.at, AGENT_PULSE_SIGNED};
    refuse(place, "older", &question, ERROR_CONFLICT, "keeper: pulse: generation 4 is below 5");
    writer_clear(&w);
    pulse.generation = 6;
    pulse.fleet.at[3] = 1;
    agent_pulse_write(&w, &pulse);
    question.body = (struct bytes){w.at, AGENT_PULSE_SIGNED};
    refuse(place, "of others", &question, ERROR_TRUST, "keeper: pulse: of another fleet");
}

static void test_audit(void **state)
{
    struct place *place = *state;
    OWN(writer_end) struct writer w = writer_with(KIB);
    struct keeper_question question = {.kind = KEEPER_AUDIT, .now_us = NOW, .count = 10, .head = {1, 2, 3}};
    struct bytes body;
    struct error err;

    assert_done("sign", ask(place, &question, &body, &err), &err);
    keeper_audit_write(&w, &question);
    check_signature(place, writer_bytes(&w), body);
    question.count = 9;
    refuse(place, "cut off", &question, ERROR_CONFLICT, "keeper: audit: 9 entries, there were 10");
}

/* Whatever the front sends gets an answer, and nothing that was not asked for. */
static void test_nonsense(void **state)
{
    struct place *place = *state;
    static const struct bytes rows[] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"\0\0\0\0\0\0\0\0\0", 9},
        {(const uint8_t *)"\5\0\0\0\0\0\0\0\0", 9},
        {(const uint8_t *)"\1\0\0\0\0\0\0\0\0", 9},
        {(const uint8_t *)"\2\0\0\0\0\0\0\0\0\xff\xff\xff\xff", 13},
        {(const uint8_t *)"\4\0\0\0\0\0\0\0\0", 9},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer answer = writer_with(KEEPER_MESSAGE_MAX);
        struct bytes body;
        struct error err;
        keeper_answer(&place->keeper, rows[i], NOW, &answer);
        assert_false(keeper_answer_parse(writer_bytes(&answer), &body, &err));
        assert_failed("nonsense", &err, ERROR_INPUT, "keeper: question: broken");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_issue, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_plan, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_plan_spelling, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pulse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_audit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nonsense, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
