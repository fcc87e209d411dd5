#include "flow/carry_out_steps.h"

#include "base/confine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "deploy/backup.h"
#include "deploy/precaution.h"
#include "deploy/ready.h"
#include "deploy/ready_power.h"
#include "deploy/way_back.h"
#include "flow/carry_out_gate.h"
#include "flow/look.h"
#include "flow/prove.h"
#include "flow/take_back.h"
#include "flow/verify.h"
#include "manager/dpkg_database.h"

static bool is_live(const struct carrying *c)
{
    return strcmp(c->root, "/") == 0;
}

/* ---- ready ---- */

static bool backup_of(const struct carrying *c, struct arena *arena, struct backup_request *out,
                      struct error *err)
{
    char *folder = file_path(arena, c->folder, "rollback");

    *out = (struct backup_request){
        .plan = c->plan, .run = text_of(c->run), .root = c->root, .folder = folder, .now_us = time_now_us()};
    return folder != NULL || arena_full(arena, err);
}

static bool do_ready(void *self, const struct apply_view *view, struct arena *arena, struct apply_note *out,
                     struct error *err)
{
    const struct carrying *c = self;
    struct ready_request request = {
        .plan = view->plan,
        .root = c->root,
        .state = c->state,
        .power = is_live(c) ? READY_POWER_FOLDER : NULL,
        .percent_min = c->request->battery_percent,
    };
    struct backup_request backup;

    (void)out;
    return backup_of(c, arena, &backup, err) && backup_estimate(&backup, arena, &request.backup_bytes, err) &&
           ready_check(&request, err) && verify_can_keep(c->state, arena, err);
}

/* ---- fetch and prove ---- */

static bool show_fetched(void *self, const struct mirror_progress *progress)
{
    struct carrying *c = self;

    if (c->request->fetched != NULL && !progress->rebuilding)
        c->request->fetched(c->request->self, progress->have, progress->total);
    return !stop_asked(c->stop);
}

static struct prove_request prove_of(struct carrying *c)
{
    return (struct prove_request){
        .program = c->request->programs.prove,
        .fetcher = c->request->programs.fetch,
        .root = c->root,
        .now_us = time_now_us(),
        .state = c->state,
        .run = c->folder,
        .ca_file = c->request->ca_file,
        .rate_max = c->request->rate_max,
        .deltas = c->request->deltas,
        .progress = show_fetched,
        .self = c,
    };
}

/* What came before anybody was asked came for this run too. */
static void add_fetched(struct prove_fetched *into, const struct prove_fetched *before)
{
    size_t count = into->mirror.fetched_count + into->mirror.reused_count;

    into->deltas = before->deltas;
    into->offers = before->offers;
    into->mirror.fetched_bytes += before->mirror.fetched_bytes;
    into->mirror.fetched_count += before->mirror.fetched_count;
    into->mirror.reused_count = count > into->mirror.fetched_count ? count - into->mirror.fetched_count : 0;
    if (into->mirror.reused_count < into->deltas.made)
        into->mirror.reused_count = into->deltas.made;
}

static bool do_fetch(void *self, const struct apply_view *view, struct arena *arena, struct apply_note *out,
                     struct error *err)
{
    const struct prove_request request = prove_of(self);
    struct prove_fetched fetched;

    if (!prove_fetch(&request, view->plan, arena, &fetched, err))
        return false;
    if (((const struct carrying *)self)->fetched != NULL)
        add_fetched(&fetched, ((const struct carrying *)self)->fetched);
    out->text = delta_use_words(&fetched.mirror, &fetched.offers, &fetched.deltas, arena);
    return true;
}

static bool do_prove(void *self, const struct apply_view *view, struct arena *arena,
                     struct trusted_artifact *out, struct apply_note *note, struct error *err)
{
    const struct carrying *c = self;
    const struct gate_place place = carry_out_place(c->request, c->state);
    struct prove_request request = prove_of(self);
    enum trust_refusal refusal = TRUST_NOT_REFUSED;
    size_t count = 0;

