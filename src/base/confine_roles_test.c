/*
 * What two kinds of process can still do: one that runs a program of its list, and the supervisor. Each is a child of the
 * test, which tells what it tried by its exit status.
 */
#include "base/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"

struct attempt {
    char folder[64]; /* may be written by everyone */
    char inside[80]; /* in it: the supervisor's own */
    char secret[80]; /* a file that only root may read */
    int pair[2];     /* a socket that was there before */
};

static int failed_or(bool done)
{
    return done ? 0 : errno;
}

/* ---- attempts ---- */

static int run(const char *program)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct child_command command = {.argv = (const char *const[]){program, "--version", NULL},
                                    .timeout_ms = 10000,
                                    .output_limit = 100000};
    struct child_result result;
    struct error err;

    errno = 0;
    if (!child_run(&command, &arena, &result, &err))
        return errno != 0 ? errno : ENOEXEC;
    return result.status;
}

static int run_listed(const struct attempt *a)
{
    (void)a;
    return run("/usr/bin/gpgv");
}

static int run_another(const struct attempt *a)
{
    (void)a;
    return run("/bin/true");
}

/* A program that may be read could be run by its loader: it would be as confined, but there is no need. */
static int run_by_loader(const struct attempt *a)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct child_command command = {
        .argv = (const char *const[]){"/lib64/ld-linux-x86-64.so.2", "/bin/true", NULL},
        .timeout_ms = 10000,
        .output_limit = 100000};
    struct child_result result;
    struct error err;

    (void)a;
    return child_run(&command, &arena, &result, &err) ? result.status : EACCES;
}

