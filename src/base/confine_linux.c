#include "base/confine_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"

#define FILES_OPEN_MAX 64 /* one connection, its resolver, the spool file and libraries take under 20 */

#define COUNT(table)   (sizeof(table) / sizeof(*(table)))

/* ---- user and resources ---- */

static bool set_limit(__rlimit_resource_t what, rlim_t value, struct error *err)
{
    struct rlimit now;

    if (getrlimit(what, &now) != 0)
        return error_system(err, "getrlimit");
    if (now.rlim_max < value)
        value = now.rlim_max; /* what we were given is less still */
    return setrlimit(what, &(struct rlimit){value, value}) == 0 || error_system(err, "setrlimit");
}

/* What counts for RLIMIT_DATA already: under a sanitizer that is terabytes, which nobody uses. Without /proc: 0. */
static uint64_t data_now(void)
{
    OWN(own_fd) int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char line[256], *at = line;
    ssize_t size = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
    long page = sysconf(_SC_PAGESIZE);
    uint64_t pages = 0;

    line[size < 0 ? 0 : size] = 0;
    for (int i = 0; i < 6; i++) /* the sixth number: data and stack */
        pages = strtoull(at, &at, 10);
    return page < 0 ? 0 : pages * (uint64_t)page;
}

static bool limit_resources(const struct confine_request *request, struct error *err)
{
    /* A write beyond RLIMIT_FSIZE raises SIGXFSZ, and only when that is ignored fails with EFBIG. */
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return error_system(err, "signal");
    return set_limit(RLIMIT_CORE, 0, err) &&
           set_limit(RLIMIT_NOFILE, FILES_OPEN_MAX + request->more_files, err) &&
           (request->service || set_limit(RLIMIT_FSIZE, request->file_size_max, err)) &&
           (request->memory_max == 0 || set_limit(RLIMIT_DATA, data_now() + request->memory_max, err));
}

/* Capabilities that are kept, as bits. */
static uint64_t kept_of(bool read_everything, bool see_processes)
{
    return (read_everything ? UINT64_C(1) << CAP_DAC_READ_SEARCH : 0) |
           (see_processes ? UINT64_C(1) << CAP_SYS_PTRACE : 0);
}

/* No program that is run later can have another one. Takes a right that only root has; without it, NO_NEW_PRIVS does it. */
static void bound_capabilities(uint64_t kept)
{
    for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
        if (i >= 64 || (kept >> i & 1) == 0)
            (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}

bool confine_find_user(const struct passwd **out, struct error *err)
{
    static const char *const users[] = {"suture", "_apt", "nobody"};
    const struct passwd *user = NULL;

    for (size_t i = 0; i < COUNT(users) && user == NULL; i++)
        user = getpwnam(users[i]);
    if (user == NULL || user->pw_uid == 0)
        return error_set(err, ERROR_ABSENT, "no user to become: neither suture, _apt nor nobody is there");
    *out = user;
    return true;
}

static bool leave_root(uint64_t kept, struct error *err)
{
    const struct passwd *user;

    if (getuid() != 0 && geteuid() != 0)
        return true;
    if (!confine_find_user(&user, err))
        return false;
    bound_capabilities(kept);
    if (prctl(PR_SET_KEEPCAPS, kept != 0, 0, 0, 0) != 0 || setgroups(0, NULL) != 0 ||
        setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
        return error_system(err, "becoming user %s", user->pw_name);
    return true;
}

/*
 * Root's went with the user, but for those that are kept; a service manager may have given some to an ordinary user,
 * who keeps none.
 */
static bool drop_capabilities(uint64_t kept, struct error *err)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (syscall(SYS_capget, &head, caps) != 0)
        return error_system(err, "dropping capabilities");
    for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        caps[i].permitted &= (uint32_t)(kept >> (32 * i));
        caps[i].effective = caps[i].permitted;
        caps[i].inheritable = 0;
    }
    /* Those that were ambient go with the inheritable ones. */
    return syscall(SYS_capset, &head, caps) == 0 || error_system(err, "dropping capabilities");
}

static bool confirm_left(struct error *err)
{
    if (setuid(0) == 0 || seteuid(0) == 0)
        return error_set(err, ERROR_SYSTEM, "root could be had back");
    return true;
}

