/* The first security test: libmicrohttpd lets anybody through, whatever certificate it asked for. */
#include "server/gate_testing.h"

#include <pthread.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/own.h"

#define MODERN "NORMAL"
#define OLDER  "NORMAL:-VERS-ALL:+VERS-TLS1.2"

static bool greet(struct server *server, struct request *request, struct error *err)
{
    (void)server;
    (void)err;
    return request_send(request, 200, "text/plain", request->body.size > 0 ? request->body : BYTES("hello"));
}

static void *resume_later(void *self)
{
    struct request *request = self;

    (void)usleep(20000);
    (void)request_send(request, 200, "text/plain", BYTES("later"));
    request_resume(request);
    return NULL;
}

static void *resume_now(void *self)
{
    struct request *request = self;

    (void)request_send(request, 200, "text/plain", BYTES("at once"));
    request_resume(request);
    return NULL;
}

static bool wait(struct server *server, struct request *request, struct error *err)
{
    bool later = text_equal(request_query(request, "when"), TEXT("later"));
    pthread_t thread;

    (void)server;
    request_suspend(request);
    if (pthread_create(&thread, NULL, later ? resume_later : resume_now, request) != 0)
        return error_set(err, ERROR_SYSTEM, "thread");
    (void)pthread_detach(thread);
    return true;
}

static const struct route enroll = {.listener = ROUTE_AGENTS,
                                    .method = REQUEST_POST,
                                    .path = "/agent/1/enroll",
                                    .who = ROUTE_PEER_NONE,
                                    .admission = ADMIT_ENROL,
                                    .body_max = 1000,
                                    .handle = greet};
static const struct route renew = {.listener = ROUTE_AGENTS,
                                   .method = REQUEST_POST,
                                   .path = "/agent/1/renew",
                                   .who = ROUTE_PEER_EXPIRED | ROUTE_PEER_HOST,
                                   .admission = ADMIT_ENROL,
                                   .body_max = 1000,
                                   .handle = greet};
static const struct route checkin = {.listener = ROUTE_AGENTS,
                                     .method = REQUEST_POST,
                                     .path = "/agent/1/checkin",
                                     .who = ROUTE_PEER_HOST,
                                     .admission = ADMIT_CHECKIN,
                                     .body_max = 1000,
                                     .handle = greet};
static const struct route plan = {.listener = ROUTE_AGENTS,
                                  .method = REQUEST_GET,
                                  .path = "/agent/1/plan/{generation}",
                                  .who = ROUTE_PEER_HOST,
                                  .admission = ADMIT_CHECKIN,
                                  .handle = greet};
static const struct route outbox = {.listener = ROUTE_AGENTS,
                                    .method = REQUEST_POST,
                                    .path = "/agent/1/outbox",
                                    .who = ROUTE_PEER_HOST,
                                    .admission = ADMIT_RESULTS,
                                    .body_max = MIB,
                                    .handle = wait};
static const struct route plain = {.listener = ROUTE_STATIC,
                                   .method = REQUEST_GET,
                                   .path = "/content/{hash}",
                                   .admission = ADMIT_STATIC,
                                   .handle = greet};
static const struct route *const rows[] = {&enroll, &renew, &checkin, &plan, &outbox, &plain, NULL};

static const struct gate_limits usual = {
    .threads = 2, .connections = 64, .head_s = 10, .body_s = 10, .rest_s = 10};

static int set_up(void **state)
{
    static struct gate_place place;

    gate_place_open(&place, ROUTE_AGENTS, &usual, rows);
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    gate_place_close(*state);
    return 0;
}

/* ---- who gets what ---- */

static unsigned ask_as(struct gate_place *place, enum who who, const char *method, const char *path)
{
    struct gate_client client = gate_client_open(place, who, MODERN, NULL);
    unsigned status = gate_client_ask(&client, method, path, strcmp(method, "POST") == 0 ? "body" : NULL);

    gate_client_close(&client);
    return status;
}

