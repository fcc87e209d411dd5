#include "verify/verdict.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "model/version.h"

/* Sentences of one verdict are put together here, with as many examples as people read. */
#define EXAMPLES_MAX 3

struct making {
    const struct evidence *evidence;
    struct writer text;
    uint32_t shown;
};

static void begin_example(struct making *making)
{
    writer_string(&making->text, making->shown == 0 ? ": " : ", ");
    making->shown++;
}

static bool finish(struct making *making, enum proof proof, uint32_t count, struct arena *arena,
                   struct proof_verdict *out, struct error *err)
{
    struct bytes written;

    if (count > making->shown && making->shown > 0)
        writer_format(&making->text, " and %u more", count - making->shown);
    if (!writer_done(&making->text, &written, err))
        return false;
    struct text why = text_copy(arena, (struct text){(const char *)written.at, written.size});
    if (why.at == NULL)
        return arena_full(arena, err);
    *out = (struct proof_verdict){proof, why};
    return true;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* ---- applied ---- */

enum package_verdict { PACKAGE_AS_PLANNED, PACKAGE_ABOVE, PACKAGE_WRONG };

static enum package_verdict judge_package(const struct evidence *evidence,
                                          const struct evidence_package *package)
{
    if (package->to.size == 0)
        return package->installed.size == 0 ? PACKAGE_AS_PLANNED : PACKAGE_WRONG;
    if (package->installed.size == 0 || package->state != PACKAGE_INSTALLED)
        return PACKAGE_WRONG;
    int order = version_compare(VERSION_DEB, package->installed, package->to);
    if (order == 0)
        return PACKAGE_AS_PLANNED;
    return order > 0 && !evidence->takes_back ? PACKAGE_ABOVE : PACKAGE_WRONG;
}

static void say_wrong(struct making *making, const struct evidence_package *package)
{
    if (making->shown == EXAMPLES_MAX)
        return;
    begin_example(making);
    writer_text(&making->text, package->name);
    if (package->to.size == 0)
        writer_format(&making->text, " is still there (%.*s)", TEXT_ARG(package->installed));
    else if (package->installed.size == 0)
        writer_string(&making->text, " is not installed");
    else if (package->state != PACKAGE_INSTALLED)
        writer_format(&making->text, " is %s", package_state_name(package->state));
    else
        writer_format(&making->text, " is %.*s, not %.*s", TEXT_ARG(package->installed),
                      TEXT_ARG(package->to));
}

static bool judge_applied(struct making *making, struct arena *arena, struct proof_verdict *out,
                          struct error *err)
{
    const struct evidence *evidence = making->evidence;
    uint32_t wrong = 0, above = 0, count = (uint32_t)evidence->package_count;

    if (count == 0) {
        writer_string(&making->text, "the run changed no package");
        return finish(making, PROOF_NOT_ASKED, 0, arena, out, err);
    }
    for (uint32_t i = 0; i < count; i++) {
        enum package_verdict verdict = judge_package(evidence, &evidence->packages[i]);
        wrong += verdict == PACKAGE_WRONG;
        above += verdict == PACKAGE_ABOVE;
    }
    if (wrong == 0) {
        writer_format(&making->text, "%u package%s as planned", count, plural(count));
        if (above > 0)
            writer_format(&making->text, ", %u of them newer", above);
        return finish(making, PROOF_YES, 0, arena, out, err);
    }
    writer_format(&making->text, "%u of %u packages", wrong, count);
    for (uint32_t i = 0; i < count; i++)
        if (judge_package(evidence, &evidence->packages[i]) == PACKAGE_WRONG)
            say_wrong(making, &evidence->packages[i]);
    return finish(making, PROOF_NO, wrong, arena, out, err);
}

/* ---- works ---- */

enum check_verdict { CHECK_WORKS, CHECK_BROKE, CHECK_FAILED_BEFORE, CHECK_NOT_KNOWN };

static enum check_verdict judge_check(const struct evidence_check *check)
{
    if (check->after.outcome == CHECK_PASSED)
        return CHECK_WORKS;
    if (check->after.outcome == CHECK_NOT_ASKED || check->before.outcome == CHECK_NOT_ASKED)
        return CHECK_NOT_KNOWN;
    return check->before.outcome == CHECK_FAILED ? CHECK_FAILED_BEFORE : CHECK_BROKE;
}

static void say_check(struct making *making, const struct evidence_check *check)
{
    struct text why = check->after.why;

    if (making->shown == EXAMPLES_MAX)
        return;
    begin_example(making);
    writer_format(&making->text, "%s %.*s", check_kind_name(check->check.kind),
                  TEXT_ARG(check->check.target));
    if (why.size > 0)
        writer_format(&making->text, " (%.*s)", TEXT_ARG(why));
}

static void say_checks(struct making *making, enum check_verdict wanted)
{
    for (size_t i = 0; i < making->evidence->check_count; i++)
        if (judge_check(&making->evidence->checks[i]) == wanted)
            say_check(making, &making->evidence->checks[i]);
}

static bool judge_works(struct making *making, struct arena *arena, struct proof_verdict *out,
                        struct error *err)
{
    const struct evidence *evidence = making->evidence;
    uint32_t counts[CHECK_NOT_KNOWN + 1] = {0}, count = (uint32_t)evidence->check_count;

