/*
 * Put in front of a helper program's libraries (LD_PRELOAD) by test/flow/confined_test.py: at the first call of a function
 * that the helper makes when it is confined, what must not be possible is tried from inside it, and told on standard error:
 *
 *     probe shadow=EPERM make=EPERM run=EPERM spawn=EPERM connect=EPERM daemon=EPERM root=EPERM
 *
 * "done" stands for what could be done. The call itself then goes on.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int curl_easy_perform(void *curl);
void *solver_create(void *pool);

static const char *told(int failed)
{
    return failed == 0 ? "done" : strerrorname_np(failed);
}

static int try_connect(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return fd < 0 ? errno : connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ? 0 : errno;
}

static int try_spawn(void)
{
    char *argv[] = {(char[]){"true"}, NULL};
    char *environment[] = {NULL};
    pid_t pid;

    return posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environment);
}

/* Had it worked this process would be no more, and nothing told. */
static int try_run(void)
{
    char *argv[] = {(char[]){"true"}, NULL};
    char *environment[] = {NULL};

    (void)execve("/bin/true", argv, environment);
    return errno;
}

static void probe(void)
{
    static int probed; /* a test's own */
    char line[256];

    if (probed++ > 0)
        return;
    int shadow = open("/etc/shadow", O_WRONLY) >= 0 ? 0 : errno;
    int make = open("/tmp/suture-probe", O_WRONLY | O_CREAT, 0600) >= 0 ? 0 : errno;
    int run = try_run(), spawned = try_spawn(), connected = try_connect();
    int daemon_socket = socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : errno;
    int root = setuid(0) == 0 ? 0 : errno;
    int size = snprintf(
        line, sizeof(line), "probe shadow=%s make=%s run=%s spawn=%s connect=%s daemon=%s root=%s\n",
        told(shadow), told(make), told(run), told(spawned), told(connected), told(daemon_socket), told(root));
    (void)!write(STDERR_FILENO, line, size > 0 ? (size_t)size : 0);
}

/* The function that would have been called. */
#define NEXT(name, type) ((type)(uintptr_t)dlsym(RTLD_NEXT, name))

int curl_easy_perform(void *curl)
{
    probe();
    return NEXT("curl_easy_perform", int (*)(void *))(curl);
}

void *solver_create(void *pool)
{
    probe();
    return NEXT("solver_create", void *(*)(void *))(pool);
}

/* Of those that load their libraries when they need them; suture-plan does so before it has looked at all processes. */
void *dlopen(const char *name, int flags)
{
    if (strcmp(program_invocation_short_name, "suture-prove") == 0 ||
        strcmp(program_invocation_short_name, "suture-rebuild") == 0)
        probe();
    return NEXT("dlopen", void *(*)(const char *, int))(name, flags);
}
