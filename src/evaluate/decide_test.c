#include "evaluate/scenario.h"

/* What counts when something is missing, case by case. */
static const struct scenario missing[] = {
    {.name = "nothing is missing",
     .tenths = 75,
     .vector = "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N",
     .exploitation = EXPLOITATION_NONE,
     .automatable = ANSWER_NO,
     .technical = TECHNICAL_IMPACT_PARTIAL},
    {.name = "no feed knows it", .unheard = true},
    {.name = "no score: high, assumed", .exploitation = EXPLOITATION_NONE, .automatable = ANSWER_NO},
    {.name = "0.0 is unrated", .tenths = CVSS_NONE + 1, .second = {CVSS_31, SCORE_CNA, 0, {0}}},
    {.name = "0.0 by one source, 5.3 by another", .second = {CVSS_31, SCORE_CNA, 53, {0}}},
    {.name = "only CVSS 2", .tenths = 100, .version = CVSS_2, .vector = "AV:N/AC:L/Au:N/C:C/I:C/A:C"},
    {.name = "only CVSS 2, with a login",
     .tenths = 65,
     .version = CVSS_2,
     .vector = "AV:N/AC:L/Au:S/C:P/I:P/A:P"},
    {.name = "only CVSS 4.0",
     .tenths = 93,
     .version = CVSS_40,
     .vector = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"},
    {.name = "3.1 before 4.0", .tenths = 93, .version = CVSS_40, .second = {CVSS_31, SCORE_CNA, 45, {0}}},
    {.name = "trusted source before the other", .tenths = 45, .second = {CVSS_31, SCORE_CNA, 98, {0}}},
    {.name = "a source that the policy does not trust",
     .policy = "voorbeeld.yaml",
     .second = {CVSS_31, SCORE_CISA_ADP, 21, {0}}},
    {.name = "automatable by its vector",
     .tenths = 98,
     .vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
    {.name = "not automatable by its vector, whatever its modified one",
     .tenths = 78,
     .vector = "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/MAV:N"},
    {.name = "no vector", .tenths = 98},
    {.name = "no fresh source of exploited holes",
     .tenths = 75,
     .kev_read = "2026-11-20",
     .threat_read = "2026-11-20"},
    {.name = "no catalogue at all", .tenths = 75, .kev_read = "-", .threat_read = "-"},
    {.name = "exactly 48 hours old is fresh",
     .tenths = 75,
     .kev_read = "2026-11-21T08:30:00Z",
     .threat_read = "2026-11-21T08:30:00Z"},
    {.name = "a public address", .tenths = 75, .public_address = true},
    {.name = "the changelog dates the fix", .tenths = 75, .fix = "-", .changelog = "2026-11-12"},
    {.name = "it was offered before the archive's date", .tenths = 75, .fix = "-", .offered = "2026-11-10"},
    {.name = "it was offered after the archive's date", .tenths = 75, .fix = "-", .offered = "2026-11-21"},
    {.name = "the archive dates the fix", .tenths = 75, .fix = "-"},
    {.name = "nobody dates the fix", .tenths = 75, .fix = "-", .archive = "-"},
    {.name = "nobody dates the fix or the finding",
     .tenths = 75,
     .fix = "-",
     .archive = "-",
     .detected = "-"},
    {.name = "exploited, technical impact unknown",
     .tenths = 75,
     .kev = "2026-11-20",
     .automatable = ANSWER_NO},
    {.name = "exploited, and the catalogue gives no date",
     .tenths = 75,
     .kev = "-",
     .technical = TECHNICAL_IMPACT_PARTIAL},
    {.name = "no label of NCSC-NL", .policy = "voorbeeld.yaml", .tenths = 75},
    {.name = "the catalogue is old, so its answer is open",
     .policy = "voorbeeld.yaml",
     .tenths = 75,
     .kev_read = "2026-11-01"},
};

/* Every override by name, in its order. */
static const struct scenario overrides[] = {
    {.name = "vendor: not affected",
     .tenths = 98,
     .class_of = CLASS_SUPPRESSED,
     .suppressed_by = SUPPRESSION_NOT_AFFECTED,
     .kev = "2026-11-20"},
    {.name = "VEX: not affected",
     .tenths = 98,
     .class_of = CLASS_SUPPRESSED,
     .suppressed_by = SUPPRESSION_VEX},
    {.name = "only in headers", .tenths = 98, .class_of = CLASS_NOT_EXECUTABLE},
    {.name = "withdrawn", .tenths = 98, .rejected = true},
    {.name = "no-dsa", .tenths = 55, .class_of = CLASS_SUPPRESSED, .suppressed_by = SUPPRESSION_NO_DSA},
    {.name = "no-dsa, yet exploited",
     .tenths = 55,
     .class_of = CLASS_SUPPRESSED,
     .suppressed_by = SUPPRESSION_NO_DSA,
     .kev = "2026-11-20"},
    {.name = "unimportant", .tenths = 55, .unimportant = true},
    {.name = "end of life, exploited",
     .tenths = 98,
     .class_of = CLASS_SUPPRESSED,
     .suppressed_by = SUPPRESSION_END_OF_LIFE,
     .kev = "2026-11-20",
     .mitigation = true},
    {.name = "provenance failed", .tenths = 98, .unproved = true},
    {.name = "deadline guard: late", .tenths = 75, .fix = "2026-09-01"},
    {.name = "deadline guard: due before the window",
     .policy = "voorbeeld.yaml",
     .tenths = 75,
     .fix = "2026-10-25"},
    {.name = "deadline guard: what is deferred has a date",
     .tenths = 21,
     .exploitation = EXPLOITATION_NONE,
     .automatable = ANSWER_NO,
     .package = "cowsay",
     .policy = "voorbeeld.yaml",
     .source = "cowsay"},
    {.name = "deadline guard: a mitigation ends the clock",
     .policy = "own.yaml",
     .tenths = 75,
     .fix = "2026-10-25",
     .mitigation = true},
    {.name = "deadline guard: nothing to install, long after detection",
     .policy = "fedramp.yaml",
     .tenths = 75,
     .class_of = CLASS_NO_FIX,
     .detected = "2026-09-01"},
    {.name = "evidence first",
     .policy = "voorbeeld.yaml",
     .tenths = 98,
     .kev = "2026-11-20",
     .automatable = ANSWER_YES,
     .technical = TECHNICAL_IMPACT_TOTAL},
    {.name = "exception",
     .policy = "voorbeeld.yaml",
     .source = "nginx",
     .id = "CVE-2026-20001",
     .tenths = 75},
    {.name = "exception of another hole",
     .policy = "voorbeeld.yaml",
     .source = "nginx",
     .id = "CVE-2026-30001",
     .tenths = 75},
    {.name = "exception that has ended",
     .policy = "voorbeeld.yaml",
     .source = "nginx",
     .id = "CVE-2026-20001",
     .tenths = 75,
     .now = "2026-12-31T00:00:00Z",
     .fix = "2026-12-20"},
    {.name = "exception against the law",
     .policy = "voorbeeld.yaml",
     .source = "nginx",
     .id = "CVE-2026-20001",
     .tenths = 75,
     .kev = "2026-11-20"},
    {.name = "mitigated, by a rule that this ends",
     .policy = "own.yaml",
     .tenths = 75,
     .state = FINDING_MITIGATED},
    {.name = "re-rated to a later date", .tenths = 55, .due_before = "2026-12-10"},
    {.name = "re-rated to an earlier date", .tenths = 75, .due_before = "2027-02-10"},
    {.name = "a machine that appears late",
     .tenths = 75,
     .fix = "2026-09-01",
     .first_seen = "2026-11-22T20:00:00Z"},
    {.name = "a machine that appeared long ago",
     .tenths = 75,
     .fix = "2026-09-01",
     .first_seen = "2026-11-01"},
    {.name = "untested and immediate",
     .tenths = 98,
     .kev = "2026-11-20",
     .public_address = true,
     .remedy = REMEDY_UNTESTED,
     .source = "zlib",
     .policy = "voorbeeld.yaml"},
    {.name = "restart needed", .tenths = 75, .class_of = CLASS_NO_FIX, .state = FINDING_RESTART_NEEDED},
    {.name = "announced, not in the archive", .tenths = 75, .class_of = CLASS_NOT_YET_IN_ARCHIVE},
    {.name = "no fix, exploited", .tenths = 75, .class_of = CLASS_NO_FIX, .kev = "2026-11-20"},
    {.name = "no fix, dispensable, exploited",
     .policy = "voorbeeld.yaml",
     .package = "bsd-toys",
     .source = "bsd-toys",
     .tenths = 75,
     .class_of = CLASS_NO_FIX,
     .kev = "2026-11-20"},
};

/* What the levels make of it: urgency by urgency, due before the order ends or not. */
static const struct scenario levels[] = {
    {.name = "essential: scheduled, due after the end", .tenths = 55, .level = LEVEL_ESSENTIAL},
    {.name = "essential: scheduled, due before the end",
     .tenths = 75,
     .fix = "2026-11-01",
     .level = LEVEL_ESSENTIAL},
    {.name = "essential: out-of-cycle",
     .tenths = 75,
     .policy = "voorbeeld.yaml",
     .exploitation = EXPLOITATION_POC,
     .automatable = ANSWER_YES,
     .level = LEVEL_ESSENTIAL},
    {.name = "essential: exploited but scheduled",
     .tenths = 75,
     .seen = "2026-11-20",
     .exploitation = EXPLOITATION_ACTIVE,
     .automatable = ANSWER_NO,
     .level = LEVEL_ESSENTIAL},
    {.name = "essential: the order's end was not given",
     .tenths = 55,
     .level = LEVEL_ESSENTIAL,
     .order_end = "-"},
    {.name = "essential: no fix", .tenths = 55, .class_of = CLASS_NO_FIX, .level = LEVEL_ESSENTIAL},
    {.name = "emergency-only: scheduled", .tenths = 75, .fix = "2026-11-01", .level = LEVEL_EMERGENCY_ONLY},
    {.name = "emergency-only: late under the order",
     .tenths = 75,
     .fix = "2026-09-01",
     .level = LEVEL_EMERGENCY_ONLY},
    {.name = "emergency-only: out-of-cycle, exploited",
     .policy = "voorbeeld.yaml",
     .tenths = 75,
     .kev = "2026-11-20",
     .level = LEVEL_EMERGENCY_ONLY},
    {.name = "emergency-only: out-of-cycle, due within 72 hours",
     .policy = "voorbeeld.yaml",
     .tenths = 75,
     .fix = "2026-10-25",
     .exploitation = EXPLOITATION_POC,
     .automatable = ANSWER_YES,
     .level = LEVEL_EMERGENCY_ONLY},
    {.name = "emergency-only: out-of-cycle, neither",
     .policy = "voorbeeld.yaml",
     .tenths = 75,
     .exploitation = EXPLOITATION_POC,
     .automatable = ANSWER_YES,
     .level = LEVEL_EMERGENCY_ONLY},
    {.name = "emergency-only: the law does not wait",
     .policy = "own.yaml",
     .tenths = 55,
     .level = LEVEL_EMERGENCY_ONLY},
};

/* The example of the policy's own description. */
static const struct scenario example[] = {
    {.name = "the example",
     .policy = "voorbeeld.yaml",
     .tenths = 75,
     .vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
     .kev = "2026-11-21",
     .technical = TECHNICAL_IMPACT_PARTIAL,
     .fix = "2026-11-21",
     .ncsc = NCSC_NORMAL},
};

static const struct explain_data data[] = {{"debian-tracker", INT64_C(1795240800000000)},
                                           {"kev", INT64_C(1795132800000000)}};

static void print_scenario(const struct scenario *s, struct writer *w)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct stage stage;

    scenario_decide(s, &arena, &stage);
    const struct explain_context context = {&stage.context, data, COUNT_OF(data), NULL};
    writer_format(w, "# %s\n", s->name);
    explain_decision(w, &context, &stage.finding, &stage.result.findings[0]);
    writer_string(w, "\n");
}

static void compare(const char *name, const struct scenario *scenarios, size_t count)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    OWN(writer_end) struct writer again = writer_with(MIB);

    for (size_t i = 0; i < count; i++)
        print_scenario(&scenarios[i], &w);
    for (size_t i = 0; i < count; i++)
        print_scenario(&scenarios[i], &again);
    assert_true(writer_ok(&w) && w.size == again.size && memcmp(w.at, again.at, w.size) == 0);
    assert_golden(name, writer_bytes(&w));
}

