/*
 * What is wrong here: one vulnerability in one source package of this machine, and where its fix is.
 */
#ifndef MODEL_FINDING_H
#define MODEL_FINDING_H

#include "model/advisory.h"
#include "model/host.h"
#include "model/vulnerability.h"

/* The seven classes. Only the first two are missing patches. The second is of updates, not of findings. */
enum finding_class {
    CLASS_UNKNOWN,
    CLASS_AVAILABLE,           /* a security patch is available here */
    CLASS_FUNCTIONAL,          /* an update that closes no known hole */
    CLASS_ARCHIVE_NOT_ENABLED, /* the fix exists, in an archive that is not enabled */
    CLASS_NOT_YET_IN_ARCHIVE,  /* announced, not published */
    CLASS_NO_FIX,
    CLASS_SUPPRESSED,     /* by the vendor or a VEX: `suppressed_by` says why */
    CLASS_NOT_EXECUTABLE, /* only in packages without code that runs: headers, documents */
    CLASS_COUNT
};
const char *finding_class_name(enum finding_class class_of);

enum suppression {
    SUPPRESSION_NONE,
    SUPPRESSION_NOT_AFFECTED, /* "vendor-not-affected" */
    SUPPRESSION_VEX,
    SUPPRESSION_NO_DSA,
    SUPPRESSION_IGNORED,
    SUPPRESSION_POSTPONED,
    SUPPRESSION_END_OF_LIFE,
    SUPPRESSION_UNDETERMINED,
    SUPPRESSION_COUNT
};
const char *suppression_name(enum suppression suppression);

enum finding_state {
    FINDING_UNKNOWN,
    FINDING_OPEN,
    FINDING_RESTART_NEEDED,
    FINDING_MITIGATED,
    FINDING_NOT_AFFECTED,
    FINDING_ACCEPTED,
    FINDING_STATE_COUNT
};
const char *finding_state_name(enum finding_state state);

struct finding {
    struct text id;           /* CVE-... */
    struct text source;       /* source package as the advisory names it */
    const uint32_t *packages; /* indexes into host.packages, in their order */
    size_t package_count;
    struct text installed; /* source version here */
    struct text fixed;     /* source version that closes it; absent: none */
    enum finding_class class_of;
    enum suppression suppressed_by;
    enum finding_state state;
    struct text advisory; /* DSA-..., absent where the vendor gave none */
    enum severity vendor_severity;
    bool unimportant;
    int64_t fix_available_us;                  /* the advisory's date; TIME_ABSENT when it has none */
    int64_t detected_us;                       /* first seen here; from the machine's memory, or now */
    const struct vulnerability *vulnerability; /* NULL: no feed knows it */
    uint32_t update;                           /* index of the update that closes it, or UPDATE_NONE */
};
#define UPDATE_NONE UINT32_MAX

enum update_kind { UPDATE_KIND_UNKNOWN, UPDATE_SECURITY, UPDATE_FUNCTIONAL, UPDATE_KIND_COUNT };
const char *update_kind_name(enum update_kind kind);

/* One installed package whose candidate is newer. */
struct update {
    uint32_t package; /* index into host.packages; its candidate is the offer */
    enum update_kind kind;
    bool by_origin;           /* kind was taken from the archive, no advisory data told it */
    const uint32_t *findings; /* indexes of those that it closes */
    size_t finding_count;
    uint32_t not_executable_count; /* known holes of its source that no installed code has: nothing is due for them */
};

#endif
