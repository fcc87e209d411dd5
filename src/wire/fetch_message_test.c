#include "base/testing.h"

#include "base/limits.h"
#include "wire/fetch_message.h"

#define TEXT_X300                                                                                            \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"   \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"   \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct fetch_order good_order = {
    .url = {"https://mirror.example/tracker.json", 35},
    .etag = {"\"abc\"", 5},
    .part = {"/spool/tracker.part", 19},
    .note = {"/spool/tracker.note", 19},
    .size_limit = 1000,
    .time_ms = 2000,
    .stall_ms = 300,
    .connect_ms = 400,
    .rate_min = 5,
    .rate_max = 6,
};

static void test_order_round_trip(void **state)
{
    struct writer w = writer_with(FETCH_MESSAGE_MAX);
    struct fetch_order got;
    struct error err;

    (void)state;
    fetch_order_write(&w, &good_order);
    assert_done("order", fetch_order_parse(writer_bytes(&w), &got, &err), &err);
    assert_text("url", got.url, "https://mirror.example/tracker.json");
    assert_text("etag", got.etag, "\"abc\"");
    assert_text("last_modified", got.last_modified, "");
    assert_text("part", got.part, "/spool/tracker.part");
    assert_text("note", got.note, "/spool/tracker.note");
    assert_int_equal(got.size_limit, 1000);
    assert_int_equal(got.time_ms, 2000);
    assert_int_equal(got.stall_ms, 300);
    assert_int_equal(got.connect_ms, 400);
    assert_int_equal(got.rate_min, 5);
    assert_int_equal(got.rate_max, 6);
    for (size_t size = 0; size < w.size; size++)
        assert_false(fetch_order_parse((struct bytes){w.at, size}, &got, &err));
    writer_end(&w);
}

static void test_order_refused(void **state)
{
    struct writer w = writer_with(FETCH_MESSAGE_MAX);
    struct fetch_order order = good_order, got;
    struct error err;

    (void)state;
    order.size_limit = LIMIT_FETCH_SIZE + 1;
    fetch_order_write(&w, &order);
    assert_false(fetch_order_parse(writer_bytes(&w), &got, &err));
    assert_failed("limit", &err, ERROR_INPUT, "order: a limit, the address or a path is missing");
    writer_clear(&w);
    order = good_order;
    order.url = TEXT("http://x\r\nHost: y");
    fetch_order_write(&w, &order);
    assert_false(fetch_order_parse(writer_bytes(&w), &got, &err));
    assert_failed("url", &err, ERROR_INPUT, "order: url: byte 0x0d at 8 is not text");
    writer_end(&w);
}

#define ANSWER_HEAD "SFA1\x01\x07\xc8\x00\x00\x0a\0\0\0\0\0\0\0"

