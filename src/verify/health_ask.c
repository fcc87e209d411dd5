#include "verify/health_ask.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

#define PAUSE_MS      200  /* between two tries: a service that comes back is seen soon, and not disturbed */
#define ANSWER_MAX    1024 /* of an HTTP server: its first line is read, nothing else counts */
#define ADDRESSES_MAX 8    /* of one name: each is tried in turn */

int64_t health_clock_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int left_ms(const struct health_question *question)
{
    int64_t left = question->end_ms - health_clock_ms();

    return left < 0 ? 0 : left > CHECK_LIMIT_MS_MAX ? CHECK_LIMIT_MS_MAX : (int)left;
}

/* Waits before the next try; false when there is none. */
static bool wait_again(const struct health_question *question)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

    if (!question->again || left_ms(question) <= PAUSE_MS)
        return false;
    (void)nanosleep(&pause, NULL);
    return true;
}

static bool answer(const struct health_question *question, enum check_outcome outcome,
                   struct check_answer *out, struct error *err, const char *format, ...) PRINTF_LIKE(5, 6);

static bool answer(const struct health_question *question, enum check_outcome outcome,
                   struct check_answer *out, struct error *err, const char *format, ...)
{
    struct error why; /* its text is cleaned of what could not be shown */
    char text[200];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)error_set(&why, ERROR_SYSTEM, "%s", text);
    struct text kept = text_copy(question->arena, text_of(why.text));
    if (kept.at == NULL)
        return arena_full(question->arena, err);
    *out = (struct check_answer){outcome, outcome == CHECK_PASSED ? (struct text){0} : kept};
    return true;
}

static bool too_late(const struct health_question *question, struct check_answer *out, struct error *err)
{
    return answer(question, CHECK_FAILED, out, err, "no answer within %u ms",
                  (unsigned)question->check->limit_ms);
}

/* ---- units ---- */

static struct text first_line(struct bytes output)
{
    struct text rest = {(const char *)output.at, output.size}, line = {0};

    return text_cut(&rest, '\n', &line) ? text_trim(text_part(line, 0, 120)) : line;
}

/* One look. *settled: asking again would not change it. */
static bool look_at_unit(const struct health_question *question, const char *unit, bool *settled,
                         struct check_answer *out, struct error *err)
{
    const char *const argv[] = {"/usr/bin/systemctl", "is-active", "--", unit, NULL};
    const struct child_command command = {
        .argv = argv, .timeout_ms = (uint32_t)left_ms(question) + 1, .output_limit = LIMIT_CHILD_OUTPUT};
    struct child_result result;
    struct error why = {0};

    *settled = true;
    if (!child_run(&command, question->arena, &result, &why)) {
        if (why.kind == ERROR_LIMIT)
            return too_late(question, out, err);
        return answer(question, CHECK_NOT_ASKED, out, err, "%s", why.text);
    }
    struct text state = first_line(result.output);
    if (result.status == 0)
        return answer(question, CHECK_PASSED, out, err, "active");
    if (state.size == 0) /* no systemd runs here */
        return answer(question, CHECK_NOT_ASKED, out, err, "%.*s", TEXT_ARG(first_line(result.errors)));
    *settled = !text_equal(state, TEXT("activating")) && !text_equal(state, TEXT("reloading")) &&
               !text_equal(state, TEXT("inactive")); /* between stop and start */
    return answer(question, CHECK_FAILED, out, err, "is %.*s", TEXT_ARG(state));
}

bool health_ask_unit(const struct health_question *question, struct check_answer *out, struct error *err)
{
    const char *unit = text_string(question->arena, question->check->target);
    bool settled;

    if (unit == NULL)
        return arena_full(question->arena, err);
    do {
        if (!look_at_unit(question, unit, &settled, out, err))
            return false;
    } while (out->outcome == CHECK_FAILED && !settled && wait_again(question));
    return true;
}

/* ---- sockets ---- */

struct addresses {
    const char *names[ADDRESSES_MAX]; /* in digits */
    size_t count;
};