/* ---- Landlock: the calls have no wrapper in glibc, and the kernel may be newer or older than its header ---- */

/* Rights that came after the first version of Landlock's interface, from the kernel's documentation. */
#define RIGHTS_V1   ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define RIGHT_REFER (UINT64_C(1) << 13) /* version 2 */
#define RIGHT_TRUNC (UINT64_C(1) << 14) /* 3 */
#define RIGHT_IOCTL (UINT64_C(1) << 15) /* 5 */
#define RIGHT_BIND  (UINT64_C(1) << 0)  /* 4, of the network */
#define SCOPE_ALL   UINT64_C(3)         /* 6: abstract sockets and signals of others */

/* struct landlock_ruleset_attr as of version 6; older kernels take it while what they do not know is zero. */
struct ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scoped;
};

static struct ruleset ruleset_of(long version)
{
    return (struct ruleset){
        .files = RIGHTS_V1 | (version >= 2 ? RIGHT_REFER : 0) | (version >= 3 ? RIGHT_TRUNC : 0) |
                 (version >= 5 ? RIGHT_IOCTL : 0),
        .network = version >= 4 ? RIGHT_BIND : 0,
        .scoped = version >= 6 ? SCOPE_ALL : 0,
    };
}

/* What a file can be allowed; the rest of the rights is of folders. */
#define RIGHTS_READ ((uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR))
#define RIGHTS_FILE                                                                                          \
    ((uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE) | \
     RIGHT_TRUNC | RIGHT_IOCTL)

static bool allow_path(int rules, const char *path, uint64_t rights, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat found;

    if (fd < 0)
        return errno == ENOENT || errno == EACCES || errno == ENOTDIR || error_system(err, "%s", path);
    if (fstat(fd, &found) != 0)
        return error_system(err, "%s", path);
    struct landlock_path_beneath_attr rule = {
        .allowed_access = S_ISDIR(found.st_mode) ? rights : rights & RIGHTS_FILE,
        .parent_fd = fd,
    };
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ||
           error_system(err, "%s", path);
}

static bool allow_paths(int rules, const char *const *paths, uint64_t rights, struct error *err)
{
    for (; paths != NULL && *paths != NULL; paths++)
        if (!allow_path(rules, *paths, rights, err))
            return false;
    return true;
}

/* The kernel runs a program's loader in its place. */
static const char *const loaders[] = {
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-linux-armhf.so.3",
    "/lib/ld-linux.so.2",
    "/lib/ld-linux-riscv64-lp64d.so.1",
    "/lib64/ld64.so.2",
    "/lib/ld64.so.1",
    "/lib/ld.so.1",
    "/lib64/ld.so.1",
    "/lib/ld-linux.so.3",
    "/lib64/ld-linux-loongarch-lp64d.so.1",
    NULL,
};

