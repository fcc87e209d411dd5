/*
 * The scan of one machine: what is installed, what is missing, what matters, by when, and why.
 *
 * Nouns and their path:  manager -> host -> identify (index, facts) -> findings, updates -> evaluate (policy) ->
 * decisions -> groups, the rows that people see. The flow opens what the steps need, hands each step's result to the
 * next, and remembers when something was first detected. It prints nothing and changes nothing but that memory;
 * with --root, --inventory or --now it writes nothing at all.
 */
#ifndef FLOW_SCAN_H
#define FLOW_SCAN_H

#include "manager/manager.h"
#include "evaluate/explain.h"
#include "flow/data_state.h"
#include "identify/match.h"
#include "store/order.h"

struct scan_request {
    const char *state;     /* the state folder, or NULL: there is none */
    const char *root;      /* "/" for this machine */
    const char *inventory; /* a bare dpkg status, or NULL */
    const char *index;     /* an index file instead of the state folder's, or NULL */
    const char *policy;    /* a policy file, or NULL: the configured one, else the built-in */
    const char *publishers; /* a file of publishers (flow/vendor.h); NULL: the configured one; "": none */
    int64_t now_us;
    bool now_given;
    /* UNKNOWN: what the order of this machine says; normal for another root or an inventory. */
    enum level level;
    bool all;     /* list what is suppressed and what no installed code has, too; else it is counted */
    bool offline; /* a promise that nothing is fetched; scan never fetches */
    /* Of a process that is confined: told when all processes have been looked at, and what is to be remembered. Or NULL. */
    bool (*seen)(void *self, struct error *err);
    void *self;
    const struct manager_keeper *keeper;
    bool observe; /* of this machine as it is now, too, nothing is remembered but which lists were verified */
};

/* One source of data that the answer stands on: a feed, or an archive's lists. */
struct scan_data {
    struct text feed;     /* "debian-tracker", "apt:bookworm-security" */
    struct text title;    /* for people: "tracker", "apt lists" */
    int64_t generated_us; /* TIME_ABSENT: not known */
    enum data_freshness state;
    struct text why; /* why it is stale or absent, or absent */
    bool needed;     /* the verdicts here depend on it: --require-data asks for it */
};

/* The updates of one source package: what people call "an update". Groups come worst first. */
struct scan_group {
    struct text source;
    const uint32_t *updates; /* indexes into match.updates */
    size_t update_count;
    enum update_kind kind; /* security when one of them is, else unknown when one is, else functional */
    bool by_origin;
    bool late;
    bool held, phased; /* all of its packages are */
    bool exploited;
    int64_t due_us; /* earliest; TIME_ABSENT: none */
    int64_t planned_us;
    enum action action; /* strongest */
    enum urgency urgency;
    enum standing standing;
    uint32_t cve_count;          /* that it closes */
    uint32_t worst;              /* index of the finding to show, or UPDATE_NONE */
    uint64_t bytes;              /* to fetch */
    const struct text *services; /* that run code of it now; only of what is due, on a live machine */
    size_t service_count;
    bool reboot; /* a kernel image */
};

struct scan_summary {
    uint32_t security, functional, unknown; /* packages */
    uint32_t late, due_week;                /* groups */
    uint32_t held, phased;                  /* packages */
    uint64_t full_bytes, due_bytes;
    uint32_t due_packages; /* of groups that are late or due within a week */
    uint32_t unfixed, unfixed_packages, unfixed_exploited;
    uint32_t not_executable; /* findings only in headers and documents */
    uint32_t from_security,
        from_security_closing; /* packages whose candidate comes from a security archive */
    uint32_t from_other, from_other_closing;
    uint32_t half_configured;
};

struct scan {
    int64_t now_us;
    const struct host *host;
    struct scan_host *found;   /* the same, with what runs on it (scan_host.h) */
    const struct index *index; /* NULL: no advisory data for this release */
    const struct facts *facts; /* NULL: none */
    const struct policy *policy;
    const char *policy_path; /* NULL: built in */
    struct decide_context context;  /* what was decided with */
    struct explain_context explain; /* what explains it */
    enum level level;
    struct order_force order; /* of no order where the level was given, or is not this machine's */
    uint64_t inputs; /* the same for the same packages, lists, data, policy, level and day */
    struct match match;
    struct decision *decisions;               /* one for each finding */
    struct update_decision *update_decisions; /* one for each update */
    size_t restart_first; /* findings from here on are closed on disk, and old code still has them (flow/scan_restart.h) */
    struct scan_data *data;
    size_t data_count;
    struct scan_group *groups;
    size_t group_count;
    struct scan_summary summary;
    bool judged;   /* false: there was nothing to judge with (no lists and no advisories) */
    bool complete; /* false: some needed data is stale or absent */
};

/* The scan lives in the arena. */
bool scan_run(const struct scan_request *request, struct arena *arena, const struct scan **out,
              struct error *err) MUST_USE;

#endif
