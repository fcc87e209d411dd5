#include "evaluate/explain_parts.h"

static bool is_assumed(const struct decision *decision, enum decision_input input)
{
    return (decision->assumed >> input & 1) != 0;
}

static bool in_kev(const struct finding *finding)
{
    return finding->vulnerability != NULL && finding->vulnerability->kev;
}

void explain_date(struct writer *w, const struct policy *policy, int64_t us)
{
    struct civil day = zone_civil(&policy->zone, us);

    writer_format(w, "%04d-%02d-%02d", day.year, day.month, day.day);
}

static void write_source_date(struct writer *w, int64_t us)
{
    struct civil day = time_civil(us);

    writer_format(w, "%04d-%02d-%02d", day.year, day.month, day.day);
}

void explain_moment(struct writer *w, const struct policy *policy, int64_t us)
{
    struct civil local = zone_civil(&policy->zone, us);

    writer_format(w, "%s %04d-%02d-%02d %02d:%02d", civil_weekday_name(civil_weekday(local)), local.year,
                  local.month, local.day, local.hour, local.minute);
}

void explain_severity(struct writer *w, const struct finding *finding, const struct decision *decision)
{
    if (decision->score == SCORE_NONE) {
        writer_format(w, "%s (assumed: no score)", severity_name(decision->severity));
        return;
    }
    const struct score *score = &finding->vulnerability->scores[decision->score];
    writer_format(w, "%d.%d %s", score->tenths / 10, score->tenths % 10, severity_name(decision->severity));
    if (score->version != CVSS_31 && score->version != CVSS_30)
        writer_format(w, " (CVSS %s)", cvss_version_name(score->version));
}

/* -- urgency -- */

static void write_exploitation(struct writer *w, const struct explained *e)
{
    const struct decision *d = e->decision;
    static const char *const words[EXPLOITATION_COUNT] = {[EXPLOITATION_UNKNOWN] = "unknown",
                                                          [EXPLOITATION_NONE] = "not exploited",
                                                          [EXPLOITATION_POC] = "poc",
                                                          [EXPLOITATION_ACTIVE] = "exploited"};

    writer_string(w, words[d->exploitation]);
    if (is_assumed(d, INPUT_EXPLOITATION))
        writer_string(w, d->exploitation == EXPLOITATION_NONE
                             ? " (assumed: no source read in the last 48 h names it)"
                             : " (assumed: no source of exploited holes was read in the last 48 h)");
}

static void write_automatable(struct writer *w, const struct explained *e)
{
    const struct vulnerability *vulnerability = e->finding->vulnerability;
    bool vector = false;

    writer_format(w, "automatable %s", answer_name(e->decision->automatable));
    if (!is_assumed(e->decision, INPUT_AUTOMATABLE))
        return;
    for (size_t i = 0; vulnerability != NULL && i < vulnerability->score_count; i++)
        vector = vector || vulnerability->scores[i].vector.size > 0;
    if (!vector)
        writer_string(w, " (assumed: no vector)");
    else if (e->decision->automatable == ANSWER_YES)
        writer_string(w, " (assumed: AV:N PR:N UI:N)");
    else
        writer_string(w, " (assumed: not AV:N PR:N UI:N)");
}

void explain_inputs(struct writer *w, const struct explained *e)
{
    const struct decision *d = e->decision;

    write_exploitation(w, e);
    writer_format(w, " / %s", exposure_name(d->exposure));
    if (is_assumed(d, INPUT_EXPOSURE))
        writer_string(w, d->exposure == EXPOSURE_OPEN ? " (assumed: a public address)"
                                                      : " (assumed: no public address)");
    writer_string(w, " / ");
    write_automatable(w, e);
    writer_format(w, " / impact %s", impact_name(d->impact));
    if (is_assumed(d, INPUT_IMPACT))
        writer_string(w, " (assumed: the owner has not said)");
}

/* -- rules and verdicts -- */

/* The value of a rule's input here. NCSC-NL's is not kept in the decision: a rule that asked for it either held or not. */
static unsigned value_of(const struct explained *e, enum profile_input input)
{
    const struct decision *d = e->decision;
    bool exploited = d->exploitation == EXPLOITATION_ACTIVE;

    switch (input) {
    case PROFILE_SEVERITY:
        return d->severity;
    case PROFILE_VENDOR_SEVERITY:
        return e->finding->vendor_severity;
    case PROFILE_KEV:
        return in_kev(e->finding) ? ANSWER_YES : ANSWER_NO;
    case PROFILE_EXPLOITED:
        return exploited ? ANSWER_YES : ANSWER_NO;
    case PROFILE_EXPLOITATION:
        return d->exploitation;
    case PROFILE_EXPOSURE:
        return d->exposure;
    case PROFILE_AUTOMATABLE:
        return d->automatable;
    case PROFILE_TECHNICAL_IMPACT:
        return d->technical_impact == TECHNICAL_IMPACT_UNKNOWN ? TECHNICAL_IMPACT_TOTAL : d->technical_impact;
    case PROFILE_NCSC:
    case PROFILE_INPUT_COUNT:
    default:
        return 0;
    }
}

