#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"

#define PID_PATH_MAX 256 /* FOLDER/PID/NAME */
#define PROGRAM_MAX  512 /* of a program of ours; a longer path is none */

/*
 * What is read here:
 *
 *     maps    55820629e000-5582062a3000 r-xp 00002000 fe:00 247278      /usr/bin/sleep (deleted)
 *             address range             may  offset   dev   inode       path, newlines in it as \012
 *     cgroup  0::/system.slice/ssh.service                              version 2
 *             1:name=systemd:/system.slice/ssh.service                  version 1
 *     stat    812 (sshd) S 1 812 ... 19 more ... 1342 ...               field 22: when it began, in ticks since boot
 *     stat    btime 1763712000                                          of the folder itself: when the machine began
 */

/* Beside each of the files. */
struct file_state {
    uint32_t last_user; /* index + 1 of the process that was last seen to map it */
    uint32_t next;      /* the file of the same path and another inode, or MAP_NONE */
};

/* One pass over all processes. */
struct pass {
    struct arena *arena;
    struct processes got;
    size_t process_capacity, file_capacity, state_capacity, use_count, use_capacity;
    uint32_t *uses;
    struct file_state *states;
    struct map paths; /* the newest file of the path */
    char *buffer;
    bool asks; /* the kernel answers ask_mappings */
};

/* Whole lines only; a line that does not fit holds a path that no package can have. */
#define BUFFER_SIZE (64 * KIB)

static bool skip_byte(struct bytes *rest, uint8_t byte)
{
    if (rest->size == 0 || rest->at[0] != byte)
        return false;
    *rest = (struct bytes){rest->at + 1, rest->size - 1};
    return true;
}

/* Past the bytes before the first space, and past that space. */
static bool skip_field(struct bytes *rest)
{
    const uint8_t *space = rest->size == 0 ? NULL : memchr(rest->at, ' ', rest->size);

    if (space == NULL)
        return false;
    *rest = (struct bytes){space + 1, rest->size - (size_t)(space + 1 - rest->at)};
    return true;
}

/* False for what is no file: the stack, what a compiler makes at run time, what the kernel lends. */
static bool file_with(struct bytes name, uint64_t inode, struct process_file *out)
{
    static const struct text mark = {" (deleted)", sizeof(" (deleted)") - 1};
    struct process_file file = {.inode = inode};
    struct error ignored; /* a path that is no text belongs to no package */

    if (name.size == 0 || name.at[0] != '/' || inode == 0 ||
        !text_from_bytes(name, LIMIT_PATH + mark.size, &file.path, &ignored))
        return false;
    file.deleted = text_ends(file.path, mark);
    file.path.size -= file.deleted ? mark.size : 0;
    *out = file;
    return true;
}

bool process_parse_mapping(struct bytes line, struct process_file *out)
{
    struct bytes rest = line;
    uint64_t inode = 0;

    if (!skip_field(&rest) || rest.size < 5 || rest.at[2] != 'x')
        return false;
    for (int i = 0; i < 3; i++) /* permissions, offset, device */
        if (!skip_field(&rest))
            return false;
    for (; rest.size > 0 && rest.at[0] >= '0' && rest.at[0] <= '9'; rest.at++, rest.size--)
        inode = inode * 10 + (uint64_t)(rest.at[0] - '0');
    if (!skip_byte(&rest, ' '))
        return false;
    while (skip_byte(&rest, ' '))
        ;
    return file_with(rest, inode, out);
}

static bool add_file(struct pass *pass, const struct process_file *file, uint32_t next, struct error *err)
{
    struct processes *got = &pass->got;
    size_t count = got->file_count;
    struct process_file *files =
        arena_grow(pass->arena, got->files, count, &pass->file_capacity, count + 1, sizeof(*files));
    struct file_state *states =
        arena_grow(pass->arena, pass->states, count, &pass->state_capacity, count + 1, sizeof(*states));
    struct text path = text_copy(pass->arena, file->path);

    if (files == NULL || states == NULL || path.at == NULL)
        return arena_full(pass->arena, err);
    files[count] = (struct process_file){path, file->inode, file->deleted};
    states[count].next = next;
    got->files = files;
    got->file_count++;
    pass->states = states;
    return map_put(&pass->paths, path, (uint32_t)count, err);
}

/* The process maps the file: noted once. */
static bool take_file(struct pass *pass, struct process *process, const struct process_file *file,
                      struct error *err)
{
    uint32_t newest = map_get(&pass->paths, file->path), index = newest, user = (uint32_t)pass->got.count + 1;

