#include "manager/rehearsal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/execute_message.h"

/* What the process inside tells the one outside. */
struct told {
    uint32_t status;
    struct error err; /* kind NONE: all commands were run */
};

static bool make_path(char out[LIMIT_PATH + 1], const char *folder, const char *name, struct error *err)
{
    int size = snprintf(out, LIMIT_PATH + 1, "%s%s", folder, name);

    return (size > 0 && size <= LIMIT_PATH) ||
           error_set(err, ERROR_LIMIT, "%.100s...: too long a path", folder);
}

/* Whatever is refused here is no failure of the packages: this kernel or container does not allow it. */
static bool refused(struct error *err, const char *what)
{
    const char *why = strerror(errno);

    return error_set(err, ERROR_ABSENT, "rehearsing is not possible here: %s: %s", what, why);
}

/* ---- the file systems ---- */

/* Places where systems put file systems of their own. Nobody's packages write elsewhere. */
static const char *const parts[] = {"",     "/boot",      "/boot/efi", "/etc",     "/home",
                                    "/opt", "/root",      "/srv",      "/usr",     "/usr/local",
                                    "/var", "/var/cache", "/var/lib",  "/var/log", "/var/lib/dpkg"};

static bool is_mounted_apart(const char *path)
{
    char above[LIMIT_PATH + 8];
    struct stat here, there;

    (void)snprintf(above, sizeof(above), "%s/..", path);
    return stat(path, &here) == 0 && S_ISDIR(here.st_mode) && stat(above, &there) == 0 &&
           here.st_dev != there.st_dev;
}

static bool mount_overlay(const char *lower, const char *work, const char *target, struct error *err)
{
    static const char *const extras[] = {",redirect_dir=on",
                                         ""}; /* dpkg renames folders where links take their place */
    char upper[LIMIT_PATH + 1], inner[LIMIT_PATH + 1], options[3 * LIMIT_PATH];

    if (!make_path(upper, work, "/upper", err) || !make_path(inner, work, "/work", err) ||
        !file_make_folders(upper, 0755, err) || !file_make_folders(inner, 0700, err))
        return false;
    for (size_t i = 0; i < 2; i++) {
        if (snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s%s", lower, upper, inner,
                     extras[i]) >= (int)sizeof(options))
            return error_set(err, ERROR_LIMIT, "%.100s...: too long a path", lower);
        if (mount("rehearsal", target, "overlay", MS_NODEV, options) == 0)
            return true;
    }
    return refused(err, "an overlay of the file system");
}

/* The overlays one above the other, the root's first. */
static bool mount_parts(const struct rehearsal *r, const char *work, const char *root, struct error *err)
{
    const char *from = strcmp(r->root, "/") == 0 ? "" : r->root;
    char lower[LIMIT_PATH + 1], target[LIMIT_PATH + 1], part[LIMIT_PATH + 1];

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "/%zu", i);
        if (!make_path(lower, from, i == 0 && from[0] == 0 ? "/" : parts[i], err) ||
            !make_path(target, root, parts[i], err) || !make_path(part, work, name, err))
            return false;
        if (i > 0 && !is_mounted_apart(lower))
            continue;
        if (!mount_overlay(lower, part, target, err))
            return false;
    }
    return true;
}

/* On the disk where that can carry an overlay, which one that is an overlay itself cannot; else in memory. */
static bool lay_root(const struct rehearsal *r, const char *work, const char *root, struct error *err)
{
    if (file_make_folders(root, 0755, err) && mount_parts(r, work, root, err))
        return true;
    if (err->kind != ERROR_ABSENT)
        return false;
    if (mount("tmpfs", work, "tmpfs", MS_NODEV, "mode=700") != 0)
        return refused(err, "memory for what is written");
    return file_make_folders(root, 0755, err) && mount_parts(r, work, root, err);
}

/* A mount of a kind, on a folder of the new root. */
static bool mount_kind(const char *root, const char *name, const char *kind, unsigned long flags,
                       const char *options, struct error *err)
{
    char target[LIMIT_PATH + 1];

    if (!make_path(target, root, name, err))
        return false;
    (void)mkdir(target, 0755); /* it is there already, or the mount fails and says so */
    return mount(kind, target, kind, flags, options) == 0 || refused(err, name);
}

