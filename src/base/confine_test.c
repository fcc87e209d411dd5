#include "base/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"

extern char **environ;

/* What is tried in a confined process. Each gives 0 when it could be done, or errno. */
struct attempt {
    const char *folder; /* of the test; writable for everyone */
    int open_file;      /* opened for writing before */
};

static int failed_or(bool done)
{
    return done ? 0 : errno;
}

static int write_shadow(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(open("/etc/shadow", O_WRONLY) >= 0);
}

static int read_shadow(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(open("/etc/shadow", O_RDONLY) >= 0);
}

static int read_outside(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(open("/etc/passwd", O_RDONLY) >= 0);
}

static int read_inside(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(open("/etc/hosts", O_RDONLY) >= 0);
}

static int make_file(const struct attempt *attempt)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/new", attempt->folder);
    return failed_or(open(path, O_WRONLY | O_CREAT, 0600) >= 0);
}

static int make_folder(const struct attempt *attempt)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/folder", attempt->folder);
    return failed_or(mkdir(path, 0700) == 0);
}

static int remove_file(const struct attempt *attempt)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/there", attempt->folder);
    return failed_or(unlink(path) == 0);
}

static int run_program(const struct attempt *attempt)
{
    char *argv[] = {(char[]){"true"}, NULL};

    (void)attempt;
    (void)execve("/bin/true", argv, environ);
    return errno;
}

static int spawn_program(const struct attempt *attempt)
{
    char *argv[] = {(char[]){"true"}, NULL};
    pid_t pid;

    (void)attempt;
    return posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ);
}

static int make_process(const struct attempt *attempt)
{
    pid_t pid = fork();

    (void)attempt;
    if (pid == 0)
        _exit(0);
    return failed_or(pid > 0);
}

static void *in_thread(void *got)
{
    *(int *)got = 1;
    return NULL;
}

static int make_thread(const struct attempt *attempt)
{
    pthread_t thread;
    int ran = 0;
    int result = pthread_create(&thread, NULL, in_thread, &ran);

    (void)attempt;
    if (result == 0)
        result = pthread_join(thread, NULL);
    return result != 0 ? result : ran == 1 ? 0 : EIO;
}

static int trace_parent(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0);
}

static int signal_parent(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(kill(getppid(), 0) == 0);
}

static int reach_daemon(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
}

static int listen_on_port(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(listen(socket(AF_INET, SOCK_STREAM, 0), 1) == 0);
}

static int make_inet_socket(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(socket(AF_INET, SOCK_STREAM, 0) >= 0 && socket(AF_INET6, SOCK_DGRAM, 0) >= 0);
}

static int regain_root(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(setuid(0) == 0);
}

static int write_open_file(const struct attempt *attempt)
{
    return failed_or(pwrite(attempt->open_file, "x", 1, 0) == 1 && ftruncate(attempt->open_file, 0) == 0);
}

static int write_beyond_limit(const struct attempt *attempt)
{
    return failed_or(pwrite(attempt->open_file, "x", 1, 1000) == 1);
}

static const struct {
    const char *name;
    int (*attempt)(const struct attempt *);
    int expected,
        or_expected; /* the second where only one of seccomp and Landlock is there, or the test is not run by root */
} attempts[] = {
    {"write /etc/shadow", write_shadow, EPERM, EACCES},
    {"read /etc/shadow", read_shadow, EACCES, EACCES},
    {"read what is not listed", read_outside, EACCES, EACCES},
    {"read what is listed", read_inside, 0, 0},
    {"make a file", make_file, EPERM, EACCES},
    {"make a folder", make_folder, EPERM, EACCES},
    {"remove a file", remove_file, EPERM, EACCES},
    {"run a program", run_program, EPERM, EACCES},
    {"spawn a program", spawn_program, EPERM, EACCES},
    {"make a process", make_process, EPERM, EPERM},
    {"make a thread", make_thread, 0, 0},
    {"trace the parent", trace_parent, EPERM, EPERM},
    {"signal the parent", signal_parent, EPERM, EPERM},
    {"reach a local daemon", reach_daemon, EPERM, EPERM},
    {"listen on a port", listen_on_port, EPERM, EACCES},
    {"make an internet socket", make_inet_socket, 0, 0},
    {"become root again", regain_root, EPERM, EPERM},
    {"write to the open file", write_open_file, 0, 0},
    {"write beyond the limit", write_beyond_limit, EFBIG, EFBIG},
};

/* What is expected without network, where it differs. */
static const struct {
    int (*attempt)(const struct attempt *);
    int expected;
} without_network[] = {
    {make_inet_socket, EPERM},
};

static int expected_of(size_t row, bool network)
{
    for (size_t i = 0; i < COUNT_OF(without_network) && !network; i++)
        if (without_network[i].attempt == attempts[row].attempt)
            return without_network[i].expected;
    return attempts[row].expected;
}

/* Exit status of the child: what the attempt gave; 255 when it could not even be confined. */
static int try_confined(size_t row, bool network, const struct attempt *attempt, uint8_t *confined)
{
    static const char *const readable[] = {"/etc/hosts", "/usr/lib", "/lib", "/not/there", NULL};
    struct confine_request request = {.network = network, .readable = readable, .file_size_max = 1000};
    int held[2], status = 0;
    struct error err;

    assert_int_equal(pipe(held), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        uint8_t got;
        if (!confine(&request, &got, &err) || write(held[1], &got, 1) != 1) {
            fprintf(stderr, "%s\n", err.text);
            _exit(255);
        }
        _exit(attempts[row].attempt(attempt));
    }
    close(held[1]);
    *confined = 0;
    (void)!read(held[0], confined, 1);
    close(held[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_confine(void **state)
{
    char folder[64], path[128];
    struct error err;
    uint8_t confined;

    (void)state;
    test_folder(folder);
    assert_int_equal(chmod(folder, 0777), 0);
    (void)snprintf(path, sizeof(path), "%s/there", folder);
    struct attempt attempt = {folder, open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)};
    assert_true(attempt.open_file >= 0);
    for (size_t i = 0; i < 2 * COUNT_OF(attempts); i++) {
        size_t row = i / 2;
        bool network = i % 2 == 1;
        int got = try_confined(row, network, &attempt, &confined);
        int expected = expected_of(row, network);
        if (confined != CONFINED_ALL)
            print_message("this kernel confines by %u of %u only\n", confined, CONFINED_ALL);
        if (got != expected && (got != attempts[row].or_expected || got == 0))
            fail_msg("%s: %s", attempts[row].name, strerror(got));
        if (confined == CONFINED_ALL && expected != 0 && got == 0)
            fail_msg("%s: could be done", attempts[row].name);
    }
    assert_true(file_exists(path));
    close(attempt.open_file);
    assert_true(file_remove_tree(folder, &err));
}

/* Without the confinement the same things can be done: or the test above would show nothing. */
static void test_unconfined(void **state)
{
    char folder[64];
    struct error err;

    (void)state;
    test_folder(folder);
    struct attempt attempt = {folder, -1};
    assert_int_equal(read_outside(&attempt), 0);
    assert_int_equal(make_file(&attempt), 0);
    assert_int_equal(make_folder(&attempt), 0);
    assert_int_equal(spawn_program(&attempt), 0);
    assert_int_equal(make_process(&attempt), 0);
    assert_int_equal(reach_daemon(&attempt), 0);
    assert_true(file_remove_tree(folder, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_confine),
        cmocka_unit_test(test_unconfined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