    while (index != MAP_NONE &&
           (pass->got.files[index].inode != file->inode || pass->got.files[index].deleted != file->deleted))
        index = pass->states[index].next;
    if (index == MAP_NONE) {
        index = (uint32_t)pass->got.file_count;
        if (!add_file(pass, file, newest, err))
            return false;
    }
    if (pass->states[index].last_user == user)
        return true;
    pass->states[index].last_user = user;
    uint32_t *uses = arena_grow(pass->arena, pass->uses, pass->use_count, &pass->use_capacity,
                                pass->use_count + 1, sizeof(*uses));
    if (uses == NULL)
        return arena_full(pass->arena, err);
    pass->uses = uses;
    uses[pass->use_count++] = index;
    process->count++;
    return true;
}

/* Takes the whole lines of the first `size` bytes of the buffer and moves what is left to its beginning. */
static bool take_lines(struct pass *pass, struct process *process, size_t *size, struct error *err)
{
    const char *at = pass->buffer, *end = pass->buffer + *size, *newline;
    struct process_file file;

    while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        struct bytes line = {(const uint8_t *)at, (size_t)(newline - at)};
        if (process_parse_mapping(line, &file) && !take_file(pass, process, &file, err))
            return false;
        at = newline + 1;
    }
    *size = (size_t)(end - at);
    if (*size == BUFFER_SIZE)
        *size = 0;
    memmove(pass->buffer, at, *size);
    return true;
}

/* What came of looking at one process. */
struct outcome {
    bool empty; /* it maps nothing at all */
    int number; /* the system's errno, or 0 */
};

static bool read_mappings(struct pass *pass, struct process *process, int fd, struct outcome *out,
                          struct error *err)
{
    size_t have = 0, total = 0;
    ssize_t got = 1;

    while (got > 0 && total <= LIMIT_MAPS_FILE) {
        got = read(fd, pass->buffer + have, BUFFER_SIZE - have);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0) {
            have += (size_t)got;
            total += (size_t)got;
            if (!take_lines(pass, process, &have, err))
                return false;
        }
    }
    *out = (struct outcome){.empty = total == 0,
                            .number = got < 0                   ? errno
                                      : total > LIMIT_MAPS_FILE ? EFBIG
                                                                : 0};
    return true;
}

/*
 * Since 6.11 the kernel answers for one mapping at a time, and skips by itself what is no executable file: a third of
 * the time that it takes to print all of them. linux/fs.h of that age has these as PROCMAP_QUERY.
 */
struct mapping_query {
    uint64_t size, flags, address; /* asked; size is of this struct */
    uint64_t start, end, mapping_flags, page_size, offset, inode;
    uint32_t major, minor;
    uint32_t name_size; /* of the memory for it; then of the name with its NUL */
    uint32_t build_id_size;
    uint64_t name, build_id;
};
#define MAPPING_QUERY      _IOWR('f', 17, struct mapping_query)
#define MAPPING_EXECUTABLE UINT64_C(0x04)
#define MAPPING_OR_NEXT    UINT64_C(0x10) /* the first at the address or behind it */
#define MAPPING_OF_FILE    UINT64_C(0x20)

/* ENOTTY in out->number: this kernel cannot be asked. */
static bool ask_mappings(struct pass *pass, struct process *process, int fd, struct outcome *out,
                         struct error *err)
{
    struct mapping_query query = {.size = sizeof(query),
                                  .flags = MAPPING_EXECUTABLE | MAPPING_OR_NEXT | MAPPING_OF_FILE,
                                  .name = (uint64_t)(uintptr_t)pass->buffer};
    struct process_file file;

    for (size_t i = 0; i < LIMIT_MAPPINGS; i++, query.address = query.end) {
        query.name_size = LIMIT_PATH + 1;
        if (ioctl(fd, MAPPING_QUERY, &query) != 0) {
            *out = (struct outcome){.number = errno == ENOENT ? 0 : errno};
            return true;
        }
        struct bytes name = {(const uint8_t *)pass->buffer, query.name_size == 0 ? 0 : query.name_size - 1};
        if (file_with(name, query.inode, &file) && !take_file(pass, process, &file, err))
            return false;
    }
    *out = (struct outcome){.number = EFBIG};
    return true;
}

