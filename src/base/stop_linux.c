#include "base/stop.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "base/own.h"

static sigset_t stopping(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    return set;
}

bool stop_begin(struct stop *out, struct error *err)
{
    struct stop stop = STOP_NONE;
    sigset_t set = stopping();

    if (sigprocmask(SIG_BLOCK, &set, &stop.before) != 0)
        return error_system(err, "sigprocmask");
    stop.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (stop.fd < 0)
        return error_system(err, "signalfd");
    *out = stop;
    return true;
}

bool stop_asked(struct stop *stop)
{
    struct signalfd_siginfo info;

    if (!stop->asked && stop->fd >= 0)
        stop->asked = read(stop->fd, &info, sizeof(info)) == (ssize_t)sizeof(info);
    return stop->asked;
}

void stop_end(struct stop *stop)
{
    struct signalfd_siginfo info;

    if (stop->fd >= 0) {
        while (read(stop->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
            stop->asked = true;
        (void)sigprocmask(SIG_SETMASK, &stop->before, NULL);
    }
    own_fd(&stop->fd);
}
