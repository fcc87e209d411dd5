/*
 * A plan: the changes that bring one machine from what is installed to what closes the holes that are due, and what was
 * left out and why.
 *
 * deploy/solve finds the changes, deploy/order cuts them into groups, flow/plan says why each is there; acquire/ and
 * deploy/ carry it out. A plan is a choice among versions that archives vouch for: it carries no command, no argument
 * and no answer to a question, and nothing is believed because it stands in it: a package file is taken only when the
 * archive's own signature covers its digest (acquire/trust_check.h).
 *
 * Everything lives in the arena of the plan. Changes are sorted by name, then architecture; `group` tells their order.
 */
#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H

#include "base/digest.h"
#include "model/decision.h"
#include "model/lane.h"

enum change_kind {
    CHANGE_UNKNOWN,
    CHANGE_UPGRADE,
    CHANGE_NEW,
    CHANGE_REMOVE,
    CHANGE_DOWNGRADE, /* only of a rollback */
    CHANGE_KIND_COUNT
};
const char *change_kind_name(enum change_kind kind); /* "upgrade", "new", "remove", "downgrade" */

/* Why a change is in the plan. */
enum change_reason {
    CHANGE_REASON_UNKNOWN,
    CHANGE_DUE,          /* closes what is due under the policy and level */
    CHANGE_NAMED,        /* asked for by name, or with all security updates, or with all */
    CHANGE_NEEDED,       /* strictly needed by another one: `needed_by` */
    CHANGE_PREREQUISITE, /* the level postpones it, but an essential fix needs it: `needed_by` */
    CHANGE_REASON_COUNT
};
const char *change_reason_name(enum change_reason reason); /* "due", "named", "needed", "prerequisite" */

struct plan_change {
    enum change_kind kind;
    enum change_reason reason;
    struct text name, arch; /* of the package: "amd64" or "all" */
    struct text from;       /* version installed; absent: NEW */
    struct text to;         /* absent: REMOVE */
    struct text source;
    struct text needed_by; /* the package that brought it in; absent where the reason says enough */
    bool automatic;        /* NEW: to be marked as installed for others */

    /* Where the file comes from; absent for REMOVE. */
    struct text uri;      /* of the archive, ends in '/', without user and password */
    struct text file;     /* below it: "pool/main/e/expat/libexpat1_2.5.0-1+deb12u2_amd64.deb" */
    struct text suite;    /* "bookworm-security" */
    uint64_t size;        /* of the .deb */
    struct digest digest; /* SHA-256 of the .deb, from the verified Packages */
    uint64_t
        delta_size; /* of a delta that gives it here; 0: none is known. How it may be had, not what is done: no part of the id */

    int64_t disk_bytes; /* installed size, new less old */

    const struct text *cves; /* that it closes, sorted */
    size_t cve_count;
    bool exploited; /* one of them is */
    bool late;
    bool reboot;                 /* it takes effect only after a start */
    int64_t due_us;              /* TIME_ABSENT: none */
    const struct text *services; /* units that run its code now, to be restarted: "ssh" */
    size_t service_count;

    /*
     * What this machine itself judges of it, for its waiting time and whether a person is asked: no part of the id, and
     * never believed because a plan from elsewhere says it (flow/gate.h).
     */
    enum lane lane;
    bool new_package; /* NEW, of no source and publisher that is here already, and not allow-listed */
    struct text
        follows; /* NEW: the installed package whose next one it is, as a kernel's next ABI; absent: none */

    uint32_t group; /* 0 first; changes of one group are made in one call of the package manager */
};

/* Why an update that is there is not in the plan. */
enum left_reason {
    LEFT_UNKNOWN,
    LEFT_NOT_DUE,
    LEFT_POSTPONED,   /* by the level */
    LEFT_HELD_LEVEL,  /* security that the level does not patch: mitigate */
    LEFT_HELD,        /* by dpkg or apt-mark */
    LEFT_PHASED,      /* this machine's part of the rollout has not come yet */
    LEFT_UNSOLVABLE,  /* `why` says what stands against it */
    LEFT_STALE,       /* its archive's lists are past their date: nothing is installed from them */
    LEFT_SOAK,        /* it waits until `until_us` (acquire/lanes.h) */
    LEFT_POWERS,      /* what it may newly do is held for a person */
    LEFT_BLOCKED,     /* people forbade it: `why` has their order */
    LEFT_NEW_PACKAGE, /* it would bring a package of no source that is here, which is held for a person */
    LEFT_SCOPE,      /* an archive offers it that may not own it */
    LEFT_REASON_COUNT
};
const char *left_reason_name(enum left_reason reason); /* "not-due", "held-by-level", ... */

struct plan_left {
    struct text name, arch, from, to, source;
    enum left_reason reason;
    struct text why; /* one sentence for people */
    uint64_t size;
    uint32_t cve_count;
    int64_t due_us;   /* TIME_ABSENT: none */
    int64_t until_us; /* SOAK: when its wait ends, as far as is known; else TIME_ABSENT. No part of the id */
    bool reboot;
};

/* One source of data that the plan was made from, as the scan names it (flow/scan.h): "debian-tracker", "apt:bookworm-security". */
struct plan_data {
    struct text feed;
    int64_t generated_us; /* TIME_ABSENT: not known */
};

struct plan {
    char id[DIGEST_HEX_MAX + 1]; /* SHA-256 of the canonical bytes (flow/plan_json.h): 64 digits */
    int64_t now_us;
    enum level level;
    struct text host, release; /* "web-03", "debian-12" */
    struct text arch;          /* native */
    struct text policy;        /* its name and version, in words */
    const struct plan_data
        *data; /* by name; holes count as closed only when a later scan has data as new as this */
    size_t data_count;
    struct digest status; /* SHA-256 of the package database that it was made from: apply refuses another */
    const struct plan_change *changes;
    size_t change_count;
    const struct plan_left *left; /* by name, then architecture */
    size_t left_count;
    uint32_t group_count;
    uint64_t fetch_bytes; /* sum of sizes */
    uint64_t delta_bytes; /* the same with deltas where there are some; 0: none is known. No part of the id */
    int64_t disk_bytes;   /* how much fuller the root is afterwards; downloads and backup not counted */
    bool reboot;
};

#endif
