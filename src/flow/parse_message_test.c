#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "flow/parse_message.h"

static void test_answer(void **state)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct parse_answer answer = {.done = true,
                                  .confined = 7,
                                  .feed = TEXT("kev"),
                                  .facts = {.generated_us = 5,
                                            .record_count = 3,
                                            .skipped_count = 1,
                                            .version = "2026.11.20",
                                            .complete = true}};
    struct parse_answer got = {0};
    struct error err = {0};

    (void)state;
    parse_answer_write(&w, &answer);
    size_t head = w.size;
    writer_string(&w, "STATEMENTS");
    assert_done("answer", parse_answer_read(writer_bytes(&w), &got, &err), &err);
    assert_true(got.done && got.facts.complete);
    assert_int_equal(got.confined, 7);
    assert_text("feed", got.feed, "kev");
    assert_int_equal(got.facts.generated_us, 5);
    assert_int_equal(got.facts.record_count, 3);
    assert_int_equal(got.facts.skipped_count, 1);
    assert_string_equal(got.facts.version, "2026.11.20");
    assert_int_equal(got.statements.size, 10);
    assert_memory_equal(got.statements.at, "STATEMENTS", 10);
    for (size_t size = 0; size < head; size++)
        assert_false(parse_answer_read((struct bytes){w.at, size}, &got, &err));
}

static void test_failure(void **state)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct parse_answer answer = {
        .kind = ERROR_INPUT, .problem = TEXT("kev: line 1"), .facts = feed_facts_none()};
    struct parse_answer got = {0};
    struct error err = {0};

    (void)state;
    parse_answer_write(&w, &answer);
    assert_done("failure", parse_answer_read(writer_bytes(&w), &got, &err), &err);
    assert_false(got.done);
    assert_int_equal(got.kind, ERROR_INPUT);
    assert_text("problem", got.problem, "kev: line 1");
    assert_int_equal(got.feed.size, 0);
}

#define REST                                                                                                 \
    "\0\0\0\0\0\0\0\0"                                                                                       \
    "\0\0\0\0\0\0\0\0"                                                                                       \
    "\0\0\0\0\0\0\0\0"                                                                                       \
    "\0\0"

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        const char *text;
    } rows[] = {
        {"empty", BYTES(""), "answer: does not begin with SPA1"},
        {"newer", BYTES("SPA2\1\0\7\3kev\0" REST), "answer: does not begin with SPA1"},
        {"outcome", BYTES("SPA1\3\0\7\3kev\0" REST), "answer: outcome 3 with error 0"},
        {"done and failed", BYTES("SPA1\1\1\7\3kev\0" REST), "answer: outcome 1 with error 1"},
        {"failed without reason", BYTES("SPA1\2\0\7\3kev\0" REST), "answer: outcome 2 with error 0"},
        {"error 99", BYTES("SPA1\2\x63\7\3kev\0" REST), "answer: outcome 2 with error 99"},
        {"done without feed", BYTES("SPA1\1\0\7\0\0" REST), "answer: outcome 1 with error 0"},
        {"escape sequence", BYTES("SPA1\2\1\7\0\2\x1b[" REST), "answer: problem: byte 0x1b at 0 is not text"},
        {"feed too long", BYTES("SPA1\1\0\7\x7fkev\0" REST), "answer: feed: ends in the middle"},
    };
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct parse_answer got;
        assert_false(parse_answer_read(rows[i].raw, &got, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
}

static void test_members(void **state)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct reader r;
    struct text name;
    struct bytes bytes;
    struct error err = {0};
    bool found;

    (void)state;
    parse_member_write(&w, TEXT("a/b.json"), 2);
    writer_string(&w, "{}");
    parse_member_write(&w, TEXT("c.json"), 0);
    r = reader_with(writer_bytes(&w));
    assert_true(parse_member_next(&r, &name, &bytes, &found, &err) && found);
    assert_text("name", name, "a/b.json");
    assert_int_equal(bytes.size, 2);
    assert_true(parse_member_next(&r, &name, &bytes, &found, &err) && found);
    assert_text("name", name, "c.json");
    assert_true(parse_member_next(&r, &name, &bytes, &found, &err) && !found);
    r = reader_with((struct bytes){w.at, 11});
    assert_false(parse_member_next(&r, &name, &bytes, &found, &err));
    assert_failed("cut", &err, ERROR_INPUT, "members: broken at byte 11");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
