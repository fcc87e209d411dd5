#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/plan_deltas.h"
#include "cli/plan_options.h"
#include "cli/plan_powers.h"
#include "cli/print_plan.h"
#include "cli/print_powers.h"
#include "flow/plan_json.h"
#include "flow/plan_run.h"
#include "flow/vendor_plan.h"

enum { OPTION_FORMAT = PLAN_OPTION_COUNT, OPTION_FETCH, OPTION_DELTAS, OPTION_LIMIT_RATE };
enum { FORMAT_JSON = 2, FORMAT_POWERS };

static const struct command_option options[] = {
    PLAN_OPTIONS,
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json|powers",
                       "how to print it; powers: the new powers alone, as JSON"},
    [OPTION_FETCH] = {"fetch", OPTION_SWITCH, NULL, "fetch the packages, to show what they may newly do"},
    [OPTION_DELTAS] = {"deltas", OPTION_SWITCH, NULL, "ask the delta source how small the download can be"},
    [OPTION_LIMIT_RATE] = {"limit-rate", OPTION_TEXT, "RATE",
                           "fetch at most so many bytes a second: 500k, 2M"},
    {0},
};

static bool print(const struct command_call *call, const struct plan_found *found,
                  const struct plan_powers *powers, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(LIMIT_PLAN_FILE);
    struct screen screen = screen_for_output(&out);
    struct bytes bytes;

    if (command_choice(call, OPTION_FORMAT) == FORMAT_JSON) {
        if (!plan_write_json(&found->plan, &out, err))
            return false;
        writer_byte(&out, '\n');
    } else if (command_choice(call, OPTION_FORMAT) == FORMAT_POWERS) {
        if (!print_powers_json(found->plan.id, powers, &out, err))
            return false;
    } else {
        print_plan(found, call->arena, &screen);
        if (found->plan.change_count > 0)
            print_powers(powers, command_given(call, OPTION_FETCH), call->arena, &screen);
    }
    if (!writer_done(&out, &bytes, err))
        return false;
    (void)fwrite(bytes.at, 1, bytes.size, call->out); /* the roof looks at whether it was written */
    return true;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    struct plan_request request = {0};
    struct plan_found found;
    struct plan_deltas deltas;
    struct vendor_plan_programs programs = {0};

    enum command_exit wrong = plan_options_request(call, &request, err);
    if (wrong != COMMAND_DONE)
        return wrong;
    if (!os_helper(call->arena, "suture-plan", &programs.plan, err) ||
        !os_helper(call->arena, "suture-prove", &programs.prove, err) ||
        !os_helper(call->arena, "suture-fetch", &programs.fetch, err) ||
        !(command_given(call, OPTION_FETCH) ? vendor_plan_run(&programs, &request, call->arena, &found, err)
                                            : plan_run(programs.plan, &request, call->arena, &found, err)))
        return COMMAND_FAILED;
    if (!found.judged) {
        (void)error_set(err, ERROR_ABSENT,
                        "there is nothing to plan with: no package lists (apt update) and no advisories "
                        "(suture feed update)");
        return COMMAND_NO_DATA;
    }
    bool table = command_choice(call, OPTION_FORMAT) != FORMAT_JSON;
    struct plan_powers powers = {0};
    struct error ignored;
    const struct plan_powers_place place = {call, &request.scan, command_text(call, OPTION_LIMIT_RATE),
                                            &deltas.use};
    bool ask = command_given(call, OPTION_FETCH) || command_given(call, OPTION_DELTAS);
    if (!plan_deltas_open(call, request.scan.root, &deltas, err) ||
        !plan_deltas_note(&deltas, call, &request.scan, ask, &found, err))
        return COMMAND_FAILED;
    bool must = command_given(call, OPTION_FETCH) || command_choice(call, OPTION_FORMAT) == FORMAT_POWERS;
    if ((command_given(call, OPTION_FETCH) && !plan_powers_fetch(&place, &found.plan, err)) ||
        (table && !plan_powers_read(&place, &found.plan, &powers, must ? err : &ignored) && must))
        return COMMAND_FAILED;
    return print(call, &found, &powers, err) ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_plan = {
    .name = "plan",
    .arguments = "[NAME...]",
    .help = "the smallest set of changes that closes what is due, and what is left and why",
    .more = "Takes what is late, due within --due (7 days) or to be done now; or what is\n"
            "named; or with --security every security update, with --all every update. A\n"
            "held or phased package stays. No new package and no removal unless it cannot\n"
            "be avoided, and then it is said. Changes nothing. --format json gives the\n"
            "plan as a document with an id, which is the same for the same inputs.\n"
            "--fetch also gets the packages, into the cache, and shows the new powers that\n"
            "they bring: scripts that run as root, setuid programs, units, sudo rules, ...\n"
            "--deltas asks the delta source (deltas.yaml) what there is for the plan.",
    .options = options,
    .argument_max = 1024,
    .run = run,
};