    request.gate = c->begun ? NULL : &place;
    if (!prove_plan(&request, view->plan, arena, out, &refusal, err))
        return false;
    for (size_t i = 0; i < view->plan->change_count; i++)
        count += view->plan->changes[i].kind != CHANGE_REMOVE;
    note->text = text_format(arena, "%zu packages are signed by their archives", count);
    for (size_t i = 0; i < view->plan->change_count; i++)
        if (out[i].lifted.size > 0)
            note->text = text_format(arena, "%.*s; %.*s: approved, %.*s", TEXT_ARG(note->text),
                                     TEXT_ARG(out[i].name), TEXT_ARG(out[i].lifted));
    for (size_t i = 0; i < c->held->count; i++)
        note->text = text_format(arena, "%.*s; %.*s is held: %s", TEXT_ARG(note->text),
                                 TEXT_ARG(c->held->at[i].change->name), trust_gate_name(c->held->at[i].gate));
    return note->text.at != NULL || arena_full(arena, err);
}

/* ---- the way back ---- */

/* Nothing of it is a failure: the way back of the run itself is what was kept. */
static struct text snapshot_note(const struct carrying *c, struct arena *arena)
{
    struct text told = way_back_snapshot(c->root, c->folder, arena);
    struct error err = {0};
    struct journal_runs runs;
    size_t removed = 0;

    if (!journal_list(c->journal, arena, &runs, &err) ||
        !way_back_prune_snapshots(c->state, &runs, arena, &removed, &err))
        return text_format(arena, "%.*s%san old snapshot cannot be removed: %s", TEXT_ARG(told),
                           told.size > 0 ? "; " : "", err.text);
    if (removed == 0)
        return told;
    return text_format(arena, "%.*s%s%zu old snapshots removed", TEXT_ARG(told), told.size > 0 ? "; " : "",
                       removed);
}

static bool do_backup(void *self, const struct apply_view *view, struct arena *arena, struct apply_note *out,
                      struct error *err)
{
    struct backup_request request;
    struct backup_result result;

    const struct carrying *c = self;
    struct text taken = {0};

    (void)view;
    /* Of this machine: another root's services do not run here, and it has no backup of its own. */
    if (is_live(c) && !precaution_take(&c->request->before, time_now_us(), arena, &taken, err))
        return false;
    if (!backup_of(self, arena, &request, err) || !backup_make(&request, arena, &result, err))
        return false;
    struct text snapshot = snapshot_note(c, arena);
    out->seal = result.seal;
    out->text =
        text_format(arena, "%zu packages and %zu conffiles are kept, %.1f MB%s%.*s%s%.*s", result.rebuilt,
                    result.conffiles, (double)result.size / 1e6, taken.size > 0 ? "; " : "", TEXT_ARG(taken),
                    snapshot.size > 0 ? "; " : "", TEXT_ARG(snapshot));
    return true;
}

/* The seal of the store, which stood in the journal before the first package was touched. */
static bool find_seal(const struct run *run, struct digest *out, struct error *err)
{
    for (size_t i = run->step_count; i > 0; i--) {
        const struct run_step *step = &run->steps[i - 1];
        if (step->kind == STEP_BACKUP && step->state == STEP_DONE && step->seal.kind != DIGEST_UNKNOWN) {
            *out = step->seal;
            return true;
        }
    }
    return error_set(err, ERROR_ABSENT, "run %s has kept no way back", run->id);
}

/*
 * The plug was pulled while this was being done before: what dpkg had not noted in its status yet must be there before
 * anybody reads it. That some package cannot be configured is what going back mends.
 */
static bool merge_database(const struct carrying *c, struct arena *arena, struct error *err)
{
    const struct package_group nothing = {0};
    struct package_outcome outcome;
    bool merged;

    return dpkg_database_is_merged(c->root, arena, &merged, err) &&
           (merged || c->installer->repair(c->installer->self, &nothing, arena, &outcome, err));
}

static bool do_rollback(void *self, const struct apply_view *view, struct arena *arena,
                        struct apply_note *out, struct error *err)
{
    struct carrying *c = self;
    struct rollback_result result;
    struct digest seal;
    struct run run;

    if (!journal_get(c->journal, view->run, arena, &run, err) || !find_seal(&run, &seal, err) ||
        !merge_database(c, arena, err))
        return false;
    const struct take_back_request request = {.installer = c->installer,
                                              .root = c->root,
                                              .state = c->state,
                                              .run = view->run,
                                              .seal = &seal,
                                              .as = view->run};
    if (!take_back(&request, arena, &result, err))
        return false;
    if (!result.done)
        return error_set(err, ERROR_SYSTEM, "%.*s: %.*s", TEXT_ARG(result.failed), TEXT_ARG(result.reason));
    out->text =
        text_format(arena, "%zu packages are back, %zu are gone again", result.installed, result.removed);
    return true;
}

