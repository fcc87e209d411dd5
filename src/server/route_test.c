#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "server/route.h"

static const struct route agent_chunk = {
    .listener = ROUTE_AGENTS, .method = REQUEST_PUT, .path = "/agent/1/chunk/{hash}"};
static const struct route agent_commit = {
    .listener = ROUTE_AGENTS, .method = REQUEST_POST, .path = "/agent/1/inventory/commit"};
static const struct route agent_any = {
    .listener = ROUTE_AGENTS, .method = REQUEST_POST, .path = "/agent/1/inventory/{word}"};
static const struct route api_hosts = {
    .listener = ROUTE_PEOPLE, .method = REQUEST_GET, .path = "/api/1/hosts"};
static const struct route api_event = {
    .listener = ROUTE_PEOPLE, .method = REQUEST_GET, .path = "/api/1/hosts/{host}/events/{event}"};
static const struct route repo = {.listener = ROUTE_STATIC, .method = REQUEST_GET, .path = "/repo/{path*}"};
static const struct route *const table[] = {&agent_any, &agent_chunk, &agent_commit, &api_hosts,
                                            &api_event, &repo,        NULL};

struct row {
    enum route_listener listener;
    const char *method, *target;
    const struct route *route;  /* NULL: refused */
    const char *first, *second; /* parts */
    enum error_kind kind;
    const char *text;
};

static const struct row rows[] = {
    {ROUTE_AGENTS, "PUT", "/agent/1/chunk/00ff", &agent_chunk, "00ff", NULL, ERROR_NONE, NULL},
    {ROUTE_AGENTS, "POST", "/agent/1/inventory/commit", &agent_commit, NULL, NULL, ERROR_NONE, NULL},
    {ROUTE_AGENTS, "POST", "/agent/1/inventory/other", &agent_any, "other", NULL, ERROR_NONE, NULL},
    {ROUTE_PEOPLE, "GET", "/api/1/hosts", &api_hosts, NULL, NULL, ERROR_NONE, NULL},
    {ROUTE_PEOPLE, "HEAD", "/api/1/hosts", &api_hosts, NULL, NULL, ERROR_NONE, NULL},
    {ROUTE_PEOPLE, "GET", "/api/1/hosts/a%2Fb/events/%C3%A9+", &api_event, "a/b", "\xc3\xa9+", ERROR_NONE,
     NULL},
    {ROUTE_STATIC, "GET", "/repo/targets/policy/ab.c", &repo, "targets/policy/ab.c", NULL, ERROR_NONE, NULL},
    /* what belongs to another listener is not there */
    {ROUTE_PEOPLE, "PUT", "/agent/1/chunk/00ff", NULL, NULL, NULL, ERROR_ABSENT, "there is nothing here"},
    {ROUTE_STATIC, "GET", "/api/1/hosts", NULL, NULL, NULL, ERROR_ABSENT, "there is nothing here"},
    {ROUTE_AGENTS, "GET", "/agent/1/chunk/00ff", NULL, NULL, NULL, ERROR_CONFLICT, "not by this method"},
    {ROUTE_AGENTS, "BREW", "/agent/1/chunk/00ff", NULL, NULL, NULL, ERROR_CONFLICT, "not by this method"},
    /* shapes of paths */
    {ROUTE_PEOPLE, "GET", "/", NULL, NULL, NULL, ERROR_ABSENT, "there is nothing here"},
    {ROUTE_PEOPLE, "GET", "*", NULL, NULL, NULL, ERROR_INPUT, "path: a path begins with '/'"},
    {ROUTE_PEOPLE, "GET", "http://x/api/1/hosts", NULL, NULL, NULL, ERROR_INPUT,
     "path: a path begins with '/'"},
    {ROUTE_PEOPLE, "GET", "/api/1/hosts/", NULL, NULL, NULL, ERROR_ABSENT, "there is nothing here"},
    {ROUTE_PEOPLE, "GET", "//api/1/hosts", NULL, NULL, NULL, ERROR_ABSENT, "there is nothing here"},
    {ROUTE_PEOPLE, "GET", "/api/1/hosts//events/1", NULL, NULL, NULL, ERROR_ABSENT, "there is nothing here"},
    {ROUTE_PEOPLE, "GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", NULL, NULL, NULL, ERROR_LIMIT,
     "path: more than 16 parts"},
    /* decoding */
    {ROUTE_PEOPLE, "GET", "/api/1/hosts/%zz/events/1", NULL, NULL, NULL, ERROR_INPUT,
     "path: a '%' without two hexadecimal digits"},
    {ROUTE_PEOPLE, "GET", "/api/1/hosts/a/events/%4", NULL, NULL, NULL, ERROR_INPUT,
     "path: a '%' without two hexadecimal digits"},
    {ROUTE_PEOPLE, "GET", "/api/1/hosts/%00/events/1", NULL, NULL, NULL, ERROR_INPUT,
     "path: byte 0x00 at 0 is not text"},
    {ROUTE_PEOPLE, "GET", "/api/1/hosts/%1b%5b/events/1", NULL, NULL, NULL, ERROR_INPUT,
     "path: byte 0x1b at 0 is not text"},
    {ROUTE_PEOPLE, "GET", "/api/1/hosts/%ff/events/1", NULL, NULL, NULL, ERROR_INPUT,
     "path: byte 0xff at 0 is not text"},
    {ROUTE_PEOPLE, "GET", "/api/1/ho\nsts", NULL, NULL, NULL, ERROR_INPUT,
     "path: byte 0x0a at 9 is not text"},
    /* out of the folder */
    {ROUTE_STATIC, "GET", "/repo/../keys/ca.key", NULL, NULL, NULL, ERROR_INPUT, "path: no path of a file"},
    {ROUTE_STATIC, "GET", "/repo/a/%2e%2e/%2e%2e/keys", NULL, NULL, NULL, ERROR_INPUT,
     "path: no path of a file"},
    {ROUTE_STATIC, "GET", "/repo/a%2f..%2f..%2fkeys", NULL, NULL, NULL, ERROR_INPUT,
     "path: no path of a file"},
    {ROUTE_STATIC, "GET", "/repo/a//b", NULL, NULL, NULL, ERROR_INPUT, "path: no path of a file"},
    {ROUTE_STATIC, "GET", "/repo/./b", NULL, NULL, NULL, ERROR_INPUT, "path: no path of a file"},
    {ROUTE_STATIC, "GET", "/repo/", NULL, NULL, NULL, ERROR_ABSENT, "there is nothing here"},
};