static long landlock_version(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool confine_has_landlock(void)
{
    return landlock_version() >= 1;
}

bool confine_make_rules(const struct confine_files *allowed, int *out, struct error *err)
{
    const uint64_t run = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;
    long version = landlock_version();

    if (version < 1)
        return true; /* built without it, or switched off at boot */
    struct ruleset ruleset = ruleset_of(version);
    OWN(own_fd) int rules = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
    if (rules < 0)
        return error_system(err, "landlock");
    if (!allow_paths(rules, allowed->readable, RIGHTS_READ, err) ||
        !allow_paths(rules, allowed->runnable, run, err) ||
        (allowed->runnable != NULL && !allow_paths(rules, loaders, run, err)) ||
        !allow_paths(rules, allowed->writable, ruleset.files & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE, err))
        return error_at(err, "landlock");
    *out = fd_take(&rules);
    return true;
}

static bool confine_files(const struct confine_files *allowed, uint8_t *held, struct error *err)
{
    OWN(own_fd) int rules = -1;

    if (!confine_make_rules(allowed, &rules, err))
        return false;
    if (rules < 0)
        return true;
    if (syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        return error_system(err, "landlock");
    *held |= CONFINED_FILES;
    return true;
}

/* ---- seccomp ---- */

/* Calls that are allowed whatever their arguments. Names that an architecture does not have are passed over. */
static const char *const calls_allowed[] = {
    /* descriptors that are open */
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "pwrite64",
    "lseek",
    "_llseek",
    "close",
    "ftruncate",
    "ftruncate64",
    "fsync",
    "fdatasync",
    "poll",
    "ppoll",
    "ppoll_time64",
    "select",
    "_newselect",
    "pselect6",
    "pselect6_time64",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "eventfd2",
    "pipe",
    "pipe2",
    /* looking at files; what may be seen is Landlock's business */
    "stat",
    "stat64",
    "lstat",
    "lstat64",
    "fstat",
    "fstat64",
    "newfstatat",
    "fstatat64",
    "statx",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getdents64",
    "statfs",
    "fstatfs",
    /* memory and threads */
    "mmap",
    "mmap2",
    "mprotect",
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "futex",
    "futex_time64",
    "futex_waitv",
    "set_robust_list",
    "rseq",
    "membarrier",
    "sched_yield",
    "sched_getaffinity",
    "set_tid_address",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigreturn",
    "sigaltstack",
    "restart_syscall",
    "exit",
    "exit_group",
    /* time and what everyone may know */
    "clock_gettime",
    "clock_gettime64",
    "clock_getres",
    "clock_getres_time64",
    "clock_nanosleep",
    "clock_nanosleep_time64",
    "nanosleep",
    "gettimeofday",
    "time",
    "getrandom",
    "uname",
    "sysinfo",
    "getpid",
    "gettid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getuid32",
    "geteuid32",
    "capget",
    "getgid32",
    "getegid32",
    "getrusage",
    "getrlimit",
    "ugetrlimit",
};

/* The same, with `network`. Binding TCP ports is Landlock's business, and nothing can listen. */
static const char *const calls_of_network[] = {
    "connect",     "bind",       "sendto",     "sendmsg",         "sendmmsg",
    "recvfrom",    "recvmsg",    "recvmmsg",   "recvmmsg_time64", "getsockname",
    "getpeername", "getsockopt", "setsockopt", "shutdown",
};

/* What a program's start and end need. */
static const char *const calls_of_programs[] = {
    "arch_prctl", "mlock",     "munlock", "umask", "getppid", "getpgrp",
    "getcwd",     "fadvise64", "mincore", "dup",   "dup2",    "dup3",
};

/* The same, with `runnable`: what child_run needs, and a child that goes into a cage (base/confine_cage.h). */
static const char *const calls_of_children[] = {
    "fork",
    "vfork",
    "execve",
    "close_range",
    "setpgid",
    "wait4",
    "waitid",
    "memfd_create",
    "setrlimit",
    "landlock_create_ruleset",
    "landlock_add_rule",
    "landlock_restrict_self",
};

/* Calls that are allowed when arguments, under a mask, have one value. Several rows of a call: one must hold. */
struct call_rule {
    const char *name;
    struct {
        unsigned argument;
        uint64_t mask, value;
    } must[2]; /* a mask of 0 asks nothing */
};
#define ALL_BITS    UINT64_MAX
#define INT_BITS    UINT64_C(0xffffffff) /* the upper half of an int's register is not ours to judge */
#define TYPE_BITS   UINT64_C(0xf)        /* of a socket; the rest are flags */
#define OPEN_WRITES ((uint64_t)(O_ACCMODE | O_CREAT | O_TRUNC))
#define NEW_NAMESPACES                                                                                       \
    ((uint64_t)(CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |    \
                CLONE_NEWCGROUP))

static const struct call_rule calls_bounded[] = {
    {"open", {{1, OPEN_WRITES, O_RDONLY}}},
    {"openat", {{2, OPEN_WRITES, O_RDONLY}}},
    {"clone", {{0, CLONE_THREAD, CLONE_THREAD}}}, /* threads, not processes */
    {"ioctl", {{1, INT_BITS, FIONREAD}}},
    {"ioctl", {{1, INT_BITS, FIONBIO}}},
    {"prctl", {{0, INT_BITS, PR_SET_NAME}}},
    {"prlimit64", {{2, ALL_BITS, 0}}}, /* asking, not setting */
    /* Not F_SETOWN and F_SETSIG: they make the kernel send a signal to another process. */
    {"fcntl", {{1, INT_BITS, F_GETFD}}},
    {"fcntl", {{1, INT_BITS, F_SETFD}}},
    {"fcntl", {{1, INT_BITS, F_GETFL}}},
    {"fcntl", {{1, INT_BITS, F_SETFL}}},
    {"fcntl", {{1, INT_BITS, F_DUPFD}}},
    {"fcntl", {{1, INT_BITS, F_DUPFD_CLOEXEC}}},
    {"fcntl64", {{1, INT_BITS, F_GETFD}}},
    {"fcntl64", {{1, INT_BITS, F_SETFD}}},
    {"fcntl64", {{1, INT_BITS, F_GETFL}}},
    {"fcntl64", {{1, INT_BITS, F_SETFL}}},
    {"fcntl64", {{1, INT_BITS, F_DUPFD}}},
    {"fcntl64", {{1, INT_BITS, F_DUPFD_CLOEXEC}}},
};

static const struct call_rule calls_of_network_bounded[] = {
    {"socket", {{0, INT_BITS, AF_INET}, {1, TYPE_BITS, SOCK_STREAM}}},
    {"socket", {{0, INT_BITS, AF_INET}, {1, TYPE_BITS, SOCK_DGRAM}}},
    {"socket", {{0, INT_BITS, AF_INET6}, {1, TYPE_BITS, SOCK_STREAM}}},
    {"socket", {{0, INT_BITS, AF_INET6}, {1, TYPE_BITS, SOCK_DGRAM}}},
    {"socket",
     {{0, INT_BITS, AF_NETLINK}, {2, INT_BITS, NETLINK_ROUTE}}}, /* getaddrinfo: which families are there? */
    /* Curl wakes its own threads by one. Of other types it could be sent anywhere: a daemon's socket is such an address. */
    {"socketpair", {{0, INT_BITS, AF_UNIX}, {1, TYPE_BITS, SOCK_STREAM}}},
};

/* The same, with `see_addresses`: getifaddrs talks to the kernel over the one kind of socket that can be made. */
static const char *const calls_of_addresses[] = {"bind", "sendto", "recvmsg", "getsockname"};
static const struct call_rule calls_of_addresses_bounded[] = {
    {"socket", {{0, INT_BITS, AF_NETLINK}, {2, INT_BITS, NETLINK_ROUTE}}},
};

/* The same, with `see_processes`: what confine_seen needs. They only take away. */
static const char *const calls_of_giving_up[] = {
    "landlock_create_ruleset",
    "landlock_add_rule",
    "landlock_restrict_self",
    "capset",
};

static const struct call_rule calls_of_seeing_bounded[] = {
    {"ioctl",
     {{1, INT_BITS, 0xc0686611}}}, /* PROCMAP_QUERY, of Linux 6.11: /proc/PID/maps without its text */
};

/* The same, with `service`: listening, a database's files, and what its libraries do there. Where is Landlock's business. */
static const char *const calls_of_services[] = {
    "accept",
    "accept4",
    "listen",
    "sendfile",
    "sendfile64",
    "epoll_create",
    "open",
    "openat",
    "openat2",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "link",
    "linkat",
    "chmod",
    "fchmod",
    "fchmodat",
    "fallocate",
    "pwritev",
    "preadv",
    "pwritev2",
    "preadv2",
    "flock",
    "utimensat",
    "truncate",
    "umask",
    "getcwd",
    "fadvise64",
    "mlock",
    "munlock",
    "mincore",
    "dup",
    "dup2",
    "dup3",
    "getppid",
    "sync_file_range",
    "fcntl",
    "fcntl64",
    "copy_file_range",
    "tgkill",
    "symlink",
    "symlinkat",
    "arch_prctl",
    "sched_setaffinity",
    "timerfd_create",
    "timerfd_settime",
    "close_range",
    "getsid",
    "getpgrp",
    "getresuid",
    "getresgid",
    "memfd_create",
};
static const struct call_rule calls_of_services_bounded[] = {
    {"sendto", {{4, ALL_BITS, 0}}}, /* to the other end of a socket that it was given, and nowhere else */
};
/* The same, with `network`. */
static const struct call_rule calls_of_serving_network[] = {
    {"socket", {{0, INT_BITS, AF_UNIX}, {1, TYPE_BITS, SOCK_STREAM}}}, /* a database on this machine */
};

static const struct call_rule calls_of_children_bounded[] = {
    {"clone", {{0, NEW_NAMESPACES, 0}}},
    {"kill", {{1, INT_BITS, SIGKILL}}}, /* a child that takes too long */
    {"prctl", {{0, INT_BITS, PR_SET_NO_NEW_PRIVS}}},
    {"prctl", {{0, INT_BITS, PR_GET_SECCOMP}}},
    {"prctl", {{0, INT_BITS, PR_SET_SECCOMP}}}, /* only takes away */
    {"prlimit64", {{0, INT_BITS, 0}}},          /* its own limits, only downwards without root */
};

/* 0, or a negative errno. Names unknown here are no failure. */
static int allow_call(scmp_filter_ctx filter, const char *name, unsigned count,
                      const struct scmp_arg_cmp *arguments)
{
    int call = seccomp_syscall_resolve_name(name);

    return call == __NR_SCMP_ERROR ? 0
                                   : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, count, arguments);
}

static int allow_calls(scmp_filter_ctx filter, const char *const *names, size_t count)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < count; i++)
        result = allow_call(filter, names[i], 0, NULL);
    return result;
}

