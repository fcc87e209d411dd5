#include "deploy/apply.h"

#include <assert.h>

#include "base/limits.h"
#include "base/own.h"

/* One pass through the machine. */
struct machine {
    const struct apply_request *request;
    struct arena *arena;
    struct transaction transaction;
    struct trusted_artifact *artifacts;
    uint32_t group; /* the next one to install */
    bool resumed;
    bool changed; /* a group was begun: from here on there is something to take back */
    bool mending; /* a group was interrupted and is not whole yet: no place to stop */
    bool confined;
    enum run_state outcome; /* OPEN while it is not decided */
    struct text why;
    struct apply_result result;
    struct text *kept;
    size_t kept_capacity;
};

static struct apply_view view_of(const struct machine *m)
{
    return (struct apply_view){.plan = m->request->plan,
                               .run = m->request->run,
                               .resumed = m->resumed,
                               .outcome = m->outcome,
                               .why = m->why,
                               .groups_made = m->group,
                               .artifacts = m->artifacts};
}

static int64_t now_us(const struct machine *m)
{
    return m->request->steps->now_us(m->request->steps->self);
}

static struct text copy_error(const struct machine *m, const struct error *err)
{
    struct text copy = text_copy(m->arena, text_of(err->text));

    return copy.at != NULL ? copy : TEXT("out of memory");
}

/* ---- what each step does ---- */

/* A step of others, or none. */
static bool of_others(struct machine *m, apply_step *step, struct apply_note *note, struct error *err)
{
    struct apply_view view = view_of(m);

    if (step != NULL)
        return step(m->request->steps->self, &view, m->arena, note, err);
    note->skipped = true;
    return true;
}

static bool repair_leftovers(struct machine *m, const struct package_group *group, struct apply_note *note,
                             struct error *err)
{
    const struct installer *installer = m->request->installer;
    struct package_outcome outcome;
    struct package_audit audit;

    if (!installer->audit(installer->self, m->arena, &audit, err))
        return false;
    if (audit.count == 0)
        return true;
    if (!installer->repair(installer->self, group, m->arena, &outcome, err))
        return false;
    if (!outcome.done)
        return error_set(err, ERROR_CONFLICT, "%.*s is half done and cannot be repaired: %.*s",
                         TEXT_ARG(outcome.failed), TEXT_ARG(outcome.reason));
    note->text = text_format(m->arena, "%zu half-done packages repaired", audit.count);
    return true;
}

static bool do_ready(struct machine *m, struct apply_note *note, struct error *err)
{
    const struct installer *installer = m->request->installer;
    const struct package_group nothing = {0};

    /*
     * After an interruption the lock is held already, what is half done is ours, which only proved files mend (PROVE does
     * it), and neither a low battery nor a window that has closed is a reason to leave it so.
     */
    if (m->changed) {
        *note = (struct apply_note){.text = TEXT("it was begun before the interruption"), .skipped = true};
        return true;
    }
    return installer->lock(installer->self, m->request->lock_wait_ms, err) &&
           repair_leftovers(m, &nothing, note, err) && of_others(m, m->request->steps->ready, note, err);
}

static bool do_fetch(struct machine *m, struct apply_note *note, struct error *err)
{
    return of_others(m, m->request->steps->fetch, note, err);
}

/* What was made before, and the group at which it was interrupted. */
static bool repair_own(struct machine *m, struct apply_note *note, struct error *err)
{
    struct package_group group;

    if (!m->changed)
        return true;
    if (!transaction_groups(&m->transaction, 0, m->group, m->arena, &group, err))
        return false;
    group.removals = NULL;
    group.removal_count = 0;
    return repair_leftovers(m, &group, note, err);
}

