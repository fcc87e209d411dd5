#include <stdio.h>

#include "acquire/mirror.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/caller.h"
#include "cli/plan_deltas.h"
#include "cli/plan_options.h"
#include "cli/print_apply.h"
#include "cli/print_held.h"
#include "cli/print_plan.h"
#include "cli/print_powers.h"
#include "cli/words.h"
#include "flow/carry_out.h"
#include "flow/plan_json.h"
#include "flow/policy_path.h"
#include "flow/verify.h"

#define LOCK_WAIT_US (2 * TIME_MINUTE_US)

enum {
    OPTION_PLAN = PLAN_OPTION_COUNT,
    OPTION_DRY_RUN,
    OPTION_REHEARSE,
    OPTION_YES,
    OPTION_LIMIT_RATE,
    OPTION_WAIT,
    OPTION_FORMAT,
};

static const struct command_option options[] = {
    PLAN_OPTIONS,
    [OPTION_PLAN] = {"plan", OPTION_FILE, "FILE", "carry out this plan (suture plan --format json)"},
    [OPTION_DRY_RUN] = {"dry-run", OPTION_SWITCH, NULL, "only plan; nothing is written"},
    [OPTION_REHEARSE] = {"rehearse", OPTION_SWITCH, NULL, "install in a throw-away copy of the system first"},
    [OPTION_YES] = {"yes", OPTION_SWITCH, NULL, "do not ask"},
    [OPTION_LIMIT_RATE] = {"limit-rate", OPTION_TEXT, "RATE", "fetch at most so much a second: 500k, 2M"},
    [OPTION_WAIT] = {"wait", OPTION_DURATION, "10min",
                     "wait so long for another package manager (2 minutes)"},
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

#define PARTIAL "PARTIAL ANSWER: some data is absent or stale; suture scan says which."

enum { FORMAT_JSON = 2 };

/* What the call-backs need. */
struct face {
    const struct command_call *call;
    const struct scan_request *scan;
    const struct plan_deltas *deltas;
    bool terminal;                  /* progress is shown */
    char shown[DIGEST_HEX_MAX + 1]; /* id of the plan that was printed last */
};

static void clear_progress(const struct face *face)
{
    if (face->terminal)
        fprintf(face->call->errors, "\r\033[K");
}

/* The plan and the new powers that it brings. */
static bool print_found(struct face *face, const struct plan_found *planned, const struct plan_powers *powers,
                        struct error *err)
{
    const struct command_call *call = face->call;
    struct plan_found shown = *planned;
    OWN(writer_end) struct writer out = writer_with(LIMIT_PLAN_FILE);
    struct screen screen = screen_for_output(&out);
    struct bytes bytes;

    if (memcmp(face->shown, planned->plan.id, sizeof(face->shown)) == 0)
        return true;
    clear_progress(face);
    if (!plan_deltas_note(face->deltas, call, face->scan, false, &shown, err))
        return false;
    print_plan(&shown, call->arena, &screen);
    print_powers(powers, true, call->arena, &screen);
    if (!writer_done(&out, &bytes, err))
        return false;
    (void)fwrite(bytes.at, 1, bytes.size, call->errors); /* the roof looks at whether it was written */
    memcpy(face->shown, planned->plan.id, sizeof(face->shown));
    return true;
}

/* Only a person says yes: where there is no terminal, --yes must have been given. */
static bool need_person(const struct face *face, struct error *err)
{
    return (os_is_terminal(fileno(face->call->in)) && os_is_terminal(fileno(face->call->errors))) ||
           error_set(err, ERROR_INPUT, "nobody can be asked here: --yes carries it out, --dry-run shows it");
}

static bool read_yes(const struct face *face, const char *question)
{
    char answer[16] = "";

    fprintf(face->call->errors, "%s [y/N] ", question);
    fflush(face->call->errors);
    return fgets(answer, sizeof(answer), face->call->in) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

/* Each package that is held, by itself: a yes approves exactly these bytes, with these powers. */
static bool decide_held(void *self, const struct plan_found *found, const struct plan_powers *powers,
                        const struct gate_holds *held, bool *approved, struct error *err)
{
    struct face *face = self;
    const struct command_call *call = face->call;
    struct text by;

    if (!need_person(face, err) || !print_found(face, found, powers, err) ||
        !caller_name(call->arena, &by, err))
        return false;
    for (size_t i = 0; i < held->count; i++) {
        const struct gate_held *one = &held->at[i];
        struct text question =
            text_format(call->arena, "%.*s %.*s %.*s. Install it all the same?", TEXT_ARG(one->change->name),
                        TEXT_ARG(one->change->to), TEXT_ARG(one->why));
        if (question.at == NULL)
            return arena_full(call->arena, err);
        if (!read_yes(face, question.at))
            continue;
        if (!gate_approve(face->scan->state, &one->subject, one->lifts, by, time_now_us(), call->arena, err))
            return false;
        *approved = true;
    }
    return true;
}

/* The plan is shown, and then a person says yes. */
static bool ask(void *self, const struct plan_found *found, const struct plan_powers *powers, bool *yes,
                struct error *err)
{
    struct face *face = self;

    *yes = command_given(face->call, OPTION_YES);
    if (*yes)
        return true;
    if (!need_person(face, err) || !print_found(face, found, powers, err))
        return false;
    *yes = read_yes(face, "Carry it out?");
    return true;
}

static bool ask_repair(void *self, struct text first, size_t count, bool *yes, struct error *err)
{
    const struct face *face = self;

    *yes = command_given(face->call, OPTION_YES);
    if (*yes)
        return true;
    if (!need_person(face, err))
        return false;
    fprintf(face->call->errors, "%zu of the packages here %s half installed, %.*s first.\n", count,
            count == 1 ? "is" : "are", TEXT_ARG(first));
    *yes = read_yes(face, "Repair before anything else?");
    return true;
}

static void show_step(void *self, enum step_kind step, uint32_t group, const struct plan *plan)
{
    const struct face *face = self;

    if (!face->terminal)
        return;
    struct text doing = print_apply_step(step, group, plan, face->call->arena);
    fprintf(face->call->errors, "\r\033[K%.*s", TEXT_ARG(doing));
    fflush(face->call->errors);
}

static void show_fetched(void *self, uint64_t have, uint64_t total)
{
    const struct face *face = self;

    if (!face->terminal)
        return;
    fprintf(face->call->errors, "\r\033[Kfetching: %.1f of %.1f MB", (double)have / 1e6, (double)total / 1e6);
    fflush(face->call->errors);
}

static enum command_exit print_result(const struct command_call *call, const struct carry_out_result *result,
                                      struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(LIMIT_PLAN_FILE);
    struct screen screen = screen_for_output(&out);
    bool json = command_choice(call, OPTION_FORMAT) == FORMAT_JSON;
    struct bytes bytes;

    if (json && result->end == CARRY_OUT_SHOWN) {
        if (!plan_write_json(&result->plan, &out, err))
            return COMMAND_FAILED;
        writer_byte(&out, '\n');
    } else if (json) {
        if (!print_apply_json(result, &out, err))
            return COMMAND_FAILED;
    } else if (result->end == CARRY_OUT_SHOWN) {
        print_plan(&result->found, call->arena, &screen);
    } else if (result->end == CARRY_OUT_NOTHING) {
        if (!result->found.complete)
            writer_string(&out, PARTIAL "\n");
        print_held(&result->held, call->arena, &screen);
        writer_string(&out,
                      result->held.count > 0 ? "Nothing is left to apply.\n" : "Nothing is to be changed.\n");
    } else if (result->end == CARRY_OUT_RUN) {
        print_held(&result->held, call->arena, &screen);
        print_apply(result, call->arena, &screen);
    }
    if (!writer_done(&out, &bytes, err))
        return COMMAND_FAILED;
    (void)fwrite(bytes.at, 1, bytes.size, call->out); /* the roof looks at whether it was written */
    return COMMAND_DONE;
}

/* Which status the end has, and the sentence that goes with a failure. */
static enum command_exit exit_of(const struct carry_out_result *result, struct error *err)
{
    if (result->end == CARRY_OUT_NO_DATA) {
        (void)error_set(err, ERROR_ABSENT,
                        "there is nothing to plan with: no package lists (apt update) and no advisories "
                        "(suture feed update)");
        return COMMAND_NO_DATA;
    }
    if (result->end == CARRY_OUT_DECLINED) {
        (void)error_set(err, ERROR_CONFLICT, "nothing was changed: the answer was no");
        return COMMAND_FAILED;
    }
    if (result->end == CARRY_OUT_NOTHING && result->found.refused.size > 0) {
        (void)error_set(err, ERROR_TRUST, "whether something waits is not known: %.*s",
                        TEXT_ARG(result->found.refused));
        return COMMAND_FAILED;
    }
    if (result->end != CARRY_OUT_RUN ||
        (result->run.state == RUN_DONE && result->result.step_problem.size == 0)) {
        *err = (struct error){0}; /* of what was tried on the way: the roof shows what it finds here */
        return COMMAND_DONE;
    }
    if (result->run.state == RUN_DONE)
        (void)error_set(err, ERROR_SYSTEM, "all is installed, but %.*s",
                        TEXT_ARG(result->result.step_problem));
    else
        (void)error_set(err, ERROR_CONFLICT, "run %s: %s: %.*s", result->run.id,
                        run_state_name(result->run.state), TEXT_ARG(result->run.why));
    return COMMAND_FAILED;
}

static bool fill_request(const struct command_call *call, struct carry_out_request *into, struct error *err)
{
    const char *rate = command_text(call, OPTION_LIMIT_RATE);
    int64_t wait_us = command_given(call, OPTION_WAIT) ? command_us(call, OPTION_WAIT) : LOCK_WAIT_US;
    const char *path = NULL;
    struct policy policy;

    if (!policy_in_force(into->plan.scan.policy, into->plan.scan.state, into->plan.scan.now_us, call->arena,
                         &policy, &path, err))
        return false;
    into->plan.fleet = gate_fleet(into->plan.scan.state, call->arena);
    into->battery_percent = policy.unattended.battery_percent;
    into->held_powers = policy.unattended.held_powers;
    into->lanes = gate_lanes(&policy, into->plan.fleet);
    into->before = policy.before;
    into->plan_file = command_text(call, OPTION_PLAN);
    into->dry_run = command_given(call, OPTION_DRY_RUN);
    /* The policy's commands run as root, so it must be root's. */
    if (!into->dry_run && !verify_checks_allowed(path, &policy, err))
        return false;
    into->rehearse = command_given(call, OPTION_REHEARSE);
    into->lock_wait_ms = (uint32_t)(wait_us / 1000 > UINT32_MAX ? UINT32_MAX : wait_us / 1000);
    return (rate == NULL || mirror_parse_rate(text_of(rate), &into->rate_max, err)) &&
           os_helper(call->arena, "suture-plan", &into->programs.plan, err) &&
           os_helper(call->arena, "suture-fetch", &into->programs.fetch, err) &&
           os_helper(call->arena, "suture-prove", &into->programs.prove, err) &&
           os_helper(call->arena, "suture-look", &into->programs.look, err) &&
           os_helper(call->arena, "suture-execute", &into->programs.execute, err);
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    struct carry_out_request request;
    struct plan_deltas deltas;
    struct face face = {call, &request.plan.scan, &deltas, os_is_terminal(fileno(call->errors)), .shown = ""};
    request = (struct carry_out_request){.self = &face,
                                         .agree = ask,
                                         .decide = command_given(call, OPTION_YES) ? NULL : decide_held,
                                         .agree_repair = ask_repair,
                                         .step = show_step,
                                         .fetched = show_fetched};
    OWN(stop_end) struct stop stop = STOP_NONE;
    struct carry_out_result result;

    enum command_exit wrong = plan_options_request(call, &request.plan, err);
    if (wrong != COMMAND_DONE)
        return wrong;
    if (command_given(call, SCAN_NOW) && !command_given(call, OPTION_DRY_RUN))
        return command_wrong(err, "--now is for --dry-run: nothing is changed as of another time");
    if (command_given(call, OPTION_PLAN) &&
        (request.plan.scope != PLAN_DUE || request.plan.due_within_us != 0))
        return command_wrong(err,
                             "--plan says what is changed: no names, --due, --security or --all beside it");
    if (!fill_request(call, &request, err) || !plan_deltas_open(call, request.plan.scan.root, &deltas, err) ||
        !stop_begin(&stop, err))
        return COMMAND_FAILED;
    deltas.stop = &stop;
    request.deltas = &deltas.use;
    bool done = carry_out(&request, &stop, call->arena, &result, err);
    clear_progress(&face);
    if (!done || print_result(call, &result, err) != COMMAND_DONE)
        return COMMAND_FAILED;
    return exit_of(&result, err);
}

const struct command command_apply = {
    .name = "apply",
    .arguments = "[NAME...]",
    .help = "carry a plan out: fetch, prove, back up, install, check, verify",
    .more = "Plans as suture plan does (or takes --plan FILE), asks, and carries it out,\n"
            "journalled: after any interruption run it again, and it goes on or goes back.\n"
            "What the policy holds for a person (new powers, new packages) is asked for one\n"
            "by one; with --yes it is left out, with what needs it, and said, and the rest\n"
            "is installed: suture approve lets it in. A plan from a file is all or nothing.\n"
            "Packages come from the machine's own archives and are installed only when\n"
            "their signatures hold and apt would make exactly the planned changes. When\n"
            "installing or a health check fails all of it is taken back. Ctrl-C stops\n"
            "between two groups of packages, never inside one.",
    .options = options,
    .argument_max = 1024,
    .run = run,
};
