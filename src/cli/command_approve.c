/*
 * suture approve: a person lets in what would be held, for exactly these bytes (flow/gate.h).
 *
 *     oak 1.0 -> 1.1 is held: it changes a maintainer script, postinst
 *      sha256      9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
 *      NEW POWERS  1 maintainer script
 *                  changed maintainer script of oak: postinst
 *                    @@ -1,3 +1,3 @@ ...
 *     Approve exactly this file? [y/N]
 */
#include <stdio.h>

#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/caller.h"
#include "cli/order_options.h"
#include "cli/plan_deltas.h"
#include "cli/plan_options.h"
#include "cli/plan_powers.h"
#include "cli/print_held.h"
#include "cli/print_powers.h"
#include "cli/words.h"
#include "flow/policy_path.h"
#include "flow/vendor_plan.h"
#include "store/approvals.h"

enum {
    OPTION_SHOW = PLAN_OPTION_COUNT,
    OPTION_YES,
    OPTION_LIMIT_RATE,
    OPTION_FORMAT,
    OPTION_REPO,
    OPTION_REASON,
    OPTION_UNTIL,
    OPTION_BY
};
static const struct command_option options[] = {
    PLAN_OPTIONS,
    [OPTION_SHOW] = {"show", OPTION_SWITCH, NULL, "only show what is held; approve nothing"},
    [OPTION_YES] = {"yes", OPTION_SWITCH, NULL, "do not ask: approve what is shown"},
    [OPTION_LIMIT_RATE] = {"limit-rate", OPTION_TEXT, "RATE", "fetch at most so much a second: 500k, 2M"},
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    [OPTION_REPO] = {"repo", OPTION_FOLDER, "DIR", "for all machines: stage it there, where people sign it"},
    [OPTION_REASON] = {"reason", OPTION_TEXT, "TEXT", "with --repo: why"},
    [OPTION_UNTIL] = {"until", OPTION_TIME, "TIME",
                      "with --repo: when it ends; 90 days from now when nothing is said"},
    [OPTION_BY] = {"by", OPTION_TEXT, "NAME", "with --repo: who proposes it; two others sign it"},
    {0},
};
enum { FORMAT_JSON = 2 };

#define LABEL_WIDTH 12

/* One call. */
struct work {
    const struct command_call *call;
    struct plan_request request;
    struct plan_deltas deltas;
    struct gate_place place;
    struct plan_found found;
    struct plan_powers powers;
    struct gate_holds held;
    bool *approved; /* of each that is held */
    /* For a repository: what all of its orders share, and those that were said yes to. */
    struct order_words words;
    struct signed_order head, *orders;
    size_t order_count;
};

static bool only_shows(const struct work *work)
{
    return command_given(work->call, OPTION_SHOW);
}

static bool for_repository(const struct work *work)
{
    return command_given(work->call, OPTION_REPO);
}

/*
 * Whoever approves for this machine must be who installs: another user's word would never be looked at. For a repository
 * it is the signatures that count.
 */
static bool may_approve(const struct work *work, struct error *err)
{
    const struct command_call *call = work->call;

    if (only_shows(work))
        return true;
    if (!for_repository(work) && !os_is_root())
        return error_set(err, ERROR_SYSTEM, "only root can approve: sudo suture approve; --show only shows");
    return command_given(call, OPTION_YES) ||
           (os_is_terminal(fileno(call->in)) && os_is_terminal(fileno(call->errors))) ||
           error_set(err, ERROR_INPUT, "nobody can be asked here: --yes approves it, --show shows it");
}

static bool read_place(struct work *work, struct error *err)
{
    const struct scan_request *scan = &work->request.scan;
    const char *path = NULL;
    struct policy policy;

    if (scan->state == NULL)
        return error_set(err, ERROR_ABSENT, "there is no state folder to remember an approval in");
    if (!policy_in_force(scan->policy, scan->state, scan->now_us, work->call->arena, &policy, &path, err))
        return false;
    work->request.fleet = gate_fleet(scan->state, work->call->arena);
    work->place = (struct gate_place){.state = scan->state,
                                      .clock_us = scan->now_us,
                                      .lanes = gate_lanes(&policy, work->request.fleet),
                                      .held_powers = policy.unattended.held_powers};
    return true;
}

