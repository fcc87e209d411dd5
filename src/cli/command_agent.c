/*
 * suture agent: this machine as part of a fleet, by the program suture-agent. This command only becomes that program: the daemon
 * has in memory what it needs, and whoever scans pays nothing for it.
 */
#include "base/os.h"
#include "cli/command.h"

#define WORDS_MAX 6 /* suture-agent enroll URL TOKEN replace, and NULL */

enum { ENROLL_REPLACE };
static const struct command_option enroll_options[] = {
    [ENROLL_REPLACE] = {"replace", OPTION_SWITCH, NULL, "leave the fleet that this machine is in"},
    {0},
};

enum { RUN_ONCE };
static const struct command_option run_options[] = {
    [RUN_ONCE] = {"once", OPTION_SWITCH, NULL, "one look and one check-in; install nothing"},
    {0},
};

enum { STATUS_COLLECTED, STATUS_FORMAT };
static const struct command_option status_options[] = {
    [STATUS_COLLECTED] = {"collected", OPTION_SWITCH, NULL,
                          "all that the server has from this machine, as JSON"},
    [STATUS_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

/* words: behind the program's name, without absent ones in between; ends in NULL. */
static enum command_exit become_agent(const struct command_call *call, const char *const *words,
                                      struct error *err)
{
    const char *argv[WORDS_MAX] = {NULL};

    if (!os_helper(call->arena, "suture-agent", &argv[0], err))
        return COMMAND_FAILED;
    for (size_t i = 0; i + 2 < WORDS_MAX && words[i] != NULL; i++)
        argv[i + 1] = words[i];
    if (fflush(call->out) != 0)
        (void)error_system(err, "standard output");
    else
        (void)!os_become(argv, err);
    return COMMAND_FAILED;
}

static enum command_exit run_enroll(const struct command_call *call, struct error *err)
{
    const char *const words[] = {"enroll", call->arguments[0], call->arguments[1],
                                 command_given(call, ENROLL_REPLACE) ? "replace" : NULL, NULL};

    return become_agent(call, words, err);
}

static enum command_exit run_run(const struct command_call *call, struct error *err)
{
    const char *const words[] = {"run", command_given(call, RUN_ONCE) ? "once" : NULL, NULL};

    return become_agent(call, words, err);
}

static enum command_exit run_status(const struct command_call *call, struct error *err)
{
    bool collected = command_given(call, STATUS_COLLECTED), json = command_choice(call, STATUS_FORMAT) == 2;
    const char *const words[] = {"status", collected ? "collected" : json ? "json" : NULL, NULL};

    return become_agent(call, words, err);
}

const struct command command_agent_enroll = {
    .name = "agent enroll",
    .arguments = "URL TOKEN",
    .help = "make this machine part of a fleet",
    .more = "URL is the server's, https://HOST:PORT; the token is one that `suture token new`\n"
            "printed. It says which server may be believed; the machine's key is made here\n"
            "and never leaves it.",
    .options = enroll_options,
    .argument_min = 2,
    .argument_max = 2,
    .run = run_enroll,
};

const struct command command_agent_run = {
    .name = "agent run",
    .help = "check in, obey signed orders, patch in the window; until stopped",
    .options = run_options,
    .run = run_run,
};

const struct command command_agent_status = {
    .name = "agent status",
    .help = "which fleet, when the server last answered, what waits for it",
    .options = status_options,
    .run = run_status,
};