/* What holds here of one input, in the words of a rule. */
static void write_value(struct writer *w, const struct explained *e, enum profile_input input, bool holds)
{
    const struct decision *d = e->decision;
    unsigned value = value_of(e, input);

    switch (input) {
    case PROFILE_SEVERITY:
        explain_severity(w, e->finding, d);
        return;
    case PROFILE_VENDOR_SEVERITY:
        if (value == SEVERITY_UNKNOWN)
            writer_string(w, "the vendor gives no severity");
        else
            writer_format(w, "the vendor says %s", severity_name(e->finding->vendor_severity));
        return;
    case PROFILE_KEV:
        writer_string(w, value == ANSWER_YES ? "KEV" : "not in KEV");
        return;
    case PROFILE_EXPLOITED:
        writer_string(w, in_kev(e->finding) ? "KEV" : value == ANSWER_YES ? "exploited" : "not in KEV");
        return;
    case PROFILE_EXPLOITATION:
        writer_format(w, "exploitation %s", exploitation_name(d->exploitation));
        return;
    case PROFILE_EXPOSURE:
        writer_string(w, d->exposure == EXPOSURE_OPEN ? "exposed" : "not exposed");
        return;
    case PROFILE_AUTOMATABLE:
        writer_string(w, d->automatable == ANSWER_YES ? "automatable" : "not automatable");
        return;
    case PROFILE_TECHNICAL_IMPACT:
        writer_string(w, value == TECHNICAL_IMPACT_TOTAL ? "total impact" : "partial impact");
        if (is_assumed(d, INPUT_TECHNICAL_IMPACT))
            writer_string(w, " (assumed)");
        return;
    case PROFILE_NCSC:
        writer_string(w,
                      holds ? "NCSC-NL label urgent, or likelihood and damage high" : "NCSC-NL label normal");
        return;
    case PROFILE_INPUT_COUNT:
    default:
        return;
    }
}

static const struct profile_rule *rule_of(const struct explained *e, size_t verdict)
{
    return &e->policy->profiles[verdict]->rules[e->decision->verdicts[verdict].rule];
}

void explain_rule_words(struct writer *w, const struct explained *e, size_t verdict)
{
    const struct profile_rule *rule = rule_of(e, verdict);
    const char *between = "";

    for (size_t i = 0; i < rule->condition_count; i++) {
        enum profile_input input = (enum profile_input)rule->conditions[i].input;
        /* A partial technical impact is the lesser of two and goes without saying. */
        if (input == PROFILE_TECHNICAL_IMPACT && value_of(e, input) == TECHNICAL_IMPACT_PARTIAL)
            continue;
        writer_string(w, between);
        write_value(w, e, input, true);
        between = ", ";
    }
    if (between[0] == 0)
        writer_string(w, "everything");
}

/* Why no rule applies: what of the first rule does not hold here. */
static void write_refusal(struct writer *w, const struct explained *e, size_t verdict)
{
    const struct profile_rule *rule = &e->policy->profiles[verdict]->rules[0];

    for (size_t i = 0; i < rule->condition_count; i++) {
        enum profile_input input = (enum profile_input)rule->conditions[i].input;
        if (input != PROFILE_NCSC && (rule->conditions[i].accepts >> value_of(e, input) & 1) != 0)
            continue;
        writer_string(w, " (");
        write_value(w, e, input, false);
        writer_string(w, ")");
        return;
    }
}

static void write_missing(struct writer *w, const struct explained *e, enum decision_input missing)
{
    int64_t read_us = e->context->decide->kev_read_us;

    if (missing == INPUT_NCSC_LABEL) {
        writer_string(w, "no label of NCSC-NL");
    } else if (missing != INPUT_KEV) {
        writer_format(w, "%s is not known", decision_input_name(missing));
    } else if (in_kev(e->finding)) {
        writer_string(w, "the catalogue gives no due date");
    } else if (read_us == TIME_ABSENT) {
        writer_string(w, "no catalogue of exploited holes");
    } else {
        writer_string(w, "the catalogue was last read ");
        write_source_date(w, read_us);
        writer_string(w, ", more than 48 h ago");
    }
}

