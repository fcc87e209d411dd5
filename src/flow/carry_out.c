#include "flow/carry_out.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "flow/blocks.h"
#include "flow/carry_out_gate.h"
#include "flow/carry_out_steps.h"
#include "flow/look.h"
#include "flow/plan_json.h"
#include "flow/plan_run.h"
#include "flow/vendor_plan.h"
#include "manager/dpkg_database.h"
#include "manager/installer_client.h"
#include "store/state.h"

#define LOCK_TURN_MS 500

/* One call. */
struct work {
    const struct carry_out_request *request;
    struct stop *stop;
    struct arena *arena;
    struct state state;
    struct journal journal;
    int lock;
    char run[RUN_ID_SIZE];
    bool resumed;
    struct run open; /* resumed: the run that is */
    struct installer_client client;
    struct installer installer;
    struct helper look;
    bool locked; /* dpkg's lock is held */
};

static void end_work(struct work *work)
{
    installer_client_end(&work->client);
    helper_end(&work->look);
    journal_close(&work->journal);
    own_fd(&work->lock);
}

/* ---- planning ---- */

static bool read_plan_file(const char *path, struct arena *arena, struct plan *out, struct error *err)
{
    struct bytes raw;

    return file_read(path, LIMIT_PLAN_FILE, arena, &raw, err) &&
           (plan_read_json(raw, arena, out, err) || error_at(err, "%s", path));
}

/*
 * What this machine itself says of the packages that a plan from elsewhere asks for: their lanes, and which are new. It says
 * less than it could where it cannot plan: then all of it waits as what nothing is known of.
 */
static bool judge_plan_file(const struct carry_out_request *request, struct arena *arena, struct plan *plan,
                            struct error *err)
{
    struct plan_change *changes = ARENA_ARRAY(arena, struct plan_change, plan->change_count);
    struct plan_request wanted = request->plan;
    const struct gate_holds nothing = {0};
    struct plan_found own;
    struct error ignored;
    struct text *names;

    if (changes == NULL)
        return arena_full(arena, err);
    if (!gate_rest(plan, &nothing, arena, &names, &wanted.name_count, err))
        return false;
    wanted.scope = PLAN_NAMED;
    wanted.names = names;
    wanted.scan.now_given = wanted.scan.now_given || request->dry_run;
    wanted.ignore_waits = true;
    bool planned = wanted.name_count > 0 && plan_run(request->programs.plan, &wanted, arena, &own, &ignored);
    if (plan->change_count > 0)
        memcpy(changes, plan->changes, plan->change_count * sizeof(*changes));
    gate_take_judgement(changes, plan->change_count, planned ? &own.plan : NULL);
    plan->changes = changes;
    return true;
}

static bool make_plan(const struct carry_out_request *request, struct arena *arena, struct plan_found *out,
                      struct error *err)
{
    struct plan_request wanted = request->plan;

    if (request->plan_file != NULL) {
        *out = (struct plan_found){.judged = true, .complete = true};
        return read_plan_file(request->plan_file, arena, &out->plan, err) &&
               judge_plan_file(request, arena, &out->plan, err);
    }
    wanted.remember = true;
    /* A given time is what makes planning write nothing at all. */
    wanted.scan.now_given = wanted.scan.now_given || request->dry_run;
    const struct vendor_plan_programs programs = {request->programs.plan, request->programs.prove,
                                                  request->programs.fetch, request->ca_file};
    /* What only shows fetches nothing. */
    return request->dry_run ? plan_run(request->programs.plan, &wanted, arena, out, err)
                            : vendor_plan_run(&programs, &wanted, arena, out, err);
}

/* With what is known of deltas by now: nobody is asked before somebody has said yes. */
static bool look_for_deltas(const struct carry_out_request *request, struct arena *arena,
                            struct plan_found *found, struct error *err)
{
    const struct scan_request *scan = &request->plan.scan;
    const struct delta_offers_request how = {
        .program = request->programs.prove, .root = scan->root, .state = scan->state, .now_us = scan->now_us};

    return request->deltas == NULL || found->plan.change_count == 0 ||
           delta_use_plan(request->deltas, &how, arena, found, err);
}

static bool dry_run(const struct carry_out_request *request, struct arena *arena,
                    struct carry_out_result *out, struct error *err)
{
    struct carry_out_result result = {0};

