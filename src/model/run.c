#include "model/run.h"

const char *run_kind_name(enum run_kind kind)
{
    static const char *const names[RUN_KIND_COUNT] = {
        [RUN_KIND_UNKNOWN] = "unknown",
        [RUN_APPLY] = "apply",
        [RUN_ROLLBACK] = "rollback",
    };

    return names[kind < RUN_KIND_COUNT ? kind : 0];
}

const char *run_state_name(enum run_state state)
{
    static const char *const names[RUN_STATE_COUNT] = {
        [RUN_STATE_UNKNOWN] = "unknown",
        [RUN_OPEN] = "open",
        [RUN_DONE] = "done",
        [RUN_STOPPED] = "stopped",
        [RUN_ROLLED_BACK] = "rolled-back",
        [RUN_REFUSED] = "refused",
        [RUN_FAILED] = "failed",
    };

    return names[state < RUN_STATE_COUNT ? state : 0];
}

const char *step_kind_name(enum step_kind kind)
{
    static const char *const names[STEP_KIND_COUNT] = {
        [STEP_UNKNOWN] = "unknown",
        [STEP_READY] = "ready",
        [STEP_FETCH] = "fetch",
        [STEP_PROVE] = "prove",
        [STEP_REHEARSE] = "rehearse",
        [STEP_BACKUP] = "backup",
        [STEP_HEALTH_BEFORE] = "health-before",
        [STEP_INSTALL] = "install",
        [STEP_HEALTH_AFTER] = "health-after",
        [STEP_ROLLBACK] = "rollback",
        [STEP_VERIFY] = "verify",
        [STEP_SEAL] = "seal",
    };

    return names[kind < STEP_KIND_COUNT ? kind : 0];
}

const char *step_state_name(enum step_state state)
{
    static const char *const names[STEP_STATE_COUNT] = {
        [STEP_STATE_UNKNOWN] = "unknown", [STEP_BEGUN] = "begun",     [STEP_DONE] = "done",
        [STEP_FAILED] = "failed",         [STEP_SKIPPED] = "skipped",
    };

    return names[state < STEP_STATE_COUNT ? state : 0];
}
