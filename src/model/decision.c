#include "model/decision.h"

/* Names of an enum whose value 0 is the answer for what is out of range. */
#define NAME(names, count, value) (names)[(unsigned)(value) < (count) ? (value) : 0]

const char *urgency_name(enum urgency urgency)
{
    static const char *const names[URGENCY_COUNT] = {
        [URGENCY_UNKNOWN] = "unknown",     [URGENCY_DEFER] = "defer",
        [URGENCY_SCHEDULED] = "scheduled", [URGENCY_OUT_OF_CYCLE] = "out-of-cycle",
        [URGENCY_IMMEDIATE] = "immediate",
    };
    return NAME(names, URGENCY_COUNT, urgency);
}

const char *action_name(enum action action)
{
    static const char *const names[ACTION_COUNT] = {
        [ACTION_UNKNOWN] = "unknown",         [ACTION_WAIT] = "wait",         [ACTION_BY_DATE] = "by-date",
        [ACTION_NEXT_WINDOW] = "next-window", [ACTION_MITIGATE] = "mitigate", [ACTION_NOW] = "now",
        [ACTION_SWITCH_OFF] = "switch-off",
    };
    return NAME(names, ACTION_COUNT, action);
}

static const char *const level_names[LEVEL_COUNT] = {
    [LEVEL_UNKNOWN] = "unknown",
    [LEVEL_NORMAL] = "normal",
    [LEVEL_ESSENTIAL] = "essential",
    [LEVEL_EMERGENCY_ONLY] = "emergency-only",
};

const char *level_name(enum level level)
{
    return NAME(level_names, LEVEL_COUNT, level);
}

enum level level_find(struct text name)
{
    for (enum level level = LEVEL_NORMAL; level < LEVEL_COUNT; level++)
        if (text_equal(name, text_of(level_names[level])))
            return level;
    return LEVEL_UNKNOWN;
}

const char *standing_name(enum standing standing)
{
    static const char *const names[STANDING_COUNT] = {
        [STANDING_UNKNOWN] = "unknown",
        [STANDING_TAKEN] = "taken",
        [STANDING_POSTPONED] = "postponed",
        [STANDING_HELD] = "held",
    };
    return NAME(names, STANDING_COUNT, standing);
}

const char *exposure_name(enum exposure exposure)
{
    static const char *const names[EXPOSURE_COUNT] = {
        [EXPOSURE_UNKNOWN] = "unknown",
        [EXPOSURE_SMALL] = "small",
        [EXPOSURE_CONTROLLED] = "controlled",
        [EXPOSURE_OPEN] = "open",
    };
    return NAME(names, EXPOSURE_COUNT, exposure);
}

const char *impact_name(enum impact impact)
{
    static const char *const names[IMPACT_COUNT] = {
        [IMPACT_UNKNOWN] = "unknown",     [IMPACT_LOW] = "low",
        [IMPACT_MEDIUM] = "medium",       [IMPACT_HIGH] = "high",
        [IMPACT_VERY_HIGH] = "very high",
    };
    return NAME(names, IMPACT_COUNT, impact);
}

const char *remedy_name(enum remedy remedy)
{
    static const char *const names[REMEDY_COUNT] = {
        [REMEDY_UNKNOWN] = "unknown", [REMEDY_READY] = "ready", [REMEDY_UNTESTED] = "untested",
        [REMEDY_BAD] = "bad",         [REMEDY_NONE] = "none",   [REMEDY_END_OF_LIFE] = "end-of-life",
    };
    return NAME(names, REMEDY_COUNT, remedy);
}

const char *exploitation_name(enum exploitation exploitation)
{
    static const char *const names[EXPLOITATION_COUNT] = {
        [EXPLOITATION_UNKNOWN] = "unknown",
        [EXPLOITATION_NONE] = "none",
        [EXPLOITATION_POC] = "poc",
        [EXPLOITATION_ACTIVE] = "active",
    };
    return NAME(names, EXPLOITATION_COUNT, exploitation);
}

const char *answer_name(enum answer answer)
{
    static const char *const names[ANSWER_COUNT] = {
        [ANSWER_UNKNOWN] = "unknown",
        [ANSWER_NO] = "no",
        [ANSWER_YES] = "yes",
    };
    return NAME(names, ANSWER_COUNT, answer);
}