    if (!make_plan(request, arena, &result.found, err) ||
        !look_for_deltas(request, arena, &result.found, err))
        return false;
    result.plan = result.found.plan;
    result.end = !result.found.judged            ? CARRY_OUT_NO_DATA
                 : result.plan.change_count == 0 ? CARRY_OUT_NOTHING
                                                 : CARRY_OUT_SHOWN;
    *out = result;
    return true;
}

/* ---- who is at work ---- */

/* Says of the run that is open who does it, since when and at what. */
static bool tell_other(const struct state *state, struct arena *arena, struct error *err)
{
    OWN(journal_close) struct journal journal = {0};
    OWN(writer_end) struct writer since = writer_with(64);
    char *path = state_path(state, arena, JOURNAL_FILE);
    struct error ignored;
    struct run run;

    if (path == NULL || !journal_open(path, JOURNAL_READ, &journal, &ignored) ||
        !journal_get_open(&journal, arena, &run, &ignored))
        return false; /* it has not begun a run yet: the lock's own text says who */
    const struct run_step *last = run.step_count > 0 ? &run.steps[run.step_count - 1] : NULL;
    time_write(&since, run.begun_us - run.begun_us % TIME_SECOND_US);
    return error_set(err, ERROR_CONFLICT, "process %u is at work since %.*s: run %s, %s", run.pid,
                     (int)since.size, (const char *)since.at, run.id,
                     last == NULL ? "beginning" : step_kind_name(last->kind));
}

static bool take_lock(struct work *work, struct error *err)
{
    char *path = state_path(&work->state, work->arena, "apply.lock");

    if (path == NULL)
        return arena_full(work->arena, err);
    if (file_lock(path, &work->lock, err))
        return true;
    return err->kind == ERROR_CONFLICT ? tell_other(&work->state, work->arena, err) : false;
}

static void name_run(int64_t now_us, char out[RUN_ID_SIZE])
{
    struct civil civil = time_civil(now_us);
    char name[128];
    uint32_t number;

    os_random(&number, sizeof(number));
    int size = snprintf(name, sizeof(name), "%04d%02d%02dT%02d%02d%02dZ-%08x", civil.year, civil.month,
                        civil.day, civil.hour, civil.minute, civil.second, number);
    assert(size == RUN_ID_SIZE - 1);
    memcpy(out, name, RUN_ID_SIZE);
}

static bool open_journal(struct work *work, struct error *err)
{
    char *path = state_path(&work->state, work->arena, JOURNAL_FILE);

    if (path == NULL)
        return arena_full(work->arena, err);
    if (!journal_open(path, JOURNAL_WRITE, &work->journal, err))
        return false;
    work->resumed = journal_get_open(&work->journal, work->arena, &work->open, err);
    if (!work->resumed && err->kind != ERROR_ABSENT)
        return false;
    if (work->resumed)
        memcpy(work->run, work->open.id, sizeof(work->run));
    else
        name_run(time_now_us(), work->run);
    return true;
}

/* ---- the run's folder ---- */

static bool make_run_folder(struct work *work, struct carrying *c, struct error *err)
{
    struct text runs = text_format(work->arena, "runs/%s", work->run);
    struct text packages = text_format(work->arena, "runs/%s/packages", work->run);
    const char *unused;

    if (runs.at == NULL || packages.at == NULL)
        return arena_full(work->arena, err);
    return state_make_folder(&work->state, work->arena, "runs", &unused, err) &&
           state_make_folder(&work->state, work->arena, runs.at, &c->folder, err) &&
           state_make_folder(&work->state, work->arena, packages.at, &c->packages, err);
}

static char *plan_path(struct work *work)
{
    struct text name = text_format(work->arena, "runs/%s/plan.json", work->run);

    return name.at == NULL ? NULL : state_path(&work->state, work->arena, name.at);
}

static bool keep_plan(struct work *work, const struct plan *plan, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_PLAN_FILE);
    char *path = plan_path(work);
    struct bytes raw;

    if (path == NULL)
        return arena_full(work->arena, err);
    return plan_write_json(plan, &w, err) && writer_done(&w, &raw, err) && file_replace(path, raw, 0600, err);
}

/* That of the open run, which must be the one that it began with. */
static bool read_kept_plan(struct work *work, struct plan *out, struct error *err)
{
    char *path = plan_path(work);

    if (path == NULL)
        return arena_full(work->arena, err);
    if (!read_plan_file(path, work->arena, out, err))
        return false;
    return strcmp(out->id, work->open.plan) == 0 ||
           error_set(err, ERROR_TRUST, "%s: is not the plan that run %s began with", path, work->run);
}

