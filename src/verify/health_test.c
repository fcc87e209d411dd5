#include "base/testing.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/own.h"
#include "verify/health.h"

/* A server on loopback that gives each connection the same answer. */
struct server {
    int fd;
    uint16_t port;
    const char *says; /* NULL: nothing, and the connection stays open */
    pthread_t thread;
};

static void *serve(void *argument)
{
    const struct server *server = argument;
    char request[1024];
    int open[16];
    size_t count = 0;

    for (;;) {
        int fd = accept(server->fd, NULL, NULL);
        if (fd < 0)
            break;
        if (server->says == NULL && count < 16) {
            open[count++] = fd;
            continue;
        }
        if (recv(fd, request, sizeof(request), 0) > 0)
            (void)!send(fd, server->says, strlen(server->says), MSG_NOSIGNAL);
        close(fd);
    }
    while (count > 0)
        close(open[--count]);
    return NULL;
}

static void start(struct server *server, const char *says)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    *server = (struct server){.says = says};
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->fd, 16), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->fd);
}

static struct check_answer ask(struct arena *arena, enum check_kind kind, uint16_t expected,
                               uint32_t limit_ms, const char *target)
{
    const struct check check = {kind, text_of(target), expected, limit_ms};
    struct check_answer answer = {.outcome = CHECK_NOT_ASKED};
    struct error err;

    assert_done(target, health_ask(&check, HEALTH_BEFORE, arena, &answer, &err), &err);
    return answer;
}

static void assert_answer(struct check_answer got, enum check_outcome outcome, const char *why)
{
    if (got.outcome != outcome || !text_equal(got.why, text_of(why)))
        fail_msg("%s \"%.*s\", expected %s \"%s\"", check_outcome_name(got.outcome), TEXT_ARG(got.why),
                 check_outcome_name(outcome), why);
}

static void connections_are_made(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct server server;
    char target[64];

    (void)state;
    start(&server, "");
    (void)snprintf(target, sizeof(target), "127.0.0.1:%u", server.port);
    assert_answer(ask(&arena, CHECK_TCP, 0, 5000, target), CHECK_PASSED, "");
    (void)snprintf(target, sizeof(target), "localhost:%u", server.port);
    assert_answer(ask(&arena, CHECK_TCP, 0, 5000, target), CHECK_PASSED, "");
    stop(&server);
    (void)snprintf(target, sizeof(target), "127.0.0.1:%u", server.port);
    assert_answer(ask(&arena, CHECK_TCP, 0, 5000, target), CHECK_FAILED, "Connection refused");
    assert_answer(ask(&arena, CHECK_TCP, 0, 5000, "nothing.invalid:22"), CHECK_FAILED,
                  "no address of nothing.invalid is known");
}

static void http_answers_are_compared(void **state)
{
    static const struct {
        const char *says;
        uint16_t expected;
        enum check_outcome outcome;
        const char *why;
    } rows[] = {
        {"HTTP/1.0 200 OK\r\n\r\nhello", 200, CHECK_PASSED, ""},
        {"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\n\r\n", 302, CHECK_PASSED, ""},
        {"HTTP/1.1 503 Service Unavailable\r\n\r\n", 200, CHECK_FAILED, "status 503, not 200"},
        {"SSH-2.0-OpenSSH_9.2\r\n", 200, CHECK_FAILED, "the answer is not HTTP"},
        {"", 200, CHECK_FAILED, "the connection was closed without an answer"},
    };
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct server server;
        char target[64];
        start(&server, rows[i].says);
        (void)snprintf(target, sizeof(target), "http://127.0.0.1:%u/health", server.port);
        assert_answer(ask(&arena, CHECK_HTTP, rows[i].expected, 5000, target), rows[i].outcome, rows[i].why);
        stop(&server);
    }
}

static void a_server_that_is_silent_ends_with_its_time(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct server server;
    char target[64];

    (void)state;
    start(&server, NULL);
    (void)snprintf(target, sizeof(target), "http://127.0.0.1:%u", server.port);
    assert_answer(ask(&arena, CHECK_HTTP, 200, 100, target), CHECK_FAILED, "no answer within 100 ms");
    stop(&server);
}