static bool match(const struct row *row, struct request *request, struct error *err)
{
    const struct route_asked asked = {table, row->listener, text_of(row->method),
                                      bytes_of_text(text_of(row->target))};

    return route_match(&asked, request, err);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct request request = request_with(&arena, NULL, 0);
        struct error err = {0};
        bool matched = match(&rows[i], &request, &err);
        if (rows[i].route == NULL) {
            assert_false(matched);
            assert_failed(rows[i].target, &err, rows[i].kind, rows[i].text);
            continue;
        }
        assert_done(rows[i].target, matched, &err);
        assert_ptr_equal(request.route, rows[i].route);
        if (rows[i].first != NULL)
            assert_text(rows[i].target, request.parts[0], rows[i].first);
        if (rows[i].second != NULL)
            assert_text(rows[i].target, request.parts[1], rows[i].second);
        assert_int_equal(request.head_only, strcmp(rows[i].method, "HEAD") == 0);
    }
}

static void test_query(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct row row = {
        .listener = ROUTE_PEOPLE, .method = "GET", .target = "/api/1/hosts?a=1&&b=x%26y&c&limit=50&big=9"};
    struct request request = request_with(&arena, NULL, 0);
    struct request_bounds bounds = {20, 1, 100};
    uint64_t number = 0;
    struct error err;

    (void)state;
    assert_done("match", match(&row, &request, &err), &err);
    assert_int_equal(request.query_count, 5);
    assert_text("a", request_query(&request, "a"), "1");
    assert_text("b", request_query(&request, "b"), "x&y");
    assert_true(request_has_query(&request, "c"));
    assert_false(request_has_query(&request, "d"));
    assert_true(request_query_u64(&request, "limit", &bounds, &number, &err) && number == 50);
    assert_true(request_query_u64(&request, "none", &bounds, &number, &err) && number == 20);
    bounds.max = 5;
    assert_false(request_query_u64(&request, "big", &bounds, &number, &err));
    assert_failed("big", &err, ERROR_INPUT, "big: from 1 to 5");
    assert_false(request_query_u64(&request, "b", &bounds, &number, &err));
    assert_failed("b", &err, ERROR_INPUT, "b: \"x&y\" is not a number");
    row.target = "/api/1/hosts?a=1&a=2";
    request = request_with(&arena, NULL, 0);
    assert_false(match(&row, &request, &err));
    assert_failed("twice", &err, ERROR_INPUT, "query: \"a\" twice");
    row.target = "/api/1/hosts?a=%0";
    request = request_with(&arena, NULL, 0);
    assert_false(match(&row, &request, &err));
    assert_failed("percent", &err, ERROR_INPUT, "query: a '%' without two hexadecimal digits");
    row.target = "/api/1/hosts?1=&2=&3=&4=&5=&6=&7=&8=&9=&10=&11=&12=&13=&14=&15=&16=&17=";
    request = request_with(&arena, NULL, 0);
    assert_false(match(&row, &request, &err));
    assert_failed("many", &err, ERROR_LIMIT, "query: more than 16 pairs");
}

static void test_refusals(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct request request = request_with(&arena, NULL, 1000);
    unsigned least = UINT32_MAX, most = 0;

    (void)state;
    assert_true(request_refuse(&request, 403, "no \x1b[31m for %s", "you"));
    assert_int_equal(request.answer.status, 403);
    assert_text("text", (struct text){(const char *)request.answer.body.at, request.answer.body.size},
                "no ?[31m for you\n");
    for (int i = 0; i < 1000; i++) { /* a herd gets slots of its own, none outside of them */
        request.now_us = 1000000 + i;
        assert_true(request_refuse_for_now(&request, 503, 10, 30));
        least = request.answer.retry_after_s < least ? request.answer.retry_after_s : least;
        most = request.answer.retry_after_s > most ? request.answer.retry_after_s : most;
    }
    assert_int_equal(least, 10);
    assert_int_equal(most, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
