#include "flow/shrink.h"

#include <string.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "deploy/way_back.h"
#include "flow/plan_json.h"
#include "store/state.h"

#define SCRATCH_SIZE (512 * MIB) /* a plan and a manifest; what the codec needs is its own */

/* Applied and proved: what it was for is done. */
static bool is_due(const struct shrink_runs_request *request, const struct journal_runs *runs,
                   const struct run *run)
{
    bool proved = false;

    for (size_t i = 0; i < run->step_count; i++)
        proved |= run->steps[i].kind == STEP_VERIFY && run->steps[i].state == STEP_DONE;
    return proved && run->state == RUN_DONE && way_back_stands(runs, run) &&
           (request->at_once || request->now_us - run->ended_us >= SHRINK_AFTER_US);
}

static bool shrink_run(const struct shrink_runs_request *request, const struct run *run, struct arena *arena,
                       struct shrink_result *out, struct error *err)
{
    OWN(arena_end) struct arena scratch = arena_with(SCRATCH_SIZE);
    struct text folder = text_format(&scratch, "%s/runs/%s/rollback", request->state, run->id);
    struct text packages = text_format(&scratch, "%s/runs/%s/packages", request->state, run->id);
    struct text path = text_format(&scratch, "%s/runs/%s/plan.json", request->state, run->id);
    struct shrink_result got;
    struct plan plan;
    struct bytes raw;

    if (folder.at == NULL || packages.at == NULL || path.at == NULL)
        return arena_full(&scratch, err);
    if (!file_read(path.at, LIMIT_PLAN_FILE, &scratch, &raw, err) ||
        !plan_read_json(raw, &scratch, &plan, err))
        return error_at(err, "%s", path.at);
    const struct shrink_request one = {.folder = folder.at,
                                       .packages = packages.at,
                                       .seal = &way_back_step(run)->seal,
                                       .plan = &plan,
                                       .stop = request->stop,
                                       .self = request->self};
    if (!shrink_way_back(&one, &scratch, &got, err))
        return false;
    got.why = text_copy(arena, got.why);
    *out = got;
    return true;
}

static bool is_kept(const struct shrink_runs_request *request, const struct run *run, struct arena *arena)
{
    struct text path = text_format(arena, "%s/runs/%s/rollback/manifest", request->state, run->id);

    return path.at != NULL && file_exists(path.at);
}

static bool shrink_all(const struct shrink_runs_request *request, const struct journal_runs *runs,
                       struct arena *arena, struct shrink_runs_result *out, struct error *err)
{
    struct shrunk_run *done = ARENA_ARRAY(arena, struct shrunk_run, runs->count + 1);
    size_t count = 0;

    if (done == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < runs->count; i++) {
        const struct run *run = &runs->at[i];
        struct error why = {0};
        if (!is_due(request, runs, run) || !is_kept(request, run, arena))
            continue;
        if (request->stop != NULL && request->stop(request->self))
            break;
        memcpy(done[count].id, run->id, sizeof(done[count].id));
        if (!shrink_run(request, run, arena, &done[count].result, &why))
            done[count].problem = text_format(arena, "%s", why.text);
        count++;
    }
    *out = (struct shrink_runs_result){done, count};
    return true;
}

static bool check_none_open(const struct journal_runs *runs, struct error *err)
{
    for (size_t i = 0; i < runs->count; i++)
        if (runs->at[i].state == RUN_OPEN)
            return error_set(err, ERROR_CONFLICT, "run %s is open: its end comes first", runs->at[i].id);
    return true;
}

bool shrink_runs(const struct shrink_runs_request *request, struct arena *arena,
                 struct shrink_runs_result *out, struct error *err)
{
    OWN(journal_close) struct journal journal = {0};
    OWN(own_fd) int lock = -1;
    const char *const writable[] = {request->state, NULL};
    struct journal_runs runs;
    struct state state;
    uint8_t held;

    if (!os_is_root())
        return error_set(err, ERROR_SYSTEM, "only root can change what runs have kept");
    if (!state_open(request->state, STATE_WRITE, &state, err))
        return false;
    const char *lock_path = state_path(&state, arena, "apply.lock");
    const char *journal_path = state_path(&state, arena, JOURNAL_FILE);
    if (lock_path == NULL || journal_path == NULL)
        return arena_full(arena, err);
    *out = (struct shrink_runs_result){0};
    if (!file_exists(journal_path))
        return true;       /* nothing was ever run */
    if (!request->at_once) /* a person waits for it */
        os_yield_to_all();
    return file_lock(lock_path, &lock, err) && journal_open(journal_path, JOURNAL_READ, &journal, err) &&
           journal_list(&journal, arena, &runs, err) && check_none_open(&runs, err) &&
           confine_supervisor(writable, &held, err) && shrink_all(request, &runs, arena, out, err);
}
