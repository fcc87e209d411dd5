/*
 * What was decided of one finding, or of one update: what to do, by when, and everything that led there.
 *
 * evaluate/ makes decisions, screens and files show them. No text is formatted when a decision is made: it holds the
 * numbers, and evaluate/explain renders the sentences from them when somebody asks. Verdicts live in the arena of
 * the run; names of profiles and of the order belong to the policy and the order, which must outlive the decision.
 */
#ifndef MODEL_DECISION_H
#define MODEL_DECISION_H

#include "model/finding.h"

/* SSVC's deployer outcome, weakest first. UNKNOWN: not judged, because the finding is suppressed. */
enum urgency {
    URGENCY_UNKNOWN,
    URGENCY_DEFER,
    URGENCY_SCHEDULED,
    URGENCY_OUT_OF_CYCLE,
    URGENCY_IMMEDIATE,
    URGENCY_COUNT
};
const char *urgency_name(enum urgency urgency); /* "out-of-cycle" */

/* The one scale of action, weakest first: the numbers compare. */
enum action {
    ACTION_UNKNOWN,
    ACTION_WAIT,
    ACTION_BY_DATE,
    ACTION_NEXT_WINDOW,
    ACTION_MITIGATE,
    ACTION_NOW,
    ACTION_SWITCH_OFF,
    ACTION_COUNT
};
const char *action_name(enum action action); /* "next-window" */

/* The ladder of levels. */
enum level { LEVEL_UNKNOWN, LEVEL_NORMAL, LEVEL_ESSENTIAL, LEVEL_EMERGENCY_ONLY, LEVEL_COUNT };
const char *level_name(enum level level); /* "emergency-only" */
enum level level_find(struct text name);  /* LEVEL_UNKNOWN when there is none of that name */

/* What the level does with it. Dates stay as they are in every case. */
enum standing {
    STANDING_UNKNOWN,
    STANDING_TAKEN,     /* goes on as decided */
    STANDING_POSTPONED, /* waits until the order ends; listed as postponed */
    STANDING_HELD,      /* security that the level does not patch: mitigate, the deadline runs on */
    STANDING_COUNT
};
const char *standing_name(enum standing standing);

enum exposure { EXPOSURE_UNKNOWN, EXPOSURE_SMALL, EXPOSURE_CONTROLLED, EXPOSURE_OPEN, EXPOSURE_COUNT };
const char *exposure_name(enum exposure exposure);

/* SSVC's human impact. */
enum impact { IMPACT_UNKNOWN, IMPACT_LOW, IMPACT_MEDIUM, IMPACT_HIGH, IMPACT_VERY_HIGH, IMPACT_COUNT };
const char *impact_name(enum impact impact); /* "very high" */

/* What there is against a hole. */
enum remedy {
    REMEDY_UNKNOWN,
    REMEDY_READY,
    REMEDY_UNTESTED,
    REMEDY_BAD, /* it exists and must not be used: known to break, or its origin could not be proved */
    REMEDY_NONE,
    REMEDY_END_OF_LIFE,
    REMEDY_COUNT
};
const char *remedy_name(enum remedy remedy);

const char *exploitation_name(enum exploitation exploitation);      /* "active" */
const char *answer_name(enum answer answer);                        /* "yes" */
const char *technical_impact_name(enum technical_impact technical); /* "total" */

/* The times that a deadline can be counted from. */
enum clock {
    CLOCK_UNKNOWN,
    CLOCK_PUBLISHED,
    CLOCK_FIX_AVAILABLE,
    CLOCK_ADVISORY_RECEIVED,
    CLOCK_KEV_ADDED,
    CLOCK_KEV_DUE, /* the catalogue's own due date: read, never computed */
    CLOCK_EXPLOIT_SEEN,
    CLOCK_DETECTED,
    CLOCK_EOL,
    CLOCK_COUNT
};
const char *clock_name(enum clock clock); /* "fix_available" */

/* Where the time of a fix_available clock was taken from, best first. */
enum clock_origin {
    CLOCK_ORIGIN_UNKNOWN,
    CLOCK_ORIGIN_NAMED, /* the clock that the rule names, as it stands */
    CLOCK_ORIGIN_ADVISORY,
    CLOCK_ORIGIN_CHANGELOG,
    CLOCK_ORIGIN_ARCHIVE, /* the archive's Release date */
    CLOCK_ORIGIN_OFFERED, /* when this machine first saw it offered: a Release date moves with every change of its archive */
    CLOCK_ORIGIN_DETECTED,
    CLOCK_ORIGIN_COUNT
};
const char *clock_origin_name(enum clock_origin origin);

/* What goes into a decision. As bits (1u << INPUT_...) they say which values were assumed. */
enum decision_input {
    INPUT_NONE,
    INPUT_SCORE,
    INPUT_EXPLOITATION,
    INPUT_EXPOSURE,
    INPUT_AUTOMATABLE,
    INPUT_IMPACT,
    INPUT_TECHNICAL_IMPACT,
    INPUT_CLOCK,
    INPUT_KIND, /* of an update: counted as security without anybody having said so */
    INPUT_KEV,
    INPUT_NCSC_LABEL,
    INPUT_VENDOR_SEVERITY,
    INPUT_COUNT
};
const char *decision_input_name(enum decision_input input); /* "technical-impact": what JSON calls it */