static void what_is_missing_counts_as_written(void **state)
{
    (void)state;
    compare("missing.txt", missing, COUNT_OF(missing));
}

static void overrides_are_printed_by_name(void **state)
{
    (void)state;
    compare("overrides.txt", overrides, COUNT_OF(overrides));
}

static void levels_take_postpone_and_hold(void **state)
{
    (void)state;
    compare("levels.txt", levels, COUNT_OF(levels));
}

static void the_example_prints_as_described(void **state)
{
    (void)state;
    compare("example.txt", example, COUNT_OF(example));
}

/* -- updates -- */

struct update_row {
    const char *name;
    struct scenario scenario;
    enum update_kind kind;
    bool closes; /* the finding */
    enum action action;
    enum standing standing;
    const char *due;
    bool late;
    const char *text;
};

#define LATE .tenths = 75, .fix = "2026-09-01"

static const struct update_row update_rows[] = {
    {"security, in time",
     {.tenths = 75},
     UPDATE_SECURITY,
     true,
     ACTION_NEXT_WINDOW,
     STANDING_TAKEN,
     "2026-12-10",
     false,
     "closes 1 known hole, the date is that of CVE-2026-12345 by seed-cvss"},
    {"security, late",
     {LATE},
     UPDATE_SECURITY,
     true,
     ACTION_NOW,
     STANDING_TAKEN,
     "2026-10-01",
     true,
     "closes 1 known hole, the date is that of CVE-2026-12345 by seed-cvss"},
    {"now is due now",
     {.tenths = 75, .kev = "2026-11-22", .technical = TECHNICAL_IMPACT_PARTIAL},
     UPDATE_SECURITY,
     true,
     ACTION_NOW,
     STANDING_TAKEN,
     SCENARIO_NOW,
     false,
     "closes 1 known hole, the date is that of CVE-2026-12345 by exploited"},
    {"closes only what does not matter",
     {.tenths = 75, .unimportant = true},
     UPDATE_SECURITY,
     true,
     ACTION_WAIT,
     STANDING_TAKEN,
     "-",
     false,
     "closes no hole that is open here"},
    {"functional",
     {.tenths = 75},
     UPDATE_FUNCTIONAL,
     false,
     ACTION_WAIT,
     STANDING_TAKEN,
     "-",
     false,
     "closes no hole that is open here"},
    {"functional, by the policy's date",
     {.policy = "own.yaml", .archive = "2026-11-01"},
     UPDATE_FUNCTIONAL,
     false,
     ACTION_BY_DATE,
     STANDING_TAKEN,
     "2027-02-01",
     false,
     "closes no hole that is open here: by 2027-02-01"},
    {"functional, too young",
     {.policy = "own.yaml", .archive = "2026-11-20"},
     UPDATE_FUNCTIONAL,
     false,
     ACTION_WAIT,
     STANDING_TAKEN,
     "2027-02-20",
     false,
     "closes no hole that is open here: by 2027-02-20; minimum age: younger than 10 days"},
    {"functional, at level essential",
     {.level = LEVEL_ESSENTIAL},
     UPDATE_FUNCTIONAL,
     false,
     ACTION_WAIT,
     STANDING_POSTPONED,
     "-",
     false,
     "closes no hole that is open here; postponed until 2026-12-07 by order order-17"},
    {"unknown is never functional, and has no date",
     {.archive = "2026-11-20"},
     UPDATE_KIND_UNKNOWN,
     false,
     ACTION_NEXT_WINDOW,
     STANDING_TAKEN,
     "-",
     false,
     "nobody says what it closes, so it counts as security; no profile can set a date"},
    {"unknown is never late",
     {.archive = "2026-07-11"},
     UPDATE_KIND_UNKNOWN,
     false,
     ACTION_NEXT_WINDOW,
     STANDING_TAKEN,
     "-",
     false,
     "nobody says what it closes, so it counts as security; no profile can set a date"},
    {"security by its archive",
     {.archive = "2026-11-20"},
     UPDATE_SECURITY,
     false,
     ACTION_NEXT_WINDOW,
     STANDING_TAKEN,
     "2026-12-20",
     false,
     "comes from a security archive, no advisory names a hole: seed-cvss: high (assumed: no score): 1 month "
     "from "
     "fix_available 2026-11-20 (the archive's date)"},
    {"unknown, at level essential: its hole would be due after the end",
     {.archive = "2026-11-20", .level = LEVEL_ESSENTIAL},
     UPDATE_KIND_UNKNOWN,
     false,
     ACTION_WAIT,
     STANDING_POSTPONED,
     "-",
     false,
     "nobody says what it closes, so it counts as security; no profile can set a date; postponed until "
     "2026-12-07 by order order-17"},
    {"unknown, at level essential: its hole would be due before the end",
     {.archive = "2026-11-01", .level = LEVEL_ESSENTIAL},
     UPDATE_KIND_UNKNOWN,
     false,
     ACTION_NEXT_WINDOW,
     STANDING_TAKEN,
     "-",
     false,
     "nobody says what it closes, so it counts as security; no profile can set a date"},
    {"security, held",
     {.tenths = 75, .level = LEVEL_EMERGENCY_ONLY},
     UPDATE_SECURITY,
     true,
     ACTION_MITIGATE,
     STANDING_HELD,
     "2026-12-10",
     false,
     "closes 1 known hole, the date is that of CVE-2026-12345 by seed-cvss; held until 2026-12-07 by order "
     "order-17"},
};