/* ---- carrying out ---- */

static bool open_installer(struct work *work, struct error *err)
{
    const struct installer_client_request request = {
        .program = work->request->programs.execute,
        .state = work->state.folder,
        .root = work->request->plan.scan.root,
        .run = text_of(work->run),
    };

    if (!installer_client_open(&request, work->arena, &work->client, err))
        return false;
    work->installer = installer_client_door(&work->client);
    return true;
}

/* In turns, so that who asks us to stop need not wait until somebody else's package manager is done. */
static bool wait_for_lock(struct work *work, struct error *err)
{
    const struct installer *installer = &work->installer;
    uint32_t left_ms = work->request->lock_wait_ms;

    for (;;) {
        uint32_t turn_ms = left_ms < LOCK_TURN_MS ? left_ms : LOCK_TURN_MS;
        if (installer->lock(installer->self, turn_ms, err))
            return true;
        left_ms -= turn_ms;
        if (err->kind != ERROR_CONFLICT || left_ms == 0)
            return false;
        if (stop_asked(work->stop))
            return error_at(err, "asked to stop while waiting, nothing was changed");
    }
}

/* Whoever must be asked before packages change is asked before they are repaired too. */
static bool agree_to_repair(const struct work *work, const struct package_audit *audit, struct error *err)
{
    const struct carry_out_request *request = work->request;
    bool yes = true;

    if (request->agree_repair != NULL &&
        !request->agree_repair(request->self, audit->leftovers[0].package.name, audit->count, &yes, err))
        return false;
    return yes || error_set(err, ERROR_CONFLICT,
                            "nothing was changed: %.*s is half installed, which is repaired first, and the "
                            "answer was no",
                            TEXT_ARG(audit->leftovers[0].package.name));
}

/* Half-done packages of somebody else come first: a plan is made of what is whole. */
static bool repair_first(struct work *work, size_t *repaired, struct error *err)
{
    const struct installer *installer = &work->installer;
    const struct package_group nothing = {0};
    struct package_outcome outcome;
    struct package_audit audit;

    if (!wait_for_lock(work, err) || !installer->audit(installer->self, work->arena, &audit, err))
        return false;
    bool merged;
    if (!dpkg_database_is_merged(work->request->plan.scan.root, work->arena, &merged, err))
        return false;
    if (audit.count == 0 && merged)
        return true;
    if (!agree_to_repair(work, &audit, err) ||
        !installer->repair(installer->self, &nothing, work->arena, &outcome, err))
        return false;
    *repaired = audit.count;
    return outcome.done ||
           error_set(err, ERROR_CONFLICT, "%.*s is half installed and cannot be repaired: %.*s",
                     TEXT_ARG(outcome.failed), TEXT_ARG(outcome.reason));
}

/* Something was done to packages in this run, or may have been. */
static bool has_installed(const struct run *run)
{
    for (size_t i = 0; i < run->step_count; i++)
        if (run->steps[i].kind == STEP_INSTALL)
            return true;
    return false;
}

static bool run_plan(struct work *work, const struct carry_out_passed *passed,
                     struct carry_out_result *result, struct error *err)
{
    OWN(writer_end) struct writer plan = writer_with(LIMIT_PLAN_FILE);
    struct carrying c = {
        .request = work->request,
        .stop = work->stop,
        .arena = work->arena,
        .plan = &result->plan,
        .state = work->state.folder,
        .root = work->request->plan.scan.root,
        .run = work->run,
        .installer = &work->installer,
        .journal = &work->journal,
        .look = &work->look,
        .fetched = passed != NULL && passed->has_fetched ? &passed->fetched : NULL,
        .held = &result->held,
        .begun = work->resumed && has_installed(&work->open),
    };

