#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "evaluate/profile.h"

#define ONE(value) ((uint8_t)(1u << (value)))
#define ANY(count) ((uint8_t)((1u << (count)) - 2))

static int64_t at(const char *time)
{
    struct error err = {0};
    int64_t us = 0;

    assert_done(time, time_parse(text_of(time), &us, &err), &err);
    return us;
}

/* A medium hole in nothing special, fixed 2026-11-01, in the catalogue since 2026-11-02 where it is in it. */
static struct profile_facts ordinary(void)
{
    struct profile_facts facts = {.possible = {
                                      [PROFILE_SEVERITY] = ONE(SEVERITY_MEDIUM),
                                      [PROFILE_VENDOR_SEVERITY] = ONE(SEVERITY_MEDIUM),
                                      [PROFILE_KEV] = ONE(ANSWER_NO),
                                      [PROFILE_EXPLOITED] = ONE(ANSWER_NO),
                                      [PROFILE_EXPLOITATION] = ONE(EXPLOITATION_NONE),
                                      [PROFILE_EXPOSURE] = ONE(EXPOSURE_CONTROLLED),
                                      [PROFILE_AUTOMATABLE] = ONE(ANSWER_NO),
                                      [PROFILE_TECHNICAL_IMPACT] = ONE(TECHNICAL_IMPACT_PARTIAL),
                                      [PROFILE_NCSC] = ANY(NCSC_COUNT),
                                  }};

    for (size_t i = 0; i < CLOCK_COUNT; i++)
        facts.times.at[i] = TIME_ABSENT;
    facts.times.at[CLOCK_DETECTED] = at("2026-11-20");
    facts.times.at[CLOCK_FIX_AVAILABLE] = at("2026-11-01");
    facts.times.fix_origin = CLOCK_ORIGIN_ADVISORY;
    facts.times.fix_exists = true;
    return facts;
}

static const struct profile *known(const char *id)
{
    const struct profile *profile = profiles_find(text_of(id));

    if (profile == NULL)
        fail_msg("no profile %s", id);
    return profile;
}

struct outcome {
    enum verdict_kind kind;
    int days; /* from its clock, for DUE */
    bool triage;
};

/* A row of BOD 26-04 by its four answers. */
static struct verdict bod_row(const char *id, int kev, int exposed, int automatable, int total)
{
    struct profile_facts facts = ordinary();
    struct zone utc = zone_utc();

    facts.possible[PROFILE_KEV] = facts.possible[PROFILE_EXPLOITED] = ONE(kev ? ANSWER_YES : ANSWER_NO);
    facts.possible[PROFILE_EXPOSURE] = ONE(exposed ? EXPOSURE_OPEN : EXPOSURE_SMALL);
    facts.possible[PROFILE_AUTOMATABLE] = ONE(automatable ? ANSWER_YES : ANSWER_NO);
    facts.possible[PROFILE_TECHNICAL_IMPACT] = ONE(total ? TECHNICAL_IMPACT_TOTAL : TECHNICAL_IMPACT_PARTIAL);
    if (kev)
        facts.times.at[CLOCK_KEV_ADDED] = at("2026-11-02");
    return profile_evaluate(known(id), &facts, &utc);
}

static const struct {
    const char *answers; /* KEV, exposed, automatable, total */
    struct outcome outcome;
} bod_rows[] = {
    {"0000", {VERDICT_NO_DATE, 0, false}}, {"1000", {VERDICT_DUE, 14, false}},
    {"0100", {VERDICT_DUE, 60, false}},    {"0010", {VERDICT_DUE, 60, false}},
    {"0001", {VERDICT_NO_DATE, 0, false}}, {"1100", {VERDICT_DUE, 14, false}},
    {"1010", {VERDICT_DUE, 14, false}},    {"0110", {VERDICT_DUE, 14, false}},
    {"1001", {VERDICT_DUE, 14, false}},    {"0101", {VERDICT_DUE, 14, false}},
    {"0011", {VERDICT_DUE, 60, false}},    {"1110", {VERDICT_DUE, 3, false}},
    {"1101", {VERDICT_DUE, 3, true}},      {"1011", {VERDICT_DUE, 3, true}},
    {"0111", {VERDICT_DUE, 3, false}},     {"1111", {VERDICT_DUE, 3, true}},
};