    for (uint32_t i = 0; i < count; i++)
        counts[judge_check(&evidence->checks[i])]++;
    if (count == 0) {
        writer_string(&making->text,
                      "nothing to ask: no service runs these packages, and the policy names no check");
        return finish(making, PROOF_NOT_ASKED, 0, arena, out, err);
    }
    if (counts[CHECK_BROKE] > 0) {
        writer_format(&making->text, "%u of %u checks passed before and fail now", counts[CHECK_BROKE],
                      count);
        say_checks(making, CHECK_BROKE);
        return finish(making, PROOF_NO, counts[CHECK_BROKE], arena, out, err);
    }
    if (counts[CHECK_NOT_KNOWN] > 0) {
        writer_format(&making->text, "%u of %u checks cannot be compared with before",
                      counts[CHECK_NOT_KNOWN], count);
        say_checks(making, CHECK_NOT_KNOWN);
        return finish(making, PROOF_UNKNOWN, counts[CHECK_NOT_KNOWN], arena, out, err);
    }
    writer_format(&making->text, "%u of %u checks pass", counts[CHECK_WORKS], count);
    if (counts[CHECK_FAILED_BEFORE] > 0) {
        writer_format(&making->text, "; %u failed before, too", counts[CHECK_FAILED_BEFORE]);
        say_checks(making, CHECK_FAILED_BEFORE);
    }
    return finish(making, PROOF_YES, counts[CHECK_FAILED_BEFORE], arena, out, err);
}

/* ---- old code gone ---- */

static uint32_t count_processes(const struct evidence *evidence, bool possible)
{
    uint32_t count = 0, last = 0;

    /* A process may map several files: they come by process. */
    for (size_t i = 0; i < evidence->process_count; i++)
        if (evidence->processes[i].possible == possible &&
            (count == 0 || evidence->processes[i].pid != last)) {
            last = evidence->processes[i].pid;
            count++;
        }
    return count;
}

static void say_processes(struct making *making, bool possible)
{
    const struct evidence *evidence = making->evidence;
    uint32_t last = 0;

    for (size_t i = 0; i < evidence->process_count && making->shown < EXAMPLES_MAX; i++) {
        const struct evidence_process *process = &evidence->processes[i];
        if (process->possible != possible || (making->shown > 0 && process->pid == last))
            continue;
        last = process->pid;
        begin_example(making);
        writer_format(&making->text, "%.*s (%u)", TEXT_ARG(process->process), process->pid);
        if (process->unit.size > 0)
            writer_format(&making->text, " of %.*s", TEXT_ARG(process->unit));
        writer_format(&making->text, " has %.*s", TEXT_ARG(process->path));
    }
}

/* A start of the machine that has nothing to do with this run is scan's to tell. */
static bool reboot_is_due(const struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->package_count; i++)
        if (evidence->packages[i].reboot && evidence->reboot_needed)
            return true;
    return false;
}

static bool judge_old_code(struct making *making, struct arena *arena, struct proof_verdict *out,
                           struct error *err)
{
    const struct evidence *evidence = making->evidence;
    uint32_t certain = count_processes(evidence, false), possible = count_processes(evidence, true);