/* ---- what is well, and what it came to ---- */

static bool ask_look(struct carrying *c, enum look_what what, const struct apply_view *view,
                     struct bytes former, struct arena *arena, struct look_answer *out, struct error *err)
{
    const char *policy = c->request->plan.scan.policy;
    struct run run;

    if (!journal_get(c->journal, c->run, arena, &run, err))
        return false;
    const struct look_question question = {
        .what = what,
        .kind = run.kind,
        .outcome = what == LOOK_EVIDENCE ? view->outcome : RUN_OPEN,
        .begun_us = run.begun_us,
        .groups = view->groups_made,
        .state = text_of(c->state),
        .root = text_of(c->root),
        .policy = policy != NULL ? text_of(policy) : (struct text){0},
        .run = text_of(c->run),
        .plan = c->plan_json,
        .former = former,
    };
    return look_ask(c->look, &question, arena, out, err);
}

/* What the checks answered so far lies in the run's folder, so that an interruption does not lose it. */
static bool read_answers(const struct carrying *c, struct arena *arena, struct bytes *out, struct error *err)
{
    char *path = file_path(arena, c->folder, "health.json");

    if (path == NULL)
        return arena_full(arena, err);
    *out = (struct bytes){0};
    return !file_exists(path) || file_read(path, LIMIT_LOOK_MESSAGE, arena, out, err);
}

static bool keep_answers(const struct carrying *c, struct bytes answers, struct arena *arena,
                         struct error *err)
{
    char *path = file_path(arena, c->folder, "health.json");

    return path == NULL ? arena_full(arena, err) : file_replace(path, answers, 0600, err);
}

/* Another root has no services that run. */
static bool skips_health(const struct carrying *c, struct apply_note *out)
{
    if (is_live(c))
        return false;
    *out = (struct apply_note){.text = TEXT("nothing runs in another root"), .skipped = true};
    return true;
}

static bool do_health_before(void *self, const struct apply_view *view, struct arena *arena,
                             struct apply_note *out, struct error *err)
{
    struct carrying *c = self;
    struct look_answer answer;

    if (skips_health(c, out))
        return true;
    if (!ask_look(c, LOOK_BEFORE, view, (struct bytes){0}, arena, &answer, err) ||
        !keep_answers(c, answer.evidence, arena, err))
        return false;
    out->text = answer.note;
    return true;
}

static bool do_health_after(void *self, const struct apply_view *view, struct arena *arena,
                            struct apply_note *out, struct error *err)
{
    struct carrying *c = self;
    struct look_answer answer;
    struct bytes former;

    if (skips_health(c, out))
        return true;
    if (!read_answers(c, arena, &former, err) ||
        !ask_look(c, LOOK_AFTER, view, former, arena, &answer, err) ||
        !keep_answers(c, answer.evidence, arena, err))
        return false;
    out->text = answer.note;
    return !answer.broke || error_set(err, ERROR_CONFLICT, "%.*s", TEXT_ARG(answer.note));
}

static bool read_evidence(const struct carrying *c, struct arena *arena, struct evidence *out,
                          struct error *err)
{
    OWN(json_end) struct json_document document = {0};

    return json_parse(c->evidence, LIMIT_LOOK_MESSAGE, &document, err) &&
           seal_read_evidence(json_root(&document), arena, out, err);
}

static bool do_verify(void *self, const struct apply_view *view, struct arena *arena, struct apply_note *out,
                      struct error *err)
{
    struct carrying *c = self;
    struct evidence evidence;
    struct look_answer answer;
    struct bytes former;

    if (!read_answers(c, arena, &former, err) ||
        !ask_look(c, LOOK_EVIDENCE, view, former, arena, &answer, err))
        return false;
    c->evidence = answer.evidence;
    out->text = answer.note;
    if (!read_evidence(c, arena, &evidence, err))
        return false;
    /* Of a run that was taken back it is right that nothing is applied. */
    return (view->outcome != RUN_DONE && view->outcome != RUN_STOPPED) ||
           evidence.applied.proof != PROOF_NO ||
           error_set(err, ERROR_CONFLICT, "not applied as planned: %.*s", TEXT_ARG(evidence.applied.why));
}

