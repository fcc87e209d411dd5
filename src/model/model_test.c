/* The words of the nouns, which JSON and screens promise, and the small functions beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/artifact.h"
#include "model/run.h"

#define NAME_FUNCTION(type, function)                                                                        \
    static const char *name_##function(unsigned value)                                                       \
    {                                                                                                        \
        return function((enum type)value);                                                                   \
    }
NAME_FUNCTION(advisory_status, advisory_status_name)
NAME_FUNCTION(package_state, package_state_name)
NAME_FUNCTION(unseen_kind, unseen_kind_name)
NAME_FUNCTION(finding_class, finding_class_name)
NAME_FUNCTION(suppression, suppression_name)
NAME_FUNCTION(finding_state, finding_state_name)
NAME_FUNCTION(update_kind, update_kind_name)
NAME_FUNCTION(score_source, score_source_name)
NAME_FUNCTION(change_kind, change_kind_name)
NAME_FUNCTION(change_reason, change_reason_name)
NAME_FUNCTION(left_reason, left_reason_name)
NAME_FUNCTION(trust_basis, trust_basis_name)
NAME_FUNCTION(run_kind, run_kind_name)
NAME_FUNCTION(run_state, run_state_name)
NAME_FUNCTION(step_kind, step_kind_name)
NAME_FUNCTION(step_state, step_state_name)

static void test_names(void **state)
{
    static const struct {
        const char *(*name)(unsigned value);
        const char *words; /* of all values in their order; what is past them has the first's */
    } rows[] = {
        {name_advisory_status_name,
         "unknown fixed open pending not-affected no-dsa ignored postponed end-of-life "
         "undetermined"},
        {name_package_state_name,
         "unknown installed half-installed unpacked half-configured triggers-awaited "
         "triggers-pending"},
        {name_unseen_kind_name, "unknown snap flatpak pip npm foreign-archive image process"},
        {name_finding_class_name,
         "unknown available functional archive-not-enabled not-yet-in-archive no-fix "
         "suppressed not-executable"},
        {name_suppression_name,
         "none vendor-not-affected vex no-dsa ignored postponed end-of-life undetermined"},
        {name_finding_state_name, "unknown open restart-needed mitigated not-affected accepted"},
        {name_update_kind_name, "unknown security functional"},
        {name_score_source_name, "unknown nvd cna cisa-adp vendor"},
        {name_change_kind_name, "unknown upgrade new remove downgrade"},
        {name_change_reason_name, "unknown due named needed prerequisite"},
        {name_left_reason_name,
         "unknown not-due postponed held-by-level held phased unsolvable stale soak powers "
         "blocked new-package scope"},
        {name_trust_basis_name, "unknown archive was-installed"},
        {name_run_kind_name, "unknown apply rollback"},
        {name_run_state_name, "unknown open done stopped rolled-back refused failed"},
        {name_step_kind_name,
         "unknown ready fetch prove rehearse backup health-before install health-after rollback verify seal"},
        {name_step_state_name, "unknown begun done failed skipped"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text words = text_of(rows[i].words), word;
        unsigned value = 0;
        for (; text_cut_word(&words, &word); value++)
            if (!text_equal(word, text_of(rows[i].name(value))))
                fail_msg("%s, expected %.*s", rows[i].name(value), TEXT_ARG(word));
        assert_string_equal(rows[i].name(value), rows[i].name(0));
    }
}

static void test_vulnerability(void **state)
{
    struct vulnerability v = vulnerability_with(TEXT("CVE-2026-1"));
    (void)state;

    assert_true(text_equal(v.id, TEXT("CVE-2026-1")));
    assert_true(v.published_us == TIME_ABSENT && v.kev_added_us == TIME_ABSENT &&
                v.kev_due_us == TIME_ABSENT);
    assert_true(v.epss_millionths == EPSS_ABSENT && v.epss_percentile_millionths == EPSS_ABSENT);
    assert_int_equal(v.score_count, 0);
    assert_false(v.kev || v.ransomware || v.rejected);
    assert_true(v.exploitation == EXPLOITATION_UNKNOWN && v.automatable == ANSWER_UNKNOWN &&
                v.technical_impact == TECHNICAL_IMPACT_UNKNOWN);
}

static void test_put_score(void **state)
{
    struct vulnerability v = vulnerability_with(TEXT("CVE-2026-1"));
    (void)state;

    vulnerability_put_score(&v, (struct score){.version = CVSS_31, .from = SCORE_NVD, .tenths = 75});
    vulnerability_put_score(&v, (struct score){.version = CVSS_31, .from = SCORE_CNA, .tenths = 81});
    vulnerability_put_score(&v, (struct score){.version = CVSS_40, .from = SCORE_NVD, .tenths = 62});
    vulnerability_put_score(&v, (struct score){.version = CVSS_31, .from = SCORE_NVD, .tenths = 98});
    assert_int_equal(v.score_count, 3);
    assert_int_equal(v.scores[0].tenths, 98);
    assert_int_equal(v.scores[1].tenths, 81);
    assert_int_equal(v.scores[2].tenths, 62);

    for (unsigned version = CVSS_2; version < CVSS_VERSION_COUNT; version++)
        for (unsigned from = SCORE_NVD; from < SCORE_SOURCE_COUNT; from++)
            vulnerability_put_score(&v, (struct score){.version = (enum cvss_version)version,
                                                       .from = (enum score_source)from,
                                                       .tenths = 10});
    assert_int_equal(v.score_count, VULNERABILITY_SCORES_MAX);
    assert_int_equal(v.scores[0].tenths, 10);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_vulnerability),
        cmocka_unit_test(test_put_score),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
