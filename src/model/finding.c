#include "model/finding.h"

const char *finding_class_name(enum finding_class class_of)
{
    static const char *const names[CLASS_COUNT] = {
        [CLASS_UNKNOWN] = "unknown",
        [CLASS_AVAILABLE] = "available",
        [CLASS_FUNCTIONAL] = "functional",
        [CLASS_ARCHIVE_NOT_ENABLED] = "archive-not-enabled",
        [CLASS_NOT_YET_IN_ARCHIVE] = "not-yet-in-archive",
        [CLASS_NO_FIX] = "no-fix",
        [CLASS_SUPPRESSED] = "suppressed",
        [CLASS_NOT_EXECUTABLE] = "not-executable",
    };
    return names[(unsigned)class_of < CLASS_COUNT ? class_of : CLASS_UNKNOWN];
}

const char *suppression_name(enum suppression suppression)
{
    static const char *const names[SUPPRESSION_COUNT] = {
        [SUPPRESSION_NONE] = "none",
        [SUPPRESSION_NOT_AFFECTED] = "vendor-not-affected",
        [SUPPRESSION_VEX] = "vex",
        [SUPPRESSION_NO_DSA] = "no-dsa",
        [SUPPRESSION_IGNORED] = "ignored",
        [SUPPRESSION_POSTPONED] = "postponed",
        [SUPPRESSION_END_OF_LIFE] = "end-of-life",
        [SUPPRESSION_UNDETERMINED] = "undetermined",
    };
    return names[(unsigned)suppression < SUPPRESSION_COUNT ? suppression : SUPPRESSION_NONE];
}

const char *finding_state_name(enum finding_state state)
{
    static const char *const names[FINDING_STATE_COUNT] = {
        [FINDING_UNKNOWN] = "unknown",
        [FINDING_OPEN] = "open",
        [FINDING_RESTART_NEEDED] = "restart-needed",
        [FINDING_MITIGATED] = "mitigated",
        [FINDING_NOT_AFFECTED] = "not-affected",
        [FINDING_ACCEPTED] = "accepted",
    };
    return names[(unsigned)state < FINDING_STATE_COUNT ? state : FINDING_UNKNOWN];
}

const char *update_kind_name(enum update_kind kind)
{
    static const char *const names[UPDATE_KIND_COUNT] = {
        [UPDATE_KIND_UNKNOWN] = "unknown",
        [UPDATE_SECURITY] = "security",
        [UPDATE_FUNCTIONAL] = "functional",
    };
    return names[(unsigned)kind < UPDATE_KIND_COUNT ? kind : UPDATE_KIND_UNKNOWN];
}