/*
 * A name is asked of the system by getent, which ends when its time does; the library's own call may wait for a name
 * server as long as that likes.
 */
static bool look_up(const struct health_question *question, struct text host, struct addresses *out,
                    struct error *why)
{
    const char *const argv[] = {"/usr/bin/getent", "ahosts", text_string(question->arena, host), NULL};
    const struct child_command command = {
        .argv = argv, .timeout_ms = (uint32_t)left_ms(question) + 1, .output_limit = LIMIT_CHILD_OUTPUT};
    struct child_result result = {0};
    struct text line, word;

    if (argv[2] == NULL)
        return arena_full(question->arena, why);
    if (!child_run(&command, question->arena, &result, why))
        return false;
    struct text rest = {(const char *)result.output.at, result.output.size};
    while (out->count < ADDRESSES_MAX && text_cut(&rest, '\n', &line)) {
        if (text_find(line, TEXT("STREAM")) == SIZE_MAX || !text_cut_word(&line, &word))
            continue;
        out->names[out->count] = text_string(question->arena, word);
        if (out->names[out->count++] == NULL)
            return arena_full(question->arena, why);
    }
    return out->count > 0 || error_set(why, ERROR_ABSENT, "no address of %.*s is known", TEXT_ARG(host));
}

static bool resolve(const char *name, const char *port, struct addrinfo **out)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};

    return getaddrinfo(name, port, &hints, out) == 0;
}

static bool wait_for(const struct health_question *question, int fd, short events)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    int ready;

    do
        ready = poll(&waiting, 1, left_ms(question));
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

/* *why says what the system said. */
static bool connect_to(const struct health_question *question, const struct addrinfo *to, int *out,
                       struct error *why)
{
    OWN(own_fd) int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int number = 0;
    socklen_t size = sizeof(number);

    if (fd < 0)
        return error_system(why, "socket");
    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0) {
        if (errno != EINPROGRESS)
            return error_set(why, ERROR_SYSTEM, "%s", strerror(errno));
        if (!wait_for(question, fd, POLLOUT))
            return error_set(why, ERROR_LIMIT, "no answer within %u ms", (unsigned)question->check->limit_ms);
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0 || number != 0)
            return error_set(why, ERROR_SYSTEM, "%s", strerror(number));
    }
    *out = fd_take(&fd);
    return true;
}

static bool connect_any(const struct health_question *question, const struct check_address *address, int *out,
                        struct error *why)
{
    struct addresses addresses = {.count = 0};
    struct addrinfo *to = NULL;
    char port[8];
    bool connected = false;

    (void)snprintf(port, sizeof(port), "%u", (unsigned)address->port);
    addresses.names[0] = text_string(question->arena, address->host);
    if (addresses.names[0] == NULL)
        return arena_full(question->arena, why);
    if (resolve(addresses.names[0], port, &to)) {
        freeaddrinfo(to);
        addresses.count = 1;
    } else if (!look_up(question, address->host, &addresses, why)) {
        return false;
    }
    for (size_t i = 0; i < addresses.count && !connected; i++) {
        if (!resolve(addresses.names[i], port, &to)) {
            (void)error_set(why, ERROR_INPUT, "%.60s is no address", addresses.names[i]);
            continue;
        }
        connected = connect_to(question, to, out, why);
        freeaddrinfo(to);
    }
    return connected;
}

/* The target was checked before. */
static struct check_address address_of(const struct check *check)
{
    struct check_address address = {.port = 0};
    struct error impossible;
    bool taken = check_address(check->kind, check->target, &address, &impossible);

    assert(taken);
    (void)taken;
    return address;
}

bool health_ask_tcp(const struct health_question *question, struct check_answer *out, struct error *err)
{
    struct check_address address = address_of(question->check);
    struct error why;

    do {
        OWN(own_fd) int fd = -1;
        if (connect_any(question, &address, &fd, &why))
            return answer(question, CHECK_PASSED, out, err, "connected");
    } while (wait_again(question));
    return answer(question, CHECK_FAILED, out, err, "%s", why.text);
}

/* ---- HTTP ---- */

