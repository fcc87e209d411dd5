#include "deploy/systemd.h"

#include <string.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

#define SYSTEMCTL "/usr/bin/systemctl"

bool systemd_runs(const char *root)
{
    return strcmp(root, "/") == 0 && file_is_folder("/run/systemd/system"); /* sd_booted(3) */
}

/* "--" ends the options; names of units were checked when the record was read or made. */
static bool ask(const char *verb, const char *unit, int *status, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(4 * LIMIT_CHILD_OUTPUT);
    const char *const argv[] = {SYSTEMCTL, "--quiet", "--no-ask-password", verb, unit == NULL ? NULL : "--",
                                unit,      NULL};
    const struct child_command command = {
        .argv = argv, .timeout_ms = LIMIT_SYSTEMCTL_TIME_MS, .output_limit = LIMIT_CHILD_OUTPUT};
    struct child_result result;

    if (!child_run(&command, &arena, &result, err))
        return error_at(err, "systemctl %s", verb);
    *status = result.status;
    return true;
}

static bool must(const char *verb, const char *unit, struct error *err)
{
    int status = 0;

    if (!ask(verb, unit, &status, err))
        return false;
    return status == 0 || error_set(err, ERROR_SYSTEM, "systemctl %s%s%s failed (%d)", verb,
                                    unit == NULL ? "" : " ", unit == NULL ? "" : unit, status);
}

static bool is_active(void *self, const char *unit)
{
    struct error ignored; /* what cannot be asked is not stopped */
    int status = 1;

    (void)self;
    return ask("is-active", unit, &status, &ignored) && status == 0;
}

static bool reload(void *self, struct error *err)
{
    (void)self;
    return must("daemon-reload", NULL, err);
}

static bool start(void *self, const char *unit, struct error *err)
{
    (void)self;
    return must("start", unit, err);
}

static bool stop(void *self, const char *unit, struct error *err)
{
    (void)self;
    return must("stop", unit, err);
}

const struct takeover_units systemd_units = {NULL, is_active, reload, start, stop};

bool systemd_reboot(struct error *err)
{
    return must("reboot", NULL, err);
}
