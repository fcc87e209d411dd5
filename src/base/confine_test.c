#include "base/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

/* The one pair that is allowed is of streams: datagrams could be sent to the address of any daemon. */
static int make_datagram_pair(const struct attempt *attempt)
{
    int pair[2];

    (void)attempt;
    return failed_or(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
}

static int make_sequence_pair(const struct attempt *attempt)
{
    int pair[2];

    (void)attempt;
    return failed_or(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
}

static int send_from_stream_pair(const struct attempt *attempt)
{
    struct sockaddr_un daemon = {.sun_family = AF_UNIX};
    int pair[2];

    (void)snprintf(daemon.sun_path, sizeof(daemon.sun_path), "%s/daemon", attempt->folder);
    return failed_or(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 &&
                     sendto(pair[0], "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&daemon, sizeof(daemon)) == 1);
}

static int ask_kernel(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT) >= 0);
}

static int make_raw_socket(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(socket(AF_INET, SOCK_SEQPACKET, 0) >= 0);
}

/* The kernel sends a signal to whoever owns a descriptor. */
static int own_by_parent(const struct attempt *attempt)
{
    return failed_or(fcntl(attempt->open_file, F_SETOWN, getppid()) == 0);
}

static int ask_terminal(const struct attempt *attempt)
{
    struct winsize size;

    return failed_or(ioctl(attempt->open_file, TIOCGWINSZ, &size) == 0);
}

static int become_dumpable(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
}

static int outlive_parent(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0);
}

static int raise_limit(const struct attempt *attempt)
{
    (void)attempt;
    return failed_or(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0);
}

static int bind_port(const struct attempt *attempt)
{
    struct sockaddr_in any = {.sin_family = AF_INET};

    (void)attempt;
    return failed_or(bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&any, sizeof(any)) == 0);
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

/* What is expected of a kernel that has all of it; of another one only what must be possible is asked for. */
static const struct {
    const char *name;
    int (*attempt)(const struct attempt *);
    int expected;
} attempts[] = {
    {"write /etc/shadow", write_shadow, EPERM},
    {"read /etc/shadow", read_shadow, EACCES},
    {"read what is not listed", read_outside, EACCES},
    {"read what is listed", read_inside, 0},
    {"make a file", make_file, EPERM},
    {"make a folder", make_folder, EPERM},
    {"remove a file", remove_file, EPERM},
    {"run a program", run_program, EPERM},
    {"spawn a program", spawn_program, EPERM},
    {"make a process", make_process, EPERM},
    {"make a thread", make_thread, 0},
    {"trace the parent", trace_parent, EPERM},
    {"signal the parent", signal_parent, EPERM},
    {"let the kernel signal the parent", own_by_parent, EPERM},
    {"reach a local daemon", reach_daemon, EPERM},
    {"make a pair of datagrams", make_datagram_pair, EPERM},
    {"make a pair of sequences", make_sequence_pair, EPERM},
    {"send from a pair of streams", send_from_stream_pair, EISCONN},
    {"ask the kernel", ask_kernel, EPERM},
    {"make a raw socket", make_raw_socket, EPERM},
    {"listen on a port", listen_on_port, EPERM},
    {"bind a port", bind_port, EACCES},
    {"make an internet socket", make_inet_socket, 0},
    {"become root again", regain_root, EPERM},
    {"ask a terminal", ask_terminal, EPERM},
    {"become dumpable", become_dumpable, EPERM},
    {"outlive the parent", outlive_parent, EPERM},
    {"raise a limit", raise_limit, EPERM},
    {"write to the open file", write_open_file, 0},
    {"write beyond the limit", write_beyond_limit, EFBIG},
};

/* What is expected without network, where it differs. */
static const struct {
    int (*attempt)(const struct attempt *);
    int expected;
} without_network[] = {
    {make_inet_socket, EPERM},
    {send_from_stream_pair, EPERM},
    {bind_port, EPERM},
};

static int expected_of(size_t row, bool network)
{
    /* Version 4 of Landlock came with Linux 6.7. */
    if (attempts[row].attempt == bind_port && network &&
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 4)
        return 0;
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
        if ((confined & CONFINED_USER) == 0 ||
            (confined == CONFINED_ALL ? got != expected : !expected && got))
            fail_msg("%s: %s", attempts[row].name, got == 0 ? "could be done" : strerror(got));
    }
    assert_true(file_exists(path));
    close(attempt.open_file);
    assert_true(file_remove_tree(folder, &err));
}

