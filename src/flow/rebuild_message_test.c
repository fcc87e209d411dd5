#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "flow/rebuild_message.h"

static const struct rebuild_question question = {
    .what = REBUILD_MAKE,
    .yields = true,
    .threads = 2,
    .memory_max = UINT64_C(5) << 30,
    .file_size_max = 77,
    .supplement_count = 1,
    .root = TEXT("/"),
    .package = TEXT("linux-image-6.1.0-44-amd64"),
    .arch = TEXT("amd64"),
};

static const struct rebuild_answer answers[] = {
    {.kind = REBUILD_PROGRESS, .done = 1, .all = UINT64_C(1) << 40},
    {.kind = REBUILD_VIEWED,
     .confined = 7,
     .view = {.package = TEXT("a"),
              .version = TEXT("1:2-3"),
              .arch = TEXT("all"),
              .made_name = TEXT("a"),
              .made_version = TEXT("1:2-4"),
              .made_arch = TEXT("all"),
              .size = 12,
              .digest = {DIGEST_SHA256, {1, 2, 3}},
              .spool_size = 13,
              .memory = 14,
              .missing = {0, 1, 2, 3, 4, 5},
              .missing_first = TEXT("/etc/a: is not as a brought it")}},
    {.kind = REBUILD_FAILED, .confined = 3, .error = ERROR_LIMIT, .problem = TEXT("too much")},
};

/* Writing what was read gives the same bytes; every prefix and one byte more fail. */
static void what_is_written_is_read(void **state)
{
    OWN(writer_end) struct writer w = writer_with(MIB), again = writer_with(MIB);
    struct rebuild_question got;
    struct rebuild_answer answer;
    struct error err = {0};
    (void)state;

    rebuild_question_write(&w, &question);
    assert_done("question", rebuild_question_read(writer_bytes(&w), &got, &err), &err);
    rebuild_question_write(&again, &got);
    assert_int_equal(w.size, again.size);
    assert_memory_equal(w.at, again.at, w.size);
    for (size_t size = 0; size < w.size; size++)
        assert_false(rebuild_question_read((struct bytes){w.at, size}, &got, &err));
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        writer_clear(&w);
        writer_clear(&again);
        rebuild_answer_write(&w, &answers[i]);
        assert_done("answer", rebuild_answer_read(writer_bytes(&w), &answer, &err), &err);
        rebuild_answer_write(&again, &answer);
        assert_int_equal(w.size, again.size);
        assert_memory_equal(w.at, again.at, w.size);
        for (size_t size = 0; size < w.size; size++)
            assert_false(rebuild_answer_read((struct bytes){w.at, size}, &answer, &err));
        writer_byte(&w, 0);
        assert_false(rebuild_answer_read(writer_bytes(&w), &answer, &err));
        assert_failed("tail", &err, ERROR_INPUT, "answer: is broken");
    }
}

static void what_cannot_be_is_refused(void **state)
{
    static const struct rebuild_question bad[] = {
        {.what = REBUILD_UNKNOWN, .threads = 1, .root = TEXT("/")},
        {.what = REBUILD_WHAT_COUNT, .threads = 1, .root = TEXT("/")},
        {.what = REBUILD_LOOK, .threads = 0, .root = TEXT("/")},
        {.what = REBUILD_LOOK, .threads = LIMIT_THREADS + 1, .root = TEXT("/")},
        {.what = REBUILD_LOOK, .threads = 1, .root = TEXT("relative")},
        {.what = REBUILD_LOOK,
         .threads = 1,
         .root = TEXT("/"),
         .supplement_count = REBUILD_SUPPLEMENTS_MAX + 1},
    };
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct rebuild_question got;
    struct rebuild_answer answer;
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        writer_clear(&w);
        rebuild_question_write(&w, &bad[i]);
        assert_false(rebuild_question_read(writer_bytes(&w), &got, &err));
        assert_failed("bad", &err, ERROR_INPUT, "question: asks for what there is not");
    }
    assert_false(rebuild_answer_read(BYTES("SRX1"), &answer, &err));
    assert_failed("magic", &err, ERROR_INPUT, "answer: is none that is known");
    assert_false(rebuild_answer_read(BYTES("SRF1\x07\x00\x00"), &answer, &err));
    assert_failed("no error", &err, ERROR_INPUT, "answer: error 0 is none");
    assert_false(rebuild_answer_read(BYTES("SRF1\x07\x09\x00"), &answer, &err));
    assert_failed("another error", &err, ERROR_INPUT, "answer: error 9 is none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
