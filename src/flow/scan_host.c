#include "flow/scan_host.h"

#include <string.h>

#include "base/os.h"
#include "flow/vendor.h"
#include "identify/os_release.h"
#include "identify/reboot.h"
#include "identify/unseen.h"
#include "identify/updaters.h"
#include "manager/managers.h"
#include "store/state.h"

bool scan_host_is_live(const struct scan_request *request)
{
    return strcmp(request->root, "/") == 0 && request->inventory == NULL && !request->now_given;
}

/* The folder of verified lists; NULL when nothing may be used: an unusable memory costs time, no answer. */
static const char *memory_of(const struct scan_request *request, struct arena *arena)
{
    struct state state;
    struct error err;
    const char *path;
    bool live = scan_host_is_live(request);

    if (request->state == NULL || !state_open(request->state, live ? STATE_WRITE : STATE_READ, &state, &err))
        return NULL;
    if (live)
        return state_make_folder(&state, arena, "verified", &path, &err) ? path : NULL;
    return state_path(&state, arena, "verified");
}

/* Who manages the packages here, and what is asked of it. */
static bool find_manager(const struct scan_request *request, struct arena *arena, const struct manager **out,
                         struct manager_request *wanted, struct error *err)
{
    *out = managers_of(request->root);
    if (*out == NULL)
        return error_set(err, ERROR_ABSENT, "%s: no package manager that is known here (dpkg)",
                         request->root);
    struct vendor_floors *floors = ARENA_NEW(arena, struct vendor_floors);
    if (floors == NULL)
        return arena_full(arena, err);
    *wanted = (struct manager_request){
        .root = request->root,
        .inventory = request->inventory,
        .now_us = request->now_us,
        .remember = scan_host_is_live(request),
        .keeper = request->keeper,
    };
    const char *memory = memory_of(request, arena);
    if (!vendor_request(memory == NULL || request->inventory != NULL ? NULL : request->state, request->publishers,
                        floors, arena, wanted, err))
        return false;
    wanted->memory = memory;
    return true;
}

static bool read_packages(const struct scan_request *request, struct arena *arena, struct host *host,
                          struct error *err)
{
    const struct manager *manager;
    struct manager_request wanted;

    return find_manager(request, arena, &manager, &wanted, err) &&
           manager->inventory(&wanted, arena, host, err);
}

bool scan_host_universe(const struct scan_request *request, const struct host *host, struct arena *arena,
                        struct universe *out, struct error *err)
{
    const struct manager *manager;
    struct manager_request wanted;

    return find_manager(request, arena, &manager, &wanted, err) &&
           manager->universe(&wanted, host, arena, out, err);
}

static bool read_system(const struct scan_request *request, struct arena *arena, struct host *host,
                        struct error *err)
{
    struct os_release release;

    if (!os_release_read(request->root, arena, &release, err))
        return false;
    host->release = release.release;
    host->os_name = release.name;
    return true;
}

/* The last name of a path, as it was given. */
static struct text base_name(const char *path)
{
    struct text rest = text_of(path), name = rest, part;

    while (text_cut(&rest, '/', &part))
        if (part.size > 0)
            name = part;
    return name;
}

/* What only a running system has. Another root or an inventory has no name of its own but its file's. */
static bool read_machine(const struct scan_request *request, struct arena *arena, struct host *host,
                         struct os_names *names, struct error *err)
{
    if (!os_names(arena, names, err))
        return false;
    host->live = strcmp(request->root, "/") == 0 && request->inventory == NULL;
    host->name = host->live                   ? names->host
                 : request->inventory != NULL ? text_copy(arena, base_name(request->inventory))
                                              : text_copy(arena, text_of(request->root));
    if (host->name.at == NULL)
        return arena_full(arena, err);
    return !host->live || os_has_public_address(&host->public_address, err);
}

/* What runs here; of another root or an inventory only its newest kernel is told. */
static bool look_at_running(const struct scan_request *request, const struct os_names *names,
                            struct arena *arena, struct scan_host *into, struct error *err)
{
    struct reboot_from reboot = {
        .root = request->root,
        .kernel_release = names->kernel_release,
        .kernel_build = names->kernel_build,
    };
    struct running_from running = {.root = request->root, .processes = "/proc"};

    return reboot_look(&reboot, &into->host, arena, err) &&
           running_look(&running, &into->host, arena, &into->running, err);
}

/* An inventory alone has no files to look at. */
static bool look_beside(const struct scan_request *request, struct arena *arena, struct host *host,
                        struct error *err)
{
    struct unseen_from from = {
        .root = request->inventory == NULL ? request->root : NULL,
        .home = host->live ? os_environment("HOME") : NULL,
    };

    return unseen_count(&from, host, arena, err) &&
           (from.root == NULL || updaters_find(from.root, host, arena, err));
}

bool scan_host_read(const struct scan_request *request, struct arena *arena, struct scan_host *out,
                    struct error *err)
{
    struct os_names names = {0};

    /* Filled in place: what looks at the running system keeps pointing to the host. */
    *out = (struct scan_host){0};
    return read_system(request, arena, &out->host, err) &&
           read_machine(request, arena, &out->host, &names, err) &&
           read_packages(request, arena, &out->host, err) &&
           look_at_running(request, &names, arena, out, err) &&
           (request->seen == NULL || request->seen(request->self, err)) &&
           look_beside(request, arena, &out->host, err);
}

bool scan_host_services(struct scan_host *host, const uint32_t *packages, size_t count,
                        struct scan_group *into, struct error *err)
{
    struct running_services services;

    if (!host->host.live)
        return true;
    if (!running_services(&host->running, packages, count, &services, err))
        return false;
    into->services = services.names;
    into->service_count = services.count;
    return true;
}
