#include "base/confine_cage.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/child.h"
#include "base/confine_parts.h"
#include "base/own.h"

#define INSTRUCTIONS_MAX 4096 /* the kernel's own limit (BPF_MAXINSNS) */

void confine_cage_end(struct confine_cage *cage)
{
    own_fd(&cage->rules);
    own_memory(&cage->filter);
}

static void own_context(scmp_filter_ctx *filter)
{
    if (*filter != NULL)
        seccomp_release(*filter);
    *filter = NULL;
}

/* libseccomp gives its instructions only to a file. */
static bool read_instructions(int fd, struct confine_cage *into, struct error *err)
{
    struct stat found;

    if (fstat(fd, &found) != 0)
        return error_system(err, "seccomp");
    size_t size = (size_t)found.st_size, count = size / sizeof(struct sock_filter);
    OWN(own_memory) void *at = malloc(size);
    if (at == NULL || count == 0 || count > INSTRUCTIONS_MAX || size % sizeof(struct sock_filter) != 0 ||
        pread(fd, at, size, 0) != (ssize_t)size)
        return error_set(err, ERROR_SYSTEM, "seccomp: a filter of %zu bytes", size);
    into->filter = at;
    into->filter_count = (uint16_t)count;
    at = NULL; /* handed on */
    return true;
}

static bool make_filter(const char *program, struct confine_cage *into, struct error *err)
{
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
        return true; /* built without it */
    OWN(own_context) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    OWN(own_fd) int fd = memfd_create("filter", MFD_CLOEXEC);
    int result = filter == NULL || fd < 0 ? -ENOMEM : confine_fill_program(filter, program);
    if (result == 0)
        result = seccomp_export_bpf(filter, fd);
    if (result != 0) {
        errno = -result;
        return error_system(err, "seccomp");
    }
    return read_instructions(fd, into, err);
}

bool confine_cage_make(const struct confine_cage_request *request, struct confine_cage *out,
                       struct error *err)
{
    OWN(confine_cage_end) struct confine_cage cage = CONFINE_CAGE_NONE;
    const char *const runnable[] = {request->program, NULL};
    const struct passwd *user;

    cage.request = *request;
    if (getuid() == 0 || geteuid() == 0) {
        if (!confine_find_user(&user, err))
            return false;
        cage.user = user->pw_uid;
        cage.group = user->pw_gid;
    }
    if (!confine_make_rules(&(struct confine_files){request->readable, runnable, NULL}, &cage.rules, err) ||
        !make_filter(request->program, &cage, err))
        return false;
    if (cage.rules >= 0) {
        /* Out of the way of the descriptors that the child gets as its own. */
        OWN(own_fd) int low = fd_take(&cage.rules);
        cage.rules = fcntl(low, F_DUPFD_CLOEXEC, 3 + CHILD_PASSED_MAX);
        if (cage.rules < 0)
            return error_system(err, "landlock");
    }
    cage.holds = (uint8_t)(CONFINED_USER | (cage.rules >= 0 ? CONFINED_FILES : 0) |
                           (cage.filter != NULL ? CONFINED_CALLS : 0));
    *out = cage;
    cage = CONFINE_CAGE_NONE; /* handed on */
    return true;
}

/* ---- in the child ---- */

static int limit(__rlimit_resource_t what, rlim_t value)
{
    struct rlimit now;

    if (getrlimit(what, &now) != 0)
        return errno;
    if (now.rlim_max < value)
        value = now.rlim_max;
    return setrlimit(what, &(struct rlimit){value, value}) == 0 ? 0 : errno;
}

static int leave_root(const struct confine_cage *cage)
{
    if (cage->user == 0)
        return 0;
    /* The raw calls: glibc's would tell other threads, which this process does not have any more. */
    if (syscall(SYS_setgroups, 0, NULL) != 0 ||
        syscall(SYS_setresgid, cage->group, cage->group, cage->group) != 0 ||
        syscall(SYS_setresuid, cage->user, cage->user, cage->user) != 0)
        return errno;
    return 0;
}

int confine_cage_enter(const void *given)
{
    const struct confine_cage *cage = given;
    const struct confine_cage_request *request = &cage->request;
    struct sock_fprog program = {.len = cage->filter_count, .filter = cage->filter};
    int failed = limit(RLIMIT_CORE, 0);

    if (failed == 0)
        failed = limit(RLIMIT_FSIZE, request->file_size_max);
    if (failed == 0)
        failed = limit(RLIMIT_AS, request->memory_max);
    if (failed == 0)
        failed = limit(RLIMIT_CPU, request->time_s);
    if (failed == 0)
        failed = leave_root(cage);
    if (failed == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        failed = errno;
    if (failed == 0 && cage->rules >= 0 && syscall(SYS_landlock_restrict_self, cage->rules, 0) != 0)
        failed = errno;
    if (failed == 0 && cage->filter != NULL &&
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (unsigned long)&program, 0, 0) != 0)
        failed = errno;
    return failed;
}