static int allow_bounded(scmp_filter_ctx filter, const struct call_rule *rules, size_t count)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < count; i++) {
        struct scmp_arg_cmp arguments[COUNT(rules[i].must)];
        unsigned asked = 0;
        for (; asked < COUNT(arguments) && rules[i].must[asked].mask != 0; asked++)
            arguments[asked] = (struct scmp_arg_cmp){rules[i].must[asked].argument, SCMP_CMP_MASKED_EQ,
                                                     rules[i].must[asked].mask, rules[i].must[asked].value};
        result = allow_call(filter, rules[i].name, asked, arguments);
    }
    return result;
}

static int fill_filter(scmp_filter_ctx filter, const struct confine_request *request)
{
    int result = allow_calls(filter, calls_allowed, COUNT(calls_allowed));

    if (result == 0)
        result = allow_bounded(filter, calls_bounded, COUNT(calls_bounded));
    if (result == 0 && request->network)
        result = allow_calls(filter, calls_of_network, COUNT(calls_of_network));
    if (result == 0 && request->network)
        result = allow_bounded(filter, calls_of_network_bounded, COUNT(calls_of_network_bounded));
    if (result == 0 && request->service)
        result = allow_calls(filter, calls_of_services, COUNT(calls_of_services));
    if (result == 0 && request->service)
        result = allow_bounded(filter, calls_of_services_bounded, COUNT(calls_of_services_bounded));
    if (result == 0 && request->service && request->network)
        result = allow_bounded(filter, calls_of_serving_network, COUNT(calls_of_serving_network));
    if (result == 0 && request->runnable != NULL)
        result = allow_calls(filter, calls_of_programs, COUNT(calls_of_programs));
    if (result == 0 && request->runnable != NULL)
        result = allow_calls(filter, calls_of_children, COUNT(calls_of_children));
    if (result == 0 && request->runnable != NULL)
        result = allow_bounded(filter, calls_of_children_bounded, COUNT(calls_of_children_bounded));
    if (result == 0 && request->see_addresses)
        result = allow_calls(filter, calls_of_addresses, COUNT(calls_of_addresses));
    if (result == 0 && request->see_addresses)
        result = allow_bounded(filter, calls_of_addresses_bounded, COUNT(calls_of_addresses_bounded));
    if (result == 0 && request->see_processes)
        result = allow_bounded(filter, calls_of_seeing_bounded, COUNT(calls_of_seeing_bounded));
    if (result == 0 && request->see_processes)
        result = allow_calls(filter, calls_of_giving_up, COUNT(calls_of_giving_up));
    /* Its flags are behind a pointer that a filter cannot follow; told that there is none, glibc uses clone. */
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return result;
}