/* The overrides of the action table in the order in which they are applied. As bits (1u << OVERRIDE_...). */
enum decision_override {
    OVERRIDE_NONE,
    OVERRIDE_NOT_AFFECTED,   /* vendor or VEX says not affected, or what is there does not run */
    OVERRIDE_PROVENANCE,     /* origin of the fix could not be proved: it counts as bad */
    OVERRIDE_MINIMUM_AGE,    /* a functional release is younger than the minimum age */
    OVERRIDE_DEADLINE_GUARD, /* it was planned after its due date: stronger action */
    OVERRIDE_EVIDENCE_FIRST, /* forensic triage is demanded before anything changes */
    OVERRIDE_CRISIS,         /* the level changed what happens */
    OVERRIDE_ASSUMED,        /* an unknown input was taken at its unfavourable value */
    OVERRIDE_EXCEPTION,      /* an exception of the policy accepts it until its end */
    OVERRIDE_LAW_FLOOR,      /* an exception or level would have let it wait; the law does not */
    OVERRIDE_EXPLOITED,      /* the vendor will not fix it now, yet it is exploited: not suppressed */
    OVERRIDE_EARLIER_DATE,   /* a re-rating would have moved the date later: the earlier one is kept */
    OVERRIDE_COUNT
};
const char *decision_override_name(enum decision_override override); /* "deadline guard" */

enum verdict_kind {
    VERDICT_UNKNOWN,
    VERDICT_DUE,
    VERDICT_NO_DATE,   /* applies, without a date: "with the next upgrade" */
    VERDICT_NOT_BEGUN, /* applies; its clock begins when there is a fix */
    VERDICT_STOPPED,   /* applies; a mitigation ended its clock */
    VERDICT_DOES_NOT_APPLY,
    VERDICT_CANNOT_EVALUATE, /* an input is missing: never the same as "does not apply" */
    VERDICT_KIND_COUNT
};
const char *verdict_kind_name(enum verdict_kind kind);

/* What one profile of the policy says of one finding. */
struct verdict {
    const char *profile; /* its id */
    int64_t due_us;      /* for DUE, else TIME_ABSENT */
    int64_t clock_us;    /* what it was counted from */
    enum verdict_kind kind : 8;
    enum clock clock : 8; /* the one used */
    enum clock_origin origin : 8;
    enum decision_input missing : 8; /* for CANNOT_EVALUATE */
    uint8_t rule;                    /* index into the profile's rules, for the kinds that apply */
    bool clock_assumed : 1;          /* not the first of the rule's list */
    bool triage : 1;                 /* forensic triage is demanded */
    bool law : 1;                    /* floor: law; cannot be waived */
    bool stops_mitigated : 1;        /* a mitigation ends this clock; else only the patch does */
};

#define VERDICT_NONE   UINT8_MAX
#define EXCEPTION_NONE UINT16_MAX
#define SCORE_NONE     UINT8_MAX

struct decision {
    int64_t due_us;                 /* TIME_ABSENT: none */
    int64_t due_own_us;             /* before the grace of a machine that appeared late; else the same */
    int64_t planned_us;             /* when the action comes; TIME_ABSENT: nothing is planned */
    int64_t waived_until_us;        /* under an order or an exception; TIME_ABSENT: not waived */
    const char *order;              /* id of the order that waives; NULL: none */
    const struct verdict *verdicts; /* one of each profile, in the policy's order */
    uint32_t cost_now, cost_slot;   /* minutes of interrupted work, now and at `slot_us` */
    int64_t slot_us;                /* the best window before the due date; TIME_ABSENT: none fits */
    uint16_t exception;             /* index into the policy's exceptions, or EXCEPTION_NONE */
    uint16_t assumed;               /* bits of decision_input */
    uint16_t overrides;             /* bits of decision_override */
    uint8_t verdict_count;
    uint8_t named;       /* index of the verdict that names the due date, or VERDICT_NONE */
    uint8_t score;       /* index into the vulnerability's scores, or SCORE_NONE: none was usable */
    uint8_t asset_class; /* index into the policy's classes, or UINT8_MAX: none matched */
    enum urgency urgency : 8;
    enum action action : 8;
    enum action table_action : 8; /* before the overrides */
    enum standing standing : 8;
    enum remedy remedy : 8;
    enum severity severity : 8; /* what the rules were given: of the score, or high (assumed) */
    enum exploitation exploitation : 8;
    enum exposure exposure : 8;
    enum answer automatable : 8;
    enum impact impact : 8;
    enum technical_impact technical_impact : 8;
    unsigned exploited_by : 2; /* bits of enum exploited_by (model/vulnerability.h) */
    bool late : 1;             /* due_us is past */
    bool cost_high : 1;
    bool mitigate_now : 1;   /* besides the action: mitigate until then */
    bool canary : 1;         /* now, but on a canary first, for hours */
    bool replace : 1;        /* end of support: schedule the replacement */
    bool evidence_first : 1; /* secure traces before anything changes */
};

/* What was decided of one update. */
struct update_decision {
    /* The earliest of its findings' and of its action's (now is due now); TIME_ABSENT: none. */
    int64_t due_us;
    int64_t planned_us;
    int64_t waived_until_us;
    const char *order;
    const char *profile; /* that named the date; NULL: none did */
    /* It closes no hole that we know, and yet counts as security: the decision of the hole assumed; else NULL. */
    const struct decision *assumed_hole;
    uint32_t finding; /* whose date it is, or the worst when none has a date; UPDATE_NONE: it closes none */
    uint16_t assumed; /* of all its findings, and INPUT_KIND */
    uint16_t overrides;
    enum action action : 8;   /* the strongest of its findings */
    enum urgency urgency : 8; /* the highest of its findings */
    enum standing standing : 8;
    bool late : 1;
    bool reboot_allowed : 1; /* by the level, should it need one */
};

#endif
