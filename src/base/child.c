#include "base/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/control.h"
#include "base/own.h"
#include "base/writer.h"

static int64_t monotonic_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A running child and our ends of its pipes. */
struct running {
    pid_t pid;
    int input, output, errors; /* -1 when closed */
    int failed;                /* carries errno when exec failed; closed by exec */
    int64_t end_ms;            /* when its time is over */
};

/* What two signals did before: a pipe that is read no more must not end us, and a child must wait for its waitpid. */
struct signals {
    struct sigaction pipe, child;
};

static void hold_signals(struct signals *before)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, standard = {.sa_handler = SIG_DFL};

    (void)sigaction(SIGPIPE, &ignore, &before->pipe);
    (void)sigaction(SIGCHLD, &standard,
                    &before->child); /* ignored, as some parents leave it, it loses the status */
}

static void own_signals(struct signals *before)
{
    (void)sigaction(SIGPIPE, &before->pipe, NULL);
    (void)sigaction(SIGCHLD, &before->child, NULL);
}

static bool make_pipe(int ends[2], struct error *err)
{
    return pipe2(ends, O_CLOEXEC) == 0 || error_system(err, "pipe");
}

/*
 * Gives the child its descriptors from 3 on; all others, and the pipe that tells of a failure, close when it is run.
 * They are first put out of each other's way.
 */
static bool place_passed(const struct child_command *command, int *failed)
{
    int moved[CHILD_PASSED_MAX];

    *failed = fcntl(*failed, F_DUPFD_CLOEXEC, 3 + CHILD_PASSED_MAX);
    for (size_t i = 0; i < command->passed_count; i++)
        moved[i] = fcntl(command->passed[i], F_DUPFD_CLOEXEC, 3 + CHILD_PASSED_MAX);
    if (close_range(3, UINT32_MAX, CLOSE_RANGE_CLOEXEC) != 0)
        return false;
    for (size_t i = 0; i < command->passed_count; i++)
        if (dup2(moved[i], 3 + (int)i) < 0)
            return false;
    return *failed >= 0;
}

static bool enter(const struct child_command *command)
{
    int refused = command->enter == NULL ? 0 : command->enter(command->cage);

    if (refused != 0)
        errno = refused;
    return refused == 0;
}

/* In the child, between fork and exec: only calls that are safe there. */
static void become(const struct child_command *command, const char *const *environment, const int fds[3],
                   int failed)
{
    sigset_t none;
    char *const *argv, *const *envp;

    memcpy(&argv, &command->argv, sizeof(argv)); /* execve's prototype lacks the const that it keeps */
    memcpy(&envp, &environment, sizeof(envp));
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < NSIG;
         number++) /* what we ignore, or were started to ignore, is not the child's */
        (void)signal(number, SIG_DFL);
    if (setpgid(0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && dup2(fds[0], 0) == 0 &&
        dup2(fds[1], 1) == 1 && dup2(fds[2], 2) == 2 && place_passed(command, &failed) && enter(command))
        (void)execve(command->argv[0], argv, envp);
    int number = errno;
    (void)!write(failed, &number, sizeof(number));
    _exit(127);
}

