/*
 * suture unattended run: one look of the timer. It refreshes what decisions stand on, decides, and becomes suture apply when
 * there is something to do, so that a stop reaches who installs. suture unattended finish restarts the machine where
 * that is needed and allowed.
 */
#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/print_rollback.h"
#include "cli/words.h"
#include "deploy/systemd.h"
#include "flow/plan_run.h"
#include "flow/shrink.h"
#include "flow/status.h"
#include "flow/unattended.h"
#include "store/state.h"

#define REFRESH_US  (6 * TIME_HOUR_US)
#define STAMP       "refreshed"
#define APT_GET     "/usr/bin/apt-get"
#define APPLY_WORDS 3 /* suture apply --yes; then names */

enum { RUN_DRY };
static const struct command_option run_options[] = {
    [RUN_DRY] = {"dry-run", OPTION_SWITCH, NULL, "say what would be done; fetch and change nothing"},
    {0},
};

/* ---- refreshing ---- */

/* What fails leaves the data that is there: the scan says how old it is, and decides with it. */
static void run_child(const struct command_call *call, const char *name, const char *const *argv)
{
    static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                                              "HOME=/root", "DEBIAN_FRONTEND=noninteractive", NULL};
    OWN(arena_end) struct arena arena = arena_with(4 * LIMIT_CHILD_OUTPUT);
    const struct child_command command = {.argv = argv,
                                          .environment = environment,
                                          .timeout_ms = LIMIT_FETCH_TIME_MS,
                                          .output_limit = LIMIT_CHILD_OUTPUT};
    struct child_result result;
    struct error why = {0};

    if (!child_run(&command, &arena, &result, &why))
        fprintf(call->out, "(!) %s: %s\n", name, why.text);
    else if (result.status != 0)
        fprintf(call->out, "(!) %s failed (%d): what is there already decides\n", name, result.status);
}

static bool is_fresh(const char *stamp, int64_t now_us)
{
    struct file_identity file;
    struct error absent;

    if (!file_identify(stamp, &file, &absent))
        return false;
    int64_t age_us = now_us - file.mtime_ns / 1000;
    return age_us >= 0 && age_us < REFRESH_US;
}

static bool refresh(const struct command_call *call, const char *folder, const char *program, int64_t now_us,
                    struct error *err)
{
    const char *const lists[] = {APT_GET, "update", "-q", NULL};
    const char *const feeds[] = {program, "feed", "update", NULL};
    struct state state;

    if (!state_open(folder, STATE_WRITE, &state, err))
        return false;
    const char *stamp = state_path(&state, call->arena, STAMP);
    if (stamp == NULL)
        return arena_full(call->arena, err);
    if (is_fresh(stamp, now_us))
        return true;
    run_child(call, "apt-get update", lists);
    run_child(call, "suture feed update", feeds);
    return file_replace_cache(stamp, (struct bytes){0}, 0600, err);
}

/* ---- deciding ---- */

static void say(const struct command_call *call, const struct scan *scan, const struct unattended_look *look)
{
    struct text opens = words_moment(call->arena, &scan->policy->zone, look->window.start_us);
    struct text due = words_count(call->arena, look->due, "update is due", "updates are due");
    struct text urgent =
        words_count(call->arena, look->name_count, "update is to be done now", "updates are to be done now");

    switch (look->turn) {
    case UNATTENDED_NOTHING:
        fprintf(call->out, "Nothing is due%s.\n",
                scan->complete ? "" : ", as far as the data tells (suture scan)");
        break;
    case UNATTENDED_WAIT:
        fprintf(call->out, "%.*s; the window opens %.*s (%s).\n", TEXT_ARG(due), TEXT_ARG(opens),
                scan->policy->zone.name);
        break;
    case UNATTENDED_POWER:
        fprintf(call->out, "%.*s; %s.\n", TEXT_ARG(due), look->power.text);
        break;
    case UNATTENDED_URGENT:
        fprintf(call->out, "%.*s, outside the window.\n", TEXT_ARG(urgent));
        break;
    case UNATTENDED_ALL:
        fprintf(call->out, "%.*s, and the window is open.\n", TEXT_ARG(due));
        break;
    default:
        break;
    }
}

/* What is looked at: this machine, under its order and its policy, as it is now. */
static bool look_at_machine(const struct command_call *call, struct scan_request *request,
                            const struct scan **out, struct error *err)
{
    *request = (struct scan_request){.root = "/", .now_us = time_now_us()};
    if (!state_folder(call->arena, &request->state, err) && err->kind != ERROR_ABSENT)
        return false;
    return scan_run(request, call->arena, out, err);
}

/* suture apply --yes [SOURCE...] in place of this process: what the policy holds for a person it leaves out by itself. */
static bool become_apply(const struct command_call *call, const char *program,
                         const struct unattended_look *look, struct error *err)
{
    size_t names = look->turn == UNATTENDED_URGENT ? look->name_count : 0;
    const char **argv = ARENA_ARRAY(call->arena, const char *, APPLY_WORDS + names + 1);
    size_t count = APPLY_WORDS;

    if (argv == NULL)
        return arena_full(call->arena, err);
    argv[0] = program;
    argv[1] = "apply";
    argv[2] = "--yes";
    for (size_t i = 0; i < names; i++) {
        argv[count] = text_string(call->arena, look->names[i]);
        if (argv[count++] == NULL)
            return arena_full(call->arena, err);
    }
    return fflush(call->out) == 0 ? os_become(argv, err) : error_system(err, "standard output");
}

