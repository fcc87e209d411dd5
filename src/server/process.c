#include "server/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"

#define FIRST_PASSED 3
#define OUT_OF_WAY   64 /* descriptors are moved there first, so that none is overwritten before it was moved */

/* In the child, between fork and exec: only calls that are safe there. */
static void become(const struct process_wish *wish, int socket, int failed)
{
    char *const *arguments, *const *environment;
    sigset_t none;
    int moved[PROCESS_PASSED_MAX];
    bool good;

    memcpy(&arguments, &wish->argv, sizeof(arguments)); /* execve's prototype lacks the const that it keeps */
    memcpy(&environment, &wish->environment, sizeof(environment));
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL);
    failed = fcntl(failed, F_DUPFD_CLOEXEC, OUT_OF_WAY);
    socket = fcntl(socket, F_DUPFD_CLOEXEC, OUT_OF_WAY);
    for (size_t i = 0; i < wish->passed_count; i++)
        moved[i] = fcntl(wish->passed[i], F_DUPFD_CLOEXEC, OUT_OF_WAY);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    good = setsid() >= 0 && dup2(socket, STDIN_FILENO) >= 0 &&
           dup2(wish->quiet ? null : STDERR_FILENO, STDOUT_FILENO) >= 0 &&
           close_range(FIRST_PASSED, OUT_OF_WAY - 1, 0) == 0;
    for (size_t i = 0; i < wish->passed_count; i++)
        good = good && dup2(moved[i], FIRST_PASSED + (int)i) >= 0;
    if (good && close_range(OUT_OF_WAY, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        (void)execve(arguments[0], arguments, environment);
    int number = errno;
    (void)!write(failed, &number, sizeof(number));
    _exit(127);
}

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

bool process_start(const struct process_wish *wish, struct process *out, struct error *err)
{
    struct process made = PROCESS_NONE;
    int ends[2], failed[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return error_system(err, "socketpair");
    OWN(own_fd) int ours = ends[0];
    OWN(own_fd) int theirs = ends[1];
    if (pipe2(failed, O_CLOEXEC) != 0)
        return error_system(err, "pipe");
    OWN(own_fd) int failed_read = failed[0];
    OWN(own_fd) int failed_write = failed[1];
    made.pid = fork();
    if (made.pid < 0)
        return error_system(err, "fork");
    if (made.pid == 0)
        become(wish, theirs, failed_write);
    own_fd(&failed_write);
    made.watch = pidfd_open(made.pid, 0);
    made.control = fd_take(&ours);
    if (made.watch < 0 || !confirm_exec(failed_read, err)) {
        int status;
        bool told = made.watch >= 0;
        process_stop(&made, 0);
        (void)process_ended(&made, &status);
        return told ? error_at(err, "%s", wish->argv[0]) : error_system(err, "pidfd_open");
    }
    *out = made;
    return true;
}

static void forget(struct process *process)
{
    own_fd(&process->watch);
    own_fd(&process->control);
    process->pid = 0;
}

bool process_ended(struct process *process, int *status)
{
    int raw = 0;

    if (process->pid == 0 || waitpid(process->pid, &raw, WNOHANG) != process->pid)
        return false;
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    forget(process);
    return true;
}

void process_stop(struct process *process, int patience_ms)
{
    struct pollfd ended = {.fd = process->watch, .events = POLLIN};

    if (process->pid == 0)
        return;
    own_fd(&process->control);
    if (process->watch < 0 || poll(&ended, 1, patience_ms) != 1)
        (void)kill(process->pid, SIGKILL);
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    forget(process);
}
