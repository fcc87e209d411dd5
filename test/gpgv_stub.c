/*
 * Stands in for gpgv in tests, under names that say what it does (gpgv-dying, ...: links to this program). It always tells of
 * a good signature; then, as a gpgv would that a signature has taken over or that goes wrong:
 *
 *     gpgv-dying      dies in the middle of the text
 *     gpgv-endless    writes without end
 *     gpgv-probing    tries what must not be possible and writes "WHAT=ERRNO" of each, "done" for what could be done
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY         "AAAAAAAAAAAAAAAA"
#define FINGERPRINT "111111111111111111111111" KEY

static void say(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text));
}

static int failed_or(bool done)
{
    return done ? 0 : errno;
}

static int try_read(const char *path)
{
    return failed_or(open(path, O_RDONLY) >= 0);
}

static int try_write(void)
{
    return failed_or(open("/tmp/suture-gpgv-stub", O_WRONLY | O_CREAT, 0600) >= 0);
}

static int try_connect(int family)
{
    return failed_or(socket(family, SOCK_STREAM, 0) >= 0);
}

/* Had it worked this program would be no more, and its text empty. */
static int try_exec(const char *path)
{
    char *argv[] = {(char[]){"true"}, NULL}, *environment[] = {NULL};

    (void)execve(path, argv, environment);
    return errno;
}

static int try_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    int failed = failed_or(pid > 0);
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    return failed;
}

/* Signal 0 does nothing but ask. */
static int try_signal(void)
{
    return failed_or(kill(getppid(), 0) == 0);
}

static int try_trace(void)
{
    return failed_or(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0);
}

static int try_root(void)
{
    return failed_or(geteuid() != 0 && setuid(0) == 0);
}

static void probe(void)
{
    const struct {
        const char *what;
        int failed;
    } tried[] = {
        {"shadow", try_read("/etc/shadow")},
        {"passwd", try_read("/etc/passwd")},
        {"lists", try_read("/etc/apt")},
        {"make", try_write()},
        {"connect", try_connect(AF_INET)},
        {"daemon", try_connect(AF_UNIX)},
        {"exec", try_exec("/bin/true")},
        {"gpgv", try_exec("/usr/bin/gpgv")},
        {"fork", try_fork()},
        {"signal", try_signal()},
        {"trace", try_trace()},
        {"root", try_root()},
        {"own", try_read("/proc/self/fd/3")},
        {"signed", try_read("/proc/self/fd/4")},
    };
    char line[64];

    say(1, geteuid() == 0 ? "user=root " : "user=other ");
    for (size_t i = 0; i < sizeof(tried) / sizeof(*tried); i++) {
        (void)snprintf(line, sizeof(line), "%s=%s ", tried[i].what,
                       tried[i].failed == 0 ? "done" : strerrorname_np(tried[i].failed));
        say(1, line);
    }
}

int main(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *name = slash == NULL ? "" : slash + 1;

    say(0, "[GNUPG:] PLAINTEXT 74 0 \n[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG " KEY
           " Publisher\n[GNUPG:] VALIDSIG " FINGERPRINT " 2026-11-14 1 0 4 0 1 8 01 " FINGERPRINT "\n");
    if (strcmp(name, "gpgv-dying") == 0) {
        say(1, "Origin: Exam");
        __builtin_trap(); /* it could not send itself a signal */
    }
    while (strcmp(name, "gpgv-endless") == 0 && write(1, "Origin: Example\n", 16) > 0)
        ;
    if (strcmp(name, "gpgv-probing") == 0)
        probe();
    return 0;
}