int confine_fill_program(scmp_filter_ctx filter, const char *path)
{
    const struct scmp_arg_cmp this_path = {0, SCMP_CMP_EQ, (uint64_t)(uintptr_t)path, 0};
    int result = allow_calls(filter, calls_allowed, COUNT(calls_allowed));

    if (result == 0)
        result = allow_bounded(filter, calls_bounded, COUNT(calls_bounded));
    if (result == 0)
        result = allow_calls(filter, calls_of_programs, COUNT(calls_of_programs));
    if (result == 0)
        result = allow_call(filter, "execve", 1, &this_path);
    return result == 0 ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) : result;
}

static void own_filter(scmp_filter_ctx *filter)
{
    if (*filter != NULL)
        seccomp_release(*filter);
    *filter = NULL;
}

static bool load_filter(scmp_filter_ctx filter, int result, uint8_t *held, struct error *err)
{
    if (result == 0)
        result = seccomp_load(filter);
    if (result != 0) {
        errno = -result;
        return error_system(err, "seccomp");
    }
    *held |= CONFINED_CALLS;
    return true;
}

static bool confine_calls(const struct confine_request *request, uint8_t *held, struct error *err)
{
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
        return true; /* built without it */
    OWN(own_filter) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int result = filter == NULL ? -ENOMEM : fill_filter(filter, request);
    return load_filter(filter, result, held, err);
}