static bool send_request(const struct health_question *question, int fd, const struct check_address *address,
                         struct error *why)
{
    struct text request =
        text_format(question->arena,
                    "GET %.*s%s HTTP/1.0\r\nHost: %.*s\r\nUser-Agent: suture\r\n"
                    "Connection: close\r\n\r\n",
                    TEXT_ARG(address->path), address->path.size == 0 ? "/" : "", TEXT_ARG(address->host));

    if (request.at == NULL)
        return arena_full(question->arena, why);
    while (request.size > 0) {
        ssize_t sent = send(fd, request.at, request.size, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (!wait_for(question, fd, POLLOUT))
                return error_set(why, ERROR_LIMIT, "no answer within %u ms",
                                 (unsigned)question->check->limit_ms);
            continue;
        }
        if (sent < 0)
            return error_set(why, ERROR_SYSTEM, "%s", strerror(errno));
        request = text_part(request, (size_t)sent, SIZE_MAX);
    }
    return true;
}

/* Until the first line is there, or enough that it cannot be one. */
static bool read_status(const struct health_question *question, int fd, uint16_t *out, struct error *why)
{
    uint8_t buffer[ANSWER_MAX];
    size_t size = 0;

    while (size < sizeof(buffer) && (size == 0 || memchr(buffer, '\n', size) == NULL)) {
        ssize_t got = recv(fd, buffer + size, sizeof(buffer) - size, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (!wait_for(question, fd, POLLIN))
                return error_set(why, ERROR_LIMIT, "no answer within %u ms",
                                 (unsigned)question->check->limit_ms);
            continue;
        }
        if (got < 0)
            return error_set(why, ERROR_SYSTEM, "%s", strerror(errno));
        if (got == 0)
            break;
        size += (size_t)got;
    }
    if (size == 0)
        return error_set(why, ERROR_INPUT, "the connection was closed without an answer");
    return check_http_status((struct bytes){buffer, size}, out, why);
}

static bool get(const struct health_question *question, const struct check_address *address,
                struct error *why)
{
    OWN(own_fd) int fd = -1;
    uint16_t status;

    if (!connect_any(question, address, &fd, why) || !send_request(question, fd, address, why) ||
        !read_status(question, fd, &status, why))
        return false;
    return status == question->check->expected ||
           error_set(why, ERROR_INPUT, "status %u, not %u", status, question->check->expected);
}

bool health_ask_http(const struct health_question *question, struct check_answer *out, struct error *err)
{
    struct check_address address = address_of(question->check);
    struct error why;

    do {
        if (get(question, &address, &why))
            return answer(question, CHECK_PASSED, out, err, "answered");
    } while (wait_again(question));
    return answer(question, CHECK_FAILED, out, err, "%s", why.text);
}

/* ---- commands ---- */

bool health_ask_command(const struct health_question *question, struct check_answer *out, struct error *err)
{
    const char *argv[CHECK_WORDS_MAX + 1] = {0};
    struct text rest = question->check->target, word;
    struct child_result result;
    struct error why = {0};
    size_t count = 0;

    while (count < CHECK_WORDS_MAX && text_cut_word(&rest, &word)) {
        argv[count] = text_string(question->arena, word);
        if (argv[count++] == NULL)
            return arena_full(question->arena, err);
    }
    const struct child_command command = {
        .argv = argv, .timeout_ms = (uint32_t)left_ms(question) + 1, .output_limit = LIMIT_CHILD_OUTPUT};
    if (!child_run(&command, question->arena, &result, &why)) {
        if (why.kind == ERROR_LIMIT && left_ms(question) == 0)
            return too_late(question, out, err);
        return answer(question, CHECK_FAILED, out, err, "%s", why.text);
    }
    if (result.status == question->check->expected)
        return answer(question, CHECK_PASSED, out, err, "ended");
    struct text said = first_line(result.errors.size > 0 ? result.errors : result.output);
    return answer(question, CHECK_FAILED, out, err, "ended with %d, not %u%s%.*s", result.status,
                  question->check->expected, said.size > 0 ? ": " : "", TEXT_ARG(said));
}
