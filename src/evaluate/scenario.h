/*
 * Findings for the tests, one line each: what is not said is ordinary. Only tests include this.
 *
 * The ordinary finding: CVE-2026-12345 in openssl of web-03 (no public address), 7.5 by NVD over the network, not
 * automatable, neither in the catalogue nor seen exploited, fix here since 2026-11-10, found 2026-11-22. All sources
 * are fresh, the level is normal, and it is Monday, 2026-11-23 08:30 UTC.
 */
#ifndef EVALUATE_SCENARIO_H
#define EVALUATE_SCENARIO_H

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "evaluate/explain.h"

#define SCENARIO_NOW "2026-11-23T08:30:00Z"

/* Times: NULL is the ordinary one, "-" is absent. */
struct scenario {
    const char *name;
    const char *policy; /* file in test/golden/evaluate/policy; NULL: built in */
    /* what the world knows */
    bool unheard; /* no feed knows it */
    int16_t tenths;
    enum cvss_version version;
    const char *vector;
    struct score second;
    const char *kev, *kev_due; /* in the catalogue since */
    enum exploitation exploitation;
    enum answer automatable;
    enum technical_impact technical;
    bool rejected;
    /* the finding */
    const char *package, *source, *id;
    enum finding_class class_of;
    enum suppression suppressed_by;
    enum finding_state state;
    enum severity vendor;
    bool unimportant;
    const char *fix, *detected;
    /* facts */
    const char *changelog, *offered, *received, *seen, *due_before;
    enum remedy remedy;
    enum ncsc ncsc;
    bool mitigation, unproved;
    uint32_t reboots;
    /* the machine and the order */
    const char *host, *now, *archive, *kev_read, *threat_read, *first_seen, *order_end;
    bool public_address;
    enum level level;
};

static inline int64_t scenario_time(const char *given, const char *ordinary)
{
    const char *time = given == NULL ? ordinary : given;
    struct error err = {0};
    int64_t us = TIME_ABSENT;

    if (strcmp(time, "-") != 0)
        assert_done(time, time_parse(text_of(time), &us, &err), &err);
    return us;
}

static inline const char *scenario_or(const char *given, const char *ordinary)
{
    return given == NULL ? ordinary : given;
}

/* All that one decision points to. */
struct stage {
    struct policy policy;
    struct vulnerability vulnerability;
    struct host host;
    struct archive archive;
    struct offer offer;
    struct package package;
    uint32_t package_index, finding_index;
    struct finding finding;
    struct update update;
    struct decide_facts facts;
    struct decide_context context;
    struct decide_result result;
};

static inline void scenario_policy(const char *name, struct arena *arena, struct policy *out)
{
    char path[512], zones[512];
    struct error err = {0};

    *out = policy_built_in;
    if (name == NULL)
        return;
    (void)snprintf(path, sizeof(path), "%s/evaluate/policy/%s", getenv("SUTURE_GOLDEN"), name);
    (void)snprintf(zones, sizeof(zones), "%s/base/zone", getenv("SUTURE_GOLDEN"));
    assert_done(name, policy_read(path, zones, arena, out, &err), &err);
}

static inline void scenario_world(const struct scenario *s, struct stage *stage)
{
    struct vulnerability *v = &stage->vulnerability;

    *v = vulnerability_with(text_of(scenario_or(s->id, "CVE-2026-12345")));
    if (s->tenths != 0)
        vulnerability_put_score(v, (struct score){s->version == CVSS_UNKNOWN ? CVSS_31 : s->version,
                                                  SCORE_NVD, s->tenths, text_of(scenario_or(s->vector, ""))});
    if (s->second.version != CVSS_UNKNOWN)
        vulnerability_put_score(v, s->second);
    v->kev = s->kev != NULL;
    v->kev_added_us = scenario_time(s->kev, "-");
    v->kev_due_us = scenario_time(s->kev_due, "-");
    v->exploitation = s->exploitation;
    v->automatable = s->automatable;
    v->technical_impact = s->technical;
    v->rejected = s->rejected;
}