/* The plan as it would be if nothing waited, its files, and what is held of it. */
static bool find_held(struct work *work, struct error *err)
{
    const struct command_call *call = work->call;
    const struct plan_powers_place place = {call, &work->request.scan, command_text(call, OPTION_LIMIT_RATE),
                                            &work->deltas.use};
    struct trust_terms terms;
    struct vendor_plan_programs programs = {0};

    work->request.ignore_waits = true;
    work->request.remember = true;
    if (!os_helper(call->arena, "suture-plan", &programs.plan, err) ||
        !os_helper(call->arena, "suture-prove", &programs.prove, err) ||
        !os_helper(call->arena, "suture-fetch", &programs.fetch, err) ||
        !plan_deltas_open(call, work->request.scan.root, &work->deltas, err) ||
        !vendor_plan_run(&programs, &work->request, call->arena, &work->found, err))
        return false;
    const struct plan *plan = &work->found.plan;
    int64_t *first_us = ARENA_ARRAY(call->arena, int64_t, plan->change_count);
    if (first_us == NULL)
        return arena_full(call->arena, err);
    if (plan->change_count == 0)
        return true;
    return plan_powers_fetch(&place, plan, err) && plan_powers_read(&place, plan, &work->powers, err) &&
           gate_terms(&work->place, plan, &work->powers.powers, call->arena, &terms, first_us, err) &&
           gate_judge(plan, &terms, first_us, call->arena, &work->held, err);
}

/* Of one package alone. */
static struct plan_powers powers_of(const struct work *work, const struct plan_change *change)
{
    const struct powers *all = &work->powers.powers;
    struct plan_powers got = {0};

    for (size_t i = 0; i < all->count; i++)
        if (text_equal(all->at[i].package, change->name) && text_equal(all->at[i].arch, change->arch)) {
            if (got.powers.count == 0)
                got.powers.at = &all->at[i];
            got.powers.count++; /* they are sorted by package */
        }
    return got;
}

static bool show(const struct work *work, const struct gate_held *held, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(LIMIT_PLAN_FILE);
    struct arena *arena = work->call->arena;
    struct screen screen = screen_for_output(&out);
    const struct plan_change *change = held->change;
    const struct plan_powers powers = powers_of(work, change);
    char hex[DIGEST_HEX_MAX + 1];
    struct bytes bytes;

    digest_hex(&change->digest, hex);
    screen_line(&screen,
                text_format(arena, "%.*s %.*s%s%.*s is held: it %.*s", TEXT_ARG(change->name),
                            TEXT_ARG(change->from), change->from.size > 0 ? " -> " : "", TEXT_ARG(change->to),
                            TEXT_ARG(held->why)),
                COLOUR_HEAD);
    screen_labelled(&screen, LABEL_WIDTH, TEXT(" sha256"), text_of(hex), COLOUR_PLAIN);
    print_powers(&powers, true, arena, &screen);
    if (!writer_done(&out, &bytes, err))
        return false;
    (void)fwrite(bytes.at, 1, bytes.size, work->call->out); /* the roof looks at whether it was written */
    return true;
}

