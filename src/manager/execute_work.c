#include "manager/execute_work.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/control.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "manager/rehearsal.h"

#define LOCK_POLL_MS 200

bool execute_work_begin(const char *state, const char *root, struct arena *arena, struct execute_work *out,
                        struct error *err)
{
    struct text folder = text_format(arena, "%s-execute", state);

    if (folder.at == NULL)
        return arena_full(arena, err);
    if (state[0] != '/' || state[1] == 0 || text_ends(text_of(state), TEXT("/")) || root[0] != '/' ||
        (root[1] != 0 && text_ends(text_of(root), TEXT("/"))))
        return error_set(err, ERROR_INPUT,
                         "the state folder and the root are absolute paths without a slash at the end");
    *out = (struct execute_work){
        .state = state, .root = root, .folder = folder.at, .folder_lock = -1, .frontend_lock = -1};
    return true;
}

static const char *const contents[] = {"empty", "packages", "apt.conf", "output", "rehearsal"};

static bool remove_contents(const struct execute_work *work, struct error *err)
{
    char path[LIMIT_PATH + 1];

    for (size_t i = 0; i < sizeof(contents) / sizeof(*contents); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", work->folder, contents[i]);
        if (!file_remove_tree(path, err))
            return false;
    }
    return true;
}

void execute_work_end(struct execute_work *work)
{
    struct error ignored;

    if (work->ready)
        (void)!remove_contents(work, &ignored); /* the next one begins with it too */
    own_fd(&work->frontend_lock);
    own_fd(&work->folder_lock);
    *work = (struct execute_work){.folder_lock = -1, .frontend_lock = -1};
}

struct dpkg_place execute_place(const struct execute_work *work)
{
    return (struct dpkg_place){.root = work->root, .work = work->folder};
}

/* ---- locks ---- */