static int make_file_at(const char *folder, const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    OWN(own_fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return failed_or(fd >= 0 && write(fd, "x", 1) == 1);
}

static int write_outside(const struct attempt *a)
{
    return make_file_at(a->folder, "new");
}

static int write_shadow(const struct attempt *a)
{
    (void)a;
    return failed_or(open("/etc/shadow", O_WRONLY) >= 0);
}

static int read_secret(const struct attempt *a)
{
    return failed_or(open(a->secret, O_RDONLY) >= 0);
}

static int make_socket(const struct attempt *a)
{
    (void)a;
    return failed_or(socket(AF_INET, SOCK_STREAM, 0) >= 0);
}

static int reach_daemon(const struct attempt *a)
{
    (void)a;
    return failed_or(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
}

static int see_addresses(const struct attempt *a)
{
    bool public;
    struct error err;

    (void)a;
    return os_has_public_address(&public, &err) ? 0 : EPERM;
}

static int ask_kernel_otherwise(const struct attempt *a)
{
    (void)a;
    return failed_or(socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT) >= 0);
}

static int trace(const struct attempt *a)
{
    (void)a;
    return failed_or(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0);
}

static int see_maps_of_root(const struct attempt *a)
{
    char path[64];

    (void)a;
    (void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)getppid());
    OWN(own_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char byte;
    /* Where /proc is mounted with hidepid, what may not be seen is not there. */
    return fd >= 0 && read(fd, &byte, 1) == 1 ? 0 : errno == ENOENT ? EACCES : errno;
}

static int become_root(const struct attempt *a)
{
    (void)a;
    return failed_or(setuid(0) == 0);
}

static int new_namespace(const struct attempt *a)
{
    (void)a;
    return failed_or(unshare(CLONE_NEWUSER) == 0);
}

/* What a database needs: files made, locked, mapped, cut, renamed and removed. */
static int keep_database(const struct attempt *a)
{
    char path[128], other[128];

    if (make_file_at(a->inside, "db") != 0)
        return errno;
    (void)snprintf(path, sizeof(path), "%s/db", a->inside);
    (void)snprintf(other, sizeof(other), "%s/db2", a->inside);
    OWN(own_fd) int fd = open(path, O_RDWR | O_CLOEXEC);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return failed_or(fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0 && flock(fd, LOCK_EX) == 0 &&
                     ftruncate(fd, 4096) == 0 && fsync(fd) == 0 && rename(path, other) == 0 &&
                     link(other, path) == 0 && unlink(other) == 0 && mkdir(other, 0700) == 0 &&
                     rmdir(other) == 0);
}

static void *in_thread(void *got)
{
    *(int *)got = 1;
    return NULL;
}

static int make_thread(const struct attempt *a)
{
    pthread_t thread;
    int ran = 0, result = pthread_create(&thread, NULL, in_thread, &ran);

    (void)a;
    return result != 0 ? result : pthread_join(thread, NULL) != 0 || ran != 1;
}

static int make_process(const struct attempt *a)
{
    pid_t pid = fork();

    (void)a;
    if (pid == 0)
        _exit(0);
    return failed_or(pid > 0);
}

static int use_open_socket(const struct attempt *a)
{
    char byte;

    return failed_or(write(a->pair[0], "x", 1) == 1 && read(a->pair[1], &byte, 1) == 1);
}

static int mount_something(const struct attempt *a)
{
    return failed_or(mount("none", a->inside, "tmpfs", 0, NULL) == 0);
}

static int be_root(const struct attempt *a)
{
    (void)a;
    return getuid() == 0 ? 0 : EPERM;
}

/* ---- roles ---- */

static const char *const readable[] = {"/usr/lib", "/lib",  "/lib64", "/etc/ld.so.cache",
                                       "/tmp",     "/proc", NULL};

static const char *const runnable[] = {"/usr/bin/gpgv", NULL};
static const struct confine_request reader = {.readable = readable,
                                              .runnable = runnable,
                                              .read_everything = true,
                                              .see_processes = true,
                                              .see_addresses = true,
                                              .file_size_max = 1000};

static bool be_looker(const struct attempt *a, uint8_t *held, struct error *err)
{
    (void)a;
    return confine(&reader, held, err);
}

static bool be_reader(const struct attempt *a, uint8_t *held, struct error *err)
{
    (void)a;
    return confine(&reader, held, err) && confine_seen(&reader, held, err);
}

static bool be_plain_reader(const struct attempt *a, uint8_t *held, struct error *err)
{
    const struct confine_request request = {.readable = readable, .file_size_max = 1000};

    (void)a;
    return confine(&request, held, err);
}

static bool be_supervisor(const struct attempt *a, uint8_t *held, struct error *err)
{
    return confine_supervisor((const char *const[]){a->inside, NULL}, held, err);
}

static const struct {
    const char *name;
    bool (*role)(const struct attempt *, uint8_t *held, struct error *err);
    int (*attempt)(const struct attempt *);
    int expected;
    uint8_t needs; /* without this it is not promised (enum confinement) */
} attempts[] = {
    {"reader: run gpgv", be_reader, run_listed, 0, 0},
    {"reader: run another program", be_reader, run_another, EACCES, CONFINED_FILES},
    {"reader: run another by the loader", be_reader, run_by_loader, 127, CONFINED_FILES},
    {"reader: write a file", be_reader, write_outside, EPERM, CONFINED_CALLS},
    {"reader: write /etc/shadow", be_reader, write_shadow, EPERM, 0},
    {"reader: read what is root's", be_reader, read_secret, 0, 0},
    {"looker: look at a process of root's", be_looker, see_maps_of_root, 0, 0},
    {"looker: write a file", be_looker, write_outside, EPERM, CONFINED_CALLS},
    {"looker: write /etc/shadow", be_looker, write_shadow, EPERM, 0},
    {"looker: make a socket", be_looker, make_socket, EPERM, CONFINED_CALLS},
    {"looker: trace", be_looker, trace, EPERM, CONFINED_CALLS},
    {"reader: look at a process of root's", be_reader, see_maps_of_root, EACCES, 0},
    {"reader: make a socket", be_reader, make_socket, EPERM, CONFINED_CALLS},
    {"reader: reach a daemon", be_reader, reach_daemon, EPERM, CONFINED_CALLS},
    {"reader: trace", be_reader, trace, EPERM, CONFINED_CALLS},
    {"reader: see the machine's addresses", be_reader, see_addresses, 0, 0},
    {"reader: ask the kernel otherwise", be_reader, ask_kernel_otherwise, EPERM, CONFINED_CALLS},
    {"plain reader: see the machine's addresses", be_plain_reader, see_addresses, EPERM, CONFINED_CALLS},
    {"reader: become root", be_reader, become_root, EPERM, 0},
    {"reader: make a namespace", be_reader, new_namespace, EPERM, CONFINED_CALLS},
    {"plain reader: read what is root's", be_plain_reader, read_secret, EACCES, 0},
    {"plain reader: run gpgv", be_plain_reader, run_listed, EPERM, CONFINED_CALLS},
    {"plain reader: look at a process of root's", be_plain_reader, see_maps_of_root, EACCES, 0},
    {"supervisor: stay root", be_supervisor, be_root, 0, 0},
    {"supervisor: keep a database", be_supervisor, keep_database, 0, 0},
    {"supervisor: make a thread", be_supervisor, make_thread, 0, 0},
    {"supervisor: use a socket that it has", be_supervisor, use_open_socket, 0, 0},
    {"supervisor: read what is root's", be_supervisor, read_secret, 0, 0},
    {"supervisor: write a file elsewhere", be_supervisor, write_outside, EACCES, CONFINED_FILES},
    {"supervisor: write /etc/shadow", be_supervisor, write_shadow, EACCES, CONFINED_FILES},
    {"supervisor: run a program", be_supervisor, run_another, EPERM, CONFINED_CALLS},
    {"supervisor: make a process", be_supervisor, make_process, EPERM, CONFINED_CALLS},
    {"supervisor: make a socket", be_supervisor, make_socket, EPERM, CONFINED_CALLS},
    {"supervisor: reach a daemon", be_supervisor, reach_daemon, EPERM, CONFINED_CALLS},
    {"supervisor: trace", be_supervisor, trace, EPERM, CONFINED_CALLS},
    {"supervisor: mount", be_supervisor, mount_something, EPERM, 0},
    {"supervisor: make a namespace", be_supervisor, new_namespace, EPERM, CONFINED_CALLS},
};

static int try_as(size_t row, const struct attempt *attempt, uint8_t *held)
{
    int told[2], status = 0;
    struct error err;

    assert_int_equal(pipe(told), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        uint8_t got;
        if (!attempts[row].role(attempt, &got, &err) || write(told[1], &got, 1) != 1) {
            fprintf(stderr, "%s\n", err.text);
            _exit(255);
        }
        _exit(attempts[row].attempt(attempt));
    }
    close(told[1]);
    *held = 0;
    (void)!read(told[0], held, 1);
    close(told[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_roles(void **state)
{
    struct attempt a;
    struct error err;
    uint8_t held;

    (void)state;
    if (getuid() != 0) {
        print_message("skipped: only root has these roles\n");
        return;
    }
    test_folder(a.folder);
    (void)snprintf(a.inside, sizeof(a.inside), "%s/inside", a.folder);
    (void)snprintf(a.secret, sizeof(a.secret), "%s/secret", a.folder);
    assert_true(chmod(a.folder, 0777) == 0 && mkdir(a.inside, 0700) == 0);
    assert_true(file_replace_cache(a.secret, BYTES("s"), 0600, &err));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, a.pair), 0);
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        int got = try_as(i, &a, &held);
        if ((held & attempts[i].needs) != attempts[i].needs)
            print_message("%s: not promised by this kernel\n", attempts[i].name);
        else if (got != attempts[i].expected)
            fail_msg("%s: %s (%d), expected %s", attempts[i].name, got == 0 ? "could be done" : strerror(got),
                     got, strerror(attempts[i].expected));
    }
    assert_true(file_remove_tree(a.folder, &err));
}

/* Without a role all of it can be done: or the test above would show nothing. */
static void test_without(void **state)
{
    struct attempt a;
    struct error err;

    (void)state;
    test_folder(a.folder);
    assert_int_equal(run_another(&a), 0);
    assert_int_equal(write_outside(&a), 0);
    assert_int_equal(make_socket(&a), 0);
    assert_int_equal(reach_daemon(&a), 0);
    assert_int_equal(make_process(&a), 0);
    assert_true(file_remove_tree(a.folder, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
