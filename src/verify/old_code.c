#include "verify/old_code.h"

#include <stdlib.h>

#include "verify/interpreters.h"

/*
 * Units that are not restarted without a person, as needrestart's defaults and systemd's own documentation have it.
 * A name ends in '*' where it begins others, too.
 */
static const struct {
    const char *unit;
    enum restart_kind kind;
} units[] = {
    {"dbus*", RESTART_MACHINE}, /* every session's bus: all of them end with it */
    {"systemd-logind", RESTART_MACHINE},
    {"polkit", RESTART_UNIT},
    {"user@*", RESTART_LOG_IN},
    {"session-*", RESTART_LOG_IN},
    {"getty@*", RESTART_LOG_IN}, /* restarting it throws out who is logged in there */
    {"serial-getty@*", RESTART_LOG_IN},
    {"console-getty", RESTART_LOG_IN},
    {"container-getty@*", RESTART_LOG_IN},
    {"display-manager", RESTART_LOG_IN},
    {"gdm*", RESTART_LOG_IN},
    {"lightdm", RESTART_LOG_IN},
    {"sddm", RESTART_LOG_IN},
    {"lxdm", RESTART_LOG_IN},
    {"slim", RESTART_LOG_IN},
    {"xdm", RESTART_LOG_IN},
    {"greetd", RESTART_LOG_IN},
    {"NetworkManager", RESTART_BY_HAND}, /* the way on which somebody may be logged in */
    {"networking", RESTART_BY_HAND},
    {"wpa_supplicant*", RESTART_BY_HAND},
    {"iwd", RESTART_BY_HAND},
    {"ModemManager", RESTART_BY_HAND},
    {"openvpn*", RESTART_BY_HAND},
    {"wg-quick@*", RESTART_BY_HAND},
    {"strongswan*", RESTART_BY_HAND},
    {"docker", RESTART_BY_HAND}, /* its containers end with it */
    {"containerd", RESTART_BY_HAND},
    {"lxc*", RESTART_BY_HAND},
    {"xendomains", RESTART_BY_HAND},
    {"suture*", RESTART_BY_HAND}, /* it would end what is asking */
};

static bool unit_matches(const char *pattern, struct text unit)
{
    struct text start = text_of(pattern);

    if (!text_ends(start, TEXT("*")))
        return text_equal(unit, start);
    start.size--;
    return text_starts(unit, start);
}

enum restart_kind old_code_restart(struct text unit, uint32_t pid)
{
    if (pid == 1)
        return RESTART_SELF;
    if (unit.size == 0)
        return RESTART_PROCESS;
    if (text_find_byte(unit, '/') != SIZE_MAX) /* of a user's own service manager */
        return RESTART_LOG_IN;
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (unit_matches(units[i].unit, unit))
            return units[i].kind;
    return RESTART_UNIT;
}

/* Around the unit's name, where there is one to name. */
static const struct {
    const char *before, *behind;
} advices[RESTART_KIND_COUNT] = {
    [RESTART_UNKNOWN] = {"restart it", NULL},
    [RESTART_UNIT] = {"restart ", ""},
    [RESTART_BY_HAND] = {"restart ", " when what hangs on it may stop"},
    [RESTART_LOG_IN] = {"log out and in again", NULL},
    [RESTART_MACHINE] = {"start the machine anew", NULL},
    [RESTART_SELF] = {"systemctl daemon-reexec", NULL},
    [RESTART_PROCESS] = {"restart it, or log out and in again", NULL},
};

static struct text advice_for(struct text unit, uint32_t pid, struct arena *arena)
{
    enum restart_kind kind = old_code_restart(unit, pid);

    if (advices[kind].behind == NULL)
        return text_of(advices[kind].before);
    return text_format(arena, "%s%.*s%s", advices[kind].before, TEXT_ARG(unit), advices[kind].behind);
}

/* ---- certain ---- */

