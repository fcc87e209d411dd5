/* What a server may do once it is confined: its own folder and the network, and nothing of what it keeps from itself. */
#include "base/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"

/* What is tried in the confined process. Each gives 0 when it could be done, or errno. */
struct place {
    char folder[64];
    char store[96], keys[96];
    int listener; /* opened before */
};

static int failed_or(bool done)
{
    return done ? 0 : errno;
}

static int open_in(const char *folder, const char *name, int flags)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return failed_or(open(path, flags, 0600) >= 0);
}

static int write_store(const struct place *place)
{
    return open_in(place->store, "store.db", O_RDWR | O_CREAT);
}

static int rename_in_store(const struct place *place)
{
    char from[128], to[128];

    (void)snprintf(from, sizeof(from), "%s/store.db", place->store);
    (void)snprintf(to, sizeof(to), "%s/store.db-2", place->store);
    return failed_or(rename(from, to) == 0);
}

static int read_key(const struct place *place)
{
    return open_in(place->keys, "ca.key", O_RDONLY);
}

static int write_key(const struct place *place)
{
    return open_in(place->keys, "new.key", O_WRONLY | O_CREAT);
}

static int list_keys(const struct place *place)
{
    return failed_or(open(place->keys, O_RDONLY | O_DIRECTORY) >= 0);
}

static int take_key(const struct place *place)
{
    char from[128], to[128];

    (void)snprintf(from, sizeof(from), "%s/ca.key", place->keys);
    (void)snprintf(to, sizeof(to), "%s/ca.key", place->store);
    return failed_or(link(from, to) == 0);
}

static int run_program(const struct place *place)
{
    (void)place;
    return failed_or(execl("/bin/true", "true", (char *)NULL) == 0);
}

static int make_process(const struct place *place)
{
    (void)place;
    return failed_or(fork() >= 0);
}

static int signal_parent(const struct place *place)
{
    (void)place;
    return failed_or(kill(getppid(), 0) == 0);
}

static int trace_parent(const struct place *place)
{
    (void)place;
    return failed_or(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0);
}

static int accept_one(const struct place *place)
{
    int got = accept(place->listener, NULL, NULL);

    return got >= 0 || errno == EAGAIN ? 0 : errno;
}

static int make_internet_socket(const struct place *place)
{
    (void)place;
    return failed_or(socket(AF_INET6, SOCK_STREAM, 0) >= 0);
}

static int make_raw_socket(const struct place *place)
{
    (void)place;
    return failed_or(socket(AF_PACKET, SOCK_RAW, 0) >= 0);
}

static int become_root(const struct place *place)
{
    (void)place;
    return failed_or(chroot("/") == 0);
}

static const struct {
    const char *name;
    int (*tried)(const struct place *);
    int front, keeper; /* what comes of it */
} attempts[] = {
    {"write the store", write_store, 0, EACCES},
    {"rename there", rename_in_store, 0, EACCES},
    {"read a key", read_key, EACCES, 0},
    {"make a key", write_key, EACCES, 0},
    {"list the keys", list_keys, EACCES, 0},
    {"link a key out", take_key, EXDEV, EACCES},
    {"run a program", run_program, EPERM, EPERM},
    {"make a process", make_process, EPERM, EPERM},
    {"signal another", signal_parent, EPERM, EPERM},
    {"trace another", trace_parent, EPERM, EPERM},
    {"accept", accept_one, 0, 0},
    {"make a socket", make_internet_socket, 0, EPERM},
    {"make a raw socket", make_raw_socket, EPERM, EPERM},
    {"change the root", become_root, EPERM, EPERM},
};

/* One child for each attempt, so that none helps the next. */
static int try_one(const struct place *place, size_t index, bool as_front)
{
    int status = 0;

    assert_int_equal(open_in(place->store, "store.db", O_WRONLY | O_CREAT), 0);
    pid_t pid = fork();
    if (pid == 0) {
        static const char *const libraries[] = {"/usr/lib", NULL};
        const char *const front_writes[] = {place->store, NULL}, *const keeper_writes[] = {place->keys, NULL};
        const struct confine_request request = {.service = true,
                                                .network = as_front,
                                                .readable = libraries,
                                                .writable = as_front ? front_writes : keeper_writes};
        struct error err;
        uint8_t held;
        if (!confine(&request, &held, &err) || (held & CONFINED_FILES) == 0 || (held & CONFINED_CALLS) == 0)
            _exit(255);
        _exit(attempts[index].tried(place));
    }
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_service(void **state)
{
    struct place place;
    struct error err;
    struct sockaddr_in any = {.sin_family = AF_INET};

    (void)state;
    test_folder(place.folder);
    (void)snprintf(place.store, sizeof(place.store), "%s/store", place.folder);
    (void)snprintf(place.keys, sizeof(place.keys), "%s/keys", place.folder);
    assert_true(mkdir(place.store, 0700) == 0 && mkdir(place.keys, 0700) == 0);
    assert_int_equal(open_in(place.keys, "ca.key", O_WRONLY | O_CREAT), 0);
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    place.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(bind(place.listener, (struct sockaddr *)&any, sizeof(any)) == 0 &&
                listen(place.listener, 4) == 0);
    if (try_one(&place, 0, true) == 255) {
        print_message("skipped: this kernel has no Landlock or no seccomp\n");
        skip();
    }
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        int front = try_one(&place, i, true), keeper = try_one(&place, i, false);
        if (front != attempts[i].front || keeper != attempts[i].keeper)
            fail_msg("%s: front %s, keeper %s", attempts[i].name, strerror(front), strerror(keeper));
    }
    (void)close(place.listener);
    assert_done("remove", file_remove_tree(place.folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_service)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