static bool look_at_mappings(struct pass *pass, struct process *process, const char *path,
                             struct outcome *out, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

    *out = (struct outcome){.number = fd < 0 ? errno : 0};
    if (fd < 0)
        return true;
    if (pass->asks) {
        if (!ask_mappings(pass, process, fd, out, err))
            return false;
        pass->asks = out->number != ENOTTY;
        /* One whose name does not fit is printed all the same. */
        if (out->number != ENOTTY && out->number != ENAMETOOLONG)
            return true;
    }
    return read_mappings(pass, process, fd, out, err);
}

static bool take_process(struct pass *pass, uint32_t pid, struct error *err)
{
    struct processes *got = &pass->got;
    struct process process = {.pid = pid, .first = (uint32_t)pass->use_count};
    char path[PID_PATH_MAX];
    struct outcome outcome;

    (void)snprintf(path, sizeof(path), "%s/%u/maps", got->folder, (unsigned)pid);
    if (!look_at_mappings(pass, &process, path, &outcome, err))
        return false;
    /* Ended meanwhile; or a kernel thread, which some kernels answer with ESRCH and others with nothing. */
    if (outcome.number == ENOENT || outcome.number == ESRCH || (outcome.number == 0 && outcome.empty)) {
        pass->use_count = process.first;
        return true;
    }
    process.readable = outcome.number == 0;
    struct process *grown =
        arena_grow(pass->arena, got->at, got->count, &pass->process_capacity, got->count + 1, sizeof(*grown));
    if (grown == NULL)
        return arena_full(pass->arena, err);
    got->at = grown;
    got->at[got->count++] = process;
    got->unreadable += !process.readable;
    return true;
}

/* 0 when the name is no process id. */
static uint32_t pid_of(const char *name)
{
    uint32_t pid = 0;
    size_t size = strspn(name, "0123456789");

    if (size == 0 || size > 9 || name[size] != 0)
        return 0;
    for (size_t i = 0; i < size; i++)
        pid = pid * 10 + (uint32_t)(name[i] - '0');
    return pid;
}

/* Who asks, as this folder calls it: it may be of another namespace, or a made one that has no such link. */
static uint32_t own_pid(const char *folder)
{
    char path[PID_PATH_MAX], name[16];

    (void)snprintf(path, sizeof(path), "%s/self", folder);
    ssize_t size = readlink(path, name, sizeof(name) - 1);
    name[size < 0 ? 0 : size] = 0;
    return pid_of(name);
}

/* The folder that the process's program lies in, with the '/'; its size, or 0. The rest of `path` is the program's name. */
static size_t program_folder(const char *folder, uint32_t pid, char path[PROGRAM_MAX])
{
    char link[PID_PATH_MAX];

    (void)snprintf(link, sizeof(link), "%s/%u/exe", folder, pid);
    ssize_t size = readlink(link, path, PROGRAM_MAX - 1);
    path[size < 0 ? 0 : size] = 0;
    const char *last = strrchr(path, '/');
    return last == NULL ? 0 : (size_t)(last - path) + 1;
}

/* "12 (name) S 11 ...": a name may hold anything, the last bracket ends it. */
static uint32_t parent_of(const char *folder, uint32_t pid)
{
    char path[PID_PATH_MAX], line[256];

    (void)snprintf(path, sizeof(path), "%s/%u/stat", folder, pid);
    OWN(own_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
    line[size < 0 ? 0 : size] = 0;
    char *end = strrchr(line, ')');
    if (end == NULL || strlen(end) < 5) /* ") S 1" */
        return 0;
    end += 4;
    end[strcspn(end, " ")] = 0;
    return pid_of(end);
}

/* Whether the process runs a program of ours: from the folder that this one's program lies in. */
static bool is_ours(const char *folder, uint32_t own, uint32_t pid)
{
    char mine[PROGRAM_MAX], its[PROGRAM_MAX];
    size_t size = program_folder(folder, own, mine);

    return size > 0 && program_folder(folder, pid, its) == size && memcmp(mine, its, size) == 0 &&
           strncmp(its + size, "suture", 6) == 0;
}

/* The program of ours that has started this one to ask, or 0: it ends with the answer, too. */
static uint32_t asker_pid(const char *folder, uint32_t own)
{
    uint32_t parent = own == 0 ? 0 : parent_of(folder, own);

    return parent != 0 && is_ours(folder, own, parent) ? parent : 0;
}

/* Another helper of the one who asks. */
static bool is_sibling(const char *folder, uint32_t own, uint32_t asker, uint32_t pid)
{
    return asker != 0 && is_ours(folder, own, pid) && parent_of(folder, pid) == asker;
}

static bool take_folder(struct pass *pass, DIR *stream, struct error *err)
{
    uint32_t own = own_pid(pass->got.folder), asker = asker_pid(pass->got.folder, own);

    pass->got.hidden = true; /* until the first of all processes is seen */
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        uint32_t pid = pid_of(entry->d_name);
        if (pid == 1)
            pass->got.hidden = false;
        if (pid == 0 || pid == own || pid == asker || is_sibling(pass->got.folder, own, asker, pid))
            continue;
        if (pass->got.count == LIMIT_PROCESSES) {
            pass->got.hidden = true;
            break;
        }
        if (!take_process(pass, pid, err))
            return false;
    }
    return true;
}