static enum command_exit go_on(const struct command_call *call, const char *program, bool dry,
                               struct error *err)
{
    const struct unattended_look look = {.turn = UNATTENDED_ALL};

    fprintf(call->out, "The last run was interrupted; suture apply goes on with it.\n");
    return dry || become_apply(call, program, &look, err) ? COMMAND_DONE : COMMAND_FAILED;
}

/*
 * Nothing else is to be done: time for what is nobody's hurry. It does not wait, does not run on a battery, and that it
 * fails is no failure of the look.
 */
static void shrink(const struct command_call *call, const char *folder, const struct ready_power *power)
{
    const struct shrink_runs_request request = {.state = folder, .now_us = time_now_us()};
    struct shrink_runs_result result;
    struct error why = {0};

    if (power->battery && !power->mains)
        return;
    if (shrink_runs(&request, call->arena, &result, &why))
        print_shrunk(&result, true, call->out);
    else if (why.kind != ERROR_CONFLICT)
        fprintf(call->out, "(!) what earlier runs kept stays as it is: %s\n", why.text);
}

/* What is offered was seen, also where nothing is due: its waiting time begins now. */
static void remember_offered(const struct command_call *call, const struct scan_request *scan)
{
    const struct plan_request all = {.scan = *scan, .scope = PLAN_ALL};
    struct plan_found found;
    const char *program;
    struct error why = {0};

    if (!os_helper(call->arena, "suture-plan", &program, &why) ||
        !plan_run(program, &all, call->arena, &found, &why))
        fprintf(call->out, "(!) what is offered is not remembered: %s\n", why.text);
}

static bool must_be_root(const struct command_call *call, struct error *err)
{
    return os_is_root() ||
           error_set(err, ERROR_SYSTEM, "only root can install: sudo suture %s", call->command->name);
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    bool dry = command_given(call, RUN_DRY), interrupted;
    const char *program, *folder;
    struct scan_request request;
    struct unattended_look look;
    struct ready_power power;
    const struct scan *scan;

    if ((!dry && !must_be_root(call, err)) || !os_helper(call->arena, "suture", &program, err) ||
        !state_folder(call->arena, &folder, err))
        return COMMAND_FAILED;
    if (!status_run_interrupted(folder, call->arena, &interrupted, err))
        return COMMAND_FAILED;
    if (interrupted) /* half a run is worse than any hour of the day: apply goes on with it, and does nothing else */
        return go_on(call, program, dry, err);
    if (!dry && !refresh(call, folder, program, time_now_us(), err))
        return COMMAND_FAILED;
    if (!look_at_machine(call, &request, &scan, err) || !ready_power_look(READY_POWER_FOLDER, &power, err) ||
        !unattended_decide(scan, &power, call->arena, &look, err))
        return COMMAND_FAILED;
    say(call, scan, &look);
    if (!scan->judged) {
        (void)error_set(err, ERROR_ABSENT,
                        "there is nothing to judge this machine with; suture scan says why");
        return COMMAND_NO_DATA;
    }
    if (!dry && (look.turn == UNATTENDED_NOTHING || look.turn == UNATTENDED_WAIT)) {
        remember_offered(call, &request);
        shrink(call, folder, &power);
    }
    if (dry || (look.turn != UNATTENDED_URGENT && look.turn != UNATTENDED_ALL))
        return COMMAND_DONE;
    return become_apply(call, program, &look, err) ? COMMAND_DONE : COMMAND_FAILED;
}

static enum command_exit run_finish(const struct command_call *call, struct error *err)
{
    struct scan_request request;
    const struct scan *scan;
    const char *why;

    if (!must_be_root(call, err) || !look_at_machine(call, &request, &scan, err))
        return COMMAND_FAILED;
    bool may = unattended_may_restart(scan, &why);
    fprintf(call->out, "%c%s.\n", why[0] - 'a' + 'A', why + 1);
    if (!may)
        return COMMAND_DONE;
    if (!systemd_runs("/")) {
        (void)error_set(err, ERROR_ABSENT, "systemd does not run here: nobody to ask for a restart");
        return COMMAND_FAILED;
    }
    return fflush(call->out) == 0 && systemd_reboot(err) ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_unattended_run = {
    .name = "unattended run",
    .help = "one look of the timer: fetch, decide, and apply what is due when it may",
    .more = "Lists and advisories are fetched when the last time is six hours ago. Outside the\n"
            "policy's window only what is to be done now is applied, and the look ends when\n"
            "there is nothing; in the window all that is due.",
    .options = run_options,
    .run = run,
};

const struct command command_unattended_finish = {
    .name = "unattended finish",
    .help = "restart the machine when that is needed and policy, level and window let it",
    .run = run_finish,
};