static bool do_prove(struct machine *m, struct apply_note *note, struct error *err)
{
    const struct installer *installer = m->request->installer;
    const struct apply_steps *steps = m->request->steps;
    struct apply_view view = view_of(m);
    struct package_changes changes;
    struct package_group group;

    m->artifacts = ARENA_ARRAY(m->arena, struct trusted_artifact, view.plan->change_count);
    if (m->artifacts == NULL)
        return arena_full(m->arena, err);
    m->transaction.artifacts = m->artifacts;
    if (!steps->prove(steps->self, &view, m->arena, m->artifacts, note, err) || !repair_own(m, note, err))
        return false;
    if (m->group >= view.plan->group_count)
        return true;
    return transaction_groups(&m->transaction, m->group, UINT32_MAX, m->arena, &group, err) &&
           installer->simulate(installer->self, &group, m->arena, &changes, err) &&
           transaction_compare(&m->transaction, &changes, m->group, m->changed, m->arena,
                               &m->transaction.places, err);
}

static struct text failure_of(const struct machine *m, const struct package_outcome *outcome)
{
    return outcome->failed.size > 0
               ? text_format(m->arena, "%.*s: %.*s", TEXT_ARG(outcome->failed), TEXT_ARG(outcome->reason))
               : text_format(m->arena, "dpkg ended with %d", outcome->status);
}

static bool tell_failure(const struct machine *m, const struct package_outcome *outcome, struct error *err)
{
    struct text failure = failure_of(m, outcome);

    return error_set(err, ERROR_SYSTEM, "%.*s", TEXT_ARG(failure));
}

static bool do_rehearse(struct machine *m, struct apply_note *note, struct error *err)
{
    const struct installer *installer = m->request->installer;
    struct package_outcome outcome;
    struct package_group group;

    if (!m->request->rehearse || m->changed) {
        note->skipped = true;
        return true;
    }
    if (!transaction_groups(&m->transaction, m->group, UINT32_MAX, m->arena, &group, err) ||
        !installer->rehearse(installer->self, &group, m->arena, &outcome, err))
        return false;
    if (!outcome.done)
        return tell_failure(m, &outcome, err);
    note->text = text_format(m->arena, "%zu packages went well in a copy of this machine; it was thrown away",
                             group.artifact_count);
    if (outcome.kept_count > 0)
        note->text = text_format(m->arena, "%.*s; %zu conffiles changed here would be kept",
                                 TEXT_ARG(note->text), outcome.kept_count);
    return note->text.at != NULL || arena_full(m->arena, err);
}

static bool do_backup(struct machine *m, struct apply_note *note, struct error *err)
{
    if (m->changed) {
        *note = (struct apply_note){.text = TEXT("made before the interruption"), .skipped = true};
        return true;
    }
    return of_others(m, m->request->steps->backup, note, err);
}

static bool do_health_before(struct machine *m, struct apply_note *note, struct error *err)
{
    const struct apply_steps *steps = m->request->steps;

    if (m->changed) {
        *note = (struct apply_note){.text = TEXT("asked before the interruption"), .skipped = true};
        return true;
    }
    return of_others(m, steps->health_before, note, err);
}

static bool keep_conffiles(struct machine *m, const struct package_outcome *outcome, struct error *err)
{
    if (outcome->kept_count == 0)
        return true;
    m->kept = arena_grow(m->arena, m->kept, m->result.kept_count, &m->kept_capacity,
                         m->result.kept_count + outcome->kept_count, sizeof(*m->kept));
    if (m->kept == NULL)
        return arena_full(m->arena, err);
    memcpy(m->kept + m->result.kept_count, outcome->kept, outcome->kept_count * sizeof(*m->kept));
    m->result.kept_count += outcome->kept_count;
    m->result.kept = m->kept;
    return true;
}

static bool do_install(struct machine *m, struct apply_note *note, struct error *err)
{
    const struct installer *installer = m->request->installer;
    const struct package_mark *marks;
    struct package_outcome outcome;
    struct package_group group;
    size_t mark_count;

    if (!transaction_groups(&m->transaction, m->group, m->group, m->arena, &group, err) ||
        !transaction_marks(&m->transaction, m->group, m->arena, &marks, &mark_count, err) ||
        !installer->install(installer->self, &group, m->arena, &outcome, err))
        return false;
    if (!keep_conffiles(m, &outcome, err))
        return false;
    if (!outcome.done)
        return tell_failure(m, &outcome, err);
    if (outcome.kept_count > 0)
        note->text = text_format(m->arena, "%zu conffiles changed here were kept, first %.*s",
                                 outcome.kept_count, TEXT_ARG(outcome.kept[0]));
    return installer->mark(installer->self, marks, mark_count, err);
}

