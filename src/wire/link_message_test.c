#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "wire/link.h"

static const struct link_order good_order = {
    .method = LINK_POST,
    .time_ms = 1000,
    .connect_ms = 500,
    .answer_max = 4096,
    .url = {"https://sutured.internal:8440/agent/1/checkin", 45},
    .connect_to = {"127.0.0.1:8440", 14},
    .body = {(const uint8_t *)"body", 4},
};

static void test_order(void **state)
{
    OWN(writer_end) struct writer w = writer_with(LINK_MESSAGE_MAX);
    struct link_order got;
    struct error err;

    (void)state;
    link_order_write(&w, &good_order);
    assert_done("order", link_order_parse(writer_bytes(&w), &got, &err), &err);
    assert_text("connect_to", got.connect_to, "127.0.0.1:8440");
    assert_true(got.method == LINK_POST && got.answer_max == 4096 && got.body.size == 4);
    for (size_t size = 0; size < w.size; size++)
        assert_false(link_order_parse((struct bytes){w.at, size}, &got, &err));
    w.at[4] = LINK_METHOD_COUNT;
    assert_false(link_order_parse(writer_bytes(&w), &got, &err));
    assert_failed("method", &err, ERROR_INPUT, "order: method 5 is unknown");
}

static void test_answer(void **state)
{
    OWN(writer_end) struct writer w = writer_with(LINK_MESSAGE_MAX);
    struct link_answer answer = {.status = 503, .retry_after_s = 30, .protocol = 1, .body = BYTES("busy\n")},
                       got;
    struct error err;

    (void)state;
    link_answer_write(&w, &answer);
    assert_done("answer", link_answer_parse(writer_bytes(&w), &got, &err), &err);
    assert_true(got.status == 503 && got.retry_after_s == 30 && got.protocol == 1 && got.body.size == 5);
    assert_false(link_refused("check-in", &got, &err));
    assert_failed("refused", &err, ERROR_CONFLICT, "check-in: the server answers 503: busy");
    got.body = BYTES("\x1b[2Jhello");
    got.status = 403;
    assert_false(link_refused("check-in", &got, &err));
    assert_failed("escape", &err, ERROR_TRUST, "check-in: the server answers 403");
}

static void test_server(void **state)
{
    static const struct {
        const char *url, *server, *problem;
    } rows[] = {
        {"https://sutured.example", "https://sutured.example:8440", NULL},
        {"https://sutured.example:9000/", "https://sutured.example:9000", NULL},
        {"https://[2001:db8::1]", "https://[2001:db8::1]:8440", NULL},
        {"https://[2001:db8::1]:9", "https://[2001:db8::1]:9", NULL},
        {"http://sutured.example", NULL, "the server's address begins with https://"},
        {"https://", NULL, "the server's address is https://HOST:PORT and nothing more"},
        {"https://a/b", NULL, "the server's address is https://HOST:PORT and nothing more"},
        {"https://user@a", NULL, "the server's address is https://HOST:PORT and nothing more"},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct text server = {0};
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool done = link_server_check(text_of(rows[i].url), &arena, &server, &err);
        if (rows[i].problem == NULL) {
            assert_done(rows[i].url, done, &err);
            assert_text(rows[i].url, server, rows[i].server);
        } else {
            assert_false(done);
            assert_failed(rows[i].url, &err, ERROR_INPUT, rows[i].problem);
        }
    }
    assert_done("people", link_people_check(TEXT("https://sutured.example"), &arena, &server, &err), &err);
    assert_text("people", server, "https://sutured.example:8441");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_answer),
                                       cmocka_unit_test(test_server)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
