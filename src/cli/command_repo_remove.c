/* suture repo remove: the next version of a role, without a target. */
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
    struct repo_change change = {.path = text_of(call->arguments[2])};

    enum command_exit wrong = repo_option_role(call->arguments[1], &change.row, err);
    return wrong != COMMAND_DONE ? wrong
                                 : repo_option_change(call, &change, command_text(call, OPTION_BY), err);
}

const struct command command_repo_remove = {
    .name = "repo remove",
    .arguments = "DIR ROLE PATH",
    .help = "stage the next version of a role, without this file",
    .more = "The file stays public until the version without it is published, and a day\n"
            "longer for machines in the middle of an update.",
    .options = options,
    .argument_min = 3,
    .argument_max = 3,
    .run = run,
};