static bool do_health_after(struct machine *m, struct apply_note *note, struct error *err)
{
    return of_others(m, m->request->steps->health_after, note, err);
}

static bool do_rollback(struct machine *m, struct apply_note *note, struct error *err)
{
    if (m->request->steps->rollback == NULL)
        return error_set(err, ERROR_ABSENT, "there is no way back");
    return of_others(m, m->request->steps->rollback, note, err);
}

static bool do_verify(struct machine *m, struct apply_note *note, struct error *err)
{
    return of_others(m, m->request->steps->verify, note, err);
}

static bool do_seal(struct machine *m, struct apply_note *note, struct error *err)
{
    return of_others(m, m->request->steps->seal, note, err);
}

/* ---- the machine ---- */

/* What follows a failure. */
enum failure {
    FAILURE_REFUSES, /* nothing was changed: the run ends; after an interruption, when something was, it goes back */
    FAILURE_GOES_BACK,
    FAILURE_ENDS, /* the way back failed too */
    FAILURE_IS_TOLD,
};

static const struct row {
    bool (*run)(struct machine *m, struct apply_note *note, struct error *err);
    enum step_kind next;
    enum failure failure;
    bool stops; /* a request to stop is heard before it */
} rows[STEP_KIND_COUNT] = {
    [STEP_READY] = {do_ready, STEP_FETCH, FAILURE_REFUSES, true},
    [STEP_FETCH] = {do_fetch, STEP_PROVE, FAILURE_REFUSES, true},
    [STEP_PROVE] = {do_prove, STEP_REHEARSE, FAILURE_REFUSES, true},
    [STEP_REHEARSE] = {do_rehearse, STEP_BACKUP, FAILURE_REFUSES, true},
    [STEP_BACKUP] = {do_backup, STEP_HEALTH_BEFORE, FAILURE_REFUSES, true},
    [STEP_HEALTH_BEFORE] = {do_health_before, STEP_INSTALL, FAILURE_REFUSES, true},
    [STEP_INSTALL] = {do_install, STEP_HEALTH_AFTER, FAILURE_GOES_BACK,
                      true}, /* next: when no group is left */
    [STEP_HEALTH_AFTER] = {do_health_after, STEP_VERIFY, FAILURE_GOES_BACK, false},
    [STEP_ROLLBACK] = {do_rollback, STEP_VERIFY, FAILURE_ENDS, false},
    [STEP_VERIFY] = {do_verify, STEP_SEAL, FAILURE_IS_TOLD, false},
    [STEP_SEAL] = {do_seal, STEP_UNKNOWN, FAILURE_IS_TOLD, false},
};

/* Nothing is left to do: the outcome is decided. */
static void decide(struct machine *m, enum run_state outcome, struct text why)
{
    m->outcome = outcome;
    m->why = why;
}

/* Where the machine goes from a step that failed; STEP_UNKNOWN: to its end. */
static enum step_kind after_failure(struct machine *m, enum step_kind step, struct text why)
{
    switch (rows[step].failure) {
    case FAILURE_REFUSES:
        if (!m->changed) {
            decide(m, RUN_REFUSED, why);
            return STEP_UNKNOWN;
        }
        m->why = why;
        return STEP_ROLLBACK;
    case FAILURE_GOES_BACK:
        m->why = why;
        return STEP_ROLLBACK;
    case FAILURE_ENDS:
        decide(
            m, RUN_FAILED,
            text_format(m->arena, "%.*s; and taking it back failed: %.*s", TEXT_ARG(m->why), TEXT_ARG(why)));
        return STEP_VERIFY;
    case FAILURE_IS_TOLD:
    default:
        if (m->result.step_problem.size == 0)
            m->result.step_problem = text_format(m->arena, "%s: %.*s", step_kind_name(step), TEXT_ARG(why));
        return rows[step].next;
    }
}

