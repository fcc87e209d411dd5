#include "flow/rollback.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "deploy/way_back.h"
#include "flow/blocks.h"
#include "flow/look.h"
#include "flow/rollback_prove.h"
#include "flow/take_back.h"
#include "manager/installer_client.h"
#include "store/journal.h"
#include "store/state.h"

struct work {
    const struct go_back_request *request;
    struct arena *arena;
    struct state state;
    struct journal journal;
    struct journal_runs runs;
    int lock;
    char resumed[RUN_ID_SIZE]; /* an interrupted rollback that is gone on with; "" there is none */
    /* Started before this process gives up starting programs. */
    struct installer_client client;
    struct helper
        *looks; /* one for each run: after its proof a look has no rights left to ask health checks with */
    size_t look_count;
};

static void end_work(struct work *work)
{
    installer_client_end(&work->client);
    for (size_t i = 0; i < work->look_count; i++)
        helper_end(&work->looks[i]);
    journal_close(&work->journal);
    own_fd(&work->lock);
}

static void name_run(int64_t now_us, char out[RUN_ID_SIZE])
{
    struct civil civil = time_civil(now_us);
    uint32_t number;

    os_random(&number, sizeof(number));
    (void)snprintf(out, RUN_ID_SIZE, "%04u%02u%02uT%02u%02u%02uZ-%08x", (unsigned)civil.year % 10000,
                   (unsigned)civil.month % 100, (unsigned)civil.day % 100, (unsigned)civil.hour % 100,
                   (unsigned)civil.minute % 100, (unsigned)civil.second % 100, number);
}

/* ---- which runs ---- */

static bool no_such_run(const struct work *work, struct error *err)
{
    const char *to = work->request->to;

    if (to == NULL)
        return error_set(err, ERROR_ABSENT, "there is no run that could be taken back");
    for (size_t i = 0; i < work->runs.count; i++)
        if (strcmp(work->runs.at[i].id, to) == 0)
            return error_set(err, ERROR_ABSENT, "run %.40s cannot be taken back: it %s", to,
                             work->runs.at[i].kind != RUN_APPLY                   ? "is a rollback itself"
                             : way_back_was_taken(&work->runs, &work->runs.at[i]) ? "was taken back already"
                             : way_back_step(&work->runs.at[i]) == NULL           ? "kept no way back"
                                                                                  : "changed nothing");
    return error_set(err, ERROR_ABSENT, "there is no run %.40s here; suture report lists them", to);
}

static bool look_at(struct work *work, const struct run *run, struct rollback_plan *out, struct error *err)
{
    struct text name = text_format(work->arena, "runs/%s/rollback", run->id);
    char *folder = name.at == NULL ? NULL : state_path(&work->state, work->arena, name.at);
    const struct run_step *step = way_back_step(run);
    struct rollback_plan plan = {.run = *run};
    struct dpkg_database database;
    struct rollback_step *steps;
    struct text *others;

    assert(step != NULL);
    plan.seal = step->seal;
    if (folder == NULL)
        return arena_full(work->arena, err);
    if (!file_exists(folder))
        return error_set(
            err, ERROR_ABSENT,
            "run %s cannot be taken back any more: what it kept is gone; the newest %d runs keep theirs",
            run->id, LIMIT_WAYS_BACK);
    if (!rollback_store_open(folder, &plan.seal, work->arena, &plan.store, err))
        return error_at(err, "run %s", run->id);
    if (!dpkg_database_open(work->request->root, work->arena, &database, err) ||
        !rollback_look(&database, &plan.store, work->arena, &steps, err) ||
        !rollback_others(&database, &plan.store, work->arena, &others, &plan.other_count, err))
        return false;
    plan.steps = steps;
    plan.others = others;
    for (size_t i = 0; i < plan.store.change_count; i++)
        plan.back_count += !steps[i].is_as_it_was;
    *out = plan;
    return true;
}

/* What was kept does not hold. It will not by waiting, and a run that stays open would keep every other one out. */
static bool give_up_open(struct work *work, struct error *err)
{
    struct error first = *err;

    if (work->resumed[0] == 0 || work->request->dry_run || err->kind == ERROR_SYSTEM)
        return false;
    if (!journal_end_run(&work->journal, work->resumed, RUN_FAILED, text_of(first.text), time_now_us(), err))
        return false;
    *err = first;
    return error_at(err, "rollback %s failed", work->resumed);
}

/* The standing runs from the newest to the one that was asked for. */
static bool choose(struct work *work, struct rollback_found *found, struct error *err)
{
    const char *to = work->request->to;
    bool reached = false;

    found->plans = ARENA_ARRAY(work->arena, struct rollback_plan, work->runs.count + 1);
    found->done = ARENA_ARRAY(work->arena, struct rollback_done, work->runs.count + 1);
    if (found->plans == NULL || found->done == NULL)
        return arena_full(work->arena, err);
    for (size_t i = 0; i < work->runs.count && !reached; i++) {
        const struct run *run = &work->runs.at[i];
        if (!way_back_stands(&work->runs, run))
            continue;
        if (!look_at(work, run, &found->plans[found->count++], err))
            return give_up_open(work, err);
        reached = to == NULL || strcmp(run->id, to) == 0;
    }
    return reached || no_such_run(work, err);
}

