#include "model/plan.h"

const char *change_kind_name(enum change_kind kind)
{
    static const char *const names[CHANGE_KIND_COUNT] = {
        [CHANGE_UNKNOWN] = "unknown", [CHANGE_UPGRADE] = "upgrade",     [CHANGE_NEW] = "new",
        [CHANGE_REMOVE] = "remove",   [CHANGE_DOWNGRADE] = "downgrade",
    };

    return names[kind < CHANGE_KIND_COUNT ? kind : 0];
}

const char *change_reason_name(enum change_reason reason)
{
    static const char *const names[CHANGE_REASON_COUNT] = {
        [CHANGE_REASON_UNKNOWN] = "unknown",
        [CHANGE_DUE] = "due",
        [CHANGE_NAMED] = "named",
        [CHANGE_NEEDED] = "needed",
        [CHANGE_PREREQUISITE] = "prerequisite",
    };

    return names[reason < CHANGE_REASON_COUNT ? reason : 0];
}

const char *left_reason_name(enum left_reason reason)
{
    static const char *const names[LEFT_REASON_COUNT] = {
        [LEFT_UNKNOWN] = "unknown",
        [LEFT_NOT_DUE] = "not-due",
        [LEFT_POSTPONED] = "postponed",
        [LEFT_HELD_LEVEL] = "held-by-level",
        [LEFT_HELD] = "held",
        [LEFT_PHASED] = "phased",
        [LEFT_UNSOLVABLE] = "unsolvable",
        [LEFT_STALE] = "stale",
        [LEFT_SOAK] = "soak",
        [LEFT_POWERS] = "powers",
        [LEFT_BLOCKED] = "blocked",
        [LEFT_NEW_PACKAGE] = "new-package",
        [LEFT_SCOPE] = "scope",
    };

    return names[reason < LEFT_REASON_COUNT ? reason : 0];
}
