/*
 * Profiles: rules of others that say by when a hole must be closed. Data, never code.
 *
 * A profile is a list of rules; the first whose conditions hold gives the duration. A condition names an input and the
 * values that it accepts. An input that nobody knows may have any value: a rule is then neither true nor false, and
 * unless all rules that may be meant say the same, the profile cannot be evaluated, which is never "does not apply".
 *
 * The profiles of data/profiles are built in as constant tables; profiles_find knows them by id. A policy brings its
 * own as files of the same form (profile_read.h).
 */
#ifndef EVALUATE_PROFILE_H
#define EVALUATE_PROFILE_H

#include "evaluate/clock.h"

/* The inputs of conditions. */
enum profile_input {
    PROFILE_SEVERITY,         /* enum severity: of the chosen score, or high (assumed) */
    PROFILE_VENDOR_SEVERITY,  /* enum severity: the vendor's word; UNKNOWN: the vendor gives none */
    PROFILE_KEV,              /* enum answer: in CISA's catalogue */
    PROFILE_EXPLOITED,        /* enum answer: there, or named as exploited by another source */
    PROFILE_EXPLOITATION,     /* enum exploitation */
    PROFILE_EXPOSURE,         /* enum exposure */
    PROFILE_AUTOMATABLE,      /* enum answer */
    PROFILE_TECHNICAL_IMPACT, /* enum technical_impact */
    PROFILE_NCSC,             /* enum ncsc: what NCSC-NL says */
    PROFILE_INPUT_COUNT
};

/* NCSC-NL's label, or its two estimates where both are high. */
enum ncsc { NCSC_UNKNOWN, NCSC_NORMAL, NCSC_HIGH_HIGH, NCSC_URGENT, NCSC_COUNT };

struct profile_condition {
    uint8_t input;   /* enum profile_input */
    uint8_t accepts; /* its values as bits (1u << value) */
};

#define PROFILE_CONDITIONS_MAX 6
#define PROFILE_RULES_MAX      32

struct profile_rule {
    struct profile_condition conditions[PROFILE_CONDITIONS_MAX];
    uint8_t condition_count; /* 0: always */
    uint8_t clock_count;
    uint8_t clocks[CLOCKS_MAX]; /* enum clock */
    struct duration within;
    bool triage; /* forensic triage is demanded */
};

struct profile {
    const char *id, *version, *title, *source, *date_read;
    const char *retired_on; /* NULL: in force */
    const char *note;       /* NULL: none */
    bool stops_mitigated;   /* a mitigation ends its clock; else only the patch */
    bool law;               /* floor: law */
    const struct profile_rule *rules;
    size_t rule_count;
};

/* What is known of one finding: for each input the values that it may have, as bits; one bit when it is known. */
struct profile_facts {
    uint8_t possible[PROFILE_INPUT_COUNT];
    struct clock_times times;
    bool mitigated;
};

/* Pure. The verdict's profile is profile->id. */
struct verdict profile_evaluate(const struct profile *profile, const struct profile_facts *facts,
                                const struct zone *zone);

/* The built-in ones, sorted by id; ends in NULL. Made from data/profiles; the built-in policy names two. */
extern const struct profile *const profiles[];
extern const struct profile profile_seed_cvss, profile_exploited;
/* NULL when there is none of that id. */
const struct profile *profiles_find(struct text id);

#endif
