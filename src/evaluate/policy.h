/*
 * The policy: what decides here. One YAML file that people write and read, or the built-in one.
 *
 *     name: voorbeeld                         classes:
 *     version: 7                                - name: web servers
 *     time zone: Europe/Amsterdam                 hosts: ["web-*"]
 *     profiles: [seed-cvss, cisa-bod-26-04]       exposure: open
 *     trust order: [nvd, cna, vendor]             impact: high
 *     window:                                 exceptions:
 *       days: [sat]                             - sources: [openssl]
 *       start: "03:00"                            end: 2026-12-31
 *       length: 4 hours                           reason: the vendor's module does not load
 *     decide:                                     measure: only reachable from the cell behind the proxy
 *       functional updates: 3 months              signers: [A. Eigenaar, B. Toezicht]
 *     unattended: {new powers: hold, new packages: ["lib*"], reboot: in window, battery percent: 50}
 *
 *     before:
 *       hooks:
 *         - {command: /usr/local/sbin/dump-database, within: 5 minutes}
 *       backup: {kind: restic, command: /usr/bin/restic -r /srv/backup snapshots --json, maximum age: 24 hours}
 *     after:
 *       checks:
 *         - unit: nginx
 *         - {http: "http://127.0.0.1/health", status: 200, within: 5 seconds}
 *         - {tcp: "127.0.0.1:5432"}
 *         - {command: /usr/local/sbin/smoke-test --quick, exit: 0, within: 1 minute}
 *
 * Every key has an effect; one that would have none is refused. Precedence: law floor, exception, level, class,
 * profile, default. A policy is a value; what it points to lives in the arena that it was read into, or for ever.
 */
#ifndef EVALUATE_POLICY_H
#define EVALUATE_POLICY_H

#include "evaluate/cost.h"
#include "evaluate/profile.h"
#include "evaluate/urgency.h"
#include "evaluate/window.h"
#include "model/check.h"
#include "model/power.h"
#include "model/precaution.h"

#define POLICY_PROFILES_MAX       16
#define POLICY_CLASSES_MAX        64 /* bits of a uint64_t */
#define POLICY_EXCEPTIONS_MAX     64
#define POLICY_CHECKS_MAX         64
#define POLICY_MINIMUM_AGE_MAX_US (90 * TIME_DAY_US)

struct globs {
    const char *const *at;
    size_t count; /* 0: anything */
};

/* Which findings are meant: all that is given must match, each by one of its globs ('*' and '?'). */
struct asset {
    struct globs hosts, packages, sources, ids;
};

struct policy_class {
    const char *name;
    struct asset asset;
    enum exposure exposure; /* UNKNOWN: not said */
    enum impact impact;     /* UNKNOWN: not said */
    bool dispensable;       /* the service may be switched off */
    bool has_window, has_cost;
    struct window window;
    struct cost_terms cost;
};

struct policy_exception {
    struct asset asset;
    int64_t end_us;
    const char *reason, *measure;
    const char *const *signers;
    size_t signer_count;
};

/* What may happen when nobody is there to be asked. */
struct policy_unattended {
    /*
     * A bit for each enum power_kind: what asks for more of these than its version before is held until a person decides.
     * 0: everything is installed.
     */
    uint32_t held_powers;
    struct globs
        new_packages; /* names that may come without asking; none of them: nothing but what is expected */
    bool reboot;      /* restart the machine in its window when an update needs it; else never */
    uint8_t battery_percent; /* at least, where there are no mains */
};

#define POLICY_POWERS_ALL ((UINT32_C(1) << POWER_KIND_COUNT) - 2)

struct policy {
    const char *name;
    uint32_t version;
    struct zone zone;
    const struct profile *const *profiles;
    size_t profile_count;
    uint8_t trust[SCORE_SOURCE_COUNT]; /* enum score_source, best first; the others are not used */
    size_t trust_count;
    const struct urgency_table *urgency;
    struct window window;
    struct cost_terms cost;
    struct duration vendor_after; /* sources silent or lying for so long: the vendor's own security archive is asked */
    struct duration functional_within; /* NEXT_UPGRADE: updates that close no hole wait */
    struct duration minimum_age;       /* of such updates: how long a version waits after it was first seen */
    struct policy_unattended unattended;
    const struct policy_class *classes; /* the first that matches counts */
    size_t class_count;
    const struct policy_exception *exceptions;
    size_t exception_count;
    const struct check *checks; /* asked before a change and after it */
    size_t check_count;
    struct precautions before; /* before anything is changed */
};

/* seed-cvss and exploited; UTC; a window every night. */
extern const struct policy policy_built_in;

/*
 * Reads a policy file, and beside it the profiles and the table that it names (profile ID is ID.yaml in the same
 * folder when none of that id is built in). zone_folder is ZONE_FOLDER outside tests.
 */
bool policy_read(const char *path, const char *zone_folder, struct arena *arena, struct policy *out,
                 struct error *err) MUST_USE;
/* The same for the file's bytes; `name` is what errors call it. */
struct policy_place {
    const char *folder;      /* where its profiles and tables are */
    const char *zone_folder; /* ZONE_FOLDER */
};
bool policy_parse(struct bytes file, struct text name, const struct policy_place *place, struct arena *arena,
                  struct policy *out, struct error *err) MUST_USE;

/* When the machine of this name may be changed: the window of the first class that is of hosts alone and matches it, else the policy's. */
const struct window *policy_window(const struct policy *policy, struct text host);

bool globs_match(const struct globs *globs, struct text text);
/* All of the asset but its hosts; packages are the names of what the finding is in. */
bool asset_matches(const struct asset *asset, struct text source, struct text id, const struct text *packages,
                   size_t package_count);

#endif