static bool read_yes(const struct work *work)
{
    char answer[16] = "";

    if (command_given(work->call, OPTION_YES))
        return true;
    fflush(work->call->out);
    fprintf(work->call->errors, "Approve exactly this file? [y/N] ");
    fflush(work->call->errors);
    return fgets(answer, sizeof(answer), work->call->in) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

/* The order of gate_approve, for people to sign: which machines it then counts on is judged there, by the same rules. */
static void add_order(struct work *work, const struct gate_held *held)
{
    struct signed_order order = work->head;

    order.package = held->subject.package;
    order.version = held->subject.version;
    order.arch = held->subject.arch;
    order.digests = &held->subject.digest;
    order.digest_count = 1;
    order.lifts = held->lifts;
    if ((held->lifts & SIGNED_ORDER_LIFTS_POWERS) != 0)
        order.powers = held->subject.powers;
    work->orders[work->order_count++] = order;
}

/* In a fleet two people end a wait (acquire/lanes.h). */
static const char *when_installed(const struct work *work, const struct gate_held *held)
{
    if (!work->request.fleet || (held->lifts & SIGNED_ORDER_LIFTS_WAIT) == 0)
        return "";
    return held->change->lane == LANE_EXPLOITED
               ? " when it was here for 4 hours; at once when two people sign it: --repo"
               : " when its wait is over; at once when two people sign it: --repo";
}

static bool decide_one(struct work *work, size_t index, bool table, struct error *err)
{
    const struct gate_held *held = &work->held.at[index];
    struct arena *arena = work->call->arena;
    struct text by;

    if ((table || !command_given(work->call, OPTION_YES)) && !show(work, held, err))
        return false;
    if (only_shows(work) || !read_yes(work))
        return true;
    if (for_repository(work)) {
        add_order(work, held);
        work->approved[index] = true;
        return true;
    }
    if (!caller_name(arena, &by, err) ||
        !gate_approve(work->place.state, &held->subject, held->lifts, by, work->place.clock_us, arena, err))
        return false;
    work->approved[index] = true;
    if (table)
        fprintf(work->call->out, "Approved: %.*s %.*s, this file alone; suture apply installs it%s.\n",
                TEXT_ARG(held->change->name), TEXT_ARG(held->change->to), when_installed(work, held));
    return true;
}

static void put_text(struct json_writer *j, const char *name, struct text value)
{
    json_name(j, name);
    json_put_text(j, value);
}

static bool print_json(const struct work *work, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(LIMIT_PLAN_FILE);
    struct json_writer j = json_writer_with(&out, false);
    char hex[DIGEST_HEX_MAX + 1];
    struct bytes bytes;

    json_open_object(&j);
    put_text(&j, "schema", TEXT("suture.approve/1"));
    json_name(&j, "held");
    json_open_array(&j);
    for (size_t i = 0; i < work->held.count; i++) {
        const struct gate_held *held = &work->held.at[i];
        json_open_object(&j);
        put_text(&j, "name", held->change->name);
        put_text(&j, "arch", held->change->arch);
        put_text(&j, "version", held->change->to);
        digest_hex(&held->subject.digest, hex);
        put_text(&j, "sha256", text_of(hex));
        digest_hex(&held->subject.powers, hex);
        put_text(&j, "powers", text_of(hex));
        put_text(&j, "gate", text_of(trust_gate_name(held->gate)));
        put_text(&j, "why", held->why);
        json_name(&j, "approved");
        json_put_bool(&j, work->approved[i]);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    writer_byte(&out, '\n');
    if (!writer_done(&out, &bytes, err))
        return false;
    (void)fwrite(bytes.at, 1, bytes.size, work->call->out);
    return true;
}

static enum command_exit read_options(struct work *work, struct error *err)
{
    const struct command_call *call = work->call;
    enum command_exit wrong = plan_options_request(call, &work->request, err);

    if (wrong != COMMAND_DONE)
        return wrong;
    if (command_given(call, SCAN_NOW) && !only_shows(work))
        return command_wrong(err, "--now is for --show: nothing is approved as of another time");
    if (!for_repository(work)) {
        bool stray = command_given(call, OPTION_REASON) || command_given(call, OPTION_UNTIL) ||
                     command_given(call, OPTION_BY);
        return stray ? command_wrong(err, "--reason, --until and --by go with --repo") : COMMAND_DONE;
    }
    if (only_shows(work) || command_choice(call, OPTION_FORMAT) == FORMAT_JSON)
        return command_wrong(err, "--repo stages what is said yes to: without --show and --format json");
    work->head.kind = SIGNED_ORDER_APPROVAL;
    work->words = (struct order_words){.repo = command_text(call, OPTION_REPO),
                                       .reason = command_text(call, OPTION_REASON),
                                       .by = command_text(call, OPTION_BY),
                                       .until_us = command_us(call, OPTION_UNTIL),
                                       .for_us = TIME_ABSENT};
    return order_option_head(call, &work->words, APPROVALS_LAST_US, &work->head, err);
}

static enum command_exit decide_all(struct work *work, struct error *err)
{
    const struct command_call *call = work->call;
    bool table = command_choice(call, OPTION_FORMAT) != FORMAT_JSON;

    work->approved = ARENA_ARRAY(call->arena, bool, work->held.count);
    work->orders = ARENA_ARRAY(call->arena, struct signed_order, work->held.count);
    if (work->approved == NULL || work->orders == NULL) {
        (void)arena_full(call->arena, err);
        return COMMAND_FAILED;
    }
    for (size_t i = 0; i < work->held.count; i++)
        if (!decide_one(work, i, table, err))
            return COMMAND_FAILED;
    if (table && work->held.count == 0)
        fprintf(call->out, "Nothing of it is held.\n");
    if (work->order_count > 0)
        return order_option_stage(call, work->words.repo, work->orders, work->order_count, err);
    return table || print_json(work, err) ? COMMAND_DONE : COMMAND_FAILED;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    struct work work = {.call = call};

    enum command_exit wrong = read_options(&work, err);
    if (wrong != COMMAND_DONE)
        return wrong;
    if (!may_approve(&work, err) || !read_place(&work, err) || !find_held(&work, err))
        return COMMAND_FAILED;
    if (!work.found.judged) {
        (void)error_set(err, ERROR_ABSENT, "there is nothing to judge with; suture scan says why");
        return COMMAND_NO_DATA;
    }
    return decide_all(&work, err);
}

const struct command command_approve = {
    .name = "approve",
    .arguments = "[NAME...]",
    .help = "let in what is held for a person: new powers, new packages, what still waits",
    .more = "Shows what is held of what is due (or named, --security, --all), with what each\n"
            "package may newly do, line by line, and asks. A yes is kept, signed with the\n"
            "machine's key, for exactly this file and what was shown of it: another file,\n"
            "or the same where it would bring other powers, is held again. It lasts 90 days.\n"
            "With --repo it is an order for all machines of that repository instead, which\n"
            "counts when people have signed it; it needs no root.",
    .options = options,
    .argument_max = 1024,
    .run = run,
};
