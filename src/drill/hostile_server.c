#include "drill/hostile_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"

#define ENDLESS_SIZE (4096 * 1024)
#define DRIP_COUNT   30
#define DRIP_MS      100
#define LIFE_S       60 /* whatever becomes of who started it */

/* False: the other side is gone. */
static bool say(int fd, const void *at, size_t size)
{
    for (const char *from = at; size > 0;) {
        ssize_t put = send(fd, from, size, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        from += put;
        size -= (size_t)put;
    }
    return true;
}

static bool say_line(int fd, const char *line)
{
    return say(fd, line, strlen(line));
}

/* Waits, unless the other side goes. */
static bool wait_ms(int fd, int ms)
{
    struct pollfd gone = {.fd = fd, .events = POLLRDHUP};

    return poll(&gone, 1, ms) == 0;
}

/* ---- how it behaves ---- */

static void honest(int fd, struct bytes content)
{
    char head[128];

    (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                   content.size);
    (void)(say_line(fd, head) && say(fd, content.at, content.size));
}

static void endless(int fd, struct bytes content)
{
    static const char zeros[4096];

    (void)content;
    if (!say_line(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"))
        return;
    for (size_t sent = 0; sent < ENDLESS_SIZE && say(fd, zeros, sizeof(zeros)); sent += sizeof(zeros))
        ;
}

static void longer(int fd, struct bytes content)
{
    (void)content;
    (void)(say_line(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n") && say_line(fd, "x") &&
           wait_ms(fd, 3000));
}

static void drip(int fd, struct bytes content)
{
    char head[128];

    (void)content;
    (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
                   2 * DRIP_COUNT);
    if (!say_line(fd, head))
        return;
    for (int i = 0; i < DRIP_COUNT && say_line(fd, "xx") && wait_ms(fd, DRIP_MS); i++)
        ;
}

static void silent(int fd, struct bytes content)
{
    (void)content;
    (void)(say_line(fd, "HTTP/1.1 200 OK\r\n") && wait_ms(fd, 10000));
}

static void heads(int fd, struct bytes content)
{
    static const char head[] =
        "X-Padding: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n";

    (void)content;
    if (!say_line(fd, "HTTP/1.1 200 OK\r\n"))
        return;
    for (size_t sent = 0; sent < ENDLESS_SIZE && say_line(fd, head); sent += sizeof(head))
        ;
}

static void away(int fd, struct bytes content)
{
    (void)content;
    (void)say_line(fd, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: "
                       "0\r\nConnection: close\r\n\r\n");
}

static void around(int fd, struct bytes content)
{
    (void)content;
    (void)say_line(
        fd, "HTTP/1.1 302 Found\r\nLocation: /around\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

static const struct {
    const char *request;
    void (*answer)(int fd, struct bytes content);
} behaviours[] = {
    {"GET /endless", endless}, {"GET /longer", longer}, {"GET /drip", drip},     {"GET /silent", silent},
    {"GET /heads", heads},     {"GET /away", away},     {"GET /around", around},
};

/* One request of a connection; its head is not looked at beyond the path. */
static void serve(int fd, struct bytes content)
{
    char request[4096] = "";
    size_t have = 0;

    while (have < sizeof(request) - 1 && strstr(request, "\r\n\r\n") == NULL) {
        ssize_t got = recv(fd, request + have, sizeof(request) - 1 - have, 0);
        if (got <= 0)
            return;
        have += (size_t)got;
        request[have] = 0;
    }
    for (size_t i = 0; i < sizeof(behaviours) / sizeof(*behaviours); i++)
        if (strncmp(request, behaviours[i].request, strlen(behaviours[i].request)) == 0) {
            behaviours[i].answer(fd, content);
            return;
        }
    honest(fd, content);
}

static _Noreturn void live(int listener, struct bytes content)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)alarm(LIFE_S);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && errno != EINTR)
            _exit(1);
        if (fd < 0)
            continue;
        serve(fd, content);
        (void)shutdown(fd, SHUT_WR);
        (void)close(fd);
    }
}

bool hostile_server_start(struct bytes content, struct hostile_server *out, struct error *err)
{
    OWN(own_fd) int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    union {
        struct sockaddr_in *in;
        struct sockaddr *any;
    } at = {&address};

    if (listener < 0 || bind(listener, at.any, size) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, at.any, &size) != 0)
        return error_system(err, "a server on loopback");
    pid_t pid = fork();
    if (pid < 0)
        return error_system(err, "fork");
    if (pid == 0)
        live(listener, content);
    *out = (struct hostile_server){(int)pid, ntohs(address.sin_port)};
    return true;
}

void hostile_server_end(struct hostile_server *server)
{
    if (server->pid > 0) {
        (void)kill(server->pid, SIGKILL);
        while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    *server = (struct hostile_server){0};
}
