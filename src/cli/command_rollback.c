#include <stdio.h>

#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/print_rollback.h"
#include "store/state.h"

#define LOCK_WAIT_US (2 * TIME_MINUTE_US)

enum { OPTION_TO, OPTION_DRY_RUN, OPTION_YES, OPTION_WAIT, OPTION_SHRINK, OPTION_FORMAT };

static const struct command_option options[] = {
    [OPTION_TO] = {"to", OPTION_TEXT, "RUN", "back to before this run, and all after it"},
    [OPTION_DRY_RUN] = {"dry-run", OPTION_SWITCH, NULL, "only show what would go back; nothing is written"},
    [OPTION_YES] = {"yes", OPTION_SWITCH, NULL, "do not ask"},
    [OPTION_WAIT] = {"wait", OPTION_DURATION, "10min",
                     "wait so long for another package manager (2 minutes)"},
    [OPTION_SHRINK] = {"shrink", OPTION_SWITCH, NULL,
                       "go nowhere: make what earlier runs kept small, as deltas"},
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

enum { FORMAT_JSON = 2 };

static bool print(const struct command_call *call, FILE *to, const struct rollback_found *found, bool json,
                  struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(LIMIT_SCAN_OUTPUT);
    struct screen screen = screen_for_output(&out);
    struct bytes bytes;

    if (json && !print_rollback_json(found, &out, err))
        return false;
    if (!json)
        print_rollback(found, call->arena, &screen);
    if (!writer_done(&out, &bytes, err))
        return false;
    (void)fwrite(bytes.at, 1, bytes.size, to); /* the roof looks at whether it was written */
    return true;
}

/* Only a person can say yes: where there is no terminal, --yes must have been given. */
static bool ask(void *self, const struct rollback_found *found, bool *yes, struct error *err)
{
    const struct command_call *call = self;
    char answer[16] = "";

    *yes = command_given(call, OPTION_YES);
    if (*yes)
        return true;
    if (!os_is_terminal(fileno(call->in)) || !os_is_terminal(fileno(call->errors)))
        return error_set(err, ERROR_INPUT,
                         "nobody can be asked here: --yes takes it back, --dry-run shows what would go back");
    if (!print(call, call->errors, found, false, err))
        return false;
    fprintf(call->errors, "Take it back? [y/N] ");
    fflush(call->errors);
    *yes = fgets(answer, sizeof(answer), call->in) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
    return true;
}

static enum command_exit exit_of(const struct rollback_found *found, struct error *err)
{
    const struct rollback_done *last = found->done_count > 0 ? &found->done[found->done_count - 1] : NULL;

    if (found->declined)
        (void)error_set(err, ERROR_CONFLICT, "nothing was changed: the answer was no");
    else if (last != NULL && !last->result.done)
        (void)error_set(err, ERROR_CONFLICT, "rollback %s failed: %.*s: %.*s", last->as,
                        TEXT_ARG(last->result.failed), TEXT_ARG(last->result.reason));
    else
        return COMMAND_DONE;
    return COMMAND_FAILED;
}

static enum command_exit shrink(const struct command_call *call, struct error *err)
{
    struct shrink_runs_request request = {.now_us = time_now_us(), .at_once = true};
    struct shrink_runs_result result;

    if (command_given(call, OPTION_TO) || command_given(call, OPTION_DRY_RUN))
        return command_wrong(err, "--shrink goes nowhere: not with --to or --dry-run");
    if (!state_folder(call->arena, &request.state, err) || !shrink_runs(&request, call->arena, &result, err))
        return COMMAND_FAILED;
    print_shrunk(&result, false, call->out);
    return COMMAND_DONE;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    if (command_given(call, OPTION_SHRINK))
        return shrink(call, err);
    int64_t wait_us = command_given(call, OPTION_WAIT) ? command_us(call, OPTION_WAIT) : LOCK_WAIT_US;
    struct go_back_request request = {
        .root = "/",
        .to = command_text(call, OPTION_TO),
        .lock_wait_ms = (uint32_t)(wait_us / 1000 > UINT32_MAX ? UINT32_MAX : wait_us / 1000),
        .dry_run = command_given(call, OPTION_DRY_RUN),
        .agree = ask,
    };
    struct rollback_found found;

    memcpy(&request.self, &call, sizeof(call)); /* ask reads it only */
    if (!state_folder(call->arena, &request.state, err) ||
        !os_helper(call->arena, "suture-execute", &request.program, err) ||
        !go_back(&request, call->arena, &found, err))
        return COMMAND_FAILED;
    if (!found.declined &&
        !print(call, call->out, &found, command_choice(call, OPTION_FORMAT) == FORMAT_JSON, err))
        return COMMAND_FAILED;
    *err = (struct error){0}; /* of what was tried on the way */
    return exit_of(&found, err);
}

const struct command command_rollback = {
    .name = "rollback",
    .help = "back to exactly the packages before a run",
    .more = "Takes the last run back, or with --to all runs back to that one, itself\n"
            "included: its packages, their conffiles as they were, and what dpkg and apt\n"
            "noted of them. Everything comes from what the run kept before it began; the\n"
            "archive is not asked. What the run brought is purged. Maintainer scripts\n"
            "run as in any downgrade: what they or programs wrote elsewhere (databases,\n"
            "caches) stays. Packages that others changed since are named and stay.",
    .options = options,
    .run = run,
};