/* Whether so much can be had: straight from the kernel, since a sanitizer's malloc ends the process instead of saying no. */
static bool takes(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static void test_memory(void **state)
{
    struct confine_request request = {.memory_max = 64 << 20};
    int status = 0;
    struct error err;
    uint8_t held;
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(!confine(&request, &held, &err) ? 255 : (takes(32 << 20) ? 0 : 1) + (takes(128 << 20) ? 2 : 0));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The line of /proc/PID/status, or of limits, that begins so: what stands behind it, blanks as one space. */
static const char *told_of(pid_t pid, const char *file, const char *begin, char out[128])
{
    char path[64], line[256];
    size_t size = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    FILE *opened = fopen(path, "r");
    assert_non_null(opened);
    out[0] = 0;
    while (fgets(line, sizeof(line), opened) != NULL) {
        if (strncmp(line, begin, strlen(begin)) != 0)
            continue;
        for (char *word = strtok(line + strlen(begin), " \t\n"); word != NULL; word = strtok(NULL, " \t\n"))
            size += (size_t)snprintf(out + size, 128 - size, "%s%s", size > 0 ? " " : "", word);
    }
    fclose(opened);
    return out;
}

/*
 * Two processes: ours, which had been root with groups and wanted to keep its capabilities, or was nobody already, and
 * is confined; and its parent, which waits. Both hold from[1] open, and nobody else. Gives the parent's id.
 */
static pid_t start_confined(bool as_root, const int from[2], const int hold[2])
{
    static const char *const readable[] = {NULL};
    struct confine_request request = {.network = true, .readable = readable, .file_size_max = 1000};
    struct error err;
    uint8_t held;
    pid_t parent = fork(), ours;

    assert_true(parent >= 0);
    if (parent > 0)
        return parent;
    ours = fork();
    if (ours > 0) {
        (void)!write(from[1], &ours, sizeof(ours));
        (void)alarm(30); /* when the test failed meanwhile */
        pause();
    }
    close(hold[1]);
    bool ready = as_root ? setgroups(2, (const gid_t[]){0, 1}) == 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0
                         : setresuid(65534, 65534, 65534) == 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
    if (!ready || !confine(&request, &held, &err) || write(from[1], &held, 1) != 1)
        _exit(255);
    _exit(read(hold[0], &held, 1) == 0);
}

/* What others see of it. */
static void look_at_confined(pid_t pid, bool as_root)
{
    static const struct {
        const char *file, *begin, *expected;
    } rows[] = {
        {"status", "CapInh:", "0000000000000000"},
        {"status", "CapPrm:", "0000000000000000"},
        {"status", "CapEff:", "0000000000000000"},
        {"status", "CapAmb:", "0000000000000000"},
        {"status", "NoNewPrivs:", "1"},
        {"status", "Seccomp:", "2"},
        {"limits", "Max core file size", "0 0 bytes"},
        {"limits", "Max file size", "1000 1000 bytes"},
        {"limits", "Max open files", "64 64 files"},
    };
    char told[128], path[64];
    struct stat found;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_text(rows[i].begin, text_of(told_of(pid, rows[i].file, rows[i].begin, told)),
                    rows[i].expected);
    assert_false(told_of(pid, "status", "Uid:", told)[0] == '0');
    if (as_root) {
        assert_false(told_of(pid, "status", "Gid:", told)[0] == '0');
        assert_text("groups", text_of(told_of(pid, "status", "Groups:", told)), "");
    }
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_uid, 0); /* not dumpable: what /proc has of it is not its own */
}

static void test_given_up(void **state)
{
    (void)state;

    if (getuid() != 0) {
        print_message("skipped: only root can give this up\n");
        return;
    }
    for (int as_root = 0; as_root < 2; as_root++) {
        int from[2], hold[2];
        pid_t ours;
        uint8_t held = 0;
        assert_true(pipe(from) == 0 && pipe(hold) == 0);
        pid_t parent = start_confined(as_root == 1, from, hold);
        close(from[1]);
        close(hold[0]);
        assert_int_equal(read(from[0], &ours, sizeof(ours)), sizeof(ours));
        assert_int_equal(read(from[0], &held, 1), 1);
        if (held == CONFINED_ALL)
            look_at_confined(ours, as_root == 1);
        assert_int_equal(kill(parent, SIGKILL), 0);
        assert_int_equal(waitpid(parent, NULL, 0), parent);
        assert_int_equal(read(from[0], &held, 1), 0); /* ours is gone too, though nobody closed `hold` */
        close(from[0]);
        close(hold[1]);
    }
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
    assert_int_equal(make_datagram_pair(&attempt), 0);
    assert_int_equal(bind_port(&attempt), 0);
    assert_true(file_remove_tree(folder, &err));
}

/* People are told by this whether the layer is there at all. */
static void test_has_landlock(void **state)
{
    (void)state;
    assert_int_equal(confine_has_landlock(),
                     syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_has_landlock), cmocka_unit_test(test_confine),    cmocka_unit_test(test_memory),
        cmocka_unit_test(test_given_up),     cmocka_unit_test(test_unconfined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