static void updates_follow_their_findings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(update_rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        OWN(writer_end) struct writer w = writer_with(4096);
        const struct update_row *row = &update_rows[i];
        struct stage stage;
        struct error err = {0};
        scenario_decide(&row->scenario, &arena, &stage);
        stage.update.kind = row->kind;
        stage.update.finding_count = row->closes;
        assert_done(row->name, decide(&stage.context, &arena, &stage.result, &err), &err);
        const struct update_decision *got = stage.result.updates;
        if (got->action != row->action || got->standing != row->standing || got->late != row->late ||
            got->due_us != scenario_time(row->due, "-"))
            fail_msg("%s: %s, %s, due %lld", row->name, action_name(got->action),
                     standing_name(got->standing), (long long)got->due_us);
        bool guessed = row->kind == UPDATE_KIND_UNKNOWN;
        assert_int_equal((got->assumed >> INPUT_KIND & 1) != 0, guessed);
        const struct explain_context context = {&stage.context, NULL, 0, NULL};
        explain_update(&w, &context, &stage.update, got);
        assert_text(row->name, (struct text){(const char *)w.at, w.size}, row->text);
    }
}

/* Two holes in one update: the earliest date and the strongest action, from wherever each comes. */
static void the_earliest_date_and_the_strongest_action_count(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    static const uint32_t both[] = {0, 1};
    struct stage stage;
    struct error err = {0};
    (void)state;

    scenario_decide(&(struct scenario){.name = "two", .tenths = 21, .fix = "2026-08-01"}, &arena, &stage);
    struct vulnerability exploited = stage.vulnerability;
    exploited.kev = true;
    exploited.kev_added_us = scenario_time("2026-11-22", "-");
    struct finding findings[2] = {stage.finding, stage.finding};
    findings[1].vulnerability = &exploited;
    findings[1].fix_available_us = scenario_time("2026-11-22", "-");
    stage.update.findings = both;
    stage.update.finding_count = 2;
    stage.context.findings = findings;
    stage.context.finding_count = 2;
    stage.context.facts = NULL;
    assert_done("two", decide(&stage.context, &arena, &stage.result, &err), &err);
    assert_int_equal(stage.result.findings[0].due_us, scenario_time("2027-02-01", "-"));
    assert_int_equal(stage.result.findings[1].due_us, scenario_time("2026-11-25", "-"));
    assert_int_equal(stage.result.updates[0].due_us, scenario_time(SCENARIO_NOW, "-"));
    assert_int_equal(stage.result.updates[0].action, ACTION_NOW);
    assert_int_equal(stage.result.updates[0].finding, 1);
    assert_string_equal(stage.result.updates[0].profile, "exploited");
}

