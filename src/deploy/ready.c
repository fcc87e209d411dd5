#include "deploy/ready.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "deploy/ready_power.h"
#include "manager/apt_status.h"

#define ROOM_SPARE     (16 * MIB) /* dpkg's status and journal twice, ours, logs, what scripts make */
#define UNPACKED_RATIO 5          /* unpacked / packed bytes of a package; 99 % of Debian's are below */
#define PLACES_MAX     4

struct ready_room ready_room_of(const struct plan *plan, uint64_t backup_bytes)
{
    struct ready_room room = {.state = backup_bytes + 2 * plan->fetch_bytes + ROOM_SPARE, .root = ROOM_SPARE};
    uint64_t largest = 0;

    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        largest = change->size > largest ? change->size : largest;
        room.root += change->disk_bytes > 0 ? (uint64_t)change->disk_bytes : 0;
    }
    room.root += largest * UNPACKED_RATIO;
    return room;
}

/* One place that is written, and how much. */
struct place {
    const char *path;
    uint64_t needed;
    dev_t device;
};

/* Its file system, or that of the first folder above it that is there. */
static bool look(const char *path, struct place *place, struct statvfs *out, struct error *err)
{
    char folder[LIMIT_PATH + 1];
    struct stat found;

    (void)snprintf(folder, sizeof(folder), "%s", path);
    while (stat(folder, &found) != 0) {
        char *slash = strrchr(folder, '/');
        if (errno != ENOENT || slash == NULL || slash == folder)
            return error_system(err, "%s", path);
        *slash = 0;
    }
    place->device = found.st_dev;
    return statvfs(folder, out) == 0 || error_system(err, "%s", folder);
}

static bool check_place(struct place *places, size_t at, struct error *err)
{
    struct statvfs system;
    uint64_t needed = places[at].needed, free_bytes;

    if (!look(places[at].path, &places[at], &system, err))
        return false;
    if ((system.f_flag & ST_RDONLY) != 0)
        return error_set(err, ERROR_SYSTEM, "%s cannot be written: its file system is read-only",
                         places[at].path);
    for (size_t i = 0; i < at; i++)
        needed += places[i].device == places[at].device ? places[i].needed : 0;
    free_bytes = (uint64_t)system.f_bavail * system.f_frsize;
    return free_bytes >= needed ||
           error_set(err, ERROR_LIMIT, "%s: %llu MB are free, and %llu may be needed", places[at].path,
                     (unsigned long long)(free_bytes / 1000000), (unsigned long long)(needed / 1000000 + 1));
}

static bool check_places(const struct ready_request *request, struct error *err)
{
    struct ready_room room = ready_room_of(request->plan, request->backup_bytes);
    char usr[LIMIT_PATH + 1], dpkg[LIMIT_PATH + 1], boot[LIMIT_PATH + 1];
    const char *root = strcmp(request->root, "/") == 0 ? "" : request->root;
    struct place places[PLACES_MAX] = {{.path = request->state, .needed = room.state},
                                       {.path = usr, .needed = room.root},
                                       {.path = dpkg},
                                       {.path = boot}};

    (void)snprintf(usr, sizeof(usr), "%s/usr", root);
    (void)snprintf(dpkg, sizeof(dpkg), "%s/var/lib/dpkg", root);
    (void)snprintf(boot, sizeof(boot), "%s/boot", root);
    for (size_t i = 0; i < PLACES_MAX; i++)
        if (!check_place(places, i, err))
            return false;
    return true;
}

static bool check_status(const struct ready_request *request, struct error *err)
{
    char status[LIMIT_PATH + 1], updates[LIMIT_PATH + 1];
    const char *root = strcmp(request->root, "/") == 0 ? "" : request->root;
    struct digest digest;

    (void)snprintf(status, sizeof(status), "%s/var/lib/dpkg/status", root);
    (void)snprintf(updates, sizeof(updates), "%s/var/lib/dpkg/updates", root);
    if (!apt_status_digest(status, updates, &digest, err))
        return false;
    return digest_equal(&digest, &request->plan->status) ||
           error_set(err, ERROR_CONFLICT, "packages have changed since the plan was made: plan again");
}

bool ready_check(const struct ready_request *request, struct error *err)
{
    struct ready_power power;

    if (!os_is_root())
        return error_set(err, ERROR_SYSTEM, "only root can change packages");
    if (!check_status(request, err) || !check_places(request, err))
        return false;
    return request->power == NULL || (ready_power_look(request->power, &power, err) &&
                                      ready_power_check(&power, request->percent_min, err));
}