static bool make_devices(const char *root, struct error *err)
{
    static const struct {
        const char *name;
        unsigned minor;
    } devices[] = {
        {"/dev/null", 3}, {"/dev/zero", 5}, {"/dev/full", 7}, {"/dev/random", 8}, {"/dev/urandom", 9}};
    static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
                                           {"/proc/self/fd/0", "/dev/stdin"},
                                           {"/proc/self/fd/1", "/dev/stdout"},
                                           {"/proc/self/fd/2", "/dev/stderr"}};
    char path[LIMIT_PATH + 1];

    for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
        if (!make_path(path, root, devices[i].name, err) ||
            (mknod(path, S_IFCHR | 0666, makedev(1, devices[i].minor)) != 0 &&
             !refused(err, devices[i].name)) ||
            chmod(path, 0666) != 0)
            return false;
    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
        if (!make_path(path, root, links[i][1], err) ||
            (symlink(links[i][0], path) != 0 && !refused(err, path)))
            return false;
    return mount_kind(root, "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777", err);
}

static bool bind_read_only(const char *from, const char *to, struct error *err)
{
    return (mount(from, to, NULL, MS_BIND | MS_REC, NULL) == 0 &&
            mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) == 0) ||
           refused(err, to);
}

/* What of /proc reaches beyond these processes cannot be written. */
static bool shut_proc(const char *root, struct error *err)
{
    static const char *const shut[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus",
                                       "/proc/fs"};
    char path[LIMIT_PATH + 1];

    for (size_t i = 0; i < sizeof(shut) / sizeof(*shut); i++)
        if (!make_path(path, root, shut[i], err) || (file_exists(path) && !bind_read_only(path, path, err)))
            return false;
    return true;
}

static bool lay_packages(const struct rehearsal *r, const char *root, struct error *err)
{
    char path[LIMIT_PATH + 1];

    return make_path(path, root, REHEARSAL_WORK "/packages", err) && file_make_folders(path, 0755, err) &&
           bind_read_only(r->packages, path, err);
}

/* Services are asked about by invoke-rc.d, which asks this. */
static bool refuse_services(const char *root, struct error *err)
{
    char path[LIMIT_PATH + 1];

    return make_path(path, root, "/usr/sbin/policy-rc.d", err) &&
           file_replace_cache(path, bytes_of_text(text_of("#!/bin/sh\nexit 101\n")), 0755, err);
}

/* The new root becomes the only one: the old one is not even above it any more. */
static bool move_in(const char *root, struct error *err)
{
    if (chdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
        chdir("/") != 0)
        return refused(err, "changing the root");
    return true;
}

static bool build(const struct rehearsal *r, const char *work, struct error *err)
{
    char root[LIMIT_PATH + 1];

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return refused(err, "mounts of its own");
    return make_path(root, work, "/root", err) && lay_root(r, work, root, err) &&
           mount_kind(root, "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755", err) &&
           mount_kind(root, "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777", err) &&
           mount_kind(root, "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755", err) &&
           make_devices(root, err) &&
           mount_kind(root, "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err) &&
           shut_proc(root, err) &&
           mount_kind(root, "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err) &&
           lay_packages(r, root, err) && refuse_services(root, err) && move_in(root, err);
}

/* ---- rights ---- */

/* What unpacking packages and their scripts need; the rest reaches beyond the overlay. */
static const uint64_t rights_kept =
    UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_DAC_OVERRIDE | UINT64_C(1) << CAP_DAC_READ_SEARCH |
    UINT64_C(1) << CAP_FOWNER | UINT64_C(1) << CAP_FSETID | UINT64_C(1) << CAP_KILL |
    UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETFCAP |
    UINT64_C(1) << CAP_SYS_CHROOT | UINT64_C(1) << CAP_AUDIT_WRITE;

static bool drop_rights(struct error *err)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
        if ((i >= 64 || (rights_kept >> i & 1) == 0) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0)
            return error_system(err, "dropping capabilities");
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        data[i].effective = (uint32_t)(rights_kept >> (32 * i));
        data[i].permitted = data[i].effective;
    }
    return syscall(SYS_capset, &head, data) == 0 || error_system(err, "dropping capabilities");
}

