#include "verify/evidence_testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "verify/verdict.h"

static const struct evidence *judged(struct evidence_sample *sample, struct arena *arena)
{
    struct error err;

    assert_done("verdicts", verdict_make(&sample->evidence, arena, &err), &err);
    return &sample->evidence;
}

static void assert_verdict(const char *row, const struct proof_verdict *got, enum proof proof,
                           const char *why)
{
    if (got->proof != proof || !text_equal(got->why, text_of(why)))
        fail_msg("%s: %s \"%.*s\", expected %s \"%s\"", row, proof_name(got->proof), TEXT_ARG(got->why),
                 proof_name(proof), why);
}

static void applied_is_by_the_vendors_order(void **state)
{
    static const struct {
        const char *name;
        struct text to, installed;
        enum package_state state;
        bool takes_back;
        enum proof proof;
        const char *why;
    } rows[] = {
        {"same", TEXT("1.0-1"), TEXT("1.0-1"), PACKAGE_INSTALLED, false, PROOF_YES, "1 package as planned"},
        {"newer", TEXT("1.0-9"), TEXT("1.0-10"), PACKAGE_INSTALLED, false, PROOF_YES,
         "1 package as planned, 1 of them newer"},
        {"older", TEXT("1.0-10"), TEXT("1.0-9"), PACKAGE_INSTALLED, false, PROOF_NO,
         "1 of 1 packages: x is 1.0-9, not 1.0-10"},
        {"older by an epoch", TEXT("1:0.1"), TEXT("2.0"), PACKAGE_INSTALLED, false, PROOF_NO,
         "1 of 1 packages: x is 2.0, not 1:0.1"},
        {"before the release", TEXT("1.0"), TEXT("1.0~rc1"), PACKAGE_INSTALLED, false, PROOF_NO,
         "1 of 1 packages: x is 1.0~rc1, not 1.0"},
        {"not installed",
         TEXT("1.0"),
         {0},
         PACKAGE_STATE_UNKNOWN,
         false,
         PROOF_NO,
         "1 of 1 packages: x is not installed"},
        {"half", TEXT("1.0"), TEXT("1.0"), PACKAGE_HALF_CONFIGURED, false, PROOF_NO,
         "1 of 1 packages: x is half-configured"},
        {"removed", {0}, {0}, PACKAGE_STATE_UNKNOWN, false, PROOF_YES, "1 package as planned"},
        {"not removed",
         {0},
         TEXT("1.0"),
         PACKAGE_INSTALLED,
         false,
         PROOF_NO,
         "1 of 1 packages: x is still there (1.0)"},
        {"rolled back", TEXT("1.0-9"), TEXT("1.0-9"), PACKAGE_INSTALLED, true, PROOF_YES,
         "1 package as planned"},
        {"not rolled back", TEXT("1.0-9"), TEXT("1.0-10"), PACKAGE_INSTALLED, true, PROOF_NO,
         "1 of 1 packages: x is 1.0-10, not 1.0-9"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct evidence_sample sample;
        evidence_sample_fill(&sample);
        sample.evidence.package_count = 1;
        sample.evidence.takes_back = rows[i].takes_back;
        sample.packages[0] = (struct evidence_package){
            .name = TEXT("x"), .to = rows[i].to, .installed = rows[i].installed, .state = rows[i].state};
        assert_verdict(rows[i].name, &judged(&sample, &arena)->applied, rows[i].proof, rows[i].why);
    }
}

static void what_failed_before_is_not_blamed(void **state)
{
    static const struct {
        const char *name;
        enum check_outcome before, after;
        enum proof proof;
        const char *why;
    } rows[] = {
        {"works", CHECK_PASSED, CHECK_PASSED, PROOF_YES, "1 of 1 checks pass"},
        {"mended", CHECK_FAILED, CHECK_PASSED, PROOF_YES, "1 of 1 checks pass"},
        {"works, not asked before", CHECK_NOT_ASKED, CHECK_PASSED, PROOF_YES, "1 of 1 checks pass"},
        {"broke", CHECK_PASSED, CHECK_FAILED, PROOF_NO,
         "1 of 1 checks passed before and fail now: unit ssh (is failed)"},
        {"failed before", CHECK_FAILED, CHECK_FAILED, PROOF_YES,
         "0 of 1 checks pass; 1 failed before, too: unit ssh (is failed)"},
        {"not asked before", CHECK_NOT_ASKED, CHECK_FAILED, PROOF_UNKNOWN,
         "1 of 1 checks cannot be compared with before: unit ssh (is failed)"},
        {"no answer", CHECK_PASSED, CHECK_NOT_ASKED, PROOF_UNKNOWN,
         "1 of 1 checks cannot be compared with before: unit ssh (is failed)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct evidence_sample sample;
        evidence_sample_fill(&sample);
        sample.evidence.check_count = 1;
        sample.checks[0].before.outcome = rows[i].before;
        sample.checks[0].after = (struct check_answer){rows[i].after, TEXT("is failed")};
        assert_verdict(rows[i].name, &judged(&sample, &arena)->works, rows[i].proof, rows[i].why);
    }
}

static void where_nothing_was_asked_it_says_so(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct evidence_sample sample;
    const struct evidence *got;

    (void)state;
    evidence_sample_fill(&sample);
    sample.evidence.check_count = sample.evidence.package_count = 0;
    got = judged(&sample, &arena);
    assert_verdict("packages", &got->applied, PROOF_NOT_ASKED, "the run changed no package");
    assert_verdict("checks", &got->works, PROOF_NOT_ASKED,
                   "nothing to ask: no service runs these packages, and the policy names no check");
}

/* The order of what is asked matters: what is certain comes before what could not be seen. */
static void old_code_is_gone_or_named(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct evidence_sample sample;
    struct evidence *e = &sample.evidence;

    (void)state;
    evidence_sample_fill(&sample);
    assert_verdict("gone", &judged(&sample, &arena)->old_code_gone, PROOF_YES,
                   "none of 212 processes runs replaced code of these packages");
    e->process_count = 2;
    assert_verdict("certain and possible", &judged(&sample, &arena)->old_code_gone, PROOF_NO,
                   "1 process still runs replaced code: sshd (812) of ssh has /usr/sbin/sshd");
    e->processes++;
    e->process_count = 1;
    assert_verdict("possible", &judged(&sample, &arena)->old_code_gone, PROOF_UNKNOWN,
                   "1 process began before what it may have read changed: python3 (913) has "
                   "/usr/lib/python3/dist-packages/x.py");
    e->process_count = 0;
    e->process_unreadable = 41;
    assert_verdict("unreadable", &judged(&sample, &arena)->old_code_gone, PROOF_UNKNOWN,
                   "41 of 212 processes could not be read");
    e->process_hidden = true;
    assert_verdict("hidden", &judged(&sample, &arena)->old_code_gone, PROOF_UNKNOWN,
                   "41 of 212 processes could not be read, and others are hidden");
    e->reboot_needed = true;
    e->reboot_why = TEXT("6.1.0-18-amd64 runs, 6.1.0-26-amd64 is installed");
    assert_verdict("the reboot is another run's", &judged(&sample, &arena)->old_code_gone, PROOF_UNKNOWN,
                   "41 of 212 processes could not be read, and others are hidden");
    sample.packages[1].reboot = true;
    assert_verdict("the reboot is this run's", &judged(&sample, &arena)->old_code_gone, PROOF_NO,
                   "the machine must be started anew: 6.1.0-18-amd64 runs, 6.1.0-26-amd64 is installed");
    e->looked = false;
    assert_verdict("nothing was looked at", &judged(&sample, &arena)->old_code_gone, PROOF_UNKNOWN,
                   "what runs here could not be looked at");
    assert_int_equal(verdict_worst(e), PROOF_UNKNOWN);
}

static void many_processes_are_counted_once_each(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct evidence_process processes[6];
    struct evidence_sample sample;

    (void)state;
    evidence_sample_fill(&sample);
    for (uint32_t i = 0; i < COUNT_OF(processes); i++) {
        processes[i] = sample.processes[0];
        processes[i].pid = i < 2 ? 100 : 100 + i; /* the first maps two files */
    }
    sample.evidence.processes = processes;
    sample.evidence.process_count = COUNT_OF(processes);
    assert_verdict(
        "many", &judged(&sample, &arena)->old_code_gone, PROOF_NO,
        "5 processes still run replaced code: sshd (100) of ssh has /usr/sbin/sshd, sshd (102) of ssh has "
        "/usr/sbin/sshd, sshd (103) of ssh has /usr/sbin/sshd and 2 more");
    assert_int_equal(verdict_worst(&sample.evidence), PROOF_NO);
}

static void holes_close_on_positive_evidence_only(void **state)
{
    struct evidence_sample sample;
    struct evidence *e = &sample.evidence;
    const struct evidence_hole *hole = &sample.holes[2];

    (void)state;
    evidence_sample_fill(&sample);
    assert_int_equal(verdict_hole(e, hole), HOLE_CLOSED);
    sample.data[1].now_us--;
    assert_int_equal(verdict_hole(e, hole), HOLE_UNKNOWN); /* older data than the plan had */
    sample.data[1].now_us = TIME_ABSENT;
    assert_int_equal(verdict_hole(e, hole), HOLE_UNKNOWN); /* none any more */
    sample.data[1].before_us = TIME_ABSENT;
    assert_int_equal(verdict_hole(e, hole), HOLE_CLOSED); /* it took no part in the plan */
    e->data_count = 0;
    assert_int_equal(verdict_hole(e, hole), HOLE_UNKNOWN); /* no data is not healthy */
    e->data_count = 2;
    e->process_count = 1;
    assert_int_equal(verdict_hole(e, hole), HOLE_RESTART_NEEDED);     /* sshd has the old file */
    assert_int_equal(verdict_hole(e, &sample.holes[0]), HOLE_CLOSED); /* of another package */
    e->process_count = 2; /* a possible one counts as much as a certain one */
    assert_int_equal(verdict_hole(e, &sample.holes[0]), HOLE_RESTART_NEEDED);
    sample.holes[2].listed = true;
    assert_int_equal(verdict_hole(e, hole), HOLE_OPEN);
    e->scanned = false;
    assert_int_equal(verdict_hole(e, hole), HOLE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applied_is_by_the_vendors_order),
        cmocka_unit_test(what_failed_before_is_not_blamed),
        cmocka_unit_test(where_nothing_was_asked_it_says_so),
        cmocka_unit_test(old_code_is_gone_or_named),
        cmocka_unit_test(many_processes_are_counted_once_each),
        cmocka_unit_test(holes_close_on_positive_evidence_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
