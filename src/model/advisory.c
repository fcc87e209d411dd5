#include "model/advisory.h"

const char *advisory_status_name(enum advisory_status status)
{
    static const char *const names[ADVISORY_STATUS_COUNT] = {
        [ADVISORY_UNKNOWN] = "unknown",
        [ADVISORY_FIXED] = "fixed",
        [ADVISORY_OPEN] = "open",
        [ADVISORY_PENDING] = "pending",
        [ADVISORY_NOT_AFFECTED] = "not-affected",
        [ADVISORY_NO_DSA] = "no-dsa",
        [ADVISORY_IGNORED] = "ignored",
        [ADVISORY_POSTPONED] = "postponed",
        [ADVISORY_END_OF_LIFE] = "end-of-life",
        [ADVISORY_UNDETERMINED] = "undetermined",
    };
    return names[(unsigned)status < ADVISORY_STATUS_COUNT ? status : ADVISORY_UNKNOWN];
}
