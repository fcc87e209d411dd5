/*
 * Deciding: findings and updates of one machine go in, what to do with each and by when comes out.
 *
 * Pure: no clock, no file, no text formatted. The same context gives the same decisions, byte for byte. Decisions and
 * verdicts live in the arena; they point into the policy and the context, which must outlive them.
 *
 * A finding that is suppressed gets no date and waits: the vendor or a VEX says not affected, what is there does not
 * run, or the vendor will not fix it now (no-dsa, ignored, postponed, end of life, undetermined, unimportant). The last
 * group is judged all the same, without a fix, when the hole is exploited.
 *
 * An update that closes no hole waits, or is due by the date that the policy sets for such updates. One without a known
 * hole that comes from a security archive gets the decision of one hole without a score, whose fix came with its archive
 * (`assumed_hole`). One that nobody told us anything of is never taken for functional: it is decided the same way, but no
 * date is invented for it, and so it is never late.
 */
#ifndef EVALUATE_DECIDE_H
#define EVALUATE_DECIDE_H

#include "evaluate/policy.h"

/* A source that names exploited holes says "none" only as long as it is this fresh. */
#define DECIDE_THREAT_FRESH_US (48 * TIME_HOUR_US)
/* A machine that appears late has this long before anything is late there. */
#define DECIDE_GRACE_US (24 * TIME_HOUR_US)
/* An order whose end nobody gave. */
#define DECIDE_ORDER_US (14 * TIME_DAY_US)

/* What is known of one finding besides the finding itself; decide_facts_absent() is nothing at all. */
struct decide_facts {
    int64_t changelog_us; /* of the entry that names the fix */
    int64_t fix_seen_us;  /* when this machine first saw it offered; bounds the archive's date, which moves */
    int64_t advisory_received_us; /* when this machine or fleet first had the advisory */
    int64_t exploit_seen_us;
    int64_t eol_us;
    int64_t
        due_before_us; /* its date at the last evaluation under this policy: a re-rating moves it earlier only */
    enum remedy remedy; /* UNKNOWN: from the finding's class */
    enum ncsc ncsc;
    bool mitigation_known;
    bool provenance_failed; /* the origin of the fix could not be proved */
    struct cost_extra cost;
};
struct decide_facts decide_facts_absent(void);

/* What the flow hands over. */
struct decide_context {
    const struct policy *policy;
    int64_t now_us;
    const struct host *host; /* its name, its address, names of packages, dates of archives */
    const struct finding *findings;
    size_t finding_count;
    const struct update *updates; /* or NULL: no dates of archives, no decisions on updates */
    size_t update_count;
    const struct decide_facts *facts; /* one of each finding, or NULL */
    /* When this machine first saw each update's package outdated, or NULL; for updates that close no hole we know. */
    const int64_t *update_seen_us;
    int64_t first_seen_us;  /* when the machine joined a fleet; TIME_ABSENT on a machine alone: no grace */
    int64_t kev_read_us;    /* date of the catalogue held here; TIME_ABSENT: none is */
    int64_t threat_read_us; /* of the newest source that names exploited holes, the catalogue among them */
    enum level level;       /* UNKNOWN counts as normal */
    const char *order;      /* its id; NULL: none */
    int64_t order_end_us;   /* TIME_ABSENT: now + DECIDE_ORDER_US */
};

struct decide_result {
    struct decision *findings;
    struct update_decision *updates;
};

bool decide(const struct decide_context *context, struct arena *arena, struct decide_result *out,
            struct error *err) MUST_USE;

/* The remedy of a finding's class and state. */
enum remedy decide_remedy(const struct finding *finding);
/* True when the finding is not judged: see above. */
bool decide_suppressed(const struct finding *finding, bool exploited);

#endif