/* One that was interrupted goes on: a machine between two states is worse. */
static bool check_blocks(const struct work *work, const struct rollback_found *found, struct error *err)
{
    for (size_t i = 0; i < found->count && !found->resumed; i++)
        if (!blocks_check_back(work->state.folder, found->plans[i].steps, found->plans[i].store.change_count,
                               time_now_us(), work->arena, err))
            return error_at(err, "run %s is not taken back", found->plans[i].run.id);
    return true;
}

/* ---- an interrupted one ---- */

static bool find_open(struct work *work, struct rollback_found *found, struct error *err)
{
    const struct run *open = NULL;

    for (size_t i = 0; i < work->runs.count; i++)
        if (work->runs.at[i].state == RUN_OPEN)
            open = &work->runs.at[i];
    if (open == NULL)
        return true;
    if (open->kind != RUN_ROLLBACK)
        return error_set(err, ERROR_CONFLICT,
                         "run %s was interrupted: suture apply takes it to its end first", open->id);
    memcpy(work->resumed, open->id, sizeof(work->resumed));
    found->resumed = true;
    return true;
}

/* ---- doing it ---- */

/* What an interruption left half done is brought to an end first, if it can be: until then dpkg's database is not whole. */
static bool mend(struct work *work, struct error *err)
{
    OWN(installer_client_end) struct installer_client client = {.helper = HELPER_NONE};
    const struct package_group nothing = {0};
    struct package_outcome outcome;
    struct package_audit audit;
    char name[RUN_ID_SIZE];
    bool merged;

    name_run(time_now_us(), name);
    const struct installer_client_request open = {work->request->program, work->state.folder,
                                                  work->request->root, text_of(name)};
    if (!installer_client_open(&open, work->arena, &client, err))
        return false;
    struct installer door = installer_client_door(&client);
    if (!door.lock(door.self, work->request->lock_wait_ms, err) ||
        !door.audit(door.self, work->arena, &audit, err))
        return false;
    /* What cannot be configured stays as it is: going back may be what mends it. */
    return dpkg_database_is_merged(work->request->root, work->arena, &merged, err) &&
           ((merged && audit.count == 0) || door.repair(door.self, &nothing, work->arena, &outcome, err));
}

static bool begin_run(struct work *work, const struct rollback_plan *plan, char as[RUN_ID_SIZE],
                      struct error *err)
{
    struct run run = {.kind = RUN_ROLLBACK, .begun_us = time_now_us(), .pid = (uint32_t)getpid()};

    if (work->resumed[0] != 0) {
        memcpy(as, work->resumed, RUN_ID_SIZE);
        work->resumed[0] = 0;
        return journal_resume_run(&work->journal, as, run.pid, run.begun_us, err);
    }
    name_run(run.begun_us, as);
    memcpy(run.id, as, RUN_ID_SIZE);
    memcpy(run.plan, plan->run.plan, sizeof(run.plan));
    memcpy(run.takes_back, plan->run.id, RUN_ID_SIZE);
    return journal_begin_run(&work->journal, &run, err);
}

static bool end_run(struct work *work, const char *as, const struct rollback_result *result,
                    struct error *err)
{
    struct text why = result->done ? (struct text){0}
                                   : text_format(work->arena, "%.*s: %.*s", TEXT_ARG(result->failed),
                                                 TEXT_ARG(result->reason));
    struct run_step step = {
        .kind = STEP_ROLLBACK,
        .state = result->done ? STEP_DONE : STEP_FAILED,
        .ended_us = time_now_us(),
        .note = result->done ? text_format(work->arena, "%zu packages went back, %zu went", result->installed,
                                           result->removed)
                             : why,
    };

    return journal_end_step(&work->journal, as, &step, err) &&
           journal_end_run(&work->journal, as, result->done ? RUN_DONE : RUN_FAILED, why, step.ended_us, err);
}

/* What cannot be proved is still taken back. */
static bool prove(struct work *work, size_t index, const struct run *undone, struct rollback_done *done,
                  int64_t begun_us, struct error *err)
{
    const struct rollback_proof proof = {.look = &work->looks[index],
                                         .state = work->state.folder,
                                         .root = work->request->root,
                                         .undone = undone,
                                         .as = done->as,
                                         .begun_us = begun_us,
                                         .done = done->result.done};
    struct error why;

    if (!rollback_prove(&proof, work->arena, &done->proof, &why))
        done->proof = text_format(work->arena, "not proved: %s", why.text);
    helper_end(&work->looks[index]);
    return done->proof.at != NULL || arena_full(work->arena, err);
}