static void assert_outcome(const char *row, const struct verdict *got, const struct outcome *expected)
{
    if (got->kind != expected->kind || got->triage != expected->triage)
        fail_msg("%s: %s, triage %d", row, verdict_kind_name(got->kind), got->triage);
    if (got->kind == VERDICT_DUE && got->due_us != got->clock_us + expected->days * TIME_DAY_US)
        fail_msg("%s: %lld days", row, (long long)((got->due_us - got->clock_us) / TIME_DAY_US));
}

static void every_row_of_the_directive_has_its_days(void **state)
{
    (void)state;
    assert_int_equal(COUNT_OF(bod_rows), 16);
    for (size_t i = 0; i < COUNT_OF(bod_rows); i++) {
        const char *a = bod_rows[i].answers;
        bool kev = a[0] == '1';
        struct verdict got = bod_row("cisa-bod-26-04", kev, a[1] == '1', a[2] == '1', a[3] == '1');
        assert_outcome(a, &got, &bod_rows[i].outcome);
        if (got.kind == VERDICT_DUE)
            assert_int_equal(got.clock, kev ? CLOCK_KEV_ADDED : CLOCK_FIX_AVAILABLE);
        /* The built-in policy's own profile has the rows with KEV and no others. */
        got = bod_row("exploited", kev, a[1] == '1', a[2] == '1', a[3] == '1');
        const struct outcome none = {VERDICT_DOES_NOT_APPLY, 0, false};
        assert_outcome(a, &got, kev ? &bod_rows[i].outcome : &none);
    }
}

static void the_rows_are_as_published(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    char path[512];
    struct bytes file;
    struct text line, cell[6];
    struct error err;
    size_t rows = 0;
    (void)state;

    if (test_shared("ssvc/cisa_bod_26_04_1_0_0.csv", path) == NULL)
        return;
    assert_done("csv", file_read(path, MIB, &arena, &file, &err), &err);
    struct text rest = {(const char *)file.at, file.size};
    assert_true(text_cut(&rest, '\n', &line));
    for (; text_cut(&rest, '\n', &line); rows++) {
        for (size_t i = 0; i < 6; i++)
            assert_true(text_cut(&line, ',', &cell[i]));
        struct verdict got =
            bod_row("cisa-bod-26-04", text_equal(cell[1], TEXT("yes")), text_equal(cell[2], TEXT("yes")),
                    text_equal(cell[3], TEXT("yes")), text_equal(cell[4], TEXT("total")));
        struct text timeline = text_trim(cell[5]);
        struct outcome expected = {VERDICT_NO_DATE, 0, text_ends(timeline, TEXT("forensic investigation"))};
        if (!text_starts(timeline, TEXT("fix on"))) {
            expected.kind = VERDICT_DUE;
            expected.days = atoi(text_string(&arena, timeline));
        }
        assert_outcome(text_string(&arena, timeline), &got, &expected);
    }
    assert_int_equal(rows, 16);
}

struct rule_row {
    const char *profile;
    const char *name;
    enum profile_input input;
    uint8_t possible;
    enum verdict_kind kind;
    const char *due; /* for DUE */
    enum decision_input missing;
};

