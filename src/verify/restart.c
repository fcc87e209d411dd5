#include "verify/restart.h"

#include "base/child.h"
#include "base/limits.h"
#include "model/check.h"

static bool call(const char *const *argv, struct arena *arena, struct error *err)
{
    const struct child_command command = {
        .argv = argv, .timeout_ms = LIMIT_RESTART_TIME_MS, .output_limit = LIMIT_CHILD_OUTPUT};
    struct child_result result;
    struct text rest, line = {0};

    if (!child_run(&command, arena, &result, err))
        return error_at(err, "systemctl %s", argv[1]);
    if (result.status == 0)
        return true;
    rest = (struct text){(const char *)result.errors.at, result.errors.size};
    (void)text_cut(&rest, '\n', &line);
    return error_set(err, ERROR_SYSTEM, "systemctl %s: %.*s (status %d)", argv[1], TEXT_ARG(line),
                     result.status);
}

static bool restart_units(const struct restart *restart, struct arena *arena, struct error *err)
{
    enum { WORDS_BEFORE = 4 };
    const char **argv = ARENA_ARRAY(arena, const char *, restart->count + WORDS_BEFORE + 1);

    if (argv == NULL)
        return arena_full(arena, err);
    argv[0] = restart->systemctl;
    argv[1] = "restart";
    argv[2] = "--no-ask-password";
    argv[3] = "--";
    for (size_t i = 0; i < restart->count; i++) {
        if (!check_target(CHECK_UNIT, restart->units[i], err))
            return false;
        argv[WORDS_BEFORE + i] = text_string(arena, restart->units[i]);
        if (argv[WORDS_BEFORE + i] == NULL)
            return arena_full(arena, err);
    }
    return call(argv, arena, err);
}

bool restart_run(const struct restart *restart, struct arena *arena, struct error *err)
{
    const char *const reexec[] = {restart->systemctl, "daemon-reexec", NULL};

    if (restart->reexec && !call(reexec, arena, err))
        return false;
    return restart->count == 0 || restart_units(restart, arena, err);
}
