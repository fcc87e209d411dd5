#include "base/testing.h"

#include "base/limits.h"
#include "base/writer.h"
#include "flow/look.h"

#define RUN "20261121T030502Z-9f3a61c2"

static struct look_question good(void)
{
    return (struct look_question){.what = LOOK_EVIDENCE,
                                  .kind = RUN_APPLY,
                                  .outcome = RUN_DONE,
                                  .begun_us = -5,
                                  .groups = 7,
                                  .state = TEXT("/var/lib/suture"),
                                  .root = TEXT("/"),
                                  .run = TEXT(RUN),
                                  .plan = BYTES("{}"),
                                  .former = BYTES("[]")};
}

static void test_question(void **state)
{
    struct writer w = writer_with(LIMIT_LOOK_MESSAGE);
    struct look_question question = good(), got;
    struct error err;

    (void)state;
    look_question_write(&w, &question);
    assert_done("question", look_question_read(writer_bytes(&w), &got, &err), &err);
    assert_int_equal(got.what, LOOK_EVIDENCE);
    assert_int_equal(got.outcome, RUN_DONE);
    assert_int_equal(got.begun_us, -5);
    assert_int_equal(got.groups, 7);
    assert_text("run", got.run, RUN);
    assert_text("policy", got.policy, "");
    assert_int_equal(got.plan.size, 2);
    assert_memory_equal(got.former.at, "[]", 2);
    for (size_t size = 0; size < w.size; size++)
        assert_false(look_question_read((struct bytes){w.at, size}, &got, &err));
    writer_clear(&w);
    question.run = TEXT("../../etc/................");
    look_question_write(&w, &question);
    assert_false(look_question_read(writer_bytes(&w), &got, &err));
    assert_failed("run", &err, ERROR_INPUT, "asks for what there is not");
    writer_end(&w);
}

static void test_answer(void **state)
{
    struct writer w = writer_with(LIMIT_LOOK_MESSAGE);
    struct look_answer answer = {.broke = true, .note = TEXT("ssh"), .evidence = BYTES("{}")}, got;
    struct error err;

    (void)state;
    look_answer_write(&w, &answer);
    assert_done("answer", look_answer_read(writer_bytes(&w), &got, &err), &err);
    assert_true(got.broke);
    assert_text("note", got.note, "ssh");
    for (size_t size = 0; size < w.size; size++)
        assert_false(look_answer_read((struct bytes){w.at, size}, &got, &err));
    writer_clear(&w);
    answer.kind = ERROR_SYSTEM;
    look_answer_write(&w, &answer);
    assert_false(look_answer_read(writer_bytes(&w), &got, &err));
    assert_failed("no text", &err, ERROR_INPUT, "error 6 does not fit its text");
    writer_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_question), cmocka_unit_test(test_answer)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