    if (!evidence->looked) {
        writer_string(&making->text, "what runs here could not be looked at");
        return finish(making, PROOF_UNKNOWN, 0, arena, out, err);
    }
    if (certain > 0) {
        writer_format(&making->text, "%u process%s still run%s replaced code", certain,
                      certain == 1 ? "" : "es", certain == 1 ? "s" : "");
        say_processes(making, false);
        return finish(making, PROOF_NO, certain, arena, out, err);
    }
    if (reboot_is_due(evidence)) {
        writer_format(&making->text, "the machine must be started anew: %.*s",
                      TEXT_ARG(evidence->reboot_why));
        return finish(making, PROOF_NO, 0, arena, out, err);
    }
    if (evidence->process_hidden || evidence->process_unreadable > 0) {
        writer_format(&making->text, "%u of %u processes could not be read%s", evidence->process_unreadable,
                      evidence->process_total, evidence->process_hidden ? ", and others are hidden" : "");
        return finish(making, PROOF_UNKNOWN, 0, arena, out, err);
    }
    if (possible > 0) {
        writer_format(&making->text, "%u process%s began before what %s may have read changed", possible,
                      possible == 1 ? "" : "es", possible == 1 ? "it" : "they");
        say_processes(making, true);
        return finish(making, PROOF_UNKNOWN, possible, arena, out, err);
    }
    writer_format(&making->text, "none of %u processes runs replaced code of these packages",
                  evidence->process_total);
    return finish(making, PROOF_YES, 0, arena, out, err);
}

bool verdict_make(struct evidence *evidence, struct arena *arena, struct error *err)
{
    static bool (*const judges[])(struct making *, struct arena *, struct proof_verdict *,
                                  struct error *) = {judge_applied, judge_works, judge_old_code};
    struct proof_verdict verdicts[3];

    for (size_t i = 0; i < 3; i++) {
        struct making making = {.evidence = evidence, .text = writer_with(16 * LIMIT_EVIDENCE_SENTENCE)};
        bool made = judges[i](&making, arena, &verdicts[i], err);
        writer_end(&making.text);
        if (!made)
            return false;
    }
    evidence->applied = verdicts[0];
    evidence->works = verdicts[1];
    evidence->old_code_gone = verdicts[2];
    return true;
}

/* ---- holes ---- */

static bool runs_old_code(const struct evidence *evidence, struct text source)
{
    for (size_t i = 0; i < evidence->package_count; i++) {
        const struct evidence_package *package = &evidence->packages[i];
        if (!text_equal(package->source, source))
            continue;
        if (package->reboot && evidence->reboot_needed)
            return true;
        for (size_t j = 0; j < evidence->process_count; j++)
            if (text_equal(evidence->processes[j].package, package->name))
                return true;
    }
    return false;
}

/* A scan that stood on less than the plan did does not find what it has not heard of. */
static bool data_is_as_new(const struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->data_count; i++) {
        const struct evidence_data *data = &evidence->data[i];
        if (data->before_us != TIME_ABSENT && (data->now_us == TIME_ABSENT || data->now_us < data->before_us))
            return false;
    }
    return evidence->data_count > 0;
}

enum hole_state verdict_hole(const struct evidence *evidence, const struct evidence_hole *hole)
{
    if (evidence->scanned && hole->listed)
        return HOLE_OPEN;
    if (!evidence->scanned || !data_is_as_new(evidence))
        return HOLE_UNKNOWN;
    return runs_old_code(evidence, hole->source) ? HOLE_RESTART_NEEDED : HOLE_CLOSED;
}

struct verdict_holes verdict_count_holes(const struct evidence *evidence)
{
    struct verdict_holes counts = {0};

    for (size_t i = 0; i < evidence->hole_count; i++) {
        enum hole_state state = verdict_hole(evidence, &evidence->holes[i]);
        counts.closed += state == HOLE_CLOSED;
        counts.open += state == HOLE_OPEN;
        counts.restart_needed += state == HOLE_RESTART_NEEDED;
        counts.unknown += state == HOLE_UNKNOWN;
    }
    return counts;
}

enum proof verdict_worst(const struct evidence *evidence)
{
    const enum proof proofs[] = {evidence->applied.proof, evidence->works.proof,
                                 evidence->old_code_gone.proof};
    enum proof worst = PROOF_YES;

    for (size_t i = 0; i < sizeof(proofs) / sizeof(*proofs); i++) {
        if (proofs[i] == PROOF_NO)
            return PROOF_NO;
        if (proofs[i] == PROOF_UNKNOWN)
            worst = PROOF_UNKNOWN;
    }
    return worst;
}