const char *technical_impact_name(enum technical_impact technical)
{
    static const char *const names[TECHNICAL_IMPACT_COUNT] = {
        [TECHNICAL_IMPACT_UNKNOWN] = "unknown",
        [TECHNICAL_IMPACT_PARTIAL] = "partial",
        [TECHNICAL_IMPACT_TOTAL] = "total",
    };
    return NAME(names, TECHNICAL_IMPACT_COUNT, technical);
}

const char *clock_name(enum clock clock)
{
    static const char *const names[CLOCK_COUNT] = {
        [CLOCK_UNKNOWN] = "unknown",
        [CLOCK_PUBLISHED] = "published",
        [CLOCK_FIX_AVAILABLE] = "fix_available",
        [CLOCK_ADVISORY_RECEIVED] = "advisory_received",
        [CLOCK_KEV_ADDED] = "kev_added",
        [CLOCK_KEV_DUE] = "kev_due",
        [CLOCK_EXPLOIT_SEEN] = "exploit_seen",
        [CLOCK_DETECTED] = "detected",
        [CLOCK_EOL] = "eol",
    };
    return NAME(names, CLOCK_COUNT, clock);
}

const char *clock_origin_name(enum clock_origin origin)
{
    static const char *const names[CLOCK_ORIGIN_COUNT] = {
        [CLOCK_ORIGIN_UNKNOWN] = "unknown",   [CLOCK_ORIGIN_NAMED] = "named",
        [CLOCK_ORIGIN_ADVISORY] = "advisory", [CLOCK_ORIGIN_CHANGELOG] = "changelog",
        [CLOCK_ORIGIN_ARCHIVE] = "archive",   [CLOCK_ORIGIN_DETECTED] = "detected",
        [CLOCK_ORIGIN_OFFERED] = "offered",
    };
    return NAME(names, CLOCK_ORIGIN_COUNT, origin);
}

const char *decision_input_name(enum decision_input input)
{
    static const char *const names[INPUT_COUNT] = {
        [INPUT_NONE] = "none",
        [INPUT_SCORE] = "score",
        [INPUT_EXPLOITATION] = "exploitation",
        [INPUT_EXPOSURE] = "exposure",
        [INPUT_AUTOMATABLE] = "automatable",
        [INPUT_IMPACT] = "impact",
        [INPUT_TECHNICAL_IMPACT] = "technical-impact",
        [INPUT_CLOCK] = "clock",
        [INPUT_KIND] = "kind",
        [INPUT_KEV] = "kev",
        [INPUT_NCSC_LABEL] = "ncsc-label",
        [INPUT_VENDOR_SEVERITY] = "vendor-severity",
    };
    return NAME(names, INPUT_COUNT, input);
}

const char *decision_override_name(enum decision_override override)
{
    static const char *const names[OVERRIDE_COUNT] = {
        [OVERRIDE_NONE] = "none",
        [OVERRIDE_NOT_AFFECTED] = "not affected",
        [OVERRIDE_PROVENANCE] = "provenance failed",
        [OVERRIDE_MINIMUM_AGE] = "minimum age",
        [OVERRIDE_DEADLINE_GUARD] = "deadline guard",
        [OVERRIDE_EVIDENCE_FIRST] = "evidence first",
        [OVERRIDE_CRISIS] = "crisis level",
        [OVERRIDE_ASSUMED] = "unknown inputs",
        [OVERRIDE_EXCEPTION] = "exception",
        [OVERRIDE_LAW_FLOOR] = "law floor",
        [OVERRIDE_EXPLOITED] = "exploited",
        [OVERRIDE_EARLIER_DATE] = "earlier date",
    };
    return NAME(names, OVERRIDE_COUNT, override);
}

const char *verdict_kind_name(enum verdict_kind kind)
{
    static const char *const names[VERDICT_KIND_COUNT] = {
        [VERDICT_UNKNOWN] = "unknown",
        [VERDICT_DUE] = "due",
        [VERDICT_NO_DATE] = "no date",
        [VERDICT_NOT_BEGUN] = "not begun",
        [VERDICT_STOPPED] = "stopped",
        [VERDICT_DOES_NOT_APPLY] = "does not apply",
        [VERDICT_CANNOT_EVALUATE] = "cannot be evaluated",
    };
    return NAME(names, VERDICT_KIND_COUNT, kind);
}