static enum step_kind after_success(struct machine *m, enum step_kind step)
{
    if (step == STEP_INSTALL) {
        m->group++;
        m->mending = false;
        return m->group < m->request->plan->group_count ? STEP_INSTALL : STEP_HEALTH_AFTER;
    }
    if (step == STEP_HEALTH_BEFORE && m->group >= m->request->plan->group_count)
        return STEP_HEALTH_AFTER; /* all groups were made before the interruption */
    if (step == STEP_HEALTH_AFTER)
        decide(m, RUN_DONE, (struct text){0});
    if (step == STEP_ROLLBACK)
        decide(m, RUN_ROLLED_BACK, m->why);
    return rows[step].next;
}

/* A failure after which the executor does not answer is an interruption: what dpkg did is not known. */
static bool is_interruption(struct machine *m, enum step_kind step, struct error *err)
{
    const struct installer *installer = m->request->installer;
    struct package_audit audit;
    struct error ignored;

    if (step != STEP_INSTALL && step != STEP_ROLLBACK && !(step == STEP_PROVE && m->changed))
        return false;
    if (installer->audit(installer->self, m->arena, &audit, &ignored))
        return false;
    (void)error_at(err, "interrupted");
    return true;
}

static bool end_step(struct machine *m, enum step_kind step, uint32_t group, bool done,
                     const struct apply_note *note, struct text why, struct error *err)
{
    struct run_step ended = {
        .kind = step,
        .state = !done           ? STEP_FAILED
                 : note->skipped ? STEP_SKIPPED
                                 : STEP_DONE,
        .group = group,
        .ended_us = now_us(m),
        .note = text_part(done ? note->text : why, 0, LIMIT_NOTE),
        .seal = note->seal,
    };

    return journal_end_step(m->request->journal, m->request->run, &ended, err);
}

static bool confine_once(struct machine *m, struct error *err)
{
    const struct apply_steps *steps = m->request->steps;

    if (m->confined || steps->confine == NULL)
        return true;
    m->confined = steps->confine(steps->self, err);
    return m->confined;
}

/* One step with its rows in the journal. False: the run is interrupted. */
static bool take_step(struct machine *m, enum step_kind *step, struct error *err)
{
    const struct apply_steps *steps = m->request->steps;
    struct apply_note note = {0};
    struct text why = {0};
    uint32_t group = *step == STEP_INSTALL ? m->group : 0;
    bool changes = *step == STEP_INSTALL || *step == STEP_ROLLBACK;

    if (steps->progress != NULL)
        steps->progress(steps->self, *step, group, m->request->plan);
    if (!journal_begin_step(m->request->journal, m->request->run, *step, group, now_us(m), err))
        return error_at(err, "interrupted before %s", step_kind_name(*step));
    bool done = !changes || confine_once(m, err);
    bool unchanged = !done && !m->changed; /* not even begun */
    m->changed = m->changed || (changes && done);
    done = done && rows[*step].run(m, &note, err);
    if (!done) {
        if (is_interruption(m, *step, err))
            return false;
        why = copy_error(m, err);
    }
    if (!end_step(m, *step, group, done, &note, why, err))
        return error_at(err, "interrupted after %s", step_kind_name(*step));
    if (unchanged)
        decide(m, RUN_REFUSED, why);
    *step = done ? after_success(m, *step) : unchanged ? STEP_UNKNOWN : after_failure(m, *step, why);
    return true;
}

/* Whether it is asked to stop here, and so goes to its end: what was changed by then is proved as that of any run. */
static bool hears_stop(struct machine *m, enum step_kind *step)
{
    const struct apply_steps *steps = m->request->steps;

    if (!rows[*step].stops || m->mending || steps->stop == NULL || !steps->stop(steps->self))
        return false;
    if (m->group == 0 && !m->changed)
        decide(m, RUN_REFUSED, TEXT("asked to stop before anything was changed"));
    else
        decide(m, RUN_STOPPED,
               text_format(m->arena, "asked to stop; %u of %u groups are made, suture apply goes on",
                           m->group, m->request->plan->group_count));
    *step = m->outcome == RUN_STOPPED ? STEP_VERIFY : STEP_UNKNOWN;
    return true;
}

