#include "evaluate/decide_run.h"

/* -- the score -- */

/* Smaller is better: 3.x before 4.0 before 2, then the policy's order of sources, then 3.1 before 3.0. */
static unsigned score_rank(const struct decide_run *run, const struct score *score)
{
    static const uint8_t by_version[CVSS_VERSION_COUNT] = {
        [CVSS_31] = 1, [CVSS_30] = 1, [CVSS_40] = 2, [CVSS_2] = 3};
    unsigned version = by_version[(unsigned)score->version < CVSS_VERSION_COUNT ? score->version : 0];
    unsigned trust = run->trust_rank[(unsigned)score->from < SCORE_SOURCE_COUNT ? score->from : 0];

    /* 0.0 is how unrated vulnerabilities are written. */
    if (version == 0 || trust == UINT8_MAX || score->tenths <= 0)
        return UINT32_MAX;
    return (version * 256 + trust) * 2 + (score->version == CVSS_30);
}

static uint8_t choose_score(const struct decide_run *run, const struct vulnerability *vulnerability)
{
    unsigned best = UINT32_MAX;
    uint8_t chosen = SCORE_NONE;

    if (vulnerability == NULL)
        return SCORE_NONE;
    for (uint8_t i = 0; i < vulnerability->score_count; i++) {
        unsigned rank = score_rank(run, &vulnerability->scores[i]);
        if (rank < best) {
            best = rank;
            chosen = i;
        }
    }
    return chosen;
}

/* -- automatable, from the vector -- */

/* The vector of the chosen score, or of another one; absent when none has any. */
static struct text choose_vector(const struct vulnerability *vulnerability, uint8_t chosen)
{
    if (vulnerability == NULL)
        return (struct text){0};
    if (chosen != SCORE_NONE && vulnerability->scores[chosen].vector.size > 0)
        return vulnerability->scores[chosen].vector;
    for (size_t i = 0; i < vulnerability->score_count; i++)
        if (vulnerability->scores[i].vector.size > 0)
            return vulnerability->scores[i].vector;
    return (struct text){0};
}

/* Over the network, without rights, without a person's help; version 2 says "Au" and knows no interaction. */
static enum answer automatable_by_vector(struct text vector)
{
    bool network = false, no_rights = false, alone = false;
    struct text metric;

    if (vector.size == 0)
        return ANSWER_YES; /* nothing is known: the unfavourable value */
    while (text_cut(&vector, '/', &metric)) {
        if (metric.size > 0 && metric.at[0] == '(')
            metric = text_part(metric, 1, SIZE_MAX);
        network = network || text_equal(metric, TEXT("AV:N"));
        no_rights = no_rights || text_equal(metric, TEXT("PR:N")) || text_equal(metric, TEXT("Au:N"));
        alone = alone || text_equal(metric, TEXT("UI:N")) || text_starts(metric, TEXT("Au:"));
    }
    return network && no_rights && alone ? ANSWER_YES : ANSWER_NO;
}

/* -- the class -- */

static const struct policy_class *find_class(const struct decide_run *run, const struct finding *finding,
                                             uint8_t *index)
{
    const struct host *host = run->context->host;

    *index = UINT8_MAX;
    if (run->class_hosts == 0)
        return NULL;
    for (size_t i = 0; i < finding->package_count; i++)
        run->names[i] = host->packages[finding->packages[i]].name;
    for (size_t i = 0; i < run->policy->class_count; i++)
        if ((run->class_hosts >> i & 1) != 0 &&
            asset_matches(&run->policy->classes[i].asset, finding->source, finding->id, run->names,
                          finding->package_count)) {
            *index = (uint8_t)i;
            return &run->policy->classes[i];
        }
    return NULL;
}

/* -- what is assumed, never favourably -- */

static void assume(struct decision *decision, enum decision_input input)
{
    decision->assumed = (uint16_t)(decision->assumed | 1u << input);
    decision->overrides = (uint16_t)(decision->overrides | 1u << OVERRIDE_ASSUMED);
}

