#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"

bool os_names(struct arena *arena, struct os_names *out, struct error *err)
{
    struct utsname names;

    if (uname(&names) != 0)
        return error_system(err, "uname");
    struct os_names got = {
        .host = text_copy(arena, text_of(names.nodename)),
        .kernel_release = text_copy(arena, text_of(names.release)),
        .kernel_build = text_copy(arena, text_of(names.version)),
        .machine = text_copy(arena, text_of(names.machine)),
    };
    if (got.host.at == NULL || got.kernel_release.at == NULL || got.kernel_build.at == NULL ||
        got.machine.at == NULL)
        return arena_full(arena, err);
    *out = got;
    return true;
}

bool os_helper(struct arena *arena, const char *name, const char **out, struct error *err)
{
    char own[LIMIT_PATH + 1];
    ssize_t size = readlink("/proc/self/exe", own, sizeof(own));

    if (size < 0)
        return error_system(err, "/proc/self/exe");
    while (size > 0 && own[size - 1] != '/')
        size--;
    char *beside = text_string(arena, text_format(arena, "%.*s%s", (int)size, own, name));
    char *installed = file_path(arena, HELPER_FOLDER, name);
    if (beside == NULL || installed == NULL)
        return arena_full(arena, err);
    if (access(beside, X_OK) != 0 && access(installed, X_OK) != 0)
        return error_set(err, ERROR_ABSENT, "%s is neither at %s nor at %s", name, beside, installed);
    *out = access(beside, X_OK) == 0 ? beside : installed;
    return true;
}

bool os_hold_standard_descriptors(struct error *err)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        /* The other way round: reading standard input and writing the others must go on failing. The lowest is given. */
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return error_system(err, "/dev/null");
    }
    return true;
}

bool os_become(const char *const *argv, struct error *err)
{
    char *const *words;

    memcpy(&words, &argv, sizeof(words)); /* execv changes nothing, its parameter is older than const */
    (void)execv(argv[0], words);
    return error_system(err, "%s", argv[0]);
}

bool os_exchange(const char *a, const char *b, struct error *err)
{
    if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0 ||
        (errno == ENOENT && renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE) == 0))
        return true;
    if (errno == EINVAL)
        return error_set(err, ERROR_SYSTEM, "%s: this file system cannot exchange two folders in one step", b);
    return error_system(err, "%s", b);
}

bool os_is_root(void)
{
    return geteuid() == 0;
}

unsigned os_user(void)
{
    return geteuid();
}

unsigned os_owner_believed(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = {{0}};

    if (geteuid() != 0 && syscall(SYS_capget, &head, caps) == 0 &&
        (caps[0].effective & (1U << CAP_DAC_READ_SEARCH)) != 0)
        return 0;
    return geteuid();
}

bool os_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

unsigned os_terminal_width(int fd)
{
    struct winsize size = {0};

    return isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

unsigned os_terminal_height(int fd)
{
    struct winsize size = {0};

    return isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

const char *os_environment(const char *name)
{
    const char *value = secure_getenv(name);

    return value != NULL && value[0] != 0 ? value : NULL;
}

bool os_leave_no_core(struct error *err)
{
    /* Not 0, which still feeds a program behind core_pattern: 1 is what the kernel takes as "none" there too. */
    if (setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1}) == 0)
        return true;
    /* Its limit is 0 and may not be raised: then not even a tracer may look. */
    return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) == 0 ||
           error_system(err, "core dumps cannot be switched off");
}

void os_random(void *out, size_t size)
{
    uint8_t *at = out;

    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            abort(); /* a kernel without getrandom is older than any we run on */
        at += got;
        size -= (size_t)got;
    }
}

/* Not to be reached from the whole Internet: RFC 6890's registry, as far as an interface may carry it. */
static bool is_public_v4(uint32_t a)
{
    static const struct {
        uint32_t network, mask;
    } special[] = {
        {0x00000000, 0xff000000}, /* this network */
        {0x0a000000, 0xff000000}, /* private */
        {0x64400000, 0xffc00000}, /* carrier-grade NAT */
        {0x7f000000, 0xff000000}, /* loopback */
        {0xa9fe0000, 0xffff0000}, /* link-local */
        {0xac100000, 0xfff00000}, /* private */
        {0xc0000000, 0xffffff00}, /* protocol assignments */
        {0xc0000200, 0xffffff00}, /* documentation */
        {0xc0a80000, 0xffff0000}, /* private */
        {0xc6120000, 0xfffe0000}, /* benchmarking */
        {0xc6336400, 0xffffff00}, /* documentation */
        {0xcb007100, 0xffffff00}, /* documentation */
        {0xe0000000, 0xe0000000}, /* multicast, reserved, broadcast */
    };

    for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++)
        if ((a & special[i].mask) == special[i].network)
            return false;
    return true;
}

/* 2000::/3 is all that is given out; 2001:db8::/32 is documentation. */
static bool is_public_v6(const uint8_t a[16])
{
    return (a[0] & 0xe0) == 0x20 && !(a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8);
}

static bool is_public(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address == NULL)
        return false;
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return is_public_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        return is_public_v6(v6.sin6_addr.s6_addr);
    }
    return false;
}

bool os_has_public_address(bool *out, struct error *err)
{
    struct ifaddrs *all;
    bool found = false;

    if (getifaddrs(&all) != 0)
        return error_system(err, "network interfaces");
    for (const struct ifaddrs *one = all; one != NULL && !found; one = one->ifa_next)
        found = is_public(one->ifa_addr);
    freeifaddrs(all);
    *out = found;
    return true;
}

unsigned os_processor_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : (unsigned)count;
}

uint64_t os_memory_size(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 512 * MIB;
}

/* Not in glibc; from the kernel's include/uapi/linux/ioprio.h, which Debian 12's headers have, but older ones do not. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE        (3 << 13)

void os_yield_to_all(void)
{
    const struct sched_param none = {0};

    /* Each may be refused (SCHED_IDLE by a container's filter): the others help still. */
    (void)!setpriority(PRIO_PROCESS, 0, 19);
    (void)!sched_setscheduler(0, SCHED_IDLE, &none);
    (void)!syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

#define LARGE_PAGE ((uintptr_t)2 * 1024 * 1024)

void os_expect_filling(void *memory, size_t size)
{
    uintptr_t begin = ((uintptr_t)memory + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    uintptr_t end = ((uintptr_t)memory + size) & ~(LARGE_PAGE - 1);

    /* Where the kernel has no large pages it stays as it is. */
    if (memory != NULL && begin < end)
        (void)madvise((char *)memory + (begin - (uintptr_t)memory), end - begin, MADV_HUGEPAGE);
}

bool os_memory_file(struct bytes content, int *out, struct error *err)
{
    OWN(own_fd) int fd = memfd_create("suture", MFD_CLOEXEC);

    if (fd < 0)
        return error_system(err, "memory file");
    for (size_t done = 0; done < content.size;) {
        ssize_t put = pwrite(fd, content.at + done, content.size - done, (off_t)done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return error_system(err, "memory file");
        done += (size_t)put;
    }
    *out = fd_take(&fd);
    return true;
}

/* Through our own process: a child has other descriptors under the same numbers. */
void os_fd_path(int fd, char out[OS_FD_PATH_MAX])
{
    (void)snprintf(out, OS_FD_PATH_MAX, "/proc/%ld/fd/%d", (long)getpid(), fd);
}