static int compare_pids(const void *a, const void *b)
{
    uint32_t one = ((const struct process *)a)->pid, other = ((const struct process *)b)->pid;

    return (one > other) - (one < other);
}

bool processes_read(const char *folder, struct arena *arena, struct processes *out, struct error *err)
{
    OWN(own_memory) char *buffer = malloc(BUFFER_SIZE);
    struct pass pass = {
        .arena = arena, .got = {.folder = folder}, .paths = map_with(arena), .buffer = buffer, .asks = true};

    if (buffer == NULL)
        return error_set(err, ERROR_LIMIT, "%s: out of memory", folder);
    if (strlen(folder) > PID_PATH_MAX - 32)
        return error_set(err, ERROR_LIMIT, "%.100s...: path of more than %d bytes", folder,
                         PID_PATH_MAX - 32);
    DIR *stream = opendir(folder);
    if (stream == NULL)
        return error_system(err, "%s", folder);
    bool taken = take_folder(&pass, stream, err);
    (void)closedir(stream);
    if (!taken)
        return false;
    if (pass.got.count > 0)
        qsort(pass.got.at, pass.got.count, sizeof(*pass.got.at), compare_pids);
    pass.got.uses = pass.uses;
    *out = pass.got;
    return true;
}

/* The first bytes of FOLDER/PID/NAME: none when it cannot be read. */
static struct bytes read_small(const struct processes *processes, uint32_t pid, const char *name,
                               char *buffer, size_t size)
{
    char path[PID_PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%u/%s", processes->folder, (unsigned)pid, name);
    OWN(own_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, buffer, size);
    return (struct bytes){(const uint8_t *)buffer, got < 0 ? 0 : (size_t)got};
}

/*
 * "/user.slice/user-1000.slice/user@1000.service/app.slice/syncthing.service/sub": the innermost unit. A session or a
 * slice is no service, and neither is the manager of a user's services: what runs directly in them is told by its name.
 */
static struct text service_of_path(struct text path)
{
    static const struct text ending = {".service", sizeof(".service") - 1};

    while (path.size > 0) {
        const char *slash = memrchr(path.at, '/', path.size);
        size_t from = slash == NULL ? 0 : (size_t)(slash - path.at) + 1;
        struct text unit = text_part(path, from, SIZE_MAX);
        if (text_ends(unit, ending) && unit.size > ending.size)
            return text_starts(unit, TEXT("user@")) ? TEXT("") : text_part(unit, 0, unit.size - ending.size);
        if (text_ends(unit, TEXT(".scope")) || text_ends(unit, TEXT(".slice")))
            break;
        path.size = from == 0 ? 0 : from - 1;
    }
    return TEXT("");
}

struct text process_parse_service(struct bytes cgroup)
{
    struct text rest, line, id, controllers, service = TEXT("");
    struct error ignored; /* a service that is no text has no name to show */

    if (!text_from_lines(cgroup, LIMIT_LINE, &rest, &ignored))
        return service;
    while (service.size == 0 && text_cut(&rest, '\n', &line))
        if (text_cut(&line, ':', &id) && text_cut(&line, ':', &controllers) &&
            (controllers.size == 0 || text_equal(controllers, TEXT("name=systemd"))))
            service = service_of_path(line);
    /* A tab is allowed between lines' words, but not in a name. */
    return text_from_bytes(bytes_of_text(service), LIMIT_LINE, &service, &ignored) ? service : TEXT("");
}

/* True when both are known and differ. */
static bool other_root(const struct processes *processes, uint32_t pid)
{
    char path[PID_PATH_MAX];
    struct stat theirs, ours;

    (void)snprintf(path, sizeof(path), "%s/%u/root", processes->folder, (unsigned)pid);
    return stat(path, &theirs) == 0 && stat("/", &ours) == 0 &&
           (theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino);
}

bool process_look(const struct processes *processes, uint32_t pid, struct arena *arena,
                  struct process_facts *out, struct error *err)
{
    char name[64], cgroup[4096];
    struct bytes comm = read_small(processes, pid, "comm", name, sizeof(name));
    struct bytes groups = read_small(processes, pid, "cgroup", cgroup, sizeof(cgroup));
    size_t size = comm.size - (comm.size > 0 && name[comm.size - 1] == '\n');

    for (size_t i = 0; i < size; i++)
        if ((unsigned char)name[i] < 0x20 || (unsigned char)name[i] >= 0x7f)
            name[i] = '?'; /* a process chooses its own name */
    struct text path = {(const char *)groups.at, groups.size};
    struct process_facts facts = {
        .of_user = text_find(path, TEXT("/user@")) != SIZE_MAX,
        .name = text_copy(arena, (struct text){name, size}),
        .service = text_copy(arena, process_parse_service(groups)),
        .elsewhere = other_root(processes, pid),
    };
    if (facts.name.at == NULL || facts.service.at == NULL)
        return arena_full(arena, err);
    *out = facts;
    return true;
}

/* A name may have spaces and brackets, so what counts begins behind the last one. */
bool process_parse_start(struct bytes stat, uint64_t *out_ticks)
{
    enum { FIELDS_BETWEEN = 20 }; /* the state is field 3, the start is field 22 */
    const uint8_t *bracket = stat.size == 0 ? NULL : memrchr(stat.at, ')', stat.size);
    struct error ignored; /* the answer says it */
    struct text rest, word = {0};

    if (bracket == NULL)
        return false;
    rest = (struct text){(const char *)bracket + 1, stat.size - (size_t)(bracket + 1 - stat.at)};
    for (int i = 0; i < FIELDS_BETWEEN; i++)
        if (!text_cut_word(&rest, &word))
            return false;
    return text_to_u64(word, out_ticks, &ignored);
}

bool process_parse_boot(struct bytes stat, uint64_t *out_seconds)
{
    static const struct text name = TEXT("btime ");
    struct text rest = {(const char *)stat.at, stat.size}, line;
    struct error ignored;

    while (text_cut(&rest, '\n', &line))
        if (text_starts(line, name))
            return text_to_u64(text_trim(text_part(line, name.size, SIZE_MAX)), out_seconds, &ignored);
    return false;
}

/* The folder's own stat has a line for each processor before the boot's: hundreds of bytes each. */
static bool read_boot(const struct processes *processes, uint64_t *out_seconds)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    char path[PID_PATH_MAX];
    struct error ignored;
    struct bytes stat;

    (void)snprintf(path, sizeof(path), "%s/stat", processes->folder);
    return file_read_stream(path, MIB, &arena, &stat, &ignored) && process_parse_boot(stat, out_seconds);
}