static void test_identities(void **state)
{
    static const struct {
        const char *name;
        enum who who;
        unsigned enroll, renew, checkin, plan, outbox;
    } identities[] = {
        {"no certificate", NOBODY, 200, 401, 401, 401, 401},
        {"self-signed", SELF_SIGNED, 0, 0, 0, 0,
         0}, /* it may sign certificates alone: ends in the handshake */
        {"another CA of the same name", TWIN_CA, 403, 403, 403, 403, 403},
        {"our server's", OF_SERVER, 403, 403, 403, 403, 403},
        {"expired", EXPIRED, 401, 200, 401, 401, 401},
        {"revoked", REVOKED, 401, 403, 403, 403, 403},
        {"ours", HOST, 401, 200, 200, 200, 200},
    };

    for (size_t i = 0; i < COUNT_OF(identities); i++) {
        const unsigned got[] = {
            ask_as(*state, identities[i].who, "POST", "/agent/1/enroll"),
            ask_as(*state, identities[i].who, "POST", "/agent/1/renew"),
            ask_as(*state, identities[i].who, "POST", "/agent/1/checkin"),
            ask_as(*state, identities[i].who, "GET", "/agent/1/plan/7"),
            ask_as(*state, identities[i].who, "POST", "/agent/1/outbox"),
        };
        const unsigned expected[] = {identities[i].enroll, identities[i].renew, identities[i].checkin,
                                     identities[i].plan, identities[i].outbox};
        for (size_t k = 0; k < COUNT_OF(got); k++)
            if (got[k] != expected[k])
                fail_msg("%s: call %zu: %u, expected %u", identities[i].name, k, got[k], expected[k]);
    }
}

/* Until somebody can say which hosts are known, none is let in. */
static void test_nobody_judges(void **state)
{
    struct gate_place *place = *state;
    unsigned (*judge)(struct server *, const struct host_id *) = place->server.guards.judge_host;

    place->server.guards.judge_host = NULL;
    assert_int_equal(ask_as(place, HOST, "POST", "/agent/1/checkin"), 503);
    place->server.guards.judge_host = judge;
    assert_int_equal(ask_as(place, HOST, "POST", "/agent/1/checkin"), 200);
}

static void resume_as(struct gate_place *place, enum who who, const char *priorities, unsigned expected)
{
    struct gate_client first = gate_client_open(place, who, priorities, NULL);
    gnutls_datum_t ticket = {NULL, 0};

    assert_int_equal(gate_client_ask(&first, "POST", "/agent/1/checkin", "x"), expected);
    assert_int_equal(gnutls_session_get_data2(first.session, &ticket), 0);
    gate_client_close(&first);
    /* The ticket alone brings no more than the certificate did. */
    struct gate_client again = gate_client_open(place, NOBODY, priorities, &ticket);
    assert_true(again.session != NULL && gnutls_session_is_resumed(again.session));
    assert_int_equal(gate_client_ask(&again, "POST", "/agent/1/checkin", "x"), expected);
    gate_client_close(&again);
    gnutls_free(ticket.data);
}

static void test_resumption(void **state)
{
    resume_as(*state, HOST, MODERN, 200);
    resume_as(*state, HOST, OLDER, 200);
    resume_as(*state, TWIN_CA, MODERN, 403);
    resume_as(*state, TWIN_CA, OLDER, 403);
    resume_as(*state, EXPIRED, MODERN, 401);
    resume_as(*state, REVOKED, MODERN, 403);
    resume_as(*state, NOBODY, MODERN, 401);
}

static void test_old_tls(void **state)
{
    struct gate_client client =
        gate_client_open(*state, HOST, "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0", NULL);

    assert_true(client.fd < 0);
    gate_client_close(&client);
}

/* ---- limits ---- */