/* A file that no package has any more may be the run's doing: it counts. */
static bool concerns(const struct host *host, const struct old_code *old, const struct evidence *evidence,
                     struct text *package)
{
    *package = (struct text){0};
    if (old->package == PACKAGE_NONE)
        return true;
    *package = host->packages[old->package].name;
    for (size_t i = 0; i < evidence->package_count; i++)
        if (text_equal(evidence->packages[i].name, *package))
            return true;
    return false;
}

struct found {
    struct evidence_process *at;
    size_t count, capacity;
};

static bool add_process(struct found *found, const struct evidence_process *process, struct text unit,
                        bool of_user, struct arena *arena, struct error *err)
{
    struct evidence_process *grown =
        arena_grow(arena, found->at, found->count, &found->capacity, found->count + 1, sizeof(*grown));

    if (grown == NULL)
        return arena_full(arena, err);
    found->at = grown;
    grown[found->count] = *process;
    struct evidence_process *added = &grown[found->count++];
    added->unit = of_user && unit.size > 0 ? text_format(arena, "user/%.*s", TEXT_ARG(unit)) : unit;
    added->advice = advice_for(added->unit, process->pid, arena);
    return (added->advice.at != NULL && (unit.size == 0 || added->unit.at != NULL)) || arena_full(arena, err);
}

static bool find_certain(const struct host *host, const struct evidence *evidence, struct arena *arena,
                         struct found *found, struct error *err)
{
    struct text package;

    for (size_t i = 0; i < host->old_code_count; i++) {
        const struct old_code *old = &host->old_code[i];
        if (!concerns(host, old, evidence, &package))
            continue;
        const struct evidence_process process = {
            .pid = old->pid, .process = old->process, .path = old->path, .package = package};
        if (!add_process(found, &process, old->service, old->of_user, arena, err))
            return false;
    }
    return true;
}

/* ---- possible ---- */

static bool is_certain(const struct found *found, size_t count, const struct evidence_process *process)
{
    for (size_t i = 0; i < count; i++)
        if (found->at[i].pid == process->pid)
            return true;
    return false;
}

/* A process that is known to run old code is not suspected of more. */
static bool find_possible(const struct old_code_from *from, const struct evidence *evidence,
                          struct arena *arena, struct found *found, struct error *err)
{
    const struct interpreters_from where = {.root = from->root, .processes = from->processes};
    size_t certain = found->count;
    struct interpreters possible;

    if (!interpreters_find(&where, evidence, arena, &possible, err))
        return false;
    for (size_t i = 0; i < possible.count; i++)
        if (!is_certain(found, certain, &possible.at[i]) &&
            !add_process(found, &possible.at[i], possible.at[i].unit, possible.of_user[i], arena, err))
            return false;
    return true;
}

bool old_code_look(const struct old_code_from *from, const struct host *host, struct arena *arena,
                   struct evidence *evidence, struct error *err)
{
    struct found found = {0};

    if (!find_certain(host, evidence, arena, &found, err) ||
        (host->live && !find_possible(from, evidence, arena, &found, err)))
        return false;
    evidence->looked = host->live && host->process_count > 0;
    evidence->processes = found.at;
    evidence->process_count = found.count;
    evidence->process_total = host->process_count;
    evidence->process_unreadable = host->process_unreadable;
    evidence->process_hidden = host->process_hidden;
    evidence->kernel_running = host->kernel_running;
    evidence->kernel_installed = host->kernel_installed;
    evidence->reboot_needed = host->reboot_needed;
    evidence->reboot_why = host->reboot_why;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

bool old_code_units(const struct evidence *evidence, struct arena *arena, struct old_code_units *out,
                    struct error *err)
{
    struct text *names = ARENA_ARRAY(arena, struct text, evidence->process_count);
    size_t count = 0, kept = 0;

    if (names == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < evidence->process_count; i++)
        if (old_code_restart(evidence->processes[i].unit, evidence->processes[i].pid) == RESTART_UNIT)
            names[count++] = evidence->processes[i].unit;
    if (count > 0)
        qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !text_equal(names[kept - 1], names[i]))
            names[kept++] = names[i];
    *out = (struct old_code_units){names, kept};
    return true;
}
