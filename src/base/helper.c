#include "base/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/control.h"
#include "base/own.h"

#define FRAME_HEAD 4

/* In the child, between fork and exec: only calls that are safe there. */
static void become(const char *const *argv, const char *const *environment, int socket, int failed)
{
    char *const *arguments, *const *envp;
    sigset_t none;

    memcpy(&arguments, &argv, sizeof(arguments)); /* execve's prototype lacks the const that it keeps */
    memcpy(&envp, &environment, sizeof(envp));
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0 && setsid() >= 0 && dup2(socket, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
        close_range(STDERR_FILENO + 1, UINT32_MAX, CLOSE_RANGE_CLOEXEC) == 0)
        (void)execve(arguments[0], arguments, envp);
    int number = errno;
    (void)!write(failed, &number, sizeof(number));
    _exit(127);
}

/* Waits until exec has happened or failed. */
static bool confirm_exec(int failed, struct error *err)
{
    int number = 0;
    ssize_t got;

    do
        got = read(failed, &number, sizeof(number));
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return true;
    errno = number;
    return error_system(err, "cannot be run");
}

bool helper_start(const char *const *argv, const char *const *environment, struct helper *out,
                  struct error *err)
{
    OWN(helper_end) struct helper helper = HELPER_NONE;
    const char *room[CONTROL_ENVIRONMENT_MAX];
    int ends[2], failed[2];

    environment = control_environment(environment, room);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return error_system(err, "socketpair");
    helper.fd = ends[0];
    OWN(own_fd) int theirs = ends[1];
    if (pipe2(failed, O_CLOEXEC) != 0)
        return error_system(err, "pipe");
    OWN(own_fd) int failed_read = failed[0];
    OWN(own_fd) int failed_write = failed[1];
    helper.pid = fork();
    if (helper.pid < 0) {
        helper.pid = 0;
        return error_system(err, "fork");
    }
    if (helper.pid == 0)
        become(argv, environment, theirs, failed_write);
    own_fd(&failed_write);
    if (!confirm_exec(failed_read, err))
        return error_at(err, "%s", argv[0]);
    *out = helper;
    helper.fd = -1;
    helper.pid = 0;
    return true;
}

void helper_end(struct helper *helper)
{
    own_fd(&helper->fd);
    if (helper->pid > 0)
        while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    *helper = HELPER_NONE;
}

static bool send_all(int fd, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0) {
        ssize_t put = send(fd, bytes.at, bytes.size, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && (errno == EPIPE || errno == ECONNRESET))
            return error_set(err, ERROR_CONFLICT, "the other side is gone");
        if (put < 0)
            return error_system(err, "send");
        bytes.at += put;
        bytes.size -= (size_t)put;
    }
    return true;
}

bool frame_send(int fd, struct bytes message, struct error *err)
{
    uint8_t head[FRAME_HEAD];

    if (message.size > UINT32_MAX)
        return error_set(err, ERROR_LIMIT, "a message of %zu bytes", message.size);
    for (size_t i = 0; i < FRAME_HEAD; i++)
        head[i] = (uint8_t)(message.size >> (8 * i));
    return send_all(fd, (struct bytes){head, FRAME_HEAD}, err) && send_all(fd, message, err);
}

/* *got is less than size only at the end. */
static bool receive_all(int fd, uint8_t *into, size_t size, size_t *got, struct error *err)
{
    *got = 0;
    while (*got < size) {
        ssize_t n = read(fd, into + *got, size - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != ECONNRESET)
            return error_system(err, "receive");
        if (n <= 0)
            return true;
        *got += (size_t)n;
    }
    return true;
}

bool frame_receive(int fd, size_t limit, struct arena *arena, struct bytes *out, struct error *err)
{
    uint8_t head[FRAME_HEAD];
    size_t got, size = 0;

    if (!receive_all(fd, head, FRAME_HEAD, &got, err))
        return false;
    if (got == 0)
        return error_set(err, ERROR_ABSENT, "the other side has ended");
    for (size_t i = 0; i < FRAME_HEAD; i++)
        size |= (size_t)head[i] << (8 * i);
    if (got < FRAME_HEAD)
        return error_set(err, ERROR_INPUT, "a message ends in the middle");
    if (size > limit)
        return error_set(err, ERROR_LIMIT, "a message of %zu bytes, more than %zu", size, limit);
    uint8_t *at = arena_take(arena, size + 1);
    if (at == NULL)
        return arena_full(arena, err);
    if (!receive_all(fd, at, size, &got, err))
        return false;
    if (got < size)
        return error_set(err, ERROR_INPUT, "a message ends in the middle");
    *out = (struct bytes){at, size};
    return true;
}