static void test_answer(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"good",
         BYTES(ANSWER_HEAD "\x03"
                           "abc"
                           "\0\0\0"),
         ERROR_NONE, ""},
        {"empty", BYTES(""), ERROR_INPUT, "answer: does not begin with SFA1"},
        {"another version", BYTES("SFA2"), ERROR_INPUT, "answer: does not begin with SFA1"},
        {"head cut short", BYTES("SFA1\x01\x07"), ERROR_INPUT, "answer: etag: ends in the middle"},
        {"text cut short",
         BYTES(ANSWER_HEAD "\x03"
                           "ab"),
         ERROR_INPUT, "answer: etag: ends in the middle"},
        {"lies about size", BYTES(ANSWER_HEAD "\xff\xff\xff\xff\x0f"), ERROR_INPUT,
         "answer: etag: ends in the middle"},
        {"escape sequence",
         BYTES(ANSWER_HEAD "\x03"
                           "a\x1b["
                           "\0\0\0"),
         ERROR_INPUT, "answer: etag: byte 0x1b at 1 is not text"},
        {"more behind", BYTES(ANSWER_HEAD "\0\0\0\0x"), ERROR_INPUT, "answer: 1 bytes behind the end"},
        {"no outcome", BYTES("SFA1\0\x07\xc8\x00\x00\x0a\0\0\0\0\0\0\0\0\0\0\0"), ERROR_INPUT,
         "answer: outcome 0 is unknown"},
        {"outcome 4", BYTES("SFA1\x04\x07\xc8\x00\x00\x0a\0\0\0\0\0\0\0\0\0\0\0"), ERROR_INPUT,
         "answer: outcome 4 is unknown"},
        {"done and failed", BYTES("SFA1\x01\x07\xc8\x00\x01\x0a\0\0\0\0\0\0\0\0\0\0\0"), ERROR_INPUT,
         "answer: error 1 does not fit outcome 1"},
        {"failed without reason", BYTES("SFA1\x03\x07\xc8\x00\x00\x0a\0\0\0\0\0\0\0\0\0\0\0"), ERROR_INPUT,
         "answer: error 0 does not fit outcome 3"},
        {"error 99", BYTES("SFA1\x03\x07\xc8\x00\x63\x0a\0\0\0\0\0\0\0\0\0\0\0"), ERROR_INPUT,
         "answer: error 99 does not fit outcome 3"},
    };
    struct fetch_answer got;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].kind == ERROR_NONE) {
            assert_done(rows[i].name, fetch_answer_parse(rows[i].raw, &got, &err), &err);
            assert_int_equal(got.status, 200);
            assert_int_equal(got.size, 10);
            assert_text("etag", got.etag, "abc");
            continue;
        }
        assert_false(fetch_answer_parse(rows[i].raw, &got, &err));
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
    }
}

static void test_note(void **state)
{
    struct writer w = writer_with(FETCH_MESSAGE_MAX);
    struct fetch_note note = {TEXT("http://mirror.example/x"), TEXT("\"1\""), TEXT("\"1\""), TEXT("")}, got;
    struct error err;

    (void)state;
    fetch_note_write(&w, &note);
    assert_done("note", fetch_note_parse(writer_bytes(&w), &got, &err), &err);
    assert_text("url", got.url, "http://mirror.example/x");
    assert_text("validator", got.validator, "\"1\"");
    writer_clear(&w);
    note.etag = TEXT(TEXT_X300 TEXT_X300);
    fetch_note_write(&w, &note);
    assert_false(fetch_note_parse(writer_bytes(&w), &got, &err));
    assert_failed("long", &err, ERROR_LIMIT, "note: etag: 600 bytes, more than 512");
    writer_end(&w);
}

static void test_frames(void **state)
{
    struct writer w = writer_with(FETCH_MESSAGE_MAX);
    struct bytes frame = {0};
    struct error err;
    uint64_t have = 0;
    size_t taken = 0;
    bool found;

    (void)state;
    size_t place = fetch_frame_begin(&w);
    fetch_progress_write(&w, 77);
    fetch_frame_end(&w, place);
    place = fetch_frame_begin(&w);
    fetch_frame_end(&w, place);
    struct bytes all = writer_bytes(&w);
    for (size_t size = 0; size < 16; size++) {
        assert_true(fetch_frame_next((struct bytes){all.at, size}, &frame, &taken, &found, &err));
        assert_false(found);
    }
    assert_true(fetch_frame_next(all, &frame, &taken, &found, &err) && found);
    assert_true(taken == 16 && frame.size == 12 && fetch_progress_is(frame));
    assert_done("progress", fetch_progress_parse(frame, &have, &err), &err);
    assert_int_equal(have, 77);
    for (size_t size = 0; size < frame.size; size++)
        assert_false(fetch_progress_parse((struct bytes){frame.at, size}, &have, &err));
    assert_failed("cut", &err, ERROR_INPUT, "progress: 11 bytes, not 12");
    assert_true(fetch_frame_next((struct bytes){all.at + 16, 4}, &frame, &taken, &found, &err) && found);
    assert_int_equal(frame.size, 0);
    assert_false(fetch_frame_next(BYTES("\x01\x80\0\0"), &frame, &taken, &found, &err));
    assert_failed("long", &err, ERROR_INPUT, "a message of 32769 bytes, more than 32768");
    writer_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_round_trip), cmocka_unit_test(test_order_refused),
        cmocka_unit_test(test_answer),           cmocka_unit_test(test_note),
        cmocka_unit_test(test_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