static void take_exploitation(const struct decide_run *run, const struct vulnerability *vulnerability,
                              struct decision *decision)
{
    if (vulnerability != NULL)
        decision->exploited_by = vulnerability->exploited_by & 3;
    if (vulnerability != NULL && vulnerability->kev) {
        decision->exploitation = EXPLOITATION_ACTIVE;
        return;
    }
    if (vulnerability != NULL && vulnerability->exploitation != EXPLOITATION_UNKNOWN) {
        decision->exploitation = vulnerability->exploitation;
        return;
    }
    decision->exploitation = run->threat_fresh ? EXPLOITATION_NONE : EXPLOITATION_POC;
    assume(decision, INPUT_EXPLOITATION);
}

static void take_asset(const struct decide_run *run, const struct policy_class *class_of,
                       struct decision *decision)
{
    if (class_of != NULL) {
        decision->exposure = class_of->exposure;
        decision->impact = class_of->impact;
    }
    if (decision->exposure == EXPOSURE_UNKNOWN) {
        decision->exposure = run->context->host->public_address ? EXPOSURE_OPEN : EXPOSURE_CONTROLLED;
        assume(decision, INPUT_EXPOSURE);
    }
    if (decision->impact == IMPACT_UNKNOWN) {
        decision->impact = IMPACT_MEDIUM;
        assume(decision, INPUT_IMPACT);
    }
}

static void take_vulnerability(const struct decide_run *run, const struct vulnerability *vulnerability,
                               struct decision *decision)
{
    decision->score = choose_score(run, vulnerability);
    if (vulnerability != NULL && decision->score != SCORE_NONE) {
        const struct score *score = &vulnerability->scores[decision->score];
        decision->severity = cvss_severity(score->version, score->tenths);
    } else {
        decision->severity = SEVERITY_HIGH;
        assume(decision, INPUT_SCORE);
    }
    take_exploitation(run, vulnerability, decision);
    if (vulnerability != NULL) {
        decision->automatable = vulnerability->automatable;
        decision->technical_impact = vulnerability->technical_impact;
    }
    if (decision->automatable == ANSWER_UNKNOWN) {
        decision->automatable = automatable_by_vector(choose_vector(vulnerability, decision->score));
        assume(decision, INPUT_AUTOMATABLE);
    }
}

/* -- facts for the rules -- */

static uint8_t one(unsigned value)
{
    return (uint8_t)(1u << value);
}

/* "Not in the catalogue" is an answer only of a fresh catalogue. */
static uint8_t named_or_not(const struct decide_run *run, bool named)
{
    if (named)
        return one(ANSWER_YES);
    return run->kev_fresh ? one(ANSWER_NO) : (uint8_t)(one(ANSWER_NO) | one(ANSWER_YES));
}

int64_t decide_archive_date(const struct decide_run *run, uint32_t update)
{
    const struct decide_context *context = run->context;

    if (context->updates == NULL || update >= context->update_count)
        return TIME_ABSENT;
    const struct package *package = &context->host->packages[context->updates[update].package];
    if (package->candidate >= package->offer_count)
        return TIME_ABSENT;
    uint32_t archive = package->offers[package->candidate].archive;
    return archive < context->host->archive_count ? context->host->archives[archive].date_us : TIME_ABSENT;
}

int64_t decide_update_seen(const struct decide_run *run, uint32_t update)
{
    const struct decide_context *context = run->context;

    return context->update_seen_us == NULL || update >= context->update_count
               ? TIME_ABSENT
               : context->update_seen_us[update];
}