static struct flock whole_file(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

/* The name of a process, for people. */
static void name_process(pid_t pid, char out[32])
{
    char path[40];

    (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    OWN(own_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, out, 31);
    size = size > 0 && out[size - 1] == '\n' ? size - 1 : size;
    out[size > 0 ? size : 0] = 0;
}

static bool held_by(const char *path, pid_t pid, struct error *err)
{
    char name[32];

    name_process(pid, name);
    return error_set(err, ERROR_CONFLICT, "%s: held by process %d (%s)", path, (int)pid,
                     name[0] != 0 ? name : "of another machine or container");
}

/* dpkg's own lock is left alone; it is held for as long as a dpkg lives whose frontend was killed. */
static bool is_database_free(const char *path, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    struct flock lock = whole_file(F_WRLCK);

    if (fd < 0 || fcntl(fd, F_GETLK, &lock) != 0)
        return error_system(err, "%s", path);
    return lock.l_type == F_UNLCK || held_by(path, lock.l_pid, err);
}

static bool lock_file(const char *path, int *out, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    struct flock lock = whole_file(F_WRLCK);

    if (fd < 0)
        return error_system(err, "%s", path);
    if (fcntl(fd, F_SETLK, &lock) != 0) {
        if (errno != EACCES && errno != EAGAIN)
            return error_system(err, "%s", path);
        return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK
                   ? held_by(path, lock.l_pid, err)
                   : error_set(err, ERROR_CONFLICT, "%s: was held just now", path);
    }
    *out = fd_take(&fd);
    return true;
}

static bool make_folder(struct execute_work *work, struct error *err)
{
    char path[LIMIT_PATH + 1];
    struct stat found;

    if (!file_make_folders(work->folder, 0700, err))
        return false;
    if (lstat(work->folder, &found) != 0)
        return error_system(err, "%s", work->folder);
    if (!S_ISDIR(found.st_mode) || found.st_uid != geteuid() || (found.st_mode & 077) != 0)
        return error_set(err, ERROR_TRUST, "%s: is no folder of this user alone", work->folder);
    (void)snprintf(path, sizeof(path), "%s/lock", work->folder);
    return file_lock(path, &work->folder_lock, err);
}

static bool fill_folder(struct execute_work *work, struct error *err)
{
    char path[LIMIT_PATH + 1];

    if (work->ready)
        return true;
    if (!remove_contents(work, err))
        return false;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", work->folder, contents[i]);
        if (!file_make_folders(path, 0700, err))
            return false;
    }
    (void)snprintf(path, sizeof(path), "%s/apt.conf", work->folder);
    work->ready = file_replace_cache(path, bytes_of_text(text_of(dpkg_apt_configuration)), 0600, err);
    return work->ready;
}

static bool try_lock(struct execute_work *work, struct error *err)
{
    char frontend[LIMIT_PATH + 1], database[LIMIT_PATH + 1];
    const char *root = strcmp(work->root, "/") == 0 ? "" : work->root;

    (void)snprintf(frontend, sizeof(frontend), "%s/var/lib/dpkg/lock-frontend", root);
    (void)snprintf(database, sizeof(database), "%s/var/lib/dpkg/lock", root);
    return (work->folder_lock >= 0 || make_folder(work, err)) &&
           (work->frontend_lock >= 0 || lock_file(frontend, &work->frontend_lock, err)) &&
           is_database_free(database, err) && fill_folder(work, err);
}

static int64_t monotonic_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool execute_lock(struct execute_work *work, uint32_t wait_ms, int socket, struct error *err)
{
    int64_t end_ms = monotonic_ms() + wait_ms;

    /* A lock of fcntl cannot be waited for with an end, so it is asked for again and again. */
    while (!try_lock(work, err)) {
        struct pollfd other = {.fd = socket, .events = POLLRDHUP};
        if (err->kind != ERROR_CONFLICT || monotonic_ms() >= end_ms)
            return false;
        if (poll(&other, 1, LOCK_POLL_MS) > 0)
            return error_set(err, ERROR_CONFLICT, "nobody waits for the lock any more");
    }
    return true;
}

/* ---- files ---- */

/* One component after the other, so that no link leads elsewhere. */
static bool open_packages(const struct execute_work *work, struct text run, int *out, struct error *err)
{
    char name[64];
    const char *const parts[] = {"runs", name, "packages"};
    OWN(own_fd) int at = open(work->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    (void)snprintf(name, sizeof(name), "%.*s", TEXT_ARG(run));
    for (size_t i = 0; at >= 0 && i < sizeof(parts) / sizeof(*parts); i++) {
        int next = openat(at, parts[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        int number = errno;
        own_fd(&at);
        errno = number;
        at = next;
    }
    if (at < 0)
        return error_system(err, "packages of run %s", name);
    *out = fd_take(&at);
    return true;
}

static bool copy_hashing(int from, int to, uint64_t size, struct digest *out, struct error *err)
{
    OWN(digester_end) struct digester digester = {0};
    OWN(own_memory) uint8_t *buffer = malloc(256 * KIB);
    uint64_t have = 0;
    ssize_t got = 1;

    if (buffer == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!digester_open(DIGEST_SHA256, &digester, err))
        return false;
    while (got != 0 && have <= size) {
        got = read(from, buffer, 256 * KIB);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(err, "read");
        if (!digester_add(&digester, (struct bytes){buffer, (size_t)got}, err))
            return false;
        for (ssize_t put = 0, n; put < got; put += n)
            if ((n = write(to, buffer + put, (size_t)(got - put))) < 0)
                return error_system(err, "write");
        have += (uint64_t)got;
    }
    digester_close(&digester, out);
    return have == size ||
           error_set(err, ERROR_TRUST, "has %s bytes than were proved", have < size ? "fewer" : "more");
}

static bool copy_file(const struct execute_work *work, int packages, const struct trusted_artifact *artifact,
                      struct error *err)
{
    char hex[DIGEST_HEX_MAX + 1], name[DIGEST_HEX_MAX + 8], path[LIMIT_PATH + 1], part[LIMIT_PATH + 1];
    struct digest digest;

    digest_hex(&artifact->digest, hex);
    (void)snprintf(name, sizeof(name), "%s.deb", hex);
    if (snprintf(path, sizeof(path), "%s/packages/%s", work->folder, name) >= (int)sizeof(path) ||
        snprintf(part, sizeof(part), "%s/packages/%s.part", work->folder, name) >= (int)sizeof(part))
        return error_set(err, ERROR_LIMIT, "%.100s...: path of more than %d bytes", work->folder, LIMIT_PATH);
    if (file_exists(path))
        return true; /* it was hashed when it came here, and nobody else can write here */
    OWN(own_fd) int from = openat(packages, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    OWN(own_fd) int to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (from < 0 || to < 0)
        return error_system(err, "%s", from < 0 ? name : part);
    if (!copy_hashing(from, to, artifact->size, &digest, err))
        return false;
    if (!digest_equal(&digest, &artifact->digest) && control_holds(CONTROL_EXECUTE_HASH))
        return error_set(err, ERROR_TRUST, "the file is not the one that was proved: its SHA-256 is another");
    return rename(part, path) == 0 || error_system(err, "%s", path);
}

bool execute_copy(struct execute_work *work, struct text run, const struct package_group *group,
                  struct error *err)
{
    OWN(own_fd) int packages = -1;

    if (group->artifact_count == 0)
        return true;
    if (!open_packages(work, run, &packages, err))
        return false;
    for (size_t i = 0; i < group->artifact_count; i++)
        if (!copy_file(work, packages, &group->artifacts[i], err))
            return error_at(err, "%.*s %.*s", TEXT_ARG(group->artifacts[i].name),
                            TEXT_ARG(group->artifacts[i].version));
    return true;
}

void execute_drop(const struct execute_work *work, const struct package_group *group)
{
    char hex[DIGEST_HEX_MAX + 1], path[LIMIT_PATH + 1];

    for (size_t i = 0; i < group->artifact_count; i++) {
        digest_hex(&group->artifacts[i].digest, hex);
        (void)snprintf(path, sizeof(path), "%s/packages/%s.deb", work->folder, hex);
        (void)unlink(path); /* only to have the room back */
    }
}

/* ---- commands ---- */

static int open_output(const struct execute_work *work, int flags)
{
    char path[LIMIT_PATH + 1];

    (void)snprintf(path, sizeof(path), "%s/output", work->folder);
    return open(path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* In the child, between fork and exec: only calls that are safe there. */
static void become(const struct dpkg_command *command, const char *const *environment, int input, int output,
                   int failed)
{
    char *const *argv, *const *envp;

    memcpy(&argv, &command->argv, sizeof(argv)); /* execve's prototype lacks the const that it keeps */
    memcpy(&envp, &environment, sizeof(envp));
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL);
    (void)umask(022);
    if (chdir("/") == 0 && dup2(input, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2 &&
        close_range(3, UINT32_MAX, CLOSE_RANGE_CLOEXEC) == 0)
        (void)execve(argv[0], argv, envp);
    int number = errno;
    (void)!write(failed, &number, sizeof(number));
    _exit(127);
}

#define ENVIRONMENT_MAX 32

/* The fixed one; and where apt finds its configuration, which the programs that packages run must not be told. */
static bool environment_of(const struct execute_work *work, const struct dpkg_command *command,
                           char config[LIMIT_PATH + 32], const char *out[ENVIRONMENT_MAX], struct error *err)
{
    size_t count = 0;

    if (snprintf(config, LIMIT_PATH + 32, "APT_CONFIG=%s/apt.conf", work->folder) >= LIMIT_PATH)
        return error_set(err, ERROR_LIMIT, "%.100s...: path of more than %d bytes", work->folder, LIMIT_PATH);
    for (; dpkg_environment[count] != NULL && count < ENVIRONMENT_MAX - 2; count++)
        out[count] = dpkg_environment[count];
    if (strncmp(command->argv[0], "/usr/bin/apt-", 13) == 0)
        out[count++] = config;
    out[count] = NULL;
    return true;
}

static bool wait_for(pid_t pid, uint32_t *status, struct error *err)
{
    int raw;

    while (waitpid(pid, &raw, 0) < 0)
        if (errno != EINTR)
            return error_system(err, "waitpid");
    *status = (uint32_t)(WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw));
    return true;
}

bool execute_run(const struct execute_work *work, const struct dpkg_command *command, uint32_t *status,
                 struct error *err)
{
    const char *environment[ENVIRONMENT_MAX];
    char config[LIMIT_PATH + 32];
    OWN(own_fd) int output = open_output(work, O_WRONLY | O_APPEND);
    int failed[2], number = 0;

    if (!environment_of(work, command, config, environment, err))
        return false;
    OWN(own_fd) int input = command->input == NULL ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
    if (command->input != NULL && !os_memory_file(bytes_of_text(text_of(command->input)), &input, err))
        return false;
    if (input < 0 || output < 0 || pipe2(failed, O_CLOEXEC) != 0)
        return error_system(err, "%s/output", work->folder);
    OWN(own_fd) int failed_read = failed[0];
    OWN(own_fd) int failed_write = failed[1];
    pid_t pid = fork();
    if (pid < 0)
        return error_system(err, "fork");
    if (pid == 0)
        become(command, environment, input, output, failed_write);
    own_fd(&failed_write);
    ssize_t got = read(failed_read, &number, sizeof(number));
    if (!wait_for(pid, status, err))
        return false;
    if (got == (ssize_t)sizeof(number)) {
        errno = number;
        return error_system(err, "%s: cannot be run", command->argv[0]);
    }
    return true;
}

bool execute_rehearse(const struct execute_work *work, const struct dpkg_command *commands, size_t count,
                      uint32_t *status, struct error *err)
{
    char packages[LIMIT_PATH + 1];
    OWN(own_fd) int output = open_output(work, O_WRONLY | O_APPEND);

    if (output < 0)
        return error_system(err, "%s/output", work->folder);
    (void)snprintf(packages, sizeof(packages), "%s/packages", work->folder);
    const struct rehearsal rehearsal = {.root = work->root,
                                        .work = work->folder,
                                        .packages = packages,
                                        .output = output,
                                        .commands = commands,
                                        .command_count = count};
    return rehearsal_run(&rehearsal, status, err);
}

bool execute_clear_output(const struct execute_work *work, struct error *err)
{
    OWN(own_fd) int fd = open_output(work, O_WRONLY | O_TRUNC);

    return fd >= 0 || error_system(err, "%s/output", work->folder);
}

bool execute_output(const struct execute_work *work, size_t limit, struct arena *arena, struct bytes *out,
                    struct error *err)
{
    OWN(own_fd) int fd = open_output(work, O_RDONLY);
    struct stat found;
    size_t have = 0;

    if (fd < 0 || fstat(fd, &found) != 0)
        return error_system(err, "%s/output", work->folder);
    size_t size = (size_t)found.st_size > limit ? limit : (size_t)found.st_size;
    uint8_t *at = arena_take(arena, size + 1);
    if (at == NULL)
        return arena_full(arena, err);
    while (have < size) {
        ssize_t got = pread(fd, at + have, size - have, found.st_size - (off_t)(size - have));
        if (got < 0 && errno != EINTR)
            return error_system(err, "%s/output", work->folder);
        if (got == 0)
            break;
        have += got > 0 ? (size_t)got : 0;
    }
    *out = (struct bytes){at, have};
    return true;
}
