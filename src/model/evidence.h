/*
 * Evidence: what was found when a run was looked at, and the three verdicts that follow from it.
 *
 * The facts alone decide: verify/verdict.h makes the verdicts from them and from nothing else, so that whoever has the
 * record can make them again. verify/seal.h writes it, hash-chained and signed; store/evidence.h keeps it. Everything
 * lives in the arena of whoever made it.
 */
#ifndef MODEL_EVIDENCE_H
#define MODEL_EVIDENCE_H

#include "model/check.h"
#include "model/host.h"
#include "model/run.h"

/* When the look was. */
enum evidence_kind {
    EVIDENCE_UNKNOWN,
    EVIDENCE_APPLY,    /* at the end of a run that applied a plan */
    EVIDENCE_ROLLBACK, /* at the end of a run that took one back */
    EVIDENCE_VERIFY,   /* later: `suture verify` */
    EVIDENCE_KIND_COUNT
};
const char *evidence_kind_name(enum evidence_kind kind);

/* One package that the run changes. */
struct evidence_package {
    struct text name, arch, source;
    struct text from;         /* before the run; absent: it was not there */
    struct text to;           /* what the run was to bring; absent: its removal */
    struct text installed;    /* what the package database says now; absent: it is not there */
    enum package_state state; /* of `installed` */
    bool reboot;              /* it takes effect only after a start */
};

/* One hole that the run was to close. */
enum hole_state {
    HOLE_UNKNOWN,        /* no scan of the same scope, with data at least as new, has looked */
    HOLE_CLOSED,         /* such a scan does not find it any more */
    HOLE_OPEN,           /* it does */
    HOLE_RESTART_NEEDED, /* it does not, but something still runs the code that has it */
    HOLE_STATE_COUNT
};
const char *hole_state_name(enum hole_state state);
struct evidence_hole {
    struct text id;     /* "CVE-..." */
    struct text source; /* source package that has it */
    bool listed;        /* the scan of now still finds it */
};

/* Data that the scan of now stood on, beside that of the plan. */
struct evidence_data {
    struct text feed;
    int64_t before_us; /* of what the plan was made from; TIME_ABSENT: not known */
    int64_t now_us;    /* TIME_ABSENT: there is none now */
};

struct evidence_check {
    struct check check;
    struct check_answer before, after;
};

/* One process that runs code which the run replaced. */
struct evidence_process {
    uint32_t pid;
    struct text process; /* what it calls itself */
    struct text unit;    /* "ssh", of a user's own services "user/pipewire"; absent: it belongs to none */
    struct text path;    /* the replaced file, or the changed one that an interpreter may have read */
    struct text package; /* whose it is; absent: a removed package's */
    bool possible;       /* an interpreter older than what it may have read: likely, not certain */
    struct text advice;  /* how it comes to run the new code: "restart ssh", "reboot", "log in again" */
};

enum proof {
    PROOF_UNKNOWN, /* could not be judged: never the same as yes */
    PROOF_YES,
    PROOF_NO,
    PROOF_NOT_ASKED, /* there was nothing to ask */
    PROOF_COUNT
};
const char *proof_name(enum proof proof); /* "unknown", "yes", "no", "not-asked" */

struct proof_verdict {
    enum proof proof;
    struct text why; /* one sentence */
};

struct evidence {
    enum evidence_kind kind;
    char run[RUN_ID_SIZE];
    char plan[DIGEST_HEX_MAX + 1]; /* the plan's id; "" when it is not known */
    enum run_state outcome;        /* of the run */
    bool
        takes_back; /* the run took another one back: versions must be exactly the plan's, and no hole was to close */
    int64_t begun_us;          /* of the run */
    int64_t made_us;           /* of this look */
    struct text host, release; /* "web-03", "debian-12" */
    struct text policy;        /* name and version */
    struct text tool;          /* "suture 0.1.0" */
    struct text fetched;       /* how its packages came, in one line; absent: not known */
    struct text proved;        /* who vouches for them, what was approved and what was held; absent: not known */

    const struct evidence_package *packages;
    size_t package_count;

    bool scanned; /* a scan of the whole machine followed; else holes are unknown */
    const struct evidence_data *data;
    size_t data_count;
    const struct evidence_hole *holes;
    size_t hole_count;

    const struct evidence_check *checks;
    size_t check_count;

    bool looked; /* at what runs; false: another root, or nothing could be read */
    const struct evidence_process *processes;
    size_t process_count;
    uint32_t process_total, process_unreadable;
    bool process_hidden;                          /* there are others that this user cannot even count */
    struct text kernel_running, kernel_installed; /* absent: not known */
    bool reboot_needed;
    struct text reboot_why;

    struct proof_verdict applied, works, old_code_gone;
};

#endif