static bool fix_exists(const struct finding *finding)
{
    switch (finding->class_of) {
    case CLASS_AVAILABLE:
    case CLASS_ARCHIVE_NOT_ENABLED:
        return true;
    case CLASS_NOT_YET_IN_ARCHIVE: /* dated: published, and only this archive lags behind */
        return finding->fix_available_us != TIME_ABSENT;
    case CLASS_UNKNOWN:
    case CLASS_FUNCTIONAL:
    case CLASS_NO_FIX:
    case CLASS_SUPPRESSED:
    case CLASS_NOT_EXECUTABLE:
    case CLASS_COUNT:
    default:
        return finding->state == FINDING_RESTART_NEEDED;
    }
}

static void take_times(const struct decide_run *run, const struct finding *finding,
                       const struct decide_facts *facts, struct clock_times *times)
{
    const struct vulnerability *vulnerability = finding->vulnerability;
    bool kev = vulnerability != NULL && vulnerability->kev;

    times->at[CLOCK_UNKNOWN] = TIME_ABSENT;
    times->at[CLOCK_PUBLISHED] = vulnerability == NULL ? TIME_ABSENT : vulnerability->published_us;
    times->at[CLOCK_ADVISORY_RECEIVED] = facts->advisory_received_us;
    times->at[CLOCK_KEV_ADDED] = kev ? vulnerability->kev_added_us : TIME_ABSENT;
    times->at[CLOCK_KEV_DUE] = kev ? vulnerability->kev_due_us : TIME_ABSENT;
    times->at[CLOCK_EXPLOIT_SEEN] = facts->exploit_seen_us;
    times->at[CLOCK_DETECTED] =
        finding->detected_us == TIME_ABSENT ? run->context->now_us : finding->detected_us;
    times->at[CLOCK_EOL] = facts->eol_us;
    times->fix_exists = fix_exists(finding);
    clock_put_fix(times, finding->fix_available_us, facts->changelog_us,
                  decide_archive_date(run, finding->update));
    if (times->fix_origin == CLOCK_ORIGIN_ARCHIVE && facts->fix_seen_us != TIME_ABSENT &&
        facts->fix_seen_us < times->at[CLOCK_FIX_AVAILABLE]) {
        times->at[CLOCK_FIX_AVAILABLE] = facts->fix_seen_us;
        times->fix_origin = CLOCK_ORIGIN_OFFERED;
    }
}

void decide_inputs(const struct decide_run *run, const struct finding *finding,
                   const struct decide_facts *facts, struct decision *decision, struct profile_facts *out)
{
    const struct vulnerability *vulnerability = finding->vulnerability;
    const struct policy_class *class_of = find_class(run, finding, &decision->asset_class);
    bool kev = vulnerability != NULL && vulnerability->kev;

    take_vulnerability(run, vulnerability, decision);
    take_asset(run, class_of, decision);

    /* No rule gains by not knowing the technical impact: the worse one is taken, and marked where a rule used it. */
    enum technical_impact technical = decision->technical_impact == TECHNICAL_IMPACT_UNKNOWN
                                          ? TECHNICAL_IMPACT_TOTAL
                                          : decision->technical_impact;
    *out = (struct profile_facts){
        .possible =
            {
                [PROFILE_SEVERITY] = one(decision->severity),
                [PROFILE_VENDOR_SEVERITY] = one(finding->vendor_severity),
                [PROFILE_KEV] = named_or_not(run, kev),
                [PROFILE_EXPLOITED] = named_or_not(run, decision->exploitation == EXPLOITATION_ACTIVE),
                [PROFILE_EXPLOITATION] = one(decision->exploitation),
                [PROFILE_EXPOSURE] = one(decision->exposure),
                [PROFILE_AUTOMATABLE] = one(decision->automatable),
                [PROFILE_TECHNICAL_IMPACT] = one(technical),
                [PROFILE_NCSC] = facts->ncsc == NCSC_UNKNOWN
                                     ? (uint8_t)(one(NCSC_NORMAL) | one(NCSC_HIGH_HIGH) | one(NCSC_URGENT))
                                     : one(facts->ncsc),
            },
        .mitigated = finding->state == FINDING_MITIGATED,
    };
    take_times(run, finding, facts, &out->times);
}
