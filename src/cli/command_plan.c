#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/plan_options.h"
#include "cli/print_plan.h"
#include "flow/plan_json.h"
#include "flow/plan_run.h"

enum { OPTION_FORMAT = PLAN_OPTION_COUNT };

static const struct command_option options[] = {
    PLAN_OPTIONS,
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

static bool print(const struct command_call *call, const struct plan_found *found, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(LIMIT_PLAN_FILE);
    struct screen screen = screen_for_output(&out);
    struct bytes bytes;

    if (command_choice(call, OPTION_FORMAT) == 2) {
        if (!plan_write_json(&found->plan, &out, err))
            return false;
        writer_byte(&out, '\n');
    } else {
        print_plan(found, call->arena, &screen);
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
    const char *program;

    enum command_exit wrong = plan_options_request(call, &request, err);
    if (wrong != COMMAND_DONE)
        return wrong;
    if (!os_helper(call->arena, "suture-plan", &program, err) ||
        !plan_run(program, &request, call->arena, &found, err))
        return COMMAND_FAILED;
    if (!found.judged) {
        (void)error_set(err, ERROR_ABSENT,
                        "there is nothing to plan with: no package lists (apt update) and no advisories "
                        "(suture feed update)");
        return COMMAND_NO_DATA;
    }
    return print(call, &found, err) ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_plan = {
    .name = "plan",
    .arguments = "[NAME...]",
    .help = "the smallest set of changes that closes what is due, and what is left and why",
    .more = "Takes what is late, due within --due (7 days) or to be done now; or what is\n"
            "named; or with --security every security update, with --all every update. A\n"
            "held or phased package stays. No new package and no removal unless it cannot\n"
            "be avoided, and then it is said. Changes nothing. --format json gives the\n"
            "plan as a document with an id, which is the same for the same inputs.",
    .options = options,
    .argument_max = 1024,
    .run = run,
};