static const struct rule_row rule_rows[] = {
    {"seed-cvss", "critical", PROFILE_SEVERITY, ONE(SEVERITY_CRITICAL), VERDICT_DUE, "2026-12-01",
     INPUT_NONE},
    {"seed-cvss", "high", PROFILE_SEVERITY, ONE(SEVERITY_HIGH), VERDICT_DUE, "2026-12-01", INPUT_NONE},
    {"seed-cvss", "medium", PROFILE_SEVERITY, ONE(SEVERITY_MEDIUM), VERDICT_DUE, "2027-02-01", INPUT_NONE},
    {"seed-cvss", "low", PROFILE_SEVERITY, ONE(SEVERITY_LOW), VERDICT_DUE, "2027-05-01", INPUT_NONE},
    {"exploited", "not named", PROFILE_EXPLOITED, ONE(ANSWER_NO), VERDICT_DOES_NOT_APPLY, NULL, INPUT_NONE},
    {"exploited", "nobody knows", PROFILE_EXPLOITED, ANY(ANSWER_COUNT), VERDICT_CANNOT_EVALUATE, NULL,
     INPUT_KEV},
    {"cisa-bod-26-04", "nobody knows", PROFILE_KEV, ANY(ANSWER_COUNT), VERDICT_CANNOT_EVALUATE, NULL,
     INPUT_KEV},
    {"cisa-bod-26-04", "technical impact does not matter here", PROFILE_TECHNICAL_IMPACT,
     ANY(TECHNICAL_IMPACT_COUNT), VERDICT_NO_DATE, NULL, INPUT_NONE},
    {"bio2-1.3", "no label", PROFILE_NCSC, ANY(NCSC_COUNT), VERDICT_CANNOT_EVALUATE, NULL, INPUT_NCSC_LABEL},
    {"bio2-1.3", "normal", PROFILE_NCSC, ONE(NCSC_NORMAL), VERDICT_DOES_NOT_APPLY, NULL, INPUT_NONE},
    {"bio2-1.3", "urgent", PROFILE_NCSC, ONE(NCSC_URGENT), VERDICT_DUE, "2026-11-27", INPUT_NONE},
    {"bio2-1.3", "high and high", PROFILE_NCSC, ONE(NCSC_HIGH_HIGH), VERDICT_DUE, "2026-11-27", INPUT_NONE},
    {"bio2-1.3", "urgent or high and high", PROFILE_NCSC, ONE(NCSC_URGENT) | ONE(NCSC_HIGH_HIGH), VERDICT_DUE,
     "2026-11-27", INPUT_NONE},
    {"uk-cyber-essentials", "medium by both", PROFILE_KEV, ONE(ANSWER_NO), VERDICT_DOES_NOT_APPLY, NULL,
     INPUT_NONE},
    {"uk-cyber-essentials", "vendor says high", PROFILE_VENDOR_SEVERITY, ONE(SEVERITY_HIGH), VERDICT_DUE,
     "2026-11-15", INPUT_NONE},
    {"uk-cyber-essentials", "vendor says nothing", PROFILE_VENDOR_SEVERITY, ONE(SEVERITY_UNKNOWN),
     VERDICT_DUE, "2026-11-15", INPUT_NONE},
    {"uk-cyber-essentials", "7.0 or more", PROFILE_SEVERITY, ONE(SEVERITY_HIGH), VERDICT_DUE, "2026-11-15",
     INPUT_NONE},
    {"acsc-e8-ml1", "inside", PROFILE_KEV, ONE(ANSWER_NO), VERDICT_DUE, "2026-12-01", INPUT_NONE},
    {"acsc-e8-ml1", "outside", PROFILE_EXPOSURE, ONE(EXPOSURE_OPEN), VERDICT_DUE, "2026-11-15", INPUT_NONE},
    {"pci-dss-4.0.1", "medium", PROFILE_SEVERITY, ONE(SEVERITY_MEDIUM), VERDICT_DOES_NOT_APPLY, NULL,
     INPUT_NONE},
    {"pci-dss-4.0.1", "critical", PROFILE_SEVERITY, ONE(SEVERITY_CRITICAL), VERDICT_DUE, "2026-12-01",
     INPUT_NONE},
    {"fedramp-rev5", "medium, from detection", PROFILE_SEVERITY, ONE(SEVERITY_MEDIUM), VERDICT_DUE,
     "2027-02-18", INPUT_NONE},
    {"cisa-bod-19-02", "inside", PROFILE_SEVERITY, ONE(SEVERITY_CRITICAL), VERDICT_DOES_NOT_APPLY, NULL,
     INPUT_NONE},
    {"cisa-bod-22-01", "the catalogue gives no date", PROFILE_KEV, ONE(ANSWER_YES), VERDICT_CANNOT_EVALUATE,
     NULL, INPUT_KEV},
};

