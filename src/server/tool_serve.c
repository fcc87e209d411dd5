/* sutured, without a command: works until it is told to stop. */
#include "server/supervisor.h"
#include "server/tool.h"

static bool serve(const struct tool_call *call, struct error *err)
{
    return supervisor_run(call->options, call->settings, call->out, err);
}

const struct tool tool_serve = {
    .name = "serve",
    .help = "work until it is told to stop (SIGTERM); what is done without a command",
    .run = serve,
};