/* The same of one that has begun just now. */
static bool give_up(struct work *work, const char *as, struct error *err)
{
    struct rollback_result result = {.failed = TEXT("what was kept"), .reason = text_of(err->text)};
    struct error first = *err;

    if (!end_run(work, as, &result, err))
        return false;
    *err = first;
    return error_at(err, "rollback %s failed", as);
}

static bool take_one(struct work *work, const struct rollback_plan *plan, struct rollback_done *out,
                     struct error *err)
{
    if (!begin_run(work, plan, out->as, err) ||
        !journal_begin_step(&work->journal, out->as, STEP_ROLLBACK, 0, time_now_us(), err) ||
        !installer_client_turn(&work->client, text_of(out->as), work->arena, err))
        return false;
    struct installer door = installer_client_door(&work->client);
    const struct take_back_request request = {.installer = &door,
                                              .root = work->request->root,
                                              .state = work->state.folder,
                                              .run = plan->run.id,
                                              .seal = &plan->seal,
                                              .as = out->as};
    if (!take_back(&request, work->arena, &out->result, err))
        return err->kind == ERROR_TRUST
                   ? give_up(work, out->as, err)
                   : error_at(err, "rollback %s stays open, suture rollback goes on with it", out->as);
    return end_run(work, out->as, &out->result, err);
}

/* All that is asked from here on, started, and dpkg's lock. A machine that cannot be looked at is taken back too. */
static bool start_helpers(struct work *work, const struct rollback_found *found, struct error *err)
{
    /* Each run's turn comes; until then nothing is asked but the lock. */
    const struct installer_client_request open = {work->request->program, work->state.folder,
                                                  work->request->root, text_of(found->plans[0].run.id)};
    const char *program = NULL;
    struct error ignored;

    work->looks = ARENA_ARRAY(work->arena, struct helper, found->count);
    if (work->looks == NULL)
        return arena_full(work->arena, err);
    if (!os_helper(work->arena, "suture-look", &program, &ignored))
        program = NULL;
    for (; work->look_count < found->count; work->look_count++) {
        struct helper *look = &work->looks[work->look_count];
        if (program == NULL || !look_start(program, look, &ignored))
            *look = HELPER_NONE;
    }
    if (!installer_client_open(&open, work->arena, &work->client, err))
        return false;
    struct installer door = installer_client_door(&work->client);
    return door.lock(door.self, work->request->lock_wait_ms, err);
}

/* From here on this process keeps its records and asks others: what it reads cannot make it do anything else. */
static bool confine_self(const struct work *work, struct error *err)
{
    const char *const writable[] = {work->state.folder, NULL};
    uint8_t held;

    return confine_supervisor(writable, &held, err);
}

static bool take_all(struct work *work, struct rollback_found *found, struct error *err)
{
    if (!start_helpers(work, found, err) || !confine_self(work, err))
        return error_at(err, "nothing was changed");
    for (size_t i = 0; i < found->count; i++) {
        struct rollback_done *done = &found->done[i];
        int64_t begun_us = time_now_us();
        *done = (struct rollback_done){0};
        if (!take_one(work, &found->plans[i], done, err) ||
            !prove(work, i, &found->plans[i].run, done, begun_us, err))
            return false;
        found->done_count++;
        if (!done->result.done)
            return true; /* what is older stands on what could not be taken back */
    }
    return true;
}

static bool open_all(struct work *work, struct error *err)
{
    const struct go_back_request *request = work->request;

    if (!state_open(request->state, request->dry_run ? STATE_READ : STATE_WRITE, &work->state, err))
        return false;
    char *lock = state_path(&work->state, work->arena, "apply.lock");
    char *path = state_path(&work->state, work->arena, JOURNAL_FILE);
    if (lock == NULL || path == NULL)
        return arena_full(work->arena, err);
    if (!request->dry_run && !file_lock(lock, &work->lock, err))
        return false;
    if (!journal_open(path, request->dry_run ? JOURNAL_READ : JOURNAL_WRITE, &work->journal, err)) {
        return err->kind == ERROR_ABSENT
                   ? error_set(err, ERROR_ABSENT, "there is no run that could be taken back")
                   : false;
    }
    return journal_list(&work->journal, work->arena, &work->runs, err);
}

bool go_back(const struct go_back_request *request, struct arena *arena, struct rollback_found *out,
             struct error *err)
{
    OWN(end_work)
    struct work work = {.request = request, .arena = arena, .lock = -1, .client = {.helper = HELPER_NONE}};
    struct rollback_found found = {0};
    bool yes = true;

    if (!request->dry_run && !os_is_root())
        return error_set(err, ERROR_SYSTEM,
                         "only root can change packages; --dry-run shows what would go back");
    if (!open_all(&work, err) || !find_open(&work, &found, err) || (!request->dry_run && !mend(&work, err)) ||
        !choose(&work, &found, err) || !check_blocks(&work, &found, err))
        return false;
    if (!request->dry_run && request->agree != NULL && !request->agree(request->self, &found, &yes, err))
        return false;
    found.declined = !yes;
    if (!request->dry_run && yes && !take_all(&work, &found, err))
        return false;
    *out = found;
    return true;
}