static bool run_machine(struct machine *m, enum step_kind step, struct apply_result *out, struct error *err)
{
    while (step != STEP_UNKNOWN)
        if (!hears_stop(m, &step) && !take_step(m, &step, err))
            return false;
    assert(m->outcome != RUN_OPEN);
    m->result.state = m->outcome;
    m->result.why = text_part(m->why, 0, LIMIT_NOTE);
    if (!journal_end_run(m->request->journal, m->request->run, m->outcome, m->result.why, now_us(m), err))
        return error_at(err, "interrupted at the end");
    *out = m->result;
    return true;
}

static struct machine machine_with(const struct apply_request *request, struct arena *arena)
{
    return (struct machine){
        .request = request, .arena = arena, .transaction = {.plan = request->plan}, .outcome = RUN_OPEN};
}

bool apply_run(const struct apply_request *request, struct arena *arena, struct apply_result *out,
               struct error *err)
{
    struct machine m = machine_with(request, arena);
    struct run run = {.kind = RUN_APPLY, .begun_us = now_us(&m), .pid = request->pid};

    assert(strlen(request->run) < sizeof(run.id));
    memcpy(run.id, request->run, strlen(request->run));
    memcpy(run.plan, request->plan->id, sizeof(run.plan));
    return journal_begin_run(request->journal, &run, err) && run_machine(&m, STEP_READY, out, err);
}

/* ---- after an interruption ---- */

/* What the journal says of the run so far. Steps that never ended are closed, so that each says what became of it. */
static bool read_progress(struct machine *m, const struct run *run, enum step_kind *step, struct error *err)
{
    *step = STEP_READY;
    m->resumed = true;
    for (size_t i = 0; i < run->step_count; i++) {
        const struct run_step *past = &run->steps[i];
        bool done = past->state == STEP_DONE;
        m->changed = m->changed || past->kind == STEP_INSTALL;
        if (past->kind == STEP_INSTALL)
            m->mending = !done;
        if (past->kind == STEP_INSTALL && done && past->group >= m->group)
            m->group = past->group + 1;
        /* What failed once is not tried again, and what was being taken back is. */
        if ((past->kind == STEP_INSTALL || past->kind == STEP_HEALTH_AFTER) && past->state == STEP_FAILED &&
            !text_equal(past->note, TEXT("interrupted"))) {
            *step = STEP_ROLLBACK;
            m->why = past->note;
        }
        if (past->kind == STEP_ROLLBACK)
            *step = STEP_ROLLBACK;
        if (past->kind == STEP_ROLLBACK && m->why.size == 0)
            m->why = TEXT("could not go on after an interruption");
        if (past->kind == STEP_ROLLBACK && done) {
            *step = STEP_VERIFY;
            decide(m, RUN_ROLLED_BACK, m->why);
        }
        if (past->kind == STEP_HEALTH_AFTER && (done || past->state == STEP_SKIPPED)) {
            *step = STEP_VERIFY;
            decide(m, RUN_DONE, (struct text){0});
        }
        if (past->state != STEP_BEGUN)
            continue;
        struct run_step closed = {.kind = past->kind,
                                  .state = STEP_FAILED,
                                  .group = past->group,
                                  .ended_us = now_us(m),
                                  .note = TEXT("interrupted")};
        if (!journal_end_step(m->request->journal, run->id, &closed, err))
            return false;
    }
    return true;
}

bool apply_resume(const struct apply_request *request, const struct run *run, struct arena *arena,
                  struct apply_result *out, struct error *err)
{
    struct machine m = machine_with(request, arena);
    enum step_kind step;

    assert(run->state == RUN_OPEN || run->state == RUN_STOPPED);
    if (strcmp(run->plan, request->plan->id) != 0)
        return error_set(err, ERROR_CONFLICT, "run %s has another plan", run->id);
    /* The lock before anything is written: while a dpkg that was left over is at work, the run stays as it is. */
    return request->installer->lock(request->installer->self, request->lock_wait_ms, err) &&
           journal_resume_run(request->journal, run->id, request->pid, now_us(&m), err) &&
           read_progress(&m, run, &step, err) && run_machine(&m, step, out, err);
}