static inline void scenario_machine(const struct scenario *s, struct stage *stage)
{
    stage->archive = (struct archive){.date_us = scenario_time(s->archive, "2026-11-20")};
    stage->offer = (struct offer){.version = TEXT("3.0.17-1"), .archive = 0};
    stage->package = (struct package){.name = text_of(scenario_or(s->package, "libssl3")),
                                      .version = TEXT("3.0.15-1"),
                                      .source = text_of(scenario_or(s->source, "openssl")),
                                      .offers = &stage->offer,
                                      .offer_count = 1};
    stage->host = (struct host){.name = text_of(scenario_or(s->host, "web-03")),
                                .packages = &stage->package,
                                .package_count = 1,
                                .archives = &stage->archive,
                                .archive_count = 1,
                                .public_address = s->public_address};
    stage->update = (struct update){
        .package = 0, .kind = UPDATE_SECURITY, .findings = &stage->finding_index, .finding_count = 1};
}

static inline void scenario_finding(const struct scenario *s, struct stage *stage)
{
    bool fixed = s->class_of == CLASS_UNKNOWN || s->class_of == CLASS_AVAILABLE;

    stage->finding = (struct finding){
        .id = text_of(scenario_or(s->id, "CVE-2026-12345")),
        .source = text_of(scenario_or(s->source, "openssl")),
        .packages = &stage->package_index,
        .package_count = 1,
        .installed = TEXT("3.0.15-1"),
        .fixed = fixed ? TEXT("3.0.17-1") : (struct text){0},
        .class_of = s->class_of == CLASS_UNKNOWN ? CLASS_AVAILABLE : s->class_of,
        .suppressed_by = s->suppressed_by,
        .state = s->state == FINDING_UNKNOWN ? FINDING_OPEN : s->state,
        .vendor_severity = s->vendor,
        .unimportant = s->unimportant,
        .fix_available_us = scenario_time(s->fix, fixed ? "2026-11-10" : "-"),
        .detected_us = scenario_time(s->detected, "2026-11-22"),
        .vulnerability = s->unheard ? NULL : &stage->vulnerability,
        .update = fixed ? 0 : UPDATE_NONE,
    };
    stage->facts = (struct decide_facts){.changelog_us = scenario_time(s->changelog, "-"),
                                         .fix_seen_us = scenario_time(s->offered, "-"),
                                         .advisory_received_us = scenario_time(s->received, "-"),
                                         .exploit_seen_us = scenario_time(s->seen, "-"),
                                         .eol_us = TIME_ABSENT,
                                         .due_before_us = scenario_time(s->due_before, "-"),
                                         .remedy = s->remedy,
                                         .ncsc = s->ncsc,
                                         .mitigation_known = s->mitigation,
                                         .provenance_failed = s->unproved,
                                         .cost = {.reboots = s->reboots}};
}

/* The stage is given by the caller because its parts point to each other. */
static inline void scenario_decide(const struct scenario *s, struct arena *arena, struct stage *stage)
{
    struct error err = {0};

    memset(stage, 0, sizeof(*stage));
    scenario_policy(s->policy, arena, &stage->policy);
    scenario_world(s, stage);
    scenario_machine(s, stage);
    scenario_finding(s, stage);
    stage->context = (struct decide_context){.policy = &stage->policy,
                                             .now_us = scenario_time(s->now, SCENARIO_NOW),
                                             .host = &stage->host,
                                             .findings = &stage->finding,
                                             .finding_count = 1,
                                             .updates = &stage->update,
                                             .update_count = 1,
                                             .facts = &stage->facts,
                                             .first_seen_us = scenario_time(s->first_seen, "-"),
                                             .kev_read_us = scenario_time(s->kev_read, "2026-11-23"),
                                             .threat_read_us = scenario_time(s->threat_read, "2026-11-23"),
                                             .level = s->level,
                                             .order = s->level > LEVEL_NORMAL ? "order-17" : NULL,
                                             .order_end_us = scenario_time(s->order_end, "2026-12-07")};
    assert_done(s->name, decide(&stage->context, arena, &stage->result, &err), &err);
}

/* Compares with the golden file; when they differ what was got is left beside the test as NAME.got. */
static inline void assert_golden(const char *name, struct bytes got)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    char path[512], left[128];
    struct bytes expected = {0};
    struct error err = {0};

    (void)snprintf(path, sizeof(path), "%s/evaluate/%s", getenv("SUTURE_GOLDEN"), name);
    bool there = file_read(path, MIB, &arena, &expected, &err);
    if (there && expected.size == got.size && memcmp(expected.at, got.at, got.size) == 0)
        return;
    (void)snprintf(left, sizeof(left), "%s.got", name);
    if (!file_replace_cache(left, got, 0644, &err))
        (void)snprintf(left, sizeof(left), "nothing: it could not be written");
    fail_msg("%s differs from what was decided; see %s", path, left);
}

#endif