/* By way_back.h: of a run that failed half way nothing is removed, for a person must look. */
static bool prune(struct carrying *c, enum run_state outcome, struct arena *arena, size_t *removed,
                  struct error *err)
{
    struct journal_runs runs;

    *removed = 0;
    if (outcome != RUN_DONE && outcome != RUN_ROLLED_BACK)
        return true;
    if (!journal_list(c->journal, arena, &runs, err))
        return false;
    struct run *ended = ARENA_ARRAY(arena, struct run, runs.count + 1);
    if (ended == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < runs.count; i++) {
        ended[i] = runs.at[i];
        if (strcmp(ended[i].id, c->run) == 0)
            ended[i].state = outcome; /* it ends with this step */
    }
    return way_back_prune(c->state, &(struct journal_runs){ended, runs.count}, arena, removed, err);
}

/* Disk that stays in use is no failure of the run. */
static struct text pruned_note(struct carrying *c, enum run_state outcome, struct arena *arena)
{
    struct error err = {0};
    size_t removed;

    if (!prune(c, outcome, arena, &removed, &err))
        return text_format(arena, "; old ways back cannot be removed: %s", err.text);
    return removed == 0 ? TEXT("")
                        : text_format(arena, "; the %s back of %zu older run%s %s removed",
                                      removed == 1 ? "way" : "ways", removed, removed == 1 ? "" : "s",
                                      removed == 1 ? "is" : "are");
}

/* Which packages came how, and which delta was bad: what the journal says of it belongs to the proof. */
static bool tell_fetched(const struct carrying *c, struct arena *arena, struct evidence *into,
                         struct error *err)
{
    struct run run;

    if (!journal_get(c->journal, c->run, arena, &run, err))
        return false;
    for (size_t i = 0; i < run.step_count; i++)
        if (run.steps[i].kind == STEP_FETCH && run.steps[i].state == STEP_DONE)
            into->fetched = run.steps[i].note;
        else if (run.steps[i].kind == STEP_PROVE && run.steps[i].state == STEP_DONE)
            into->proved = run.steps[i].note;
    return true;
}

static bool do_seal(void *self, const struct apply_view *view, struct arena *arena, struct apply_note *out,
                    struct error *err)
{
    struct carrying *c = self;
    struct evidence evidence;
    struct seal seal;

    if (c->evidence.size == 0)
        return error_set(err, ERROR_ABSENT, "there is nothing to seal");
    if (!read_evidence(c, arena, &evidence, err) || !tell_fetched(c, arena, &evidence, err) ||
        !verify_keep(c->state, &evidence, arena, &seal, err))
        return false;
    c->sealed = seal.number;
    struct text pruned = pruned_note(c, view->outcome, arena);
    out->text = text_format(arena, "record %llu%.*s", (unsigned long long)seal.number, TEXT_ARG(pruned));
    return true;
}

/* ---- the rest ---- */

static bool do_confine(void *self, struct error *err)
{
    const struct carrying *c = self;
    const char *const writable[] = {c->state, NULL};
    uint8_t held;

    return confine_supervisor(writable, &held, err);
}

static bool do_stop(void *self)
{
    struct carrying *c = self;

    return stop_asked(c->stop);
}

static void do_progress(void *self, enum step_kind step, uint32_t group, const struct plan *plan)
{
    const struct carrying *c = self;

    if (c->request->step != NULL)
        c->request->step(c->request->self, step, group, plan);
}

static int64_t do_now(void *self)
{
    (void)self;
    return time_now_us();
}

struct apply_steps carry_out_steps(struct carrying *carrying)
{
    return (struct apply_steps){
        .self = carrying,
        .ready = do_ready,
        .fetch = do_fetch,
        .prove = do_prove,
        .backup = do_backup,
        .health_before = do_health_before,
        .health_after = do_health_after,
        .rollback = do_rollback,
        .verify = do_verify,
        .seal = do_seal,
        .confine = do_confine,
        .stop = do_stop,
        .progress = do_progress,
        .now_us = do_now,
    };
}