/* The sentences of JSON are those of the block, each without a newline. */
static void reasons_are_single_sentences(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct stage stage;
    struct text *reasons;
    struct error err = {0};
    size_t count;
    (void)state;

    scenario_decide(&(struct scenario){.name = "reasons", LATE}, &arena, &stage);
    const struct explain_context context = {&stage.context, NULL, 0, NULL};
    assert_done(
        "reasons",
        explain_reasons(&context, &stage.finding, stage.result.findings, &arena, &reasons, &count, &err),
        &err);
    assert_int_equal(count, 6);
    assert_text("date", reasons[1],
                "due 2026-10-01: seed-cvss: 7.5 high: 1 month from fix_available 2026-09-01; late 53 d");
    assert_text("other", reasons[2], "exploited: does not apply (not in KEV)");
    assert_text("cost", reasons[3], "cost: now 6 min, no window before the date");
    assert_text("guard", reasons[4], "deadline guard: next-window would come after the date");
    for (size_t i = 0; i < count; i++)
        assert_true(text_find_byte(reasons[i], '\n') == SIZE_MAX);
}

/* Nothing but the arena may decide whether it fails. */
static void memory_that_runs_out_is_an_error(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct stage stage;
    struct error err = {0};
    (void)state;

    scenario_decide(&(struct scenario){.name = "memory", LATE}, &arena, &stage);
    OWN(arena_end) struct arena small = arena_with(100);
    assert_false(decide(&stage.context, &small, &stage.result, &err));
    assert_failed("memory", &err, ERROR_LIMIT, "out of memory (100 bytes allowed)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_counts_as_written),
        cmocka_unit_test(overrides_are_printed_by_name),
        cmocka_unit_test(levels_take_postpone_and_hold),
        cmocka_unit_test(the_example_prints_as_described),
        cmocka_unit_test(updates_follow_their_findings),
        cmocka_unit_test(the_earliest_date_and_the_strongest_action_count),
        cmocka_unit_test(reasons_are_single_sentences),
        cmocka_unit_test(memory_that_runs_out_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