static void test_sizes(void **state)
{
    struct gate_place *place = *state;
    static char body[1100], path[1200], head[9000];
    struct gate_client client = gate_client_open(place, HOST, MODERN, NULL);

    memset(body, 'x', sizeof(body) - 1);
    memset(path, 'x', sizeof(path) - 1);
    path[0] = '/';
    body[1000] = 0;
    assert_int_equal(gate_client_ask(&client, "POST", "/agent/1/checkin", body), 200);
    body[1000] = 'x';
    assert_int_equal(gate_client_ask(&client, "POST", "/agent/1/checkin", body), 413);
    /* It was small enough to be forgotten: the connection lives on. */
    assert_int_equal(gate_client_ask(&client, "POST", "/agent/1/checkin", "x"), 200);
    assert_int_equal(gate_client_ask(&client, "GET", path, NULL), 414);
    assert_int_equal(gate_client_ask(&client, "GET", "/agent/2/plan/7", NULL), 404);
    assert_int_equal(gate_client_ask(&client, "DELETE", "/agent/1/plan/7", NULL), 405);
    gate_client_close(&client);
    /* One that says that it will send more than is ever taken is told so at once. */
    client = gate_client_open(place, HOST, MODERN, NULL);
    const char large[] = "POST /agent/1/outbox HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n";
    assert_true(gate_client_send(&client, large, sizeof(large) - 1));
    assert_int_equal(gate_client_receive(&client, head, sizeof(head)), 413);
    gate_client_close(&client);
    /* A body without a size is counted as it comes. */
    client = gate_client_open(place, HOST, MODERN, NULL);
    int size = snprintf(head, sizeof(head),
                        "POST /agent/1/checkin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                        "chunked\r\n\r\n44c\r\n%.1100s\r\n0\r\n\r\n",
                        body);
    body[1099] = 'x';
    assert_true(gate_client_send(&client, head, (size_t)size));
    unsigned status = gate_client_receive(&client, head, sizeof(head));
    if (status != 413 && status != 400)
        fail_msg("chunked: %u", status);
    gate_client_close(&client);
}

static void test_waiting(void **state)
{
    struct gate_client client = gate_client_open(*state, HOST, MODERN, NULL);

    for (int i = 0; i < 50; i++)
        assert_int_equal(gate_client_ask(&client, "POST",
                                         i % 10 == 0 ? "/agent/1/outbox?when=later" : "/agent/1/outbox", "x"),
                         200);
    gate_client_close(&client);
    assert_int_equal(gate_waiting(((struct gate_place *)*state)->gate), 0);
}

/*
 * Whoever drips a byte now and then is never silent for long, and yet must end: the deadline is a second, and the sweep comes each
 * second. All drip at the same time.
 */
static void drip(struct gate_client *clients, const char *const *heads, size_t count)
{
    char answer[1000];
    size_t ended = 0;

    for (size_t i = 0; i < count; i++)
        assert_true(clients[i].fd >= 0 && gate_client_send(&clients[i], heads[i], strlen(heads[i])));
    for (int round = 0; round < 60 && ended < count; round++) {
        (void)usleep(100000);
        ended = 0;
        for (size_t i = 0; i < count; i++)
            ended += !gate_client_send(&clients[i], "x", 1);
    }
    assert_int_equal(ended, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(gate_client_receive(&clients[i], answer, sizeof(answer)), 0);
        gate_client_close(&clients[i]);
    }
}

static void test_slow(void **state)
{
    static const struct gate_limits hasty = {
        .threads = 1, .connections = 8, .head_s = 1, .body_s = 1, .rest_s = 1};
    static const char *const heads[] = {
        "\x16\x03\x01\x10", /* never gets to the end of its handshake */
        "POST /agent/1/checkin HTTP/1.1\r\nX: ",
        "POST /agent/1/checkin HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n",
        "POST /", /* between two requests */
    };
    struct gate_client clients[COUNT_OF(heads)];
    struct gate_place place;

    (void)state;
    gate_place_open(&place, ROUTE_AGENTS, &hasty, rows);
    for (size_t i = 0; i < COUNT_OF(heads); i++)
        clients[i] = gate_client_open(&place, HOST, i == 0 ? NULL : MODERN, NULL);
    assert_int_equal(gate_client_ask(&clients[3], "POST", "/agent/1/checkin", "x"), 200);
    drip(clients, heads, COUNT_OF(heads));
    assert_int_equal(admission_under_way(&place.admission), 0);
    gate_place_close(&place);
}

static void test_connections(void **state)
{
    static const struct gate_limits few = {.threads = 1,
                                           .connections = 8,
                                           .connections_an_address = 3,
                                           .head_s = 10,
                                           .body_s = 10,
                                           .rest_s = 10};
    struct gate_client clients[4];
    struct gate_place place;

    (void)state;
    gate_place_open(&place, ROUTE_STATIC, &few, rows);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        clients[i] = gate_client_open(&place, NOBODY, NULL, NULL);
        assert_int_equal(gate_client_ask(&clients[i], "GET", "/content/x", NULL), i < 3 ? 200 : 0);
    }
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        gate_client_close(&clients[i]);
    gate_place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identities), cmocka_unit_test(test_nobody_judges),
        cmocka_unit_test(test_resumption), cmocka_unit_test(test_old_tls),
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_slow),       cmocka_unit_test(test_connections),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