void explain_verdict(struct writer *w, const struct explained *e, size_t index)
{
    const struct verdict *verdict = &e->decision->verdicts[index];

    writer_format(w, "%s: ", verdict->profile);
    switch (verdict->kind) {
    case VERDICT_DUE:
        explain_date(w, e->policy, verdict->due_us);
        writer_string(w, " (");
        break;
    case VERDICT_NO_DATE:
        writer_string(w, "with the next upgrade (");
        break;
    case VERDICT_NOT_BEGUN:
        writer_string(w, "begins when there is a fix (");
        break;
    case VERDICT_STOPPED:
        writer_string(w, "ended by the mitigation (");
        break;
    case VERDICT_CANNOT_EVALUATE:
        writer_string(w, "cannot be evaluated (");
        write_missing(w, e, verdict->missing);
        writer_string(w, ")");
        return;
    case VERDICT_DOES_NOT_APPLY:
        writer_string(w, "does not apply");
        write_refusal(w, e, index);
        return;
    case VERDICT_UNKNOWN:
    case VERDICT_KIND_COUNT:
    default:
        writer_string(w, verdict_kind_name(verdict->kind));
        return;
    }
    explain_rule_words(w, e, index);
    writer_string(w, ")");
}

static void write_clock(struct writer *w, const struct explained *e, const struct verdict *verdict)
{
    static const char *const origins[CLOCK_ORIGIN_COUNT] = {
        [CLOCK_ORIGIN_CHANGELOG] = "the changelog's date",
        [CLOCK_ORIGIN_ARCHIVE] = "the archive's date",
        [CLOCK_ORIGIN_OFFERED] = "first offered here",
        [CLOCK_ORIGIN_DETECTED] = "first seen here",
    };
    const char *origin = verdict->clock == CLOCK_FIX_AVAILABLE ? origins[verdict->origin] : NULL;

    writer_format(w, " from %s ", clock_name(verdict->clock));
    write_source_date(w, verdict->clock_us);
    if (verdict->clock_assumed && origin != NULL)
        writer_format(w, " (assumed: %s)", origin);
    else if (verdict->clock_assumed)
        writer_format(w, " (assumed: no %s)",
                      clock_name((enum clock)rule_of(e, e->decision->named)->clocks[0]));
    else if (origin != NULL)
        writer_format(w, " (%s)", origin);
}

/* On time, late, or late under an order or an exception that lets it wait. */
static void write_late(struct writer *w, const struct explained *e)
{
    const struct decision *d = e->decision;
    int64_t now_us = e->context->decide->now_us, late_us = now_us - d->due_us;

    if (!d->late)
        return;
    if (late_us < TIME_DAY_US)
        writer_format(w, "; late %lld h", (long long)(late_us / TIME_HOUR_US));
    else
        writer_format(w, "; late %lld d", (long long)(late_us / TIME_DAY_US));
    if (d->exception != EXCEPTION_NONE)
        writer_string(w, " under an exception");
    else if (d->waived_until_us != TIME_ABSENT)
        writer_format(w, " under %s%s", d->order == NULL ? "the level" : "order ",
                      d->order == NULL ? "" : d->order);
}

void explain_named(struct writer *w, const struct explained *e)
{
    const struct decision *d = e->decision;

    if (d->named == VERDICT_NONE) {
        writer_string(w, "no profile sets a date");
        return;
    }
    const struct verdict *verdict = &d->verdicts[d->named];
    writer_format(w, "%s: ", verdict->profile);
    explain_rule_words(w, e, d->named);
    writer_string(w, ": ");
    duration_write(w, rule_of(e, d->named)->within);
    write_clock(w, e, verdict);
    if (d->due_us != d->due_own_us) {
        writer_string(w, "; would be ");
        explain_date(w, e->policy, d->due_own_us);
        writer_string(w, ", but this machine was first seen ");
        explain_date(w, e->policy, e->context->decide->first_seen_us);
    }
    write_late(w, e);
}

/* -- cost -- */

void explain_cost(struct writer *w, const struct explained *e)
{
    const struct decision *d = e->decision;

    writer_format(w, "now %u min, ", d->cost_now);
    if (d->slot_us == TIME_ABSENT) {
        writer_string(w, "no window before the date");
        return;
    }
    explain_moment(w, e->policy, d->slot_us);
    writer_format(w, " %u min", d->cost_slot);
    if (d->cost_high)
        writer_string(w, d->mitigate_now ? " -> wait, mitigate meanwhile" : " -> wait");
}

/* -- overrides -- */