static void commands_end_as_expected(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);

    (void)state;
    assert_answer(ask(&arena, CHECK_COMMAND, 0, 5000, "/bin/true"), CHECK_PASSED, "");
    assert_answer(ask(&arena, CHECK_COMMAND, 1, 5000, "/bin/false"), CHECK_PASSED, "");
    assert_answer(ask(&arena, CHECK_COMMAND, 0, 5000, "/bin/false"), CHECK_FAILED, "ended with 1, not 0");
    assert_answer(ask(&arena, CHECK_COMMAND, 0, 100, "/bin/sleep 60"), CHECK_FAILED,
                  "no answer within 100 ms");
    struct check_answer said = ask(&arena, CHECK_COMMAND, 0, 5000, "/bin/cat /does/not/exist");
    assert_answer(said, CHECK_FAILED,
                  "ended with 1, not 0: /bin/cat: /does/not/exist: No such file or directory");
    assert_int_equal(ask(&arena, CHECK_COMMAND, 0, 5000, "/does/not/exist").outcome, CHECK_FAILED);
    assert_answer(ask(&arena, CHECK_COMMAND, 0, 5000, "true; reboot"), CHECK_NOT_ASKED,
                  "\"true; reboot\" does not begin with a program's absolute path");
}

/* A service that comes back a little later is waited for; before a change nothing is. */
static void *start_late(void *argument)
{
    const struct timespec pause = {.tv_nsec = 300000000};

    (void)nanosleep(&pause, NULL);
    listen(*(int *)argument, 4);
    return NULL;
}

static void what_comes_back_is_waited_for(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct check_answer answer;
    struct error err;
    pthread_t thread;
    char target[64];

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(target, sizeof(target), "127.0.0.1:%u", ntohs(address.sin_port));
    const struct check check = {CHECK_TCP, text_of(target), 0, 20000};
    assert_done("before", health_ask(&check, HEALTH_BEFORE, &arena, &answer, &err), &err);
    assert_int_equal(answer.outcome, CHECK_FAILED);
    assert_int_equal(pthread_create(&thread, NULL, start_late, &fd), 0);
    assert_done("after", health_ask(&check, HEALTH_AFTER, &arena, &answer, &err), &err);
    assert_answer(answer, CHECK_PASSED, "");
    pthread_join(thread, NULL);
    close(fd);
}

/* Where no systemd runs a unit cannot be asked for; that is not the same as failing. */
static void units_are_asked_of_systemd(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct check_answer answer = ask(&arena, CHECK_UNIT, 0, 5000, "no-such-unit-of-suture.service");

    (void)state;
    assert_int_not_equal(answer.outcome, CHECK_PASSED);
    assert_true(answer.why.size > 0);
}

static void lists_are_of_the_policy_and_the_packages(void **state)
{
    static const struct text first[] = {TEXT("ssh"), TEXT("cron")}, second[] = {TEXT("ssh"), TEXT("a b")};
    const struct plan_change changes[] = {
        {.services = first, .service_count = 2},
        {.services = second, .service_count = 2},
    };
    const struct plan plan = {.changes = changes, .change_count = 2};
    const struct check named[] = {{CHECK_COMMAND, TEXT("/bin/true"), 0, 5000},
                                  {CHECK_UNIT, TEXT("cron"), 0, 5000}};
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct health_services services;
    struct health health;
    struct error err;

    (void)state;
    assert_done("services", health_services(&plan, &arena, &services, &err), &err);
    assert_int_equal(services.count, 3);
    assert_text("sorted", services.names[1], "cron");
    assert_done("list", health_list(named, 2, services.names, services.count, &arena, &health, &err), &err);
    assert_int_equal(health.count, 3); /* cron was named, and "a b" is no unit */
    assert_text("last", health.checks[2].check.target, "ssh");
}

static void what_was_not_active_is_not_asked_for(void **state)
{
    const struct check named[] = {{CHECK_COMMAND, TEXT("/bin/false"), 0, 5000},
                                  {CHECK_COMMAND, TEXT("/bin/true"), 0, 5000}};
    const struct text services[] = {TEXT("no-such-unit-of-suture")};
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct health health;
    struct error err;

    (void)state;
    assert_done("list", health_list(named, 2, services, 1, &arena, &health, &err), &err);
    assert_int_equal(health.count, 3);
    assert_done("before", health_ask_all(&health, HEALTH_BEFORE, &arena, &err), &err);
    assert_int_equal(health.count, 2); /* what the policy names stays, though it fails */
    assert_done("after", health_ask_all(&health, HEALTH_AFTER, &arena, &err), &err);
    assert_false(health_broke(&health));
    health.checks[1].after.outcome = CHECK_FAILED;
    assert_true(health_broke(&health));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_made),
        cmocka_unit_test(http_answers_are_compared),
        cmocka_unit_test(a_server_that_is_silent_ends_with_its_time),
        cmocka_unit_test(commands_end_as_expected),
        cmocka_unit_test(what_comes_back_is_waited_for),
        cmocka_unit_test(units_are_asked_of_systemd),
        cmocka_unit_test(lists_are_of_the_policy_and_the_packages),
        cmocka_unit_test(what_was_not_active_is_not_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