    /* What has begun is ended: half installed is worse. */
    if (!work->resumed && !blocks_check_plan(work->state.folder, &result->plan,
                                             work->request->plan.scan.now_us, work->arena, err))
        return false;
    if (!plan_write_json(&result->plan, &plan, err) || !writer_done(&plan, &c.plan_json, err) ||
        !look_start(work->request->programs.look, &work->look, err) || !make_run_folder(work, &c, err) ||
        (!work->resumed && !keep_plan(work, &result->plan, err)))
        return false;
    const struct apply_steps steps = carry_out_steps(&c);
    const struct apply_request request = {
        .plan = &result->plan,
        .run = work->run,
        .pid = (uint32_t)getpid(),
        .journal = &work->journal,
        .installer = &work->installer,
        .steps = &steps,
        .lock_wait_ms = work->request->lock_wait_ms,
        .rehearse = work->request->rehearse,
    };
    bool done = work->resumed ? apply_resume(&request, &work->open, work->arena, &result->result, err)
                              : apply_run(&request, work->arena, &result->result, err);
    if (!done)
        return error_at(err, "run %s stays open, suture apply goes on with it", work->run);
    result->end = CARRY_OUT_RUN;
    result->sealed = c.sealed;
    return journal_get(&work->journal, work->run, work->arena, &result->run, err);
}

/*
 * The kept plan does not hold, and will not by waiting: a run that stays open would keep every other one out. What was to
 * be done is not known any more; what was there before is, so from here a person goes back.
 */
static bool end_without_plan(struct work *work, struct carry_out_result *result, struct error *err)
{
    struct apply_result ended = {
        .state = has_installed(&work->open) ? RUN_FAILED : RUN_REFUSED,
        .why = text_format(work->arena, "the plan that was kept for it does not hold: %s", err->text),
    };

    if (err->kind == ERROR_SYSTEM)
        return false;
    if (ended.why.at == NULL)
        return arena_full(work->arena, err);
    if (!open_installer(work, err) || !wait_for_lock(work, err) ||
        !journal_resume_run(&work->journal, work->run, (uint32_t)getpid(), time_now_us(), err) ||
        !journal_end_run(&work->journal, work->run, ended.state, ended.why, time_now_us(), err))
        return false;
    result->end = CARRY_OUT_RUN;
    result->result = ended;
    return journal_get(&work->journal, work->run, work->arena, &result->run, err);
}

static bool resume(struct work *work, struct carry_out_result *result, struct error *err)
{
    result->resumed = true;
    if (work->open.kind != RUN_APPLY)
        return error_set(err, ERROR_CONFLICT,
                         "run %s is a rollback that was interrupted: suture rollback goes on with it",
                         work->run);
    if (!read_kept_plan(work, &result->plan, err))
        return end_without_plan(work, result, err);
    if (!open_installer(work, err))
        return false;
    if (!wait_for_lock(work, err))
        return error_at(err, "run %s stays open, suture apply goes on with it", work->run);
    return run_plan(work, NULL, result, err);
}

static bool begin(struct work *work, struct carry_out_result *result, struct error *err)
{
    const struct carry_out_request *request = work->request;
    const struct carry_out_gate gate = {request, work->stop, work->state.folder, work->arena};
    struct carry_out_passed passed = {0};
    bool yes = true;

    if (!open_installer(work, err) || !repair_first(work, &result->repaired, err) ||
        !make_plan(request, work->arena, &result->found, err) ||
        !look_for_deltas(request, work->arena, &result->found, err))
        return false;
    if (result->found.judged && !carry_out_gate(&gate, &result->found, &passed, err))
        return false;
    result->held = passed.holds;
    result->plan = result->found.plan;
    result->end = !result->found.judged ? CARRY_OUT_NO_DATA : CARRY_OUT_NOTHING;
    if (!result->found.judged || result->plan.change_count == 0)
        return true;
    if (request->agree != NULL && !request->agree(request->self, &result->found, &passed.powers, &yes, err))
        return false;
    result->end = CARRY_OUT_DECLINED;
    return !yes || run_plan(work, &passed, result, err);
}

bool carry_out(const struct carry_out_request *request, struct stop *stop, struct arena *arena,
               struct carry_out_result *out, struct error *err)
{
    OWN(end_work)
    struct work work = {.request = request,
                        .stop = stop,
                        .arena = arena,
                        .lock = -1,
                        .client = {.helper = HELPER_NONE},
                        .look = HELPER_NONE};
    struct carry_out_result result = {0};

    if (request->dry_run)
        return dry_run(request, arena, out, err);
    if (!os_is_root())
        return error_set(err, ERROR_SYSTEM,
                         "only root can change packages; suture plan shows what would be changed");
    if (!state_open(request->plan.scan.state, STATE_WRITE, &work.state, err) || !take_lock(&work, err) ||
        !open_journal(&work, err))
        return false;
    if (!(work.resumed ? resume(&work, &result, err) : begin(&work, &result, err)))
        return false;
    *out = result;
    return true;
}
