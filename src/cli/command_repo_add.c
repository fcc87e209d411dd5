/* suture repo add: a file becomes a target of the next version of a role. */
#include "base/own.h"
#include "cli/print_repo.h"
#include "cli/repo_options.h"
#include "trust/repo_stage.h"

enum { OPTION_BY };

static const struct command_option options[] = {
    [OPTION_BY] = {"by", OPTION_TEXT, "NAME", "who proposes it: whoever approves is somebody else"},
    {0},
};

static enum command_exit run(const struct command_call *call, struct error *err)
{
    struct repo_change change = {.path = text_of(call->arguments[2]), .file = call->arguments[3]};

    enum command_exit wrong = repo_option_role(call->arguments[1], &change.row, err);
    return wrong != COMMAND_DONE ? wrong
                                 : repo_option_change(call, &change, command_text(call, OPTION_BY), err);
}

const struct command command_repo_add = {
    .name = "repo add",
    .arguments = "DIR ROLE PATH FILE",
    .help = "stage the next version of a role, with this file in it",
    .more = "PATH is what machines ask for, as orders/crisis/ID.json; each role speaks for\n"
            "paths of its own. What was signed of a version that still waits is lost, since\n"
            "people sign what is in it.",
    .options = options,
    .argument_min = 4,
    .argument_max = 4,
    .run = run,
};