static void own_running(struct running *running)
{
    if (running->pid > 0) {
        (void)kill(-running->pid, SIGKILL);
        (void)kill(running->pid, SIGKILL);
        while (waitpid(running->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    running->pid = 0;
    own_fd(&running->input);
    own_fd(&running->output);
    own_fd(&running->errors);
    own_fd(&running->failed);
}

/* Child ends at [0..2], ours and the exec pipe in `running`. */
static bool start(const struct child_command *command, struct running *running, struct error *err)
{
    static const char *const plain[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
    int in[2] = {-1, -1}, out[2] = {-1, -1}, errors[2] = {-1, -1}, failed[2] = {-1, -1};
    const char *room[CONTROL_ENVIRONMENT_MAX];
    const char *const *environment =
        control_environment(command->environment != NULL ? command->environment : plain, room);
    bool made = make_pipe(in, err) && make_pipe(out, err) && make_pipe(errors, err) && make_pipe(failed, err);
    OWN(own_fd) int in_child = in[0];
    OWN(own_fd) int out_child = out[1];
    OWN(own_fd) int errors_child = errors[1];
    OWN(own_fd) int failed_child = failed[1];

    *running = (struct running){.input = in[1],
                                .output = out[0],
                                .errors = errors[0],
                                .failed = failed[0],
                                .end_ms = monotonic_ms() + command->timeout_ms};
    if (!made)
        return false;
    int fds[3] = {command->input_fd > 2 ? command->input_fd : in_child, out_child,
                  command->errors_passed_on ? STDERR_FILENO : errors_child};
    running->pid = fork();
    if (running->pid < 0)
        return error_system(err, "fork");
    if (running->pid == 0)
        become(command, environment, fds, failed_child);
    return true;
}

/* Waits until exec has happened or failed. */
static bool confirm_exec(struct running *running, struct error *err)
{
    int number = 0;
    ssize_t got;

    do
        got = read(running->failed, &number, sizeof(number));
    while (got < 0 && errno == EINTR);
    own_fd(&running->failed);
    if (got == 0)
        return true;
    errno = number;
    return error_system(err, "cannot be run");
}

/* Takes what came on fd; closes it at its end. taker: whose on_output gets it, or NULL. */
static bool drain(int *fd, struct writer *into, const struct child_command *taker, struct error *err)
{
    uint8_t buffer[16384];
    ssize_t got = read(*fd, buffer, sizeof(buffer));

    if (got < 0)
        return errno == EINTR || errno == EAGAIN || error_system(err, "read");
    if (got == 0)
        own_fd(fd);
    if (taker != NULL && taker->on_output != NULL)
        return got == 0 || taker->on_output(taker->self, (struct bytes){buffer, (size_t)got}, err);
    writer_put(into, (struct bytes){buffer, (size_t)got});
    return writer_ok(into) || error_set(err, ERROR_LIMIT, "wrote more than %zu bytes", into->limit);
}

/* Gives it more of its input; closes the pipe when all is given or when it wants no more. */
static void feed(int *fd, struct bytes *left)
{
    ssize_t put = left->size == 0 ? 0 : write(*fd, left->at, left->size);

    if (put < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (put > 0) {
        left->at += put;
        left->size -= (size_t)put;
    }
    if (put < 0 || left->size == 0)
        own_fd(fd);
}

static bool exchange(const struct child_command *command, struct running *running, struct writer captured[2],
                     struct error *err)
{
    struct bytes input = command->input;

    (void)fcntl(running->input, F_SETFL, O_NONBLOCK);
    if (command->input_fd > 2)
        own_fd(&running->input);
    while (running->input >= 0 || running->output >= 0 || running->errors >= 0) {
        struct pollfd polled[3] = {
            {running->input, POLLOUT, 0}, {running->output, POLLIN, 0}, {running->errors, POLLIN, 0}};
        int64_t left_ms = running->end_ms - monotonic_ms();
        if (left_ms <= 0)
            return error_set(err, ERROR_LIMIT, "took longer than %u ms", command->timeout_ms);
        if (poll(polled, 3, (int)left_ms) < 0 && errno != EINTR)
            return error_system(err, "poll");
        if (polled[0].revents != 0)
            feed(&running->input, &input);
        if (polled[1].revents != 0 && !drain(&running->output, &captured[0], command, err))
            return false;
        if (polled[2].revents != 0 && !drain(&running->errors, &captured[1], NULL, err))
            return false;
    }
    return true;
}

/* The child closed its pipes; it has until the end of its time to exit as well. */
static bool reap(const struct child_command *command, struct running *running, int *status, struct error *err)
{
    int raw;

    for (;;) {
        pid_t got = waitpid(running->pid, &raw, WNOHANG);
        if (got == running->pid)
            break;
        if (got < 0 && errno != EINTR)
            return error_system(err, "waitpid");
        if (monotonic_ms() >= running->end_ms)
            return error_set(err, ERROR_LIMIT, "took longer than %u ms", command->timeout_ms);
        (void)poll(NULL, 0, 1);
    }
    running->pid = 0;
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    return true;
}

static bool keep(struct writer *captured, struct arena *arena, struct bytes *out, struct error *err)
{
    uint8_t *at = arena_take(arena, captured->size + 1);

    if (at == NULL)
        return arena_full(arena, err);
    if (captured->size > 0)
        memcpy(at, captured->at, captured->size);
    *out = (struct bytes){at, captured->size};
    return true;
}

bool child_run(const struct child_command *command, struct arena *arena, struct child_result *out,
               struct error *err)
{
    OWN(own_signals) struct signals before = {0}; /* given back when the child is no more */
    OWN(own_running) struct running running = {.input = -1, .output = -1, .errors = -1, .failed = -1};
    OWN(writer_end) struct writer output = writer_with(command->output_limit);
    OWN(writer_end) struct writer errors = writer_with(command->output_limit);
    struct child_result result = {0};

    hold_signals(&before);
    assert(command->argv[0] != NULL && command->argv[0][0] == '/' && command->timeout_ms > 0 &&
           command->passed_count <= CHILD_PASSED_MAX);
    if (!start(command, &running, err) || !confirm_exec(&running, err))
        return error_at(err, "%s", command->argv[0]);
    struct writer captured[2] = {output, errors};
    bool done = exchange(command, &running, captured, err) && reap(command, &running, &result.status, err);
    output = captured[0];
    errors = captured[1];
    if (!done || !keep(&output, arena, &result.output, err) || !keep(&errors, arena, &result.errors, err))
        return error_at(err, "%s", command->argv[0]);
    *out = result;
    return true;
}