static const char *why_not_affected(const struct finding *finding)
{
    if (finding->suppressed_by == SUPPRESSION_VEX)
        return "a VEX says not affected";
    if (finding->class_of == CLASS_NOT_EXECUTABLE)
        return "what is here has no code that runs";
    if (finding->vulnerability != NULL && finding->vulnerability->rejected)
        return "the CVE was withdrawn";
    return "the vendor says not affected";
}

static const char *const suppression_means[SUPPRESSION_COUNT] = {
    [SUPPRESSION_NO_DSA] = "the vendor does not fix it now",
    [SUPPRESSION_IGNORED] = "the vendor will not fix it",
    [SUPPRESSION_POSTPONED] = "the vendor fixes it with a later update",
    [SUPPRESSION_END_OF_LIFE] = "the vendor supports this package no longer",
    [SUPPRESSION_UNDETERMINED] = "the vendor does not know yet whether this is affected",
};

void explain_suppression(struct writer *w, const struct explained *e)
{
    enum suppression suppression = e->finding->suppressed_by;

    if (suppression_means[suppression] != NULL)
        writer_format(w, "%s: %s", suppression_name(suppression), suppression_means[suppression]);
    else
        writer_string(w, "unimportant: the vendor sees no consequence for security");
}

static void write_assumed(struct writer *w, const struct decision *decision)
{
    const char *between = "";

    for (enum decision_input input = INPUT_SCORE; input < INPUT_COUNT; input++)
        if (is_assumed(decision, input)) {
            writer_format(w, "%s%s", between, decision_input_name(input));
            between = ", ";
        }
    writer_string(w, " assumed, never favourably");
}

static void write_exception(struct writer *w, const struct explained *e)
{
    const struct policy_exception *exception = &e->policy->exceptions[e->decision->exception];

    writer_format(w, "accepted until ");
    explain_date(w, e->policy, exception->end_us);
    writer_format(w, ": %s; measure: %s; signed by ", exception->reason, exception->measure);
    for (size_t i = 0; i < exception->signer_count; i++)
        writer_format(w, "%s%s", i > 0 ? ", " : "", exception->signers[i]);
}

static void write_crisis(struct writer *w, const struct explained *e)
{
    const struct decision *d = e->decision;

    writer_format(w, "%s: ", level_name(e->context->decide->level));
    if (d->standing == STANDING_TAKEN) {
        writer_format(w, "%s", action_name(d->action));
        return;
    }
    writer_format(w, "%s until ", standing_name(d->standing));
    explain_date(w, e->policy, d->waived_until_us);
    if (d->order != NULL)
        writer_format(w, " by order %s", d->order);
    writer_string(w, "; its date stays");
}

static void write_law(struct writer *w, const struct explained *e)
{
    for (size_t i = 0; i < e->decision->verdict_count; i++) {
        const struct verdict *verdict = &e->decision->verdicts[i];
        if (verdict->kind != VERDICT_DUE || !verdict->law)
            continue;
        writer_format(w, "%s sets ", verdict->profile);
        explain_date(w, e->policy, verdict->due_us);
        writer_string(w, " and cannot be waived");
        return;
    }
}

void explain_override(struct writer *w, const struct explained *e, enum decision_override which)
{
    const struct decision *d = e->decision;

    writer_format(w, "%s: ", decision_override_name(which));
    switch (which) {
    case OVERRIDE_NOT_AFFECTED:
        writer_string(w, why_not_affected(e->finding));
        return;
    case OVERRIDE_PROVENANCE:
        writer_string(w, "where the fix comes from could not be proved, so it counts as bad");
        return;
    case OVERRIDE_MINIMUM_AGE:
        writer_string(w, "younger than ");
        duration_write(w, e->policy->minimum_age);
        return;
    case OVERRIDE_DEADLINE_GUARD:
        writer_format(w, "%s would come after the date", action_name(d->table_action));
        return;
    case OVERRIDE_EVIDENCE_FIRST:
        writer_string(w, "forensic triage is demanded; secure traces before anything changes");
        return;
    case OVERRIDE_CRISIS:
        write_crisis(w, e);
        return;
    case OVERRIDE_ASSUMED:
        write_assumed(w, d);
        return;
    case OVERRIDE_EXCEPTION:
        write_exception(w, e);
        return;
    case OVERRIDE_LAW_FLOOR:
        write_law(w, e);
        return;
    case OVERRIDE_EXPLOITED:
        explain_suppression(w, e);
        writer_string(w, ", yet it is exploited");
        return;
    case OVERRIDE_EARLIER_DATE:
        writer_string(w, "a new rating moves a date later only with a person and a reason");
        return;
    case OVERRIDE_NONE:
    case OVERRIDE_COUNT:
    default:
        return;
    }
}
