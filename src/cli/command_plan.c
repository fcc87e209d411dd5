#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/print_plan.h"
#include "cli/scan_options.h"
#include "flow/plan_json.h"
#include "flow/plan_run.h"

enum {
    OPTION_DUE = SCAN_OPTION_COUNT,
    OPTION_SECURITY,
    OPTION_ALL,
    OPTION_FORMAT,
};

static const struct command_option options[] = {
    SCAN_OPTIONS,
    [OPTION_DUE] = {"due", OPTION_DURATION, "7d", "take what is due within this time"},
    [OPTION_SECURITY] = {"security", OPTION_SWITCH, NULL, "take every security update"},
    [OPTION_ALL] = {"all", OPTION_SWITCH, NULL, "take every update"},
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

/* One of: names, --security, --all, --due. */
static enum command_exit read_scope(const struct command_call *call, struct plan_request *into,
                                    struct error *err)
{
    bool named = call->argument_count > 0, security = command_given(call, OPTION_SECURITY);
    bool all = command_given(call, OPTION_ALL), due = command_given(call, OPTION_DUE);
    struct text *names = ARENA_ARRAY(call->arena, struct text, call->argument_count);

    if ((int)named + (int)security + (int)all + (int)due > 1)
        return command_wrong(err, "names, --due, --security and --all exclude each other");
    if (names == NULL) {
        (void)arena_full(call->arena, err);
        return COMMAND_FAILED;
    }
    for (size_t i = 0; i < call->argument_count; i++)
        if (!text_from_bytes(bytes_of_text(text_of(call->arguments[i])), LIMIT_PACKAGE_NAME, &names[i], err))
            return COMMAND_WRONG_USAGE;
    into->names = names;
    into->name_count = call->argument_count;
    into->scope = named ? PLAN_NAMED : security ? PLAN_SECURITY : all ? PLAN_ALL : PLAN_DUE;
    into->due_within_us = due ? command_us(call, OPTION_DUE) : 0;
    return COMMAND_DONE;
}

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

    if (command_text(call, SCAN_INVENTORY) != NULL)
        return command_wrong(err, "a plan needs a root: an inventory cannot be changed");
    enum command_exit wrong = read_scope(call, &request, err);
    if (wrong != COMMAND_DONE)
        return wrong;
    if (!scan_options_request(call, &request.scan, err) ||
        !os_helper(call->arena, "suture-plan", &program, err) ||
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