/* What the clock showed when the machine began. A made folder has no running clock beside it. */
static bool boot_of(const struct processes *processes, int64_t *out_us)
{
    struct timespec now, since_boot;
    uint64_t seconds;

    if (strcmp(processes->folder, "/proc") == 0 && clock_gettime(CLOCK_REALTIME, &now) == 0 &&
        clock_gettime(CLOCK_BOOTTIME, &since_boot) == 0) {
        *out_us =
            ((int64_t)now.tv_sec - since_boot.tv_sec) * 1000000 + (now.tv_nsec - since_boot.tv_nsec) / 1000;
        return true;
    }
    if (!read_boot(processes, &seconds) || seconds > INT32_MAX)
        return false;
    *out_us = (int64_t)seconds * 1000000;
    return true;
}

bool process_started(const struct processes *processes, uint32_t pid, int64_t *out_us)
{
    char stat[1024];
    uint64_t ticks;
    int64_t boot_us;
    long each_second = sysconf(_SC_CLK_TCK);

    if (each_second <= 0 ||
        !process_parse_start(read_small(processes, pid, "stat", stat, sizeof(stat)), &ticks) ||
        !boot_of(processes, &boot_us) || ticks > (uint64_t)INT32_MAX * 1000)
        return false;
    *out_us = boot_us + (int64_t)((ticks + 1) * 1000000 / (uint64_t)each_second);
    return true;
}