static void rules_hold_fail_or_stay_open(void **state)
{
    struct zone utc = zone_utc();
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rule_rows); i++) {
        const struct rule_row *row = &rule_rows[i];
        struct profile_facts facts = ordinary();
        char name[128];
        facts.possible[row->input] = row->possible;
        struct verdict got = profile_evaluate(known(row->profile), &facts, &utc);
        (void)snprintf(name, sizeof(name), "%s: %s", row->profile, row->name);
        if (got.kind != row->kind || got.missing != row->missing)
            fail_msg("%s: %s, missing %s", name, verdict_kind_name(got.kind),
                     decision_input_name(got.missing));
        if (got.due_us != (row->due == NULL ? TIME_ABSENT : at(row->due)))
            fail_msg("%s: due %lld", name, (long long)got.due_us);
    }
}

static void the_catalogues_own_date_is_read(void **state)
{
    struct profile_facts facts = ordinary();
    struct zone utc = zone_utc();
    (void)state;

    facts.possible[PROFILE_KEV] = ONE(ANSWER_YES);
    facts.times.at[CLOCK_KEV_DUE] = at("2026-11-23");
    struct verdict got = profile_evaluate(known("cisa-bod-22-01"), &facts, &utc);
    assert_int_equal(got.kind, VERDICT_DUE);
    assert_int_equal(got.due_us, at("2026-11-23"));
}

static void only_some_clocks_end_with_a_mitigation(void **state)
{
    struct profile_facts facts = ordinary();
    struct zone utc = zone_utc();
    (void)state;

    facts.mitigated = true;
    facts.possible[PROFILE_NCSC] = ONE(NCSC_URGENT);
    assert_int_equal(profile_evaluate(known("bio2-1.3"), &facts, &utc).kind, VERDICT_STOPPED);
    assert_int_equal(profile_evaluate(known("bio-1.04"), &facts, &utc).kind, VERDICT_DUE);
    assert_int_equal(profile_evaluate(known("seed-cvss"), &facts, &utc).kind, VERDICT_DUE);
}

static void without_a_fix_the_fixs_clock_has_not_begun(void **state)
{
    struct profile_facts facts = ordinary();
    struct zone utc = zone_utc();
    (void)state;

    facts.times.fix_exists = false;
    struct verdict got = profile_evaluate(known("seed-cvss"), &facts, &utc);
    assert_int_equal(got.kind, VERDICT_NOT_BEGUN);
    assert_int_equal(got.due_us, TIME_ABSENT);
}

static void every_profile_says_where_it_comes_from(void **state)
{
    size_t count = 0;
    (void)state;

    for (; profiles[count] != NULL; count++) {
        const struct profile *profile = profiles[count];
        assert_true(profile->title[0] != 0 && profile->source[0] != 0 && profile->rule_count > 0);
        (void)at(profile->date_read);
        assert_ptr_equal(profiles_find(text_of(profile->id)), profile);
        if (count > 0)
            assert_true(strcmp(profiles[count - 1]->id, profile->id) < 0);
        for (size_t i = 0; i < profile->rule_count; i++)
            assert_true(profile->rules[i].clock_count > 0);
    }
    assert_int_equal(count, 11);
    assert_null(profiles_find(TEXT("none")));
    assert_string_equal(profile_seed_cvss.id, "seed-cvss");
    assert_string_equal(profile_exploited.id, "exploited");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_directive_has_its_days),
        cmocka_unit_test(the_rows_are_as_published),
        cmocka_unit_test(rules_hold_fail_or_stay_open),
        cmocka_unit_test(the_catalogues_own_date_is_read),
        cmocka_unit_test(only_some_clocks_end_with_a_mitigation),
        cmocka_unit_test(without_a_fix_the_fixs_clock_has_not_begun),
        cmocka_unit_test(every_profile_says_where_it_comes_from),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
