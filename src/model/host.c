#include "model/host.h"

const char *package_state_name(enum package_state state)
{
    static const char *const names[PACKAGE_STATE_COUNT] = {
        [PACKAGE_STATE_UNKNOWN] = "unknown",
        [PACKAGE_INSTALLED] = "installed",
        [PACKAGE_HALF_INSTALLED] = "half-installed",
        [PACKAGE_UNPACKED] = "unpacked",
        [PACKAGE_HALF_CONFIGURED] = "half-configured",
        [PACKAGE_TRIGGERS_AWAITED] = "triggers-awaited",
        [PACKAGE_TRIGGERS_PENDING] = "triggers-pending",
    };
    return names[(unsigned)state < PACKAGE_STATE_COUNT ? state : PACKAGE_STATE_UNKNOWN];
}

const char *unseen_kind_name(enum unseen_kind kind)
{
    static const char *const names[UNSEEN_KIND_COUNT] = {
        [UNSEEN_UNKNOWN] = "unknown", [UNSEEN_SNAP] = "snap",
        [UNSEEN_FLATPAK] = "flatpak", [UNSEEN_PIP] = "pip",
        [UNSEEN_NPM] = "npm",         [UNSEEN_FOREIGN_ARCHIVE] = "foreign-archive",
        [UNSEEN_IMAGE] = "image",     [UNSEEN_PROCESS] = "process",
    };
    return names[(unsigned)kind < UNSEEN_KIND_COUNT ? kind : UNSEEN_UNKNOWN];
}