bool confine(const struct confine_request *request, uint8_t *out, struct error *err)
{
    uint64_t kept = kept_of(request->read_everything, request->see_processes);
    uint8_t held = CONFINED_USER;

    assert(request->service || request->writable == NULL);

    if (!limit_resources(request, err) || (!request->service && !leave_root(kept, err)) ||
        !drop_capabilities(kept, err) || (!request->service && !confirm_left(err)))
        return false;
    if (request->service && getuid() == 0)
        held = 0; /* root without its rights still owns root's files */
    /*
     * Not dumpable: a process of the same user cannot trace it or read its memory. And it dies with its parent.
     * All after the change of user, which resets them.
     */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        (!request->service && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0))
        return error_system(err, "prctl");
    if (!request->see_processes &&
        !confine_files(&(struct confine_files){request->readable, request->runnable, request->writable},
                       &held, err))
        return false;
    if (!confine_calls(request, &held, err))
        return false;
    *out = held;
    return true;
}

bool confine_seen(const struct confine_request *request, uint8_t *held, struct error *err)
{
    return drop_capabilities(kept_of(request->read_everything, false), err) &&
           confine_files(&(struct confine_files){request->readable, request->runnable, NULL}, held, err);
}

/* ---- the supervisor ---- */

/*
 * It keeps a database, signs and reads what processes run, by libraries of others: so what it cannot do is listed, not
 * what it can. What changes files is Landlock's business.
 */
static const char *const calls_denied[] = {
    /* programs, and other processes */
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "pidfd_open",
    "kcmp",
    /* sockets; those that are open stay good */
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    /* ways around this filter */
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "seccomp",
    "userfaultfd",
    "bpf",
    "perf_event_open",
    "personality",
    "modify_ldt",
    /* the system */
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "setns",
    "unshare",
    "open_by_handle_at",
    "name_to_handle_at",
    "fsopen",
    "fsmount",
    "fsconfig",
    "fspick",
    "move_mount",
    "open_tree",
    "mount_setattr",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "stime",
    "acct",
    "quotactl",
    "quotactl_fd",
    "sethostname",
    "setdomainname",
    "syslog",
    "iopl",
    "ioperm",
    "vhangup",
    "add_key",
    "request_key",
    "keyctl",
    "mknod",
    "mknodat",
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setgroups",
    "setfsuid",
    "setfsgid",
    "capset",
};

static int fill_denials(scmp_filter_ctx filter)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < COUNT(calls_denied); i++) {
        int call = seccomp_syscall_resolve_name(calls_denied[i]);
        if (call != __NR_SCMP_ERROR)
            result = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call, 0, NULL);
    }
    /* Threads are made by clone too. */
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return result;
}

bool confine_supervisor(const char *const *writable, uint8_t *out, struct error *err)
{
    static const char *const everything[] = {"/", NULL};
    uint64_t kept = kept_of(true, true);
    uint8_t held = CONFINED_USER;

    if (getuid() == 0)
        bound_capabilities(kept);
    if (!drop_capabilities(kept, err))
        return false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_system(err, "prctl");
    if (!confine_files(&(struct confine_files){everything, NULL, writable}, &held, err))
        return false;
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0) {
        OWN(own_filter) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        if (!load_filter(filter, filter == NULL ? -ENOMEM : fill_denials(filter), &held, err))
            return false;
    }
    *out = held;
    return true;
}