/* ---- commands ---- */

static void become(const struct dpkg_command *command, int output)
{
    char *const *argv, *const *envp;
    const char *const *environment = dpkg_environment;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    memcpy(&argv, &command->argv, sizeof(argv)); /* execve's prototype lacks the const that it keeps */
    memcpy(&envp, &environment, sizeof(envp));
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL);
    (void)umask(022);
    if (null >= 0 && dup2(null, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2 &&
        close_range(3, UINT32_MAX, CLOSE_RANGE_CLOEXEC) == 0)
        (void)execve(argv[0], argv, envp);
    _exit(127);
}

static bool run_one(const struct dpkg_command *command, int output, uint32_t *status, struct error *err)
{
    int raw = 0;
    pid_t pid = fork();

    if (pid < 0)
        return error_system(err, "fork");
    if (pid == 0)
        become(command, output);
    /* We are process 1 here: others end with us as their parent. */
    for (pid_t ended = 0; ended != pid;) {
        ended = waitpid(-1, &raw, 0);
        if (ended < 0 && errno != EINTR)
            return error_system(err, "waitpid");
    }
    *status = (uint32_t)(WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw));
    return true;
}

static bool run_all(const struct rehearsal *r, struct told *told)
{
    for (size_t i = 0; i < r->command_count; i++) {
        uint32_t status = 0;
        bool last = i + 1 == r->command_count;
        if (last && write(r->output, EXECUTE_STATES_LINE, sizeof(EXECUTE_STATES_LINE) - 1) < 0)
            return error_system(&told->err, "output");
        if (!run_one(&r->commands[i], r->output, &status, &told->err))
            return false;
        told->status = last ? told->status : status;
    }
    return true;
}

/* Process 1 inside. */
static void live_inside(const struct rehearsal *r, const char *work, int tell)
{
    struct told told = {0};

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (build(r, work, &told.err) && drop_rights(&told.err) && run_all(r, &told))
        told.err = (struct error){0}; /* of what was tried on the way */
    (void)!write(tell, &told, sizeof(told));
    _exit(0);
}

/* Namespaces are made here, one process further out, so that process 1 is born into them. */
static void live_between(const struct rehearsal *r, const char *work, int tell)
{
    struct told told = {0};
    pid_t pid = -1;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) != 0)
        (void)refused(&told.err, "namespaces");
    else if ((pid = fork()) < 0)
        (void)refused(&told.err, "fork");
    if (pid == 0)
        live_inside(r, work, tell);
    if (pid < 0)
        (void)!write(tell, &told, sizeof(told));
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    _exit(0);
}

static bool hear(int from, struct told *out, struct error *err)
{
    struct pollfd polled = {.fd = from, .events = POLLIN};
    int ready;

    do
        ready = poll(&polled, 1, LIMIT_REHEARSAL_MS);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return error_set(err, ERROR_LIMIT, "the rehearsal took longer than %d minutes",
                         LIMIT_REHEARSAL_MS / 60000);
    if (read(from, out, sizeof(*out)) != (ssize_t)sizeof(*out))
        return error_set(err, ERROR_SYSTEM, "the rehearsal was ended from outside");
    return true;
}

bool rehearsal_run(const struct rehearsal *rehearsal, uint32_t *status, struct error *err)
{
    char work[LIMIT_PATH + 1];
    struct error ignored;
    struct told told;
    int ends[2];

    if (!make_path(work, rehearsal->work, "/rehearsal", err) || !file_remove_tree(work, err) ||
        !file_make_folders(work, 0700, err))
        return false;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_system(err, "pipe");
    OWN(own_fd) int from = ends[0];
    OWN(own_fd) int tell = ends[1];
    pid_t pid = fork();
    if (pid < 0)
        return error_system(err, "fork");
    if (pid == 0)
        live_between(rehearsal, work, tell);
    own_fd(&tell);
    bool heard = hear(from, &told, err);
    if (!heard)
        (void)kill(pid, SIGKILL); /* else process 1 has ended, and with it all that they left running */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (!file_remove_tree(work, heard ? err : &ignored) || !heard)
        return false;
    if (told.err.kind != ERROR_NONE) {
        *err = told.err;
        return false;
    }
    *status = told.status;
    return true;
}
